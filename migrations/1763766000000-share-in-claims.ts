import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A claim of events holds the active workflows of their workspaces in the same statement, where nobody publishes just
 * then. Beside processes of release 0.1: a function that they do not know.
 */
export class ShareInClaims1763766000000 implements MigrationInterface {
  name = 'ShareInClaims1763766000000';

  async up(runner: QueryRunner): Promise<void> {
    // Those of which the lock could be had at once. plpgsql and VOLATILE: the generations are read after the locks.
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.try_share_active_workflows(workspaces text[])
        RETURNS TABLE (workspace_id text, generation bigint) LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
      #variable_conflict use_column
      DECLARE
        shared text[];
      BEGIN
        SELECT array_agg(w) INTO shared FROM unnest(workspaces) AS w WHERE pg_try_advisory_xact_lock_shared(automation.active_workflows_key(w));
        RETURN QUERY SELECT w, g.generation FROM unnest(shared) AS w LEFT JOIN automation.active_workflow_generations g ON g.workspace_id = w;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION automation.try_share_active_workflows(text[])');
  }
}
