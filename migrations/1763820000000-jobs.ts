import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What versions get for settings that they do not name, and what follows from the ends of runs and waits.
 *
 * Beside processes of release 0.1: they neither publish nor run what has such settings, and ask for nothing that follows.
 */
export class Jobs1763820000000 implements MigrationInterface {
  name = 'Jobs1763820000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    // Null: what every version gets. As it was when the version was published, so that a later default changes no version.
    await runner.query('ALTER TABLE automation.workflow_versions ADD COLUMN IF NOT EXISTS setting_defaults jsonb');
    await commit(runner);
    // Runs that wait no more for sub-runs of theirs, until those have been cancelled.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.left_sub_runs (
        workspace_id text NOT NULL,
        run_id       uuid NOT NULL,
        -- The first transaction that began after the first look; once all before it have ended, no further sub-run can appear.
        looked_at    xid8,
        PRIMARY KEY (workspace_id, run_id)
      )`);
    await commit(runner);
    // Ends of runs that somebody is to be told of, until that has been done or given up.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.run_callbacks (
        workspace_id  text        NOT NULL,
        run_id        uuid        NOT NULL,
        -- 'onSuccess' or 'onFailure'.
        kind          text        NOT NULL,
        -- Of this end; a run that was sent back may end again.
        first_attempt integer     NOT NULL,
        fence         integer     NOT NULL DEFAULT 0,
        -- Of one that is being made: when it may be taken for lost.
        due_at        timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, run_id)
      )`);
    await runner.query('CREATE INDEX IF NOT EXISTS run_callbacks_due ON automation.run_callbacks (due_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.run_callbacks');
    await runner.query('DROP TABLE automation.left_sub_runs');
    await runner.query('ALTER TABLE automation.workflow_versions DROP COLUMN setting_defaults');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
