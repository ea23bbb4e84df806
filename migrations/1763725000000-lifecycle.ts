import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Definitions with their members in the order in which they were sent, what a version was published for, the names of
 * workflows that are gone, and the audit log by person and by action.
 *
 * Beside processes of release 0.1: they go on as before. They write `draft` and `definition` alone: such a draft is shown
 * from there, its members in the order that jsonb gives them, until a process of this release saves it again (see
 * src/store/definition-columns.ts). The name of a workflow that they delete is kept too: by a trigger.
 */
export class Lifecycle1763725000000 implements MigrationInterface {
  name = 'Lifecycle1763725000000';

  async up(runner: QueryRunner): Promise<void> {
    await commit(runner);
    await runner.query(`
      ALTER TABLE automation.workflow_versions
        -- The definition again, as a text: jsonb does not keep the order of members.
        ADD COLUMN IF NOT EXISTS definition_sent json,
        -- Why it was published, in the person's own words.
        ADD COLUMN IF NOT EXISTS note text,
        -- The earlier version that it is again.
        ADD COLUMN IF NOT EXISTS restored_from integer`);
    await commit(runner);
    // Runs, events and the audit log outlive their workflow, and go on naming it.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.deleted_workflows (
        workspace_id text        NOT NULL,
        id           uuid        NOT NULL,
        code         text        NOT NULL,
        name         text        NOT NULL,
        deleted_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, id)
      )`);
    await commit(runner);
    await runner.query('ALTER TABLE automation.workflows ADD COLUMN IF NOT EXISTS draft_sent json');
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.remember_deleted_workflow() RETURNS trigger LANGUAGE plpgsql
      SECURITY DEFINER SET search_path = pg_catalog AS $$
      BEGIN
        INSERT INTO automation.deleted_workflows (workspace_id, id, code, name) VALUES (OLD.workspace_id, OLD.id, OLD.code, OLD.name)
          ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE OR REPLACE TRIGGER remember_deleted_workflow AFTER DELETE ON automation.workflows FOR EACH ROW
        EXECUTE FUNCTION automation.remember_deleted_workflow()`);
    await runner.query(`
      CREATE OR REPLACE VIEW automation.workflow_names AS
        SELECT workspace_id, id, code, name FROM automation.workflows
        UNION ALL SELECT workspace_id, id, code, name FROM automation.deleted_workflows`);
    await commit(runner);
    // What people change is little beside what runs: each list has an index that ends in the id, newest first.
    await runner.query(`CREATE INDEX IF NOT EXISTS audit_log_actor ON automation.audit_log (workspace_id, (actor->>'id'), id)`);
    await runner.query('CREATE INDEX IF NOT EXISTS audit_log_action ON automation.audit_log (workspace_id, action, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX automation.audit_log_action');
    await runner.query('DROP INDEX automation.audit_log_actor');
    await runner.query('DROP VIEW automation.workflow_names');
    await runner.query('DROP TRIGGER remember_deleted_workflow ON automation.workflows');
    await runner.query('DROP FUNCTION automation.remember_deleted_workflow()');
    await runner.query('DROP TABLE automation.deleted_workflows');
    await runner.query('ALTER TABLE automation.workflows DROP COLUMN draft_sent');
    await runner.query('ALTER TABLE automation.workflow_versions DROP COLUMN restored_from, DROP COLUMN note, DROP COLUMN definition_sent');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
