import { describe, expect, it, jest } from '@jest/globals';
import type { EntityManager, QueryRunner } from 'typeorm';
import { lendManager } from '../../src/host/lent-manager.js';

/** A transaction's manager, the socket that its DataSource opens, and how often it did. */
function fakeManager() {
  const destroy = jest.fn();
  const connect = jest.fn(async () => ({ connection: { stream: { destroy } } }));
  const connection = {
    createQueryRunner: () => ({ connect, isReleased: false }),
    createEntityManager: () => ({ connection: undefined }),
  };
  const manager = { queryRunner: { query: async () => [] }, connection } as unknown as EntityManager;
  return { manager, connect, destroy };
}

/** The DataSource as a step sees it. */
function lend(manager: EntityManager) {
  let runners: (() => QueryRunner) | undefined;
  Object.assign(manager.connection, {
    createEntityManager(this: EntityManager['connection']) {
      runners = () => this.createQueryRunner();
      return {};
    },
  });
  const { close } = lendManager(manager);
  return { close, createQueryRunner: runners as () => QueryRunner };
}

describe('a connection that a step takes besides its transaction', () => {
  it('is cut when the step is over and has not given it back', async () => {
    const { manager, destroy } = fakeManager();
    const { close, createQueryRunner } = lend(manager);
    await createQueryRunner().connect();
    expect(destroy).not.toHaveBeenCalled();
    close();
    await new Promise(setImmediate);
    expect(destroy).toHaveBeenCalledTimes(1);
  });

  it('is not opened to be cut when the step never used it', async () => {
    const { manager, connect } = fakeManager();
    const { close, createQueryRunner } = lend(manager);
    createQueryRunner();
    close();
    await new Promise(setImmediate);
    expect(connect).not.toHaveBeenCalled();
  });

  it('is refused when the step is over, however early it was prepared', async () => {
    const { manager, connect } = fakeManager();
    const { close, createQueryRunner } = lend(manager);
    const prepared = createQueryRunner();
    close();
    await expect(prepared.connect()).rejects.toMatchObject({ code: 'step_is_over' });
    expect(createQueryRunner).toThrow('The step was over');
    expect(connect).not.toHaveBeenCalled();
  });
});
