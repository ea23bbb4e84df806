import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * State machines: a second kind of definition in the tables of workflows, their instances, and what these have been through.
 *
 * Beside processes of the release before: they take a machine for a workflow whose version they cannot read, and its events
 * for nothing; so none is to be enabled before the last of them has ended. Codes stay unique over both kinds: they create
 * workflows by that key. A machine that they delete is remembered as one all the same: by a trigger.
 */
export class Machines1763825000000 implements MigrationInterface {
  name = 'Machines1763825000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(`
      ALTER TABLE automation.deleted_workflows
        ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'workflow' CHECK (kind IN ('workflow', 'machine'))`);
    await commit(runner);
    await runner.query(`
      ALTER TABLE automation.workflows
        ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'workflow' CHECK (kind IN ('workflow', 'machine'))`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.remember_deleted_workflow() RETURNS trigger LANGUAGE plpgsql
      SECURITY DEFINER SET search_path = pg_catalog AS $$
      BEGIN
        INSERT INTO automation.deleted_workflows (workspace_id, id, code, name, kind)
          VALUES (OLD.workspace_id, OLD.id, OLD.code, OLD.name, OLD.kind) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE OR REPLACE VIEW automation.workflow_names AS
        SELECT workspace_id, id, code, name, kind FROM automation.workflows
        UNION ALL SELECT workspace_id, id, code, name, kind FROM automation.deleted_workflows`);
    await commit(runner);
    // Null: the whole definition. Of a machine's version there is a row for each transition that has steps, too, which is the
    // definition of a workflow: its runs are runs like all others.
    await runner.query('ALTER TABLE automation.workflow_versions ADD COLUMN IF NOT EXISTS transition text');
    // Instead of the key that knows no transitions, which it serves the same look-ups as; no transition has an empty code.
    await runner.query(`
      CREATE UNIQUE INDEX IF NOT EXISTS workflow_versions_number
        ON automation.workflow_versions (workspace_id, workflow_id, version, (coalesce(transition, '')))`);
    await runner.query(`
      ALTER TABLE automation.workflow_versions DROP CONSTRAINT IF EXISTS workflow_versions_workspace_id_workflow_id_version_key`);
    await commit(runner);
    // One row for each record, or run of an integration, that is in a machine. Written in place, so there is room.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.instances (
        workspace_id     text        NOT NULL,
        id               uuid        NOT NULL,
        machine_id       uuid        NOT NULL,
        -- The machine's version that it is on: the row without a transition.
        version_id       uuid        NOT NULL,
        -- Of a machine for a module.
        module           text,
        record_id        text,
        -- Of a machine for an integration: the integration's own run.
        run_key          text,
        state            text        NOT NULL,
        is_final         boolean     NOT NULL,
        -- How many states it has entered: what a timeout or an answer was meant for.
        entry            bigint      NOT NULL DEFAULT 1,
        entered_at       timestamptz NOT NULL DEFAULT now(),
        -- Of the state; null when it has none, or it has been captured.
        timeout_at       timestamptz,
        -- Under way; null at rest.
        transition       text,
        run_id           uuid,
        transition_since timestamptz,
        last_transition  text,
        last_trigger     text,
        last_actor       jsonb,
        last_run_id      uuid,
        -- The last transition out of this state that failed: { transition, runId, error, at }.
        failure          jsonb,
        created_at       timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, id)
      ) WITH (fillfactor = 70)`);
    await runner.query(`
      CREATE UNIQUE INDEX IF NOT EXISTS instances_record ON automation.instances (workspace_id, machine_id, module, record_id)
        WHERE record_id IS NOT NULL`);
    await runner.query(`
      CREATE UNIQUE INDEX IF NOT EXISTS instances_key ON automation.instances (workspace_id, machine_id, run_key) WHERE run_key IS NOT NULL`);
    // By workspace as date_triggers_due: each has its turn.
    await runner.query(`
      CREATE INDEX IF NOT EXISTS instances_due ON automation.instances (workspace_id COLLATE "C", timeout_at) WHERE timeout_at IS NOT NULL`);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS instances_listed ON automation.instances (workspace_id, machine_id, state, entered_at, id)`);
    await runner.query('CREATE INDEX IF NOT EXISTS instances_of_record ON automation.instances (workspace_id, module, record_id)');
    await runner.query(`
      CREATE INDEX IF NOT EXISTS instances_of_run ON automation.instances (workspace_id, run_id) WHERE run_id IS NOT NULL`);
    await commit(runner);
    // What instances have been through. Nothing here changes.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.transitions (
        workspace_id     text        NOT NULL,
        instance_id      uuid        NOT NULL,
        id               uuid        NOT NULL,
        machine_id       uuid        NOT NULL,
        kind             text        NOT NULL
          CHECK (kind IN ('created', 'fired', 'failed', 'cancelled', 'not_fired', 'reset', 'migrated')),
        transition       text,
        from_state       text,
        to_state         text,
        trigger          text,
        actor            jsonb,
        event_id         uuid,
        run_id           uuid,
        -- Of what did not fire: of each transition that was asked, why. Of a reset the reason, of what a person fired the comment.
        explanation      jsonb,
        time_in_state_ms bigint,
        at               timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, instance_id, id)
      )`);
    // For retention: what did not fire goes by its age, all else with its instance.
    await runner.query(`CREATE INDEX IF NOT EXISTS transitions_not_fired ON automation.transitions (at) WHERE kind = 'not_fired'`);
    await commit(runner);
    // Slots as in workflow_stats, and room beside each row, so that counting changes no index.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.instance_counts (
        workspace_id text     NOT NULL,
        machine_id   uuid     NOT NULL,
        version_id   uuid     NOT NULL,
        state        text     NOT NULL,
        slot         smallint NOT NULL,
        instances    bigint   NOT NULL DEFAULT 0,
        PRIMARY KEY (workspace_id, machine_id, version_id, state, slot)
      ) WITH (fillfactor = 50)`);
    await commit(runner);
    // Events that came while a transition was under way: they are routed again when it is over.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.deferred_events (
        workspace_id text NOT NULL,
        instance_id  uuid NOT NULL,
        event_id     uuid NOT NULL,
        PRIMARY KEY (workspace_id, instance_id, event_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.deferred_events');
    await runner.query('DROP TABLE automation.instance_counts');
    await runner.query('DROP TABLE automation.transitions');
    await runner.query('DROP TABLE automation.instances');
    await runner.query(`DELETE FROM automation.workflows WHERE kind = 'machine'`);
    await runner.query(`
      ALTER TABLE automation.workflow_versions
        ADD CONSTRAINT workflow_versions_workspace_id_workflow_id_version_key UNIQUE (workspace_id, workflow_id, version)`);
    await runner.query('DROP INDEX automation.workflow_versions_number');
    await runner.query('ALTER TABLE automation.workflow_versions DROP COLUMN transition');
    await runner.query('DROP VIEW automation.workflow_names');
    await runner.query(`
      CREATE VIEW automation.workflow_names AS
        SELECT workspace_id, id, code, name FROM automation.workflows
        UNION ALL SELECT workspace_id, id, code, name FROM automation.deleted_workflows`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.remember_deleted_workflow() RETURNS trigger LANGUAGE plpgsql
      SECURITY DEFINER SET search_path = pg_catalog AS $$
      BEGIN
        INSERT INTO automation.deleted_workflows (workspace_id, id, code, name) VALUES (OLD.workspace_id, OLD.id, OLD.code, OLD.name)
          ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query('ALTER TABLE automation.workflows DROP COLUMN kind');
    await runner.query('ALTER TABLE automation.deleted_workflows DROP COLUMN kind');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
