import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The whole schema of the first release. Older code: none.
 *
 * Rules that the tables share:
 * - every table leads with the workspace, and so does every key that a request can reach;
 * - ids are UUIDv7, so "newest first" is the primary key backwards and needs no index of its own;
 * - no foreign keys on events, runs and step executions: they are written in sets by one library, removed in batches by
 *   its retention, and each key would cost a look-up a row on the hot path;
 * - an index that changes with a run's progress is partial, so that finished history is not in it.
 */
export class CreateAutomation1763600000000 implements MigrationInterface {
  name = 'CreateAutomation1763600000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE automation.workflows (
        workspace_id         text        NOT NULL,
        id                   uuid        NOT NULL,
        code                 text        NOT NULL,
        name                 text        NOT NULL,
        description          text,
        status               text        NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'paused', 'archived')),
        -- The definition as last saved, with problems or without; what publish snapshots.
        draft                jsonb       NOT NULL,
        problems             jsonb       NOT NULL DEFAULT '[]',
        -- Of the published definition, else of the draft: what lists show and filter by.
        trigger              jsonb,
        module               text,
        published_version_id uuid,
        published_version    integer,
        has_unpublished_changes boolean  NOT NULL DEFAULT true,
        -- Optimistic locking of the admin's edits.
        revision             integer     NOT NULL DEFAULT 1,
        created_at           timestamptz NOT NULL DEFAULT now(),
        updated_at           timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, id),
        UNIQUE (workspace_id, code)
      )`);
    await runner.query(`
      CREATE TABLE automation.workflow_versions (
        workspace_id text        NOT NULL,
        id           uuid        NOT NULL,
        workflow_id  uuid        NOT NULL,
        version      integer     NOT NULL,
        definition   jsonb       NOT NULL,
        published_at timestamptz NOT NULL DEFAULT now(),
        published_by jsonb       NOT NULL,
        PRIMARY KEY (workspace_id, id),
        UNIQUE (workspace_id, workflow_id, version),
        FOREIGN KEY (workspace_id, workflow_id) REFERENCES automation.workflows (workspace_id, id) ON DELETE CASCADE
      )`);
    // Every change of what is active raises the workspace's generation; routers compare it inside their transaction.
    await runner.query(`
      CREATE TABLE automation.catalogue_generations (
        workspace_id text   PRIMARY KEY,
        generation   bigint NOT NULL DEFAULT 1
      )`);
    // A workflow's counters, spread over slots: transactions of different processes rarely meet on one row.
    await runner.query(`
      CREATE TABLE automation.workflow_stats (
        workspace_id text        NOT NULL,
        workflow_id  uuid        NOT NULL,
        slot         smallint    NOT NULL,
        started      bigint      NOT NULL DEFAULT 0,
        succeeded    bigint      NOT NULL DEFAULT 0,
        failed       bigint      NOT NULL DEFAULT 0,
        skipped      bigint      NOT NULL DEFAULT 0,
        cancelled    bigint      NOT NULL DEFAULT 0,
        last_run_at  timestamptz,
        PRIMARY KEY (workspace_id, workflow_id, slot)
      ) WITH (fillfactor = 50)`);
    await runner.query(`
      CREATE TABLE automation.events (
        workspace_id text        NOT NULL,
        id           uuid        NOT NULL,
        module       text        NOT NULL,
        event        text        NOT NULL,
        record_id    text,
        record       jsonb,
        previous     jsonb,
        changes      jsonb,
        actor        jsonb       NOT NULL,
        cause        jsonb,
        source       text        NOT NULL,
        key          text,
        occurred_at  timestamptz NOT NULL DEFAULT now(),
        routed_at    timestamptz,
        -- Why it could not be routed, when that failed for good.
        error        jsonb,
        PRIMARY KEY (workspace_id, id)
      )`);
    await runner.query(`CREATE UNIQUE INDEX events_key ON automation.events (workspace_id, source, key) WHERE key IS NOT NULL`);
    // The collation: see src/store/turns.ts.
    await runner.query(`CREATE INDEX events_unrouted ON automation.events (workspace_id COLLATE "C", id) WHERE routed_at IS NULL`);
    await runner.query(`CREATE INDEX events_record ON automation.events (workspace_id, module, record_id, id)`);
    await runner.query(`CREATE INDEX events_age ON automation.events USING brin (occurred_at)`);
    await runner.query(`
      CREATE TABLE automation.runs (
        workspace_id text        NOT NULL,
        id           uuid        NOT NULL,
        workflow_id  uuid        NOT NULL,
        version_id   uuid        NOT NULL,
        version      integer     NOT NULL,
        event_id     uuid,
        module       text,
        record_id    text,
        status       text        NOT NULL
                     CHECK (status IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'skipped', 'cancelled')),
        -- Why it was skipped (conditions, trigger, loop, reentry), failed (the error's code) or cancelled.
        reason       text,
        explanation  jsonb,
        error        jsonb,
        -- What it waits for, for people: [{ path, reason, until }].
        waiting      jsonb,
        actor        jsonb       NOT NULL,
        cause        jsonb,
        -- When a worker has to look at it: queued: when it was made due; running: when the lease ends; waiting: when the
        -- wait ends; finished: never. One column, so that claiming, recovery and timers are one index scan.
        due_at       timestamptz,
        -- Raised by each claim; a writer that holds an older one changes nothing.
        fence        integer     NOT NULL DEFAULT 0,
        -- Claims in a row that found a dead worker's lease and ended without progress.
        recoveries   smallint    NOT NULL DEFAULT 0,
        -- The run this one repeats from the start, and the run that repeats this one.
        retry_of     uuid,
        retried_as   uuid,
        created_at   timestamptz NOT NULL DEFAULT now(),
        started_at   timestamptz,
        finished_at  timestamptz,
        PRIMARY KEY (workspace_id, id)
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX runs_event ON automation.runs (workspace_id, event_id, workflow_id) WHERE event_id IS NOT NULL AND retry_of IS NULL`,
    );
    // Waits and leases end one by one; what is queued may be 100,000 runs of one workspace, and is claimed in turns.
    await runner.query(`CREATE INDEX runs_due ON automation.runs (due_at) WHERE status IN ('running', 'waiting')`);
    await runner.query(`CREATE INDEX runs_queued ON automation.runs (workspace_id COLLATE "C", due_at) WHERE status = 'queued'`);
    // Without a status, lists merge the newest of each: one index for both.
    await runner.query(`CREATE INDEX runs_workflow ON automation.runs (workspace_id, workflow_id, status, id)`);
    await runner.query(`CREATE INDEX runs_record ON automation.runs (workspace_id, module, record_id, id)`);
    // Successes are found soon without it, and most runs that do something succeed. Skipped ones are in it, at about 100
    // bytes of WAL each: they are kept for a shorter time, and behind the last of them millions of others would be looked at.
    await runner.query(`CREATE INDEX runs_status ON automation.runs (workspace_id, status, id) WHERE status <> 'succeeded'`);
    // The two ordinary reasons of skipped runs are most of all reasons, and found soon without an index.
    await runner.query(
      `CREATE INDEX runs_reason ON automation.runs (workspace_id, reason, id) WHERE reason NOT IN ('conditions', 'trigger')`,
    );
    await runner.query(`CREATE INDEX runs_age ON automation.runs USING brin (created_at)`);
    await runner.query(`
      CREATE TABLE automation.step_executions (
        workspace_id text        NOT NULL,
        run_id       uuid        NOT NULL,
        path         text        NOT NULL,
        attempt      integer     NOT NULL,
        -- Its place in the run's history, from 0.
        position     integer     NOT NULL,
        type         text        NOT NULL,
        status       text        NOT NULL CHECK (status IN ('running', 'waiting', 'succeeded', 'failed', 'lost')),
        input        jsonb,
        output       jsonb,
        error        jsonb,
        wake_at      timestamptz,
        superseded   boolean     NOT NULL DEFAULT false,
        started_at   timestamptz NOT NULL,
        finished_at  timestamptz,
        PRIMARY KEY (workspace_id, run_id, path, attempt)
      )`);
    // Round-robin positions: a row (a track) for each transaction that used the rotation at the same time as others.
    await runner.query(`
      CREATE TABLE automation.rotations (
        workspace_id text   NOT NULL,
        key          text   NOT NULL,
        track        bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        position     bigint NOT NULL,
        PRIMARY KEY (workspace_id, key, track)
      )`);
    await runner.query(`
      CREATE TABLE automation.audit_log (
        workspace_id text        NOT NULL,
        id           uuid        NOT NULL,
        at           timestamptz NOT NULL DEFAULT now(),
        actor        jsonb       NOT NULL,
        action       text        NOT NULL,
        target_type  text        NOT NULL,
        target_id    uuid        NOT NULL,
        before       jsonb,
        after        jsonb,
        note         text,
        PRIMARY KEY (workspace_id, id)
      )`);
    await runner.query(`CREATE INDEX audit_log_target ON automation.audit_log (workspace_id, target_type, target_id, id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [
      'audit_log',
      'rotations',
      'step_executions',
      'runs',
      'events',
      'workflow_stats',
      'catalogue_generations',
      'workflow_versions',
      'workflows',
    ]) {
      await runner.query(`DROP TABLE automation.${table}`);
    }
  }
}
