import { applies, assignOwner, createTask, type LeadRecord, moveStage, throughPg } from './actions.js';
import { type Peer, until } from './peer.js';

interface Step {
  run<T>(options: { name: string }, work: () => Promise<T>): Promise<T>;
}
interface Workflow {
  run(input: LeadRecord): Promise<unknown>;
}
interface OpenWorkflow {
  defineWorkflow(spec: { name: string }, work: (context: { input: LeadRecord; step: Step }) => Promise<unknown>): Workflow;
  newWorker(options: { concurrency: number }): { start(): Promise<void>; stop(): Promise<void> };
}
interface Backend {
  stop(): Promise<void>;
}

export const openWorkflow: Peer = {
  name: 'OpenWorkflow',
  kind: 'engine',
  folder: 'openworkflow',
  packages: { openworkflow: '0.10.1', postgres: '3.4.9' },
  does: 'three `step.run`, each with its write on plain `pg`',
  candidates: [{ concurrency: 10 }, { concurrency: 25 }, { concurrency: 50 }, { concurrency: 100 }],
  async open({ url, settings, packages, pool }) {
    const { OpenWorkflow } = await packages.load<{ OpenWorkflow: new (options: { backend: Backend }) => OpenWorkflow }>('openworkflow');
    const { BackendPostgres } = await packages.load<{ BackendPostgres: { connect(url: string): Promise<Backend> } }>(
      'openworkflow/postgres',
    );
    // Its own pool, ten connections.
    const backend = await BackendPostgres.connect(url);
    const engine = new OpenWorkflow({ backend });
    const query = throughPg(pool);
    let handled = 0;
    const workflow = engine.defineWorkflow({ name: 'lead-created' }, async ({ input, step }) => {
      if (applies(input)) {
        const ownerId = await step.run({ name: 'owner' }, () => assignOwner(query, input));
        await step.run({ name: 'call' }, () => createTask(query, input, ownerId));
        await step.run({ name: 'stage' }, () => moveStage(query, input));
      }
      handled += 1;
    });
    const worker = engine.newWorker({ concurrency: Number(settings.concurrency) });
    return {
      async enqueue(leads) {
        for (let from = 0; from < leads.length; from += 10)
          await Promise.all(leads.slice(from, from + 10).map((lead) => workflow.run(lead)));
        await pool.query('ANALYZE openworkflow.workflow_runs');
      },
      async work(count) {
        handled = 0;
        await worker.start();
        await until(() => handled >= count);
        await until(async () => {
          const { rows } = await pool.query(`SELECT count(*)::int AS open FROM openworkflow.workflow_runs WHERE status <> 'completed'`);
          return (rows[0] as { open: number }).open === 0;
        });
      },
      pause: () => worker.stop(),
      close: () => backend.stop(),
    };
  },
};
