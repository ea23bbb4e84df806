import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Runs that wait for their turn: for a free place among those that their workflow may have at a time, or for the earlier
 * run of their record. And starts that belong together.
 *
 * Beside processes of release 0.1: they claim nothing. A failed run that a person sends back through one of them goes on at
 * once, whatever the limit. Columns are added without rewriting their table; while the indexes are built, which hold nothing
 * then, writes to the table wait (1.3 s for a million runs). Where that is too long, build the first three by hand before
 * the deployment, with the names and definitions below and CONCURRENTLY: this migration takes them as they are.
 */
export class Admission1763775000000 implements MigrationInterface {
  name = 'Admission1763775000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(`
      ALTER TABLE automation.runs
        -- Null: its workflow knew no limit when it was started. 'record': waits for earlier runs of its record; 'queue': for
        -- a free place; 'admitted': it has one until it is over.
        ADD COLUMN IF NOT EXISTS admission text CHECK (admission IN ('record', 'queue', 'admitted'))`);
    // A run's place in the queue is that of its event. Only runs of workflows with a limit are in these, while they last. The
    // collation: see src/store/turns.ts.
    await runner.query(
      `CREATE INDEX IF NOT EXISTS runs_in_queue ON automation.runs (workspace_id COLLATE "C", workflow_id, (coalesce(event_id, id)))
       WHERE admission = 'queue' AND status = 'queued'`,
    );
    await runner.query(
      `CREATE INDEX IF NOT EXISTS runs_in_order
       ON automation.runs (workspace_id COLLATE "C", workflow_id, module, record_id, (coalesce(event_id, id)))
       WHERE admission = 'record' AND status = 'queued'`,
    );
    // Those before them: how many have a place, and whether one of the record has one or waits for it. A second collation, for
    // the planner took runs_record, which holds the whole history of a record.
    await runner.query(
      `CREATE INDEX IF NOT EXISTS runs_admitted ON automation.runs (workspace_id COLLATE "C", workflow_id, admission, record_id COLLATE "C", module)
       WHERE admission IN ('queue', 'admitted') AND status IN ('queued', 'running', 'waiting')`,
    );
    await commit(runner);
    // What a start belongs to: the batch of one of many, the event that a replay repeats. Few have it, and only they are in
    // the index.
    await runner.query('ALTER TABLE automation.events ADD COLUMN IF NOT EXISTS origin_id uuid');
    await runner.query(
      'CREATE INDEX IF NOT EXISTS events_origin ON automation.events (workspace_id, origin_id, id) WHERE origin_id IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX automation.events_origin');
    await runner.query('ALTER TABLE automation.events DROP COLUMN origin_id');
    for (const index of ['runs_admitted', 'runs_in_order', 'runs_in_queue']) await runner.query(`DROP INDEX automation.${index}`);
    await runner.query('ALTER TABLE automation.runs DROP COLUMN admission');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
