import type { EntityManager, QueryRunner } from 'typeorm';
import { AutomationError } from '../../core/errors.js';

/** The transaction as one step may use it. */
export interface StepManager {
  manager: EntityManager;
  /** The step is over: whatever its code still tries is refused. */
  close(): void;
}

/**
 * Lends the transaction to a host's action. An action that was given up after its time may go on behind our back; what it
 * writes then would commit with the steps after it, although its own log says that it failed. And a nested transaction
 * that it leaves open must not change what our COMMIT means: TypeORM counts their depth on the query runner, here on this
 * step's view of it.
 */
export function lendManager(manager: EntityManager): StepManager {
  const runner = manager.queryRunner;
  if (!runner) throw new Error('a step needs the manager of a transaction');
  let open = true;
  const view: QueryRunner = Object.create(runner);
  const query = async (...args: Parameters<QueryRunner['query']>): Promise<unknown> => {
    if (open) return runner.query(...args);
    throw new AutomationError('step_is_over', 'The step was over when its action sent a further statement.', {
      hint: 'Await everything that the action writes, and give the step a longer `timeout` if it needs one.',
    });
  };
  Object.assign(view, { query });
  return {
    manager: manager.connection.createEntityManager(view),
    close: () => {
      open = false;
    },
  };
}
