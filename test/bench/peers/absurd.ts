import { readFile } from 'node:fs/promises';
import { inParallel } from '../support.js';
import { applies, assignOwner, createTask, type LeadRecord, moveStage, throughPg } from './actions.js';
import { NotRunnableError, type Peer, until } from './peer.js';

interface TaskContext {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}
interface Absurd {
  createQueue(name: string): Promise<void>;
  registerTask(options: { name: string }, work: (lead: LeadRecord, context: TaskContext) => Promise<void>): void;
  spawn(name: string, lead: LeadRecord): Promise<unknown>;
  startWorker(options: object): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

const QUEUE = 'leads';
const VERSION = '0.4.0';

export const absurd: Peer = {
  name: 'Absurd',
  kind: 'engine',
  folder: 'absurd',
  packages: { 'absurd-sdk': VERSION, pg: '8.23.1' },
  does: 'three `context.step`, each with its write on plain `pg`',
  candidates: [
    { concurrency: 10, batchSize: 10 },
    { concurrency: 50, batchSize: 50 },
    { concurrency: 100, batchSize: 50 },
  ],
  async open({ url, settings, packages, pool }) {
    await pool.query(await schema());
    const { Absurd } = await packages.load<{ Absurd: new (options: object) => Absurd }>('absurd-sdk');
    // Its own pool, ten connections.
    const app = new Absurd({ db: url, queueName: QUEUE });
    await app.createQueue(QUEUE);
    const query = throughPg(pool);
    let handled = 0;
    app.registerTask({ name: 'lead-created' }, async (lead, context) => {
      if (applies(lead)) {
        const ownerId = await context.step('owner', () => assignOwner(query, lead));
        await context.step('call', () => createTask(query, lead, ownerId));
        await context.step('stage', () => moveStage(query, lead));
      }
      handled += 1;
    });
    let worker: { close(): Promise<void> } | null = null;
    return {
      async enqueue(leads) {
        await inParallel(leads, 10, async (lead) => {
          await app.spawn('lead-created', lead);
        });
        await pool.query(`ANALYZE absurd.t_${QUEUE}, absurd.r_${QUEUE}`);
      },
      async work(count) {
        handled = 0;
        worker = await app.startWorker({ ...settings, pollInterval: 0.05 });
        await until(() => handled >= count);
        await until(async () => (await pool.query(`SELECT FROM absurd.t_${QUEUE} WHERE state <> 'completed' LIMIT 1`)).rowCount === 0);
      },
      async pause() {
        await worker?.close();
        worker = null;
      },
      close: () => app.close(),
    };
  },
};

/** What the engine itself is: functions in the database. They are in its repository and in its Python tool, in no npm package. */
async function schema(): Promise<string> {
  const file = process.env.ABSURD_SQL;
  if (!file) throw new NotRunnableError(`its schema is in no npm package: name the sql/absurd.sql of its release ${VERSION} in ABSURD_SQL`);
  return readFile(file, 'utf8');
}
