import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When records are due for workflows with a date trigger, and how far existing records have been looked at. Beside
 * processes of release 0.1: they know nothing of it and cannot publish a workflow with a date trigger. They route nothing
 * while a process of this release is there, so no change of a date goes by unseen.
 */
export class DateTriggers1763760000000 implements MigrationInterface {
  name = 'DateTriggers1763760000000';

  async up(runner: QueryRunner): Promise<void> {
    // No foreign key: rows of a version that was replaced, or of a workflow that is gone, are removed in batches.
    await runner.query(`
      CREATE TABLE automation.date_triggers (
        workspace_id text        NOT NULL,
        version_id   uuid        NOT NULL,
        record_id    text        NOT NULL,
        workflow_id  uuid        NOT NULL,
        module       text        NOT NULL,
        due_at       timestamptz NOT NULL,
        PRIMARY KEY (workspace_id, version_id, record_id)
      )`);
    // The collation: see src/store/turns.ts.
    await runner.query('CREATE INDEX date_triggers_due ON automation.date_triggers (workspace_id COLLATE "C", due_at)');
    await runner.query('CREATE INDEX date_triggers_workflow ON automation.date_triggers (workspace_id, workflow_id, due_at)');
    // One job a workflow: what publishing has left to be done, batch by batch.
    await runner.query(`
      CREATE TABLE automation.date_builds (
        workspace_id text        NOT NULL,
        workflow_id  uuid        NOT NULL,
        -- The version to look at existing records for; null: rows of earlier versions are to go, and that is all.
        version_id   uuid,
        state        text        NOT NULL CHECK (state IN ('building', 'clearing', 'done')),
        -- Can the host list records? Otherwise only those that change from now on are seen.
        is_listed    boolean     NOT NULL DEFAULT true,
        after        text,
        seen         bigint      NOT NULL DEFAULT 0,
        noted        bigint      NOT NULL DEFAULT 0,
        problem      jsonb,
        started_at   timestamptz NOT NULL DEFAULT now(),
        touched_at   timestamptz NOT NULL DEFAULT now(),
        finished_at  timestamptz,
        PRIMARY KEY (workspace_id, workflow_id)
      )`);
    await runner.query(`CREATE INDEX date_builds_open ON automation.date_builds (touched_at) WHERE state <> 'done'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.date_builds');
    await runner.query('DROP TABLE automation.date_triggers');
  }
}
