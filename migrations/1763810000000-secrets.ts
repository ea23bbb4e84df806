import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The secrets of workspaces, encrypted with the host's key.
 *
 * Beside processes of release 0.1: they know of none of it. A run of theirs comes to no step that names a secret, because they
 * claim nothing once the schema is newer than they are.
 */
export class Secrets1763810000000 implements MigrationInterface {
  name = 'Secrets1763810000000';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.isTransactionActive) {
      await runner.commitTransaction();
      await runner.startTransaction();
    }
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.secrets (
        workspace_id text        NOT NULL,
        name         text        NOT NULL,
        -- What the audit log names it by.
        id           uuid        NOT NULL,
        -- Where it may be sent; part of what is authenticated.
        hosts        text[]      NOT NULL,
        key_id       text        NOT NULL,
        -- Nonce, tag, and the value encrypted by AES-256-GCM.
        sealed       bytea       NOT NULL,
        created_at   timestamptz NOT NULL DEFAULT now(),
        created_by   jsonb       NOT NULL,
        changed_at   timestamptz NOT NULL DEFAULT now(),
        changed_by   jsonb       NOT NULL,
        PRIMARY KEY (workspace_id, name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.secrets');
  }
}
