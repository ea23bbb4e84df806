import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The hashes of the tokens by which strangers answer steps that wait. Beside processes of the release before: they know nothing
 * of it, and cannot publish a workflow with such a step.
 */
export class WaitTokens1763800000000 implements MigrationInterface {
  name = 'WaitTokens1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await commit(runner);
    // What the wait is at is told by the run, its log and its inbox: nothing here changes but by retention.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.wait_tokens (
        workspace_id text        NOT NULL,
        run_id       uuid        NOT NULL,
        -- SHA-256 of a token of 256 bits: nobody can go back from it, so it needs no salt, and is found by index.
        token_hash   bytea       NOT NULL,
        path         text        NOT NULL,
        attempt      integer     NOT NULL,
        purpose      text        NOT NULL CHECK (purpose IN ('resume', 'review', 'approve', 'reject')),
        -- Whom the token was made for; null: whoever has it.
        who          text,
        created_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, run_id, token_hash)
      )`);
    // Whoever calls a URL names no workspace, as with trigger_tokens_hash.
    await runner.query('CREATE INDEX IF NOT EXISTS wait_tokens_hash ON automation.wait_tokens (token_hash)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.wait_tokens');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
