import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Integrations of a workspace: what brings records and takes them away, and the state machine that follows it.
 *
 * Processes of the release before know none; the events of integrations are events like all others to them.
 */
export class Integrations1763828000000 implements MigrationInterface {
  name = 'Integrations1763828000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.integrations (
        workspace_id text        NOT NULL,
        code         text        NOT NULL,
        -- By which the audit log knows it.
        id           uuid        NOT NULL,
        description  text,
        -- Whose records it brings and takes away; null: it has runs alone.
        module       text,
        -- The code of the one machine that hears of it; null: whichever listens.
        machine      text,
        mode         text        NOT NULL CHECK (mode IN ('per_record', 'per_run')),
        enabled      boolean     NOT NULL,
        updated_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, code)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.integrations');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
