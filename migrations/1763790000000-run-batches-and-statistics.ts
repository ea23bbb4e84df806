import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What bulk retries and bulk cancels have taken up.
 *
 * Beside processes of release 0.1: they know of none of it, and go on as before.
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
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.run_batches');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
