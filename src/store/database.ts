import type { EventEmitter } from 'node:events';
import { DataSource, type DataSourceOptions, type EntityManager, type MixedList, type QueryRunner } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import { changeActiveWorkflows } from './active-workflows.js';
import { noteTime, type StatementResult } from './clock.js';
import { keepPrepared } from './prepared-statements.js';
import { checkSchema, type MigrationClasses, migrateSchema, migrationOptions, schemaState } from './schema.js';
import { inOneFlight, sendInTurn } from './statement-order.js';
import { ENGINE_IDLE_MS, ENGINE_STATEMENT_MS } from './transaction-limits.js';
import { typeorm } from './typeorm.js';
import { within } from './within.js';

/** How long a connection is silent before the kernel asks whether anybody is there. */
const KEEP_ALIVE_MS = 10_000;
/** How long closing waits for connections that are in use or whose server does not say goodbye. */
const CLOSE_GRACE_MS = 2_000;

const LIMITS = `SET LOCAL statement_timeout = ${ENGINE_STATEMENT_MS}; SET LOCAL idle_in_transaction_session_timeout = ${ENGINE_IDLE_MS}`;
/** What TypeORM begins a transaction with. */
const START = 'START TRANSACTION';
const ISOLATION = 'ISOLATION LEVEL READ COMMITTED';

/** A connection of pg's. */
interface PoolClient extends EventEmitter {
  readonly connection?: { readonly stream: { destroy(): void } };
}

/** How the automation tables are brought up to date: `auto` migrates at start, `check` refuses to start when behind. */
export type MigrationMode = 'auto' | 'check';

/**
 * When a transaction begins: `with_first_statement` saves a round trip. The first statement must be one that fails outside of
 * the transaction, should the start in front of it fail: a claim does, which wants to know the release from its settings.
 */
type Beginning = 'at_once' | 'with_first_statement';

/** The host's word on whose a transaction is, such as `SET LOCAL` for its row-level security. */
export type TransactionHook = (manager: EntityManager, workspaceId: string) => Promise<unknown>;

/**
 * The module's own DataSource: the host's connection options and entities, but a small pool of its own, so that
 * automation never starves the CRM and the CRM's `synchronize` never sees the schema `automation`.
 */
export class AutomationDatabase {
  private source: DataSource | undefined;
  /** The connections of our pool, for the day on which it cannot be closed. */
  private readonly clients = new Set<PoolClient>();

  constructor(
    private readonly hostSource: DataSource,
    private readonly settings: {
      poolSize: number;
      migrations: MigrationClasses;
      migrate: MigrationMode;
      logging?: boolean;
      onTransaction?: TransactionHook;
    },
  ) {}

  /** The connected DataSource. Throws before {@link connect}. */
  get dataSource(): DataSource {
    if (!this.source) throw new AutomationError('not_started', 'The automation database is not connected yet.');
    return this.source;
  }

  /** How what is behind is brought up to date. */
  get migrationMode(): MigrationMode {
    return this.settings.migrate;
  }

  /** Migrates (or checks) the schema `automation`, then connects. */
  async connect(): Promise<void> {
    const { type } = this.hostSource.options;
    if (type !== 'postgres') {
      throw new AutomationError('postgres_required', `Automation needs a Postgres DataSource; the host's is '${type}'.`);
    }
    const { hostSource } = this;
    const isBuilt = hostSource.isInitialized;
    const source = new (typeorm().DataSource)({
      ...this.derivedOptions(this.settings.poolSize),
      entities: isBuilt ? [] : (hostSource.options.entities as MixedList<never>),
    });
    await source.initialize();
    this.source = source;
    outliveLostConnections(source);
    try {
      await this.migrate(source);
      await keepPrepared(source);
    } catch (error) {
      await this.close();
      throw error;
    }
    const pool = poolOf(source);
    pool.on('acquire', (client: PoolClient) => this.clients.add(client));
    pool.on('remove', (client: PoolClient) => this.clients.delete(client));
    // What the host has built, not built again: that takes long, and would leave entities that are asked themselves
    // (`Lead.find()` of a `BaseEntity`) with our pool.
    const { entityMetadatas, entityMetadatasMap } = hostSource as DataSource & { entityMetadatasMap: unknown };
    if (isBuilt) Object.assign(source, { entityMetadatas, entityMetadatasMap });
    // The very list of the host, not a copy: subscribers that Nest creates and adds later run for our writes too.
    Object.assign(source, { subscribers: hostSource.subscribers });
  }

