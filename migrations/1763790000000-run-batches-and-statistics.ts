import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What bulk retries and bulk cancels have taken up; how runs and their steps ended, day by day; which fields workflows write.
 *
 * Beside processes of release 0.1: they know of none of it, and go on as before. Runs that they end are missing in the
 * statistics of these days.
 */
export class RunBatchesAndStatistics1763790000000 implements MigrationInterface {
  name = 'RunBatchesAndStatistics1763790000000';

  async up(runner: QueryRunner): Promise<void> {
    await commit(runner);
    // By run: what a batch has had is not taken up by it again, and goes with the run.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.run_batches (
        workspace_id text NOT NULL,
        run_id       uuid NOT NULL,
        batch_id     uuid NOT NULL,
        PRIMARY KEY (workspace_id, run_id, batch_id)
      )`);
    // By batch, in the order of lists.
    await runner.query(`CREATE INDEX IF NOT EXISTS run_batches_batch ON automation.run_batches (workspace_id, batch_id, run_id)`);
    await commit(runner);
    // A row for each workflow, step, day and slot that something ended in; the step is empty for the runs themselves. Slots
    // as in workflow_stats, and room beside each row, so that counting changes no index.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.workflow_days (
        workspace_id text      NOT NULL,
        workflow_id  uuid      NOT NULL,
        step         text      NOT NULL,
        day          date      NOT NULL,
        slot         smallint  NOT NULL,
        succeeded    integer   NOT NULL DEFAULT 0,
        failed       integer   NOT NULL DEFAULT 0,
        cancelled    integer   NOT NULL DEFAULT 0,
        -- How many of those that succeeded took how long: see src/core/statistics/histogram.ts.
        durations    integer[] NOT NULL DEFAULT '{}',
        PRIMARY KEY (workspace_id, workflow_id, step, day, slot)
      ) WITH (fillfactor = 50)`);
    await runner.query('CREATE INDEX IF NOT EXISTS workflow_days_day ON automation.workflow_days (day)');
    await commit(runner);
    // Told of the definition and the catalog that the state names, when somebody asks.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.workflow_writes (
        workspace_id text   NOT NULL,
        workflow_id  uuid   NOT NULL,
        state        text   NOT NULL,
        fields       text[] NOT NULL,
        PRIMARY KEY (workspace_id, workflow_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.workflow_writes');
    await runner.query('DROP TABLE automation.workflow_days');
    await runner.query('DROP TABLE automation.run_batches');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
