import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Trigger URLs: the hashes of their tokens, and how many deliveries came lately. Beside processes of the release before: they
 * know nothing of either, and cannot publish a workflow with such a trigger.
 */
export class TriggerUrls1763770000000 implements MigrationInterface {
  name = 'TriggerUrls1763770000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(`
      CREATE TABLE automation.trigger_tokens (
        workspace_id   text        NOT NULL,
        id             uuid        NOT NULL,
        workflow_id    uuid        NOT NULL,
        -- SHA-256 of 256 random bits: nobody can go back from it, so it needs no salt, and is found by index.
        token_hash     bytea       NOT NULL,
        created_at     timestamptz NOT NULL DEFAULT now(),
        created_by     jsonb       NOT NULL,
        -- Of one that has been replaced: until when it starts runs. Null: the present one.
        valid_until    timestamptz,
        last_used_at   timestamptz,
        last_used_from text,
        PRIMARY KEY (workspace_id, id),
        FOREIGN KEY (workspace_id, workflow_id) REFERENCES automation.workflows (workspace_id, id) ON DELETE CASCADE
      ) WITH (fillfactor = 70)`);
    // Whoever calls a URL names no workspace: the one look-up that cannot lead with it. Not unique, so that the table can be
    // spread by workspace; two of 2^256 are never the same.
    await runner.query('CREATE INDEX trigger_tokens_hash ON automation.trigger_tokens (token_hash)');
    await runner.query('CREATE INDEX trigger_tokens_workflow ON automation.trigger_tokens (workspace_id, workflow_id)');
    // One row a URL, one a workspace, and 4,096 for whatever is no URL: updated in place, so there is room on each page.
    await runner.query(`
      CREATE TABLE automation.trigger_rates (
        workspace_id text        NOT NULL,
        key          text        NOT NULL,
        -- The minute that is counted, by its beginning.
        since        timestamptz NOT NULL,
        deliveries   bigint      NOT NULL,
        PRIMARY KEY (workspace_id, key)
      ) WITH (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.trigger_rates');
    await runner.query('DROP TABLE automation.trigger_tokens');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