  /**
   * Closes the pool. Connections that are not given back by then, or whose server does not answer, are cut after `graceMs`:
   * the process is to end, whatever hangs.
   */
  async close(graceMs = CLOSE_GRACE_MS): Promise<void> {
    const { source } = this;
    if (source?.isInitialized) {
      try {
        await within(graceMs, source.destroy());
      } finally {
        for (const client of this.clients) {
          // Nobody may be left who hears of it, and an error that nobody hears ends the process.
          client.on('error', () => undefined);
          client.connection?.stream.destroy();
        }
        this.clients.clear();
      }
    }
    this.source = undefined;
  }

  /**
   * Runs `work` in one transaction of our own pool. READ COMMITTED is said each time: a role or a database may default to
   * REPEATABLE READ, under which a router that has waited for Pause, or for another one's re-entry lock, would not see
   * what it waited for, and a claim would fail beside another one. In the same round trip it gets its limits: a statement
   * that hangs, or a process that stops to exist in the middle, holds no rows for ever. `work` may set others; `settings`,
   * `SET LOCAL` after `SET LOCAL`, come in their place. Parameters of the connection would do that too, but not behind a
   * pooler, which refuses or drops them.
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>, settings = LIMITS, begins: Beginning = 'at_once'): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    sendInTurn(runner);
    const begin = sayAtStart(runner, settings, begins);
    try {
      return await runner.manager.transaction(async (manager) => {
        await begin();
        return work(manager);
      });
    } finally {
      await runner.release();
    }
  }

  /** Whether a transaction that touches the CRM's rows must be of one workspace: the host says in each whose it is. */
  get isPerWorkspace(): boolean {
    return this.settings.onTransaction !== undefined;
  }

  /**
   * To be called once in a transaction, before its first look at the CRM's rows. Before any savepoint: what is set after
   * one is undone with it.
   */
  async enter(manager: EntityManager, workspaceId: string): Promise<void> {
    await this.settings.onTransaction?.(manager, workspaceId);
  }

  /** The same for a single statement, of which nothing else hears: TypeORM's bookkeeping would be a further round trip. */
  async statement<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.query(`${START} ${ISOLATION}; ${LIMITS}`);
      const result = await work(runner.manager);
      await runner.query('COMMIT');
      return result;
    } catch (error) {
      // The first error is the one to hear of; a connection that cannot roll back has nothing open any more.
      await runner.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }

  /**
   * The rows of one statement without parameters that only reads, `lockMs` at the most for each lock that it waits for. It and its
   * limits are one message, which is a transaction of its own: one round trip, also behind a pooler, and nothing to roll back.
   */
  async look<Row extends object>(statement: string, lockMs: number): Promise<Row[]> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const limits = `SET LOCAL statement_timeout = ${ENGINE_STATEMENT_MS}; SET LOCAL lock_timeout = ${lockMs}`;
      return ((await ask(runner, `${limits}; ${statement}`)).at(-1)?.rows ?? []) as Row[];
    } finally {
      await runner.release();
    }
  }

  /**
   * Runs `work` in a transaction that no routing in the workspace overlaps: routers that began earlier have committed before
   * `work` starts, later ones see what it commits. This is what makes Pause hold from its commit on. Other workspaces go on.
   * `prepare` comes before the waiting for them, and may limit it.
   */
  activeWorkflowsTransaction<T>(
    workspaceId: string,
    work: (manager: EntityManager) => Promise<T>,
    prepare?: (manager: EntityManager) => Promise<void>,
  ): Promise<T> {
    return this.transaction(async (manager) => {
      await prepare?.(manager);
      await changeActiveWorkflows(manager, workspaceId);
      return work(manager);
    });
  }

  private derivedOptions(poolSize: number) {
    const options = this.hostSource.options as Extract<DataSourceOptions, { type: 'postgres' }>;
    return {
      ...options,
      name: 'automation',
      poolSize,
      // What the host tells its driver goes for ours too, except how many connections. Keep-alive finds out about a server
      // that vanished without a word, such as one that a failover replaced; a query would wait for it for ever.
      extra: { keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_MS, ...options.extra, max: poolSize },
      // Whatever the host prefers: a router that has waited for Pause must see what it committed.
      isolationLevel: undefined,
      // An idle connection that the server closes must not bring the process down; the next query reconnects.
      poolErrorHandler: options.poolErrorHandler ?? (() => undefined),
      applicationName: 'nestjs-crm-automation',
      // The host's `logging: true` is about its own statements: ours, day and night, would bury them.
      ...(this.settings.logging ? {} : { logging: false, logger: undefined, maxQueryExecutionTime: undefined }),
      synchronize: false,
      dropSchema: false,
      migrationsRun: false,
      migrations: [],
      subscribers: [],
    };
  }

  /** Connections for migrations are made when there are some to run: a start usually has none. */
  private async migrate(ours: DataSource): Promise<void> {
    const { migrate, migrations } = this.settings;
    const found = await schemaState(ours, migrations);
    const isBehind = found.pending.length > 0;
    if (isBehind && migrate === 'auto') {
      const source = new (typeorm().DataSource)({ ...this.derivedOptions(2), ...migrationOptions(migrations) });
      await source.initialize();
      outliveLostConnections(source);
      try {
        await migrateSchema(source, migrations);
      } finally {
        await source.destroy();
      }
    }
    await checkSchema(ours, isBehind ? await schemaState(ours, migrations) : found);
  }
}

