import type { DataSource, EntityManager } from 'typeorm';
import { Lead } from '../../support/sample-crm.js';
import { leadCreated } from '../burst.js';
import { atMost, type BenchContext, ms, NO_TARGET, type Suite, type Table, whole } from '../report.js';
import { type BenchHost, benchDatabase, benchHost, quantile } from '../support.js';

const COUNT = Number(process.env.BENCH_PUBLISH_COUNT ?? 1_000);
const WARM_UP = 50;

type Work = (manager: EntityManager) => Promise<void>;

/**
 * What a transaction of the host's does beside its own work: nothing, the least that a round trip can be, publish, publish
 * what has much loaded, or nothing while a door captures it.
 */
const KINDS = ['plain', 'round_trip', 'publishing', 'publishing_loaded', 'subscriber', 'database'] as const;
type Kind = (typeof KINDS)[number];

/** A transaction of the host's. Answers how many milliseconds it took. */
type Transaction = (id: string, kind: Kind) => Promise<number>;

/** Milliseconds of the same transaction. */
type Times = Record<Kind, number[]>;

/** The same CRM, without capture and with each of its doors. */
type Hosts = Record<'none' | 'subscriber' | 'database', BenchHost>;

/** Transactions of the host's with and without publishing, in turn; nobody works on the events. */
export const publish: Suite = {
  name: 'publish',
  async run({ serverUrl, progress }: BenchContext): Promise<Table> {
    progress(`${COUNT} of each transaction …`);
    const worker = { enabled: false };
    const hosts: Hosts = {
      none: await benchHost(await benchDatabase(serverUrl, 'bench_publish'), { worker }),
      subscriber: await benchHost(await benchDatabase(serverUrl, 'bench_subscriber'), { worker, capture: { leads: 'subscriber' } }),
      database: await benchHost(await benchDatabase(serverUrl, 'bench_trigger'), { worker, capture: { leads: 'database' } }),
    };
    try {
      const created = await inTurn('created', creating(hosts), KINDS);
      const changed = await inTurn('changed', changing(hosts), ['plain', 'round_trip', 'publishing', 'subscriber', 'database']);
      return {
        title: "`publish` inside the host's transaction",
        columns: ['', 'p50', 'p95', 'at p50', 'target', 'verdict'],
        rows: [
          line("the host's transaction (one INSERT) without `publish`", created, 'plain'),
          line('the same with `SELECT 1` in its place, the least that a statement can cost', created, 'round_trip'),
          line('the same with `publish`', created, 'publishing', atMost(ratio(created, 'publishing'), 1.25)),
          line(
            'the same of an entity with 200 lines loaded; the target is what it costs without',
            created,
            'publishing_loaded',
            atMost(ratio(created, 'publishing_loaded'), Number((1.05 * ratio(created, 'publishing')).toFixed(2))),
          ),
          line("the same without a line of the host's: `capture: 'subscriber'`", created, 'subscriber'),
          line("the same: `capture: 'database'`, a trigger", created, 'database'),
          line('the transaction of "Install it" (read, update) without `publishChange`', changed, 'plain'),
          line('the same with `publishChange` (two events)', changed, 'publishing'),
          line("the same without a line of the host's: `capture: 'subscriber'`", changed, 'subscriber'),
          line("the same: `capture: 'database'`, a trigger", changed, 'database'),
        ],
        notes: [`${whole(COUNT)} of each, one after the other, on one connection pool; nobody works on the events meanwhile.`],
      };
    } finally {
      for (const host of Object.values(hosts)) await host.close();
    }
  },
};

function hostFor(kind: Kind, hosts: Hosts): BenchHost {
  return kind === 'subscriber' || kind === 'database' ? hosts[kind] : hosts.none;
}

function creating(hosts: Hosts): Transaction {
  const { automation } = hosts.none;
  return (id, kind) =>
    timed(hostFor(kind, hosts).source, async (manager) => {
      await manager.insert(Lead, lead(id));
      if (kind === 'round_trip') await manager.query('SELECT 1');
      if (kind === 'publishing') await automation.publish(leadCreated('acme', id), manager);
      if (kind === 'publishing_loaded') {
        const event = leadCreated('acme', id);
        await automation.publish({ ...event, record: { ...event.record, lines: LINES } }, manager);
      }
    });
}

/** What an order has loaded when it is checked out: it is no field of the lead's. */
const LINES = Array.from({ length: 200 }, (_, at) => ({
  ...{ id: at, sku: `SKU-${at}`, quantity: 2, price: '19.90', taxRate: 0.19, createdAt: new Date() },
  product: { id: at, name: `Product ${at}`, description: 'A thing that people buy. '.repeat(4) },
}));

/** What the README tells hosts to write. The change of stage is `updated` and `stage_changed`. */
function changing(hosts: Hosts): Transaction {
  const { automation } = hosts.none;
  return async (id, kind) => {
    const { source } = hostFor(kind, hosts);
    await source.manager.insert(Lead, lead(id));
    return timed(source, async (manager) => {
      const before = await manager.findOneByOrFail(Lead, { id });
      const after = await manager.save(Lead, { ...before, stage: 'Contacted' });
      const actor = { type: 'user' as const, id: 'u-1', name: 'User 1' };
      if (kind === 'round_trip') await manager.query('SELECT 1');
      if (kind === 'publishing') {
        await automation.publishChange({ workspaceId: after.workspaceId, module: 'leads', before, after, actor }, manager);
      }
    });
  };
}

function lead(id: string) {
  return { id, workspaceId: 'acme', name: 'Ada', email: 'ada@lead.test', source: 'Web Form' };
}

async function timed(source: DataSource, work: Work): Promise<number> {
  const started = performance.now();
  await source.transaction(work);
  return performance.now() - started;
}

async function inTurn(name: string, transaction: Transaction, kinds: readonly Kind[]): Promise<Times> {
  const times: Times = { plain: [], round_trip: [], publishing: [], publishing_loaded: [], subscriber: [], database: [] };
  for (let index = -WARM_UP; index < COUNT; index += 1) {
    for (const kind of kinds) {
      const took = await transaction(`${name}-${kind}-${index}`, kind);
      if (index >= 0) times[kind].push(took);
    }
  }
  return times;
}

function ratio(times: Times, kind: Kind): number {
  return quantile(times[kind], 0.5) / quantile(times.plain, 0.5);
}

function line(name: string, times: Times, kind: Kind, verdict: readonly string[] = NO_TARGET): string[] {
  const factor = kind === 'plain' ? '1' : ratio(times, kind).toFixed(2);
  return [name, ms(quantile(times[kind], 0.5)), ms(quantile(times[kind], 0.95)), factor, ...verdict];
}
