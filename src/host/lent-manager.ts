import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { AutomationError } from '../core/errors.js';

/** The transaction as one step may use it. */
export interface LentManager {
  manager: EntityManager;
  /** The step is over: whatever its code still tries is refused. */
  close(): void;
}

/**
 * Lends the transaction to a host's action. An action that was given up after its time may go on behind our back; what it
 * writes then would commit with the steps after it, although its own log says that it failed. And a nested transaction
 * that it leaves open must not change what our COMMIT means: TypeORM counts their depth on the query runner, here on this
 * step's view of it. Connections that it took besides (`manager.connection.createQueryRunner()`) and did not give back are
 * cut: they are of our pool, and with the last of them the process would stand still.
 */
export function lendManager(manager: EntityManager): LentManager {
  const runner = manager.queryRunner;
  if (!runner) throw new Error('a step needs the manager of a transaction');
  let open = true;
  const view: QueryRunner = Object.create(runner);
  const query = async (...args: Parameters<QueryRunner['query']>): Promise<unknown> => {
    if (open) return runner.query(...args);
    throw stepIsOver();
  };
  Object.assign(view, { query });
  const taken = new Map<QueryRunner, Connect>();
  const source = lendSource(manager.connection, (further, connect) => {
    if (!open) throw stepIsOver();
    if (connect) taken.set(further, connect);
  });
  return {
    manager: source.createEntityManager(view),
    close: () => {
      open = false;
      for (const [further, connect] of taken) if (!further.isReleased) void cut(connect);
    },
  };
}

/** Takes a runner's connection, or gives the one that it has. */
type Connect = () => Promise<unknown>;

/** The DataSource as the step may use it: `onTake` is told of each runner that is made, and again, with how, when it takes its connection. */
function lendSource(source: DataSource, onTake: (runner: QueryRunner, connect?: Connect) => void): DataSource {
  const view: DataSource = Object.create(source);
  let manager: EntityManager | undefined;
  Object.defineProperties(view, {
    createQueryRunner: {
      value: (...args: Parameters<DataSource['createQueryRunner']>): QueryRunner => {
        // On the view: what the runner's own manager takes is told of too.
        const runner = source.createQueryRunner.apply(view, args);
        onTake(runner);
        const connect = runner.connect.bind(runner);
        runner.connect = async () => {
          onTake(runner, connect);
          return connect();
        };
        return runner;
      },
    },
    manager: {
      get: () => {
        manager ??= source.createEntityManager.apply(view, []);
        return manager;
      },
    },
  });
  return view;
}

/** Ends a connection whatever it is doing; the driver and the pool drop it when they hear of that. */
async function cut(connect: Connect): Promise<void> {
  const client = (await connect().catch(() => null)) as { connection?: { stream: { destroy(): void } } } | null;
  client?.connection?.stream.destroy();
}

function stepIsOver(): AutomationError {
  return new AutomationError('step_is_over', 'The step was over when its action sent a further statement.', {
    hint: 'Await everything that the action writes, and give the step a longer `timeout` if it needs one.',
  });
}