/**
 * TypeORM says START TRANSACTION and nothing else: what is to be set goes with it, without parameters, so that it is one
 * message and one round trip, and what that answers of the time is known from then on. Returns what makes sure that it was
 * said: a TypeORM that begins otherwise costs a second one.
 */
function sayAtStart(runner: QueryRunner, settings: string, begins: Beginning): () => Promise<void> {
  const { query } = runner;
  const start = (): Promise<void> => say(runner, `${START} ${ISOLATION}; ${settings}`);
  let isSaid = false;
  const withStart = async (...first: Parameters<typeof query>): Promise<never> => {
    runner.query = query;
    const [, answer] = await inOneFlight(runner.manager, [start, () => query.apply(runner, first)]);
    return answer as never;
  };
  runner.query = (statement: string, ...rest: []) => {
    runner.query = query;
    isSaid = statement === START;
    if (!isSaid) return query.call(runner, statement, ...rest);
    if (begins === 'at_once') return start();
    runner.query = withStart;
    return Promise.resolve();
  };
  return async () => {
    if (!isSaid) await say(runner, `SET TRANSACTION ${ISOLATION}; ${settings}`);
  };
}

/** {@link ask}, and what is answered of the time. */
async function say(runner: QueryRunner, statements: string): Promise<void> {
  noteTime(runner.manager, await ask(runner, statements));
}

/** Several statements in one message, past TypeORM, which forgets what they answer. */
async function ask(runner: QueryRunner, statements: string): Promise<StatementResult[]> {
  const client = (await runner.connect()) as { query(text: string): Promise<StatementResult[]> };
  // TypeORM 0.3 knows no `runner.dataSource`.
  runner.manager.connection.logger.logQuery(statements, undefined, runner);
  return client.query(statements);
}

/**
 * A connection that is cut in the moment in which it becomes ready says so when the pool has stopped listening and
 * TypeORM has not begun: an `error` that nobody listens to ends the process (two workers of the fault suite died of it,
 * in 100 rounds of cuts). Whoever asks on that connection next hears of the loss anyway.
 */
export function outliveLostConnections(source: DataSource): void {
  const known = new WeakSet<EventEmitter>();
  const listen = (client: EventEmitter): void => {
    if (known.has(client)) return;
    known.add(client);
    client.on('error', () => undefined);
  };
  // The first one is there before anybody can listen to its `connect`.
  poolOf(source).on('connect', listen).on('acquire', listen);
}

function poolOf(source: DataSource): EventEmitter {
  return (source.driver as unknown as { master: EventEmitter }).master;
}
