import { Inject, Injectable, Logger } from '@nestjs/common';
import type { DataSource, EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import { AutomationDatabase } from '../store/database.js';
import { isPooler, serverProcess } from '../store/pooler.js';

/**
 * What there is to do: unrouted events, queued runs, queues that may move on, answers to runs that somebody holds, another
 * time at which something starts by itself. `expected`, here alone: something was published in a transaction, whose end we
 * may not see.
 */
const WORK_KINDS = ['events', 'runs', 'queues', 'answers', 'timing'] as const;
export type WorkKind = (typeof WORK_KINDS)[number] | 'expected';

/** Injection token of the host's own DataSource. */
export const HOST_DATA_SOURCE = Symbol('HOST_DATA_SOURCE');

const CHANNEL = 'automation_work';
/** Announcements to other processes closer together than this become one, in milliseconds. */
const COALESCE_MS = 20;
const FIRST_RECONNECT_MS = 200;
/** Its return also ends the pauses of the loops, which go up to five seconds. */
const LAST_RECONNECT_MS = 2_000;

/** pg's client. */
type Client = {
  /** The server process as it was named to us when we connected. */
  processID?: number | null;
  query(sql: string): Promise<unknown>;
  on(event: 'notification' | 'end', listener: (argument: unknown) => void): void;
  off(event: 'notification' | 'end', listener: (argument: unknown) => void): void;
};

/** The connection that listens, and how to make it an ordinary one again. */
interface Listening {
  runner: QueryRunner;
  detach(): void;
}

/**
 * Hints that there is work: to this process directly, to the others by NOTIFY from a connection of our own after the
 * host's commit. Hints only: what nobody hears is found by polling.
 */
@Injectable()
export class WakeUp implements EntitySubscriberInterface {
  private readonly logger = new Logger('AutomationWakeUp');
  private readonly listeners = new Set<(kind: WorkKind) => void>();
  /**
   * Transactions in which something was published, and what they leave to do once they commit. Known by the runner's `data`, which a
   * step's view of a runner shares with it.
   */
  private readonly published = new WeakMap<QueryRunner['data'], Set<WorkKind>>();
  private listening: Listening | null = null;
  private readonly unannounced = new Set<WorkKind>();
  /** Takes back the next announcement; null when none is on its way. */
  private unschedule: (() => void) | null = null;
  private notifying: Promise<void> | null = null;
  private announcedAt = Number.NEGATIVE_INFINITY;
  private reconnect: NodeJS.Timeout | null = null;
  private stopped = true;
  private isPooled = false;

  constructor(
    @Inject(HOST_DATA_SOURCE) private readonly hostSource: DataSource,
    private readonly database: AutomationDatabase,
  ) {}

  /** Do we hear of other processes' work? */
  get isListening(): boolean {
    return this.listening !== null;
  }

  /** Calls the listener at each hint; returns how to stop that. */
  onWork(listener: (kind: WorkKind) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** There is committed work: tell this process now and the others soon. */
  announce(kind: WorkKind): void {
    this.tellHere(kind);
    this.tellOthers(kind);
  }

  /** There will be something to do, by default events to route, once the manager's transaction commits. */
  announceAfterCommit(manager: EntityManager, kind: 'events' | 'timing' = 'events'): void {
    const runner = manager.queryRunner;
    if (!runner?.isTransactionActive) {
      this.announce(kind);
      return;
    }
    const kinds = this.published.get(runner.data);
    if (kinds) kinds.add(kind);
    else this.published.set(runner.data, new Set([kind]));
    if (kind === 'events') this.tellHere('expected');
  }

  /** TypeORM calls this after each COMMIT (and each released savepoint) on the host's DataSource. */
  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (queryRunner.isTransactionActive) return;
    const kinds = this.published.get(queryRunner.data) ?? [];
    this.published.delete(queryRunner.data);
    for (const kind of kinds) this.announce(kind);
  }

  /** What was published is gone with the transaction. */
  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (!queryRunner.isTransactionActive) this.published.delete(queryRunner.data);
  }

  async start(): Promise<void> {
    this.stopped = false;
    // The host's own list; our DataSource shares it, so transactions of actions are heard too.
    this.hostSource.subscribers.push(this);
    await this.listen(FIRST_RECONNECT_MS);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.unschedule?.();
    this.unschedule = null;
    if (this.reconnect) clearTimeout(this.reconnect);
    const at = this.hostSource.subscribers.indexOf(this);
    if (at >= 0) this.hostSource.subscribers.splice(at, 1);
    await this.notifying;
    const { listening } = this;
    this.listening = null;
    if (listening) await this.drop(listening);
  }

  private tellHere(kind: WorkKind): void {
    for (const listener of this.listeners) listener(kind);
  }

  /** The first announcement goes out at once, further ones are collected: a burst costs a few NOTIFYs, not one each. */
  private tellOthers(kind: WorkKind): void {
    this.unannounced.add(kind);
    this.announceSoon();
  }

  /** One announcement at a time: it goes over the one connection that listens, and pg warns of overlapping queries. */
  private announceSoon(): void {
    if (this.unschedule !== null || this.notifying !== null || this.stopped || this.unannounced.size === 0) return;
    const announce = (): void => {
      this.unschedule = null;
      this.announcedAt = performance.now();
      this.notifying = this.notify()
        .catch((error: unknown) => this.logger.debug(`Could not announce work; others will poll: ${String(error)}`))
        .finally(() => {
          this.notifying = null;
          this.announceSoon();
        });
    };
    const wait = this.announcedAt + COALESCE_MS - performance.now();
    // At once means: with all that is announced in this turn of the event loop. A timer of 0 ms takes 1.
    this.unschedule = wait > 0 ? after(wait, announce) : soon(announce);
  }

  private async notify(): Promise<void> {
    const kinds = [...this.unannounced];
    this.unannounced.clear();
    // The payload names this process, which has woken itself already, and what there is to do.
    await this.listening?.runner.query(`SELECT pg_notify('${CHANNEL}', pg_backend_pid() || ' ' || $1)`, [kinds.join(' ')]);
  }

  private async listen(pauseMs: number): Promise<void> {
    let detach = (): void => undefined;
    let runner: QueryRunner | null = null;
    try {
      const connecting = this.database.dataSource.createQueryRunner();
      runner = connecting;
      const client = (await connecting.connect()) as Client;
      const self = await serverProcess(connecting);
      if (isPooler(client, self)) return await this.doWithout(runner);
      let ended = false;
      const onNotification = (message: unknown): void => {
        const [pid, ...kinds] = ((message as { payload?: string }).payload ?? '').split(' ');
        if (pid === self) return;
        for (const kind of WORK_KINDS) if (kinds.includes(kind)) this.tellHere(kind);
      };
      const onEnd = (): void => {
        ended = true;
        if (this.listening?.runner === connecting) this.listenAgain(FIRST_RECONNECT_MS);
      };
      client.on('notification', onNotification);
      client.on('end', onEnd);
      detach = (): void => {
        client.off('notification', onNotification);
        client.off('end', onEnd);
      };
      await connecting.query(`LISTEN ${CHANNEL}`);
      if (ended) throw new Error('the connection has ended');
      // Stopped meanwhile: nobody else would give the connection back, and the pool could not be closed.
      if (this.stopped) return await this.drop({ runner, detach });
      this.listening = { runner, detach };
      // What happened while nobody listened.
      this.tellHere('events');
      this.tellHere('runs');
    } catch (error) {
      this.logger.warn(`Cannot listen for work, polling goes on: ${String(error)}`);
      if (runner) await this.drop({ runner, detach });
      this.listenAgain(Math.min(pauseMs * 2, LAST_RECONNECT_MS));
    }
  }

  /**
   * Behind a pooler a LISTEN would stay on a server connection that serves somebody else next, and nobody would hear of it.
   * In which mode it pools cannot be told, so none is trusted.
   */
  private async doWithout(runner: QueryRunner): Promise<void> {
    await runner.release();
    if (this.isPooled) return;
    this.isPooled = true;
    this.logger.warn(
      'The database is behind a connection pooler, where LISTEN is not available: what other processes publish is found by polling (worker.pollIntervalMs).',
    );
  }

  private listenAgain(pauseMs: number): void {
    this.listening = null;
    if (this.stopped) return;
    this.reconnect = setTimeout(() => void this.listen(pauseMs), pauseMs);
    this.reconnect.unref();
  }

  /** The connection listens: it must not go back into the pool as if it did not. */
  private async drop({ runner, detach }: Listening): Promise<void> {
    detach();
    try {
      await runner.query('UNLISTEN *');
    } catch (error) {
      this.logger.debug(`The listening connection was gone already: ${String(error)}`);
    }
    await runner.release();
  }
}

function after(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms).unref();
  return () => clearTimeout(timer);
}

function soon(work: () => void): () => void {
  const turn = setImmediate(work).unref();
  return () => clearImmediate(turn);
}
