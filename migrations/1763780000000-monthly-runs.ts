import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many runs have started in the present month, for plans that have so many. Beside processes of release 0.1: they know
 * no plans, and what they start is not counted.
 */
export class MonthlyRuns1763780000000 implements MigrationInterface {
  name = 'MonthlyRuns1763780000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(`
      CREATE TABLE automation.monthly_runs (
        workspace_id text     NOT NULL,
        -- Counted in several rows, so that no row is everybody's; see store/monthly-runs.ts.
        slot         smallint NOT NULL,
        -- Its first day, in UTC. A row of an earlier month counts nothing, and is begun anew.
        month        date     NOT NULL,
        started      bigint   NOT NULL,
        PRIMARY KEY (workspace_id, slot)
      ) WITH (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.monthly_runs');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
