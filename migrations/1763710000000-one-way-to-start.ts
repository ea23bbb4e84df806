import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Starts with an input of their own, answers from outside, and queues that one statement each serves.
 *
 * Beside processes of release 0.1: they go on capturing, serving the admin API, and finishing what they hold, but claim
 * nothing more: the database refuses their claims with a clear message (see `require_release`), because they would route a
 * start with a target as if it were an event. They log it, and try again until they are replaced. Nothing is lost; runs go
 * on in processes of this release. A workflow that is paused or published through a process of release 0.1 meanwhile takes
 * effect at the next routing transaction of the others, not before its answer.
 */
export class OneWayToStart1763710000000 implements MigrationInterface {
  name = 'OneWayToStart1763710000000';

  async up(runner: QueryRunner): Promise<void> {
    await commit(runner);
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.require_release() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'this process runs an older release of nestjs-crm-automation than the database; it claims nothing more'
          USING ERRCODE = 'AU001', HINT = 'Deploy the new release here too. Captured events are kept, and processed by the others.';
      END $$`);
    await runner.query(`
      ALTER TABLE automation.events
        -- A start that is about no record.
        ALTER COLUMN module DROP NOT NULL,
        -- Of starts that are no CRM event: their input, the one workflow they are for, the step that started it.
        ADD COLUMN IF NOT EXISTS trigger jsonb,
        ADD COLUMN IF NOT EXISTS target jsonb,
        ADD COLUMN IF NOT EXISTS parent jsonb`);
    await runner.query(`
      CREATE OR REPLACE TRIGGER require_release BEFORE UPDATE OF routed_at ON automation.events FOR EACH ROW
        WHEN (OLD.routed_at IS NULL AND NEW.routed_at IS NOT NULL AND NEW.error IS NULL AND coalesce(current_setting('automation.release', true), '') <> '2')
        EXECUTE FUNCTION automation.require_release()`);
    await commit(runner);
    await runner.query(`
      ALTER TABLE automation.runs
        ADD COLUMN IF NOT EXISTS parent jsonb,
        -- Answers from outside so far; whoever parks or ends the run compares it, so that none is overlooked.
        ADD COLUMN IF NOT EXISTS answers integer NOT NULL DEFAULT 0,
        -- Steps that failed without failing the run.
        ADD COLUMN IF NOT EXISTS failed_steps integer NOT NULL DEFAULT 0,
        -- When a person sent it back to its failed step: what its time limit counts from then on.
        ADD COLUMN IF NOT EXISTS resumed_at timestamptz`);
    // The runs that a run has started: few among all, and only they are in it.
    await runner.query(
      `CREATE INDEX IF NOT EXISTS runs_parent ON automation.runs (workspace_id, (parent->>'runId'), id) WHERE parent IS NOT NULL`,
    );
    // What was given from outside to a run: the first answer to an attempt wins.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.run_inbox (
        workspace_id text        NOT NULL,
        run_id       uuid        NOT NULL,
        path         text        NOT NULL,
        attempt      integer     NOT NULL,
        answer       jsonb       NOT NULL,
        created_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, run_id, path, attempt)
      )`);
    // Waits end by the thousand at nine o'clock, leases one by one: neither stands in the other's way. The workspace is in the
    // index so that those that have enough in the queue are passed over.
    await runner.query(`DROP INDEX IF EXISTS automation.runs_due`);
    await runner.query(`CREATE INDEX IF NOT EXISTS runs_leases ON automation.runs (due_at) WHERE status = 'running'`);
    await runner.query(`CREATE INDEX IF NOT EXISTS runs_waits ON automation.runs (due_at, workspace_id) WHERE status = 'waiting'`);
    await runner.query(`DROP INDEX IF EXISTS automation.runs_queued`);
    // What waits for its turn (see 1763775000000-admission.ts) is queued and not due.
    await runner.query(
      `CREATE INDEX runs_queued ON automation.runs (workspace_id COLLATE "C", due_at)
       WHERE status = 'queued' AND recoveries <= 1 AND due_at IS NOT NULL`,
    );
    await runner.query(
      `CREATE INDEX IF NOT EXISTS runs_recovered ON automation.runs (recoveries, due_at) WHERE status = 'queued' AND recoveries > 1`,
    );
    await runner.query(`
      CREATE OR REPLACE TRIGGER require_release BEFORE UPDATE OF fence ON automation.runs FOR EACH ROW
        WHEN (NEW.status = 'running' AND coalesce(current_setting('automation.release', true), '') <> '2')
        EXECUTE FUNCTION automation.require_release()`);
    await commit(runner);
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.active_workflows_key(workspace text) RETURNS bigint LANGUAGE sql IMMUTABLE
      RETURN hashtextextended('active workflows of ' || workspace, 0)`);
    // plpgsql and VOLATILE: each statement in it has a snapshot of its own, so the generations are read after the locks.
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.share_active_workflows(workspaces text[])
        RETURNS TABLE (workspace_id text, generation bigint) LANGUAGE plpgsql VOLATILE AS $$
      #variable_conflict use_column
      BEGIN
        PERFORM pg_advisory_xact_lock_shared(key)
          FROM (SELECT DISTINCT automation.active_workflows_key(w) AS key FROM unnest(workspaces) AS w ORDER BY key) AS keys;
        RETURN QUERY SELECT g.workspace_id, g.generation FROM automation.active_workflow_generations g
          WHERE g.workspace_id = ANY(workspaces);
      END $$`);
    if (!(await exists(runner, 'automation.active_workflow_generations'))) {
      await runner.query('ALTER TABLE automation.catalogue_generations RENAME TO active_workflow_generations');
      // Publishing and pausing through processes of release 0.1 goes on working under the old name.
      await runner.query('CREATE VIEW automation.catalogue_generations AS SELECT * FROM automation.active_workflow_generations');
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER require_release ON automation.runs');
    await runner.query('DROP TRIGGER require_release ON automation.events');
    await runner.query('DROP FUNCTION automation.require_release()');
    await runner.query('DROP VIEW automation.catalogue_generations');
    await runner.query('ALTER TABLE automation.active_workflow_generations RENAME TO catalogue_generations');
    await runner.query('DROP FUNCTION automation.share_active_workflows(text[])');
    await runner.query('DROP FUNCTION automation.active_workflows_key(text)');
    await runner.query('DROP INDEX automation.runs_parent');
    await runner.query('DROP INDEX automation.runs_recovered');
    await runner.query('DROP INDEX automation.runs_queued');
    await runner.query(`CREATE INDEX runs_queued ON automation.runs (workspace_id COLLATE "C", due_at) WHERE status = 'queued'`);
    await runner.query('DROP INDEX automation.runs_waits');
    await runner.query('DROP INDEX automation.runs_leases');
    await runner.query(`CREATE INDEX runs_due ON automation.runs (due_at) WHERE status IN ('running', 'waiting')`);
    await runner.query('DROP TABLE automation.run_inbox');
    await runner.query(
      'ALTER TABLE automation.runs DROP COLUMN resumed_at, DROP COLUMN failed_steps, DROP COLUMN answers, DROP COLUMN parent',
    );
    await runner.query('ALTER TABLE automation.events DROP COLUMN parent, DROP COLUMN target, DROP COLUMN trigger');
  }
}

/**
 * Routers lock events before runs, workers runs before events: a transaction that held one and waited for the other would be
 * in somebody's way for good (a rolling deploy under load found it), and so would be one that holds the lock of an index that
 * a migration before has built and asks for a stronger one. So each table has one of its own, and all of it may be repeated
 * from the start.
 */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}

async function exists(runner: QueryRunner, table: string): Promise<boolean> {
  const [row] = (await runner.query('SELECT to_regclass($1) IS NOT NULL AS exists', [table])) as { exists: boolean }[];
  return row?.exists ?? false;
}
