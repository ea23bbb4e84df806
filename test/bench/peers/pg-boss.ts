import { anySlot, inOneTransaction, type LeadRecord, type Query, threeActions } from './actions.js';
import { type Peer, type PeerContext, type PeerSession, type Settings, until } from './peer.js';

interface Job {
  data: LeadRecord;
}
interface Transaction {
  executeSql(text: string, values: unknown[]): Promise<{ rows: object[] }>;
}
interface Boss {
  on(event: 'error', listener: (error: Error) => void): void;
  start(): Promise<unknown>;
  createQueue(name: string): Promise<void>;
  insert(name: string, jobs: Job[]): Promise<unknown>;
  work(name: string, options: object, handler: (jobs: Job[], transaction: Transaction) => Promise<void>): Promise<string>;
  offWork(name: string, options: { wait: boolean }): Promise<void>;
  stop(options: object): Promise<void>;
}

const QUEUE = 'lead-created';
const common = { name: 'pg-boss', kind: 'queue', folder: 'pg-boss', packages: { 'pg-boss': '12.35.0' } } as const;

export const pgBoss: Peer = {
  ...common,
  does: 'one job, one transaction; jobs fetched and finished in batches',
  candidates: [
    { localConcurrency: 2, batchSize: 100 },
    { localConcurrency: 2, batchSize: 500 },
    { localConcurrency: 4, batchSize: 50 },
    { localConcurrency: 1, batchSize: 200 },
    { localConcurrency: 1, batchSize: 500 },
  ],
  open: (context) => openBoss(context, {}, (jobs) => Promise.all(jobs.map((job) => inOneTransaction(context.pool, job.data)))),
};

/** Its own exactly-once form: the writes of a whole batch of jobs and their completion in one transaction. */
export const pgBossTransactional: Peer = {
  ...common,
  name: 'pg-boss, transactional batches',
  does: 'a batch of jobs in one transaction with their completion; one that fails takes its batch with it',
  candidates: [
    { localConcurrency: 8, batchSize: 50 },
    { localConcurrency: 4, batchSize: 200 },
    { localConcurrency: 2, batchSize: 100 },
  ],
  open: (context) =>
    openBoss(context, { transactional: true }, async (jobs, transaction) => {
      const query: Query = async ({ text }, values) => (await transaction.executeSql(text, values)).rows;
      // One slot a transaction: locks on several, taken in random order, would deadlock the batches.
      const slot = anySlot();
      for (const job of jobs) await threeActions(query, job.data, slot);
    }),
};

async function openBoss(
  { url, settings, packages, pool }: PeerContext,
  options: Settings,
  handle: (jobs: Job[], transaction: Transaction) => Promise<unknown>,
): Promise<PeerSession> {
  const { PgBoss } = await packages.load<{ PgBoss: new (options: object) => Boss }>('pg-boss');
  const boss = new PgBoss({ connectionString: url, max: 10, supervise: false, schedule: false });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue(QUEUE);
  let handled = 0;
  return {
    async enqueue(leads) {
      for (let from = 0; from < leads.length; from += 1_000) {
        await boss.insert(
          QUEUE,
          leads.slice(from, from + 1_000).map((data) => ({ data })),
        );
      }
      await pool.query('ANALYZE pgboss.job');
    },
    async work(count) {
      handled = 0;
      // Without the burst a worker sleeps half a second at least between two batches.
      const work = { ...settings, ...options, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
      await boss.work(QUEUE, work, async (jobs, transaction) => {
        await handle(jobs, transaction);
        handled += jobs.length;
      });
      await until(() => handled >= count);
      await until(async () => {
        const { rows } = await pool.query(`SELECT count(*)::int AS open FROM pgboss.job WHERE name = $1 AND state < 'completed'`, [QUEUE]);
        return (rows[0] as { open: number }).open === 0;
      });
    },
    pause: () => boss.offWork(QUEUE, { wait: true }),
    close: () => boss.stop({ graceful: true, close: true, timeout: 5_000 }),
  };
}
