import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a workflow was at a moment is told from the audit log, whose entries about a workflow are mostly edits: the index
 * holds the others. Beside processes of the release before: they write what it holds, and do not use it.
 */
export class Why1763785000000 implements MigrationInterface {
  name = 'Why1763785000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(
      `CREATE INDEX IF NOT EXISTS audit_log_life ON automation.audit_log (workspace_id, target_id, at)
       WHERE target_type = 'workflow' AND action NOT IN ('workflow.updated', 'workflow.discarded')`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX automation.audit_log_life');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
