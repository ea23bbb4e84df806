import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * From where to where a transition leads, beside its steps: a list of runs that told it from the definition of the machine read and
 * unpacked that whole for each run. And what is old in the history of instances, for retention: see store/machines/old-attempts.ts.
 *
 * Processes of the release before know no machines.
 */
export class TransitionEnds1763839000000 implements MigrationInterface {
  name = 'TransitionEnds1763839000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    // Of a transition: { from, to }; from is a list of states, or "any".
    await runner.query('ALTER TABLE automation.workflow_versions ADD COLUMN IF NOT EXISTS ends jsonb');
    await runner.query(`
      UPDATE automation.workflow_versions v SET ends = jsonb_build_object('to', t->'to',
          'from', CASE WHEN jsonb_typeof(t->'from') = 'array' OR t->>'from' = 'any' THEN t->'from' ELSE jsonb_build_array(t->'from') END)
        FROM automation.workflow_versions m
        CROSS JOIN jsonb_path_query(m.definition, '$.transitions[*]') t
        WHERE v.transition IS NOT NULL AND v.ends IS NULL AND m.workspace_id = v.workspace_id AND m.workflow_id = v.workflow_id
          AND m.version = v.version AND m.transition IS NULL AND t->>'code' = v.transition`);
    await commit(runner);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS transitions_seen ON automation.transitions (at)
        WHERE kind IN ('fired', 'failed', 'cancelled') AND explanation ?| ARRAY['conditions', 'notFired', 'message']`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX automation.transitions_seen');
    await runner.query('ALTER TABLE automation.workflow_versions DROP COLUMN ends');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
