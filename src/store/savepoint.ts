import type { EntityManager } from 'typeorm';

/** Runs a part of the manager's transaction that may fail: a statement of it that the database refuses ends the part, and not the transaction. */
export async function inSavepoint<T>(manager: EntityManager, work: () => Promise<T>): Promise<T> {
  await manager.query('SAVEPOINT part');
  try {
    const result = await work();
    await manager.query('RELEASE SAVEPOINT part');
    return result;
  } catch (error) {
    await manager.query('ROLLBACK TO SAVEPOINT part');
    throw error;
  }
}
