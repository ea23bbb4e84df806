import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When the schedules of published versions tick next. Beside processes of release 0.1: they know nothing of it, cannot
 * publish a workflow with a schedule, and what they publish in its place is found when the schedule is due.
 */
export class Schedules1763750000000 implements MigrationInterface {
  name = 'Schedules1763750000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(`
      CREATE TABLE automation.schedules (
        workspace_id text        NOT NULL,
        workflow_id  uuid        NOT NULL,
        -- The version whose schedule it is.
        version_id   uuid        NOT NULL,
        -- The first tick that has made no start yet.
        next_at      timestamptz NOT NULL,
        PRIMARY KEY (workspace_id, workflow_id),
        FOREIGN KEY (workspace_id, workflow_id) REFERENCES automation.workflows (workspace_id, id) ON DELETE CASCADE
      )`);
    await runner.query('CREATE INDEX schedules_next ON automation.schedules (next_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.schedules');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
