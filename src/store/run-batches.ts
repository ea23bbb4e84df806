import type { EntityManager } from 'typeorm';
import { sql } from './sql.js';

/** Notes what a batch has taken up: runs can be filtered by it, and it takes none of them again. */
export async function noteBatch(manager: EntityManager, workspaceId: string, batchId: string, runIds: readonly string[]): Promise<void> {
  if (runIds.length === 0) return;
  await sql(
    manager,
    `INSERT INTO automation.run_batches (workspace_id, run_id, batch_id) SELECT $1, id, $2 FROM unnest($3::uuid[]) AS taken(id) ON CONFLICT DO NOTHING`,
    [workspaceId, batchId, runIds],
  );
}
