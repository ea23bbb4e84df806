import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An event says what of it was cut.
 *
 * Beside processes of the release before: they write events without the column, which is null then, and do not read it.
 */
export class CutEvents1763715000000 implements MigrationInterface {
  name = 'CutEvents1763715000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    // Names of fields: record.description, … Null, as almost always, when nothing was cut. No table is rewritten.
    await runner.query('ALTER TABLE automation.events ADD COLUMN IF NOT EXISTS cut jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE automation.events DROP COLUMN IF EXISTS cut');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
