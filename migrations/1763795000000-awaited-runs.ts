import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Runs that wait for their turn while a step of another run waits for them: whether the two wait for each other is asked of
 * these alone. Few are in the index, and only while they last. Beside processes of the release before: they do not know of it.
 */
export class AwaitedRuns1763795000000 implements MigrationInterface {
  name = 'AwaitedRuns1763795000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(
      `CREATE INDEX IF NOT EXISTS runs_awaited ON automation.runs (id)
       WHERE status = 'queued' AND admission IN ('record', 'queue') AND parent->>'waits' = 'true'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX automation.runs_awaited');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
