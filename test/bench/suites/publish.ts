import { Lead } from '../../support/sample-crm.js';
import { leadCreated } from '../burst.js';
import { atMost, type BenchContext, ms, NO_TARGET, type Suite, type Table, whole } from '../report.js';
import { benchDatabase, benchHost, quantile } from '../support.js';

const PAIRS = Number(process.env.BENCH_PUBLISH_PAIRS ?? 1_000);
const WARM_UP = 50;

/** The host's transaction (one INSERT of a lead) without and with `publish`, in turn; nobody works on the events. */
export const publish: Suite = {
  name: 'publish',
  async run({ serverUrl, progress }: BenchContext): Promise<Table> {
    progress(`${PAIRS} pairs of transactions …`);
    const url = await benchDatabase(serverUrl, 'bench_publish');
    const host = await benchHost(url, { worker: { enabled: false } });
    const without: number[] = [];
    const with_: number[] = [];
    try {
      const one = async (id: string, publishing: boolean): Promise<number> => {
        const lead = { id, workspaceId: 'acme', name: 'Ada', email: 'ada@lead.test', source: 'Web Form' };
        const started = performance.now();
        await host.source.transaction(async (manager) => {
          await manager.insert(Lead, lead);
          if (publishing) await host.automation.publish(leadCreated('acme', id), manager);
        });
        return performance.now() - started;
      };
      for (let index = -WARM_UP; index < PAIRS; index += 1) {
        const plain = await one(`plain-${index}`, false);
        const published = await one(`published-${index}`, true);
        if (index < 0) continue;
        without.push(plain);
        with_.push(published);
      }
    } finally {
      await host.close();
    }
    const factor = quantile(with_, 0.5) / quantile(without, 0.5);
    const line = (name: string, times: readonly number[], ratio: string, verdict: readonly string[]): string[] => [
      name,
      ms(quantile(times, 0.5)),
      ms(quantile(times, 0.95)),
      ratio,
      ...verdict,
    ];
    return {
      title: "`publish` inside the host's transaction",
      columns: ['', 'p50', 'p95', 'at p50', 'target', 'verdict'],
      rows: [
        line("the host's transaction (one INSERT) without `publish`", without, '1', NO_TARGET),
        line('the same with `publish`', with_, factor.toFixed(2), atMost(factor, 1.25)),
      ],
      notes: [`${whole(PAIRS)} pairs, one after the other, on one connection pool; nobody works on the events meanwhile.`],
    };
  },
};
