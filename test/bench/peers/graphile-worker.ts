import { inOneTransaction, type LeadRecord } from './actions.js';
import { type Peer, until } from './peer.js';

interface Runner {
  stop(): Promise<void>;
}
interface GraphileWorker {
  makeWorkerUtils(options: object): Promise<{
    migrate(): Promise<void>;
    addJobs(jobs: { identifier: string; payload: LeadRecord }[]): Promise<unknown>;
    release(): Promise<void>;
  }>;
  run(options: object): Promise<Runner>;
  Logger: new (factory: () => () => void) => object;
}

export const graphileWorker: Peer = {
  name: 'graphile-worker',
  kind: 'queue',
  folder: 'graphile-worker',
  packages: { 'graphile-worker': '0.18.0' },
  does: 'one job, one transaction',
  candidates: [
    { concurrentJobs: 8, localQueue: 500, completeJobBatchDelay: 0 },
    { concurrentJobs: 24, localQueue: 500, completeJobBatchDelay: 0 },
    { concurrentJobs: 48, localQueue: 500, completeJobBatchDelay: 0 },
    { concurrentJobs: 8, localQueue: 9, completeJobBatchDelay: 0 },
  ],
  async open({ url, settings, packages, pool, job = (lead) => inOneTransaction(pool, lead) }) {
    const worker = await packages.load<GraphileWorker>('graphile-worker');
    const logger = new worker.Logger(() => () => undefined);
    const utils = await worker.makeWorkerUtils({ connectionString: url, logger });
    await utils.migrate();
    const { concurrentJobs, localQueue, completeJobBatchDelay } = settings;
    let runner: Runner | null = null;
    let handled = 0;
    return {
      async enqueue(leads) {
        for (let from = 0; from < leads.length; from += 1_000) {
          await utils.addJobs(leads.slice(from, from + 1_000).map((payload) => ({ identifier: 'lead-created', payload })));
        }
        await pool.query('ANALYZE graphile_worker._private_jobs');
      },
      async work(count) {
        handled = 0;
        runner = await worker.run({
          taskList: {
            'lead-created': async (payload: LeadRecord) => {
              await job(payload);
              handled += 1;
            },
          },
          logger,
          noHandleSignals: true,
          preset: {
            worker: {
              connectionString: url,
              concurrentJobs,
              // What its documentation advises: 10, or the concurrency and two.
              maxPoolSize: Math.max(10, Number(concurrentJobs) + 2),
              ...(localQueue === undefined ? {} : { localQueue: { size: localQueue } }),
              ...(completeJobBatchDelay === undefined ? {} : { completeJobBatchDelay, failJobBatchDelay: completeJobBatchDelay }),
            },
          },
        });
        await until(() => handled >= count);
        await until(async () => (await pool.query('SELECT FROM graphile_worker._private_jobs LIMIT 1')).rowCount === 0);
      },
      async pause() {
        await runner?.stop();
        runner = null;
      },
      close: () => utils.release(),
    };
  },
};
