import { eventually } from '../../support/eventually.js';
import { CrmWorker, type WorkerOptions } from './crm-worker.js';
import type { HotSpares } from './hot-spares.js';
import type { LabDatabase } from './lab-database.js';
import type { SeededRandom } from './seeded-random.js';
import type { WorkerOrders } from './worker-protocol.js';

/** The worker processes of one case: several of them on one database. */
export class Fleet {
  /** Those that are alive and were not ended by the case. */
  readonly workers: CrmWorker[] = [];
  private readonly all: CrmWorker[] = [];
  private started = 0;

  constructor(
    private readonly spares: HotSpares,
    private readonly orders: Omit<WorkerOrders, 'name' | 'worker'>,
    private readonly defaults: NonNullable<WorkerOrders['worker']>,
  ) {}

  /** Starts a worker; resolves when it works. */
  async start(options: WorkerOptions = {}): Promise<CrmWorker> {
    this.started += 1;
    const name = options.name ?? `worker-${this.started}`;
    const loaded = await this.spares.take(options);
    const worker = new CrmWorker(name, loaded, options.expectedToEnd ?? false, () => this.workers.splice(this.workers.indexOf(worker), 1));
    this.all.push(worker);
    this.workers.push(worker);
    await worker.begin({ ...this.orders, ...options.orders, name, worker: { ...this.defaults, ...options.worker } });
    return worker;
  }

  /** Starts so many alike at the same time. */
  startMany(count: number, options: WorkerOptions = {}): Promise<CrmWorker[]> {
    return Promise.all(Array.from({ length: count }, () => this.start(options)));
  }

  /** A random worker of those that hold runs; after two seconds in which nobody does, any. */
  async pickBusy(database: LabDatabase, random: SeededRandom): Promise<CrmWorker> {
    const busy = await eventually(async () => {
      const holders = await database.holders();
      const found = this.workers.filter(({ name }) => holders.includes(name));
      if (found.length === 0) throw new Error('nobody holds a run');
      return found;
    }, 2_000).catch(() => this.workers);
    return random.pick(busy);
  }

  /** Keeps so many loaded processes ready, so that a `start` costs a few connections only. */
  keepSpares(count: number): void {
    this.spares.prepare(count);
  }

  /** Workers that ended although nobody asked them to, and errors that nobody handled. */
  get violations(): string[] {
    return this.all.flatMap((worker) => worker.violations);
  }

  /** Kills what is left. */
  async close(): Promise<void> {
    await Promise.all(this.all.filter((worker) => worker.alive).map((worker) => worker.kill()));
  }
}
