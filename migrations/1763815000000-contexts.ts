import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What steps extract, and the contexts of workflows, which outlive their runs. Beside processes of the release before: they
 * publish no workflow that extracts, and cannot read one; a run of it that they claim fails with `version_unreadable`. Columns
 * are added without rewriting their table.
 */
export class Contexts1763815000000 implements MigrationInterface {
  name = 'Contexts1763815000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    // What the step has put into the contexts: { run, workflow }. Few steps do.
    await runner.query('ALTER TABLE automation.step_executions ADD COLUMN IF NOT EXISTS extracted jsonb');
    await commit(runner);
    // The workflow's context as it was when the run began; only of versions that use it.
    await runner.query('ALTER TABLE automation.runs ADD COLUMN IF NOT EXISTS context jsonb');
    await commit(runner);
    // A row a value: two who set different ones at the same time do not know of each other. Written in place, so there is room.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.context_values (
        workspace_id text        NOT NULL,
        workflow_id  uuid        NOT NULL,
        key          text        NOT NULL,
        value        jsonb       NOT NULL,
        -- What it counts towards the limit of its workflow: name and value as JSON.
        bytes        integer     NOT NULL,
        updated_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, workflow_id, key),
        FOREIGN KEY (workspace_id, workflow_id) REFERENCES automation.workflows (workspace_id, id) ON DELETE CASCADE
      ) WITH (fillfactor = 70)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.context_values');
    await runner.query('ALTER TABLE automation.runs DROP COLUMN context');
    await runner.query('ALTER TABLE automation.step_executions DROP COLUMN extracted');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
