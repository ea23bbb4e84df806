import type { DataSource, EntityManager } from 'typeorm';
import { Lead } from '../../support/sample-crm.js';
import { leadCreated } from '../burst.js';
import { atMost, type BenchContext, ms, NO_TARGET, type Suite, type Table, whole } from '../report.js';
import { type BenchHost, benchDatabase, benchHost, quantile } from '../support.js';

const PAIRS = Number(process.env.BENCH_PUBLISH_PAIRS ?? 1_000);
const WARM_UP = 50;

type Work = (manager: EntityManager) => Promise<void>;

/** A transaction of the host's, which publishes or not. Answers how many milliseconds it took. */
type Transaction = (id: string, publishing: boolean) => Promise<number>;

/** Milliseconds of the same transaction. */
interface Pairs {
  without: number[];
  with: number[];
}

/** Transactions of the host's without and with publishing, in turn; nobody works on the events. */
export const publish: Suite = {
  name: 'publish',
  async run({ serverUrl, progress }: BenchContext): Promise<Table> {
    progress(`${PAIRS} pairs of each transaction …`);
    const url = await benchDatabase(serverUrl, 'bench_publish');
    const host = await benchHost(url, { worker: { enabled: false } });
    try {
      const created = await inTurn('created', creating(host));
      const changed = await inTurn('changed', changing(host));
      return {
        title: "`publish` inside the host's transaction",
        columns: ['', 'p50', 'p95', 'at p50', 'target', 'verdict'],
        rows: [
          line("the host's transaction (one INSERT) without `publish`", created.without, '1', NO_TARGET),
          line('the same with `publish`', created.with, ratio(created).toFixed(2), atMost(ratio(created), 1.25)),
          line('the transaction of "Install it" (read, update) without `publishChange`', changed.without, '1', NO_TARGET),
          line('the same with `publishChange` (two events)', changed.with, ratio(changed).toFixed(2), NO_TARGET),
        ],
        notes: [`${whole(PAIRS)} pairs each, one after the other, on one connection pool; nobody works on the events meanwhile.`],
      };
    } finally {
      await host.close();
    }
  },
};

function creating({ source, automation }: BenchHost): Transaction {
  return (id, publishing) =>
    timed(source, async (manager) => {
      await manager.insert(Lead, lead(id));
      if (publishing) await automation.publish(leadCreated('acme', id), manager);
    });
}

/** What the README tells hosts to write. The change of stage is `updated` and `stage_changed`. */
function changing({ source, automation }: BenchHost): Transaction {
  return async (id, publishing) => {
    await source.manager.insert(Lead, lead(id));
    return timed(source, async (manager) => {
      const before = await manager.findOneByOrFail(Lead, { id });
      const after = await manager.save(Lead, { ...before, stage: 'Contacted' });
      const actor = { type: 'user' as const, id: 'u-1', name: 'User 1' };
      if (publishing) await automation.publishChange({ workspaceId: after.workspaceId, module: 'leads', before, after, actor }, manager);
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

async function inTurn(name: string, transaction: Transaction): Promise<Pairs> {
  const times: Pairs = { without: [], with: [] };
  for (let index = -WARM_UP; index < PAIRS; index += 1) {
    const plain = await transaction(`${name}-plain-${index}`, false);
    const published = await transaction(`${name}-published-${index}`, true);
    if (index < 0) continue;
    times.without.push(plain);
    times.with.push(published);
  }
  return times;
}

function ratio(times: Pairs): number {
  return quantile(times.with, 0.5) / quantile(times.without, 0.5);
}

function line(name: string, times: readonly number[], factor: string, verdict: readonly string[]): string[] {
  return [name, ms(quantile(times, 0.5)), ms(quantile(times, 0.95)), factor, ...verdict];
}
