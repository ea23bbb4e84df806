import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { RUN_FINISHED, type RunFinished } from '../../../src/engine/capture/emitter-bridge.js';
import { Lead } from '../../support/sample-crm.js';
import { leadCreated } from '../burst.js';
import { atMost, type BenchContext, ms, type Suite, type Table } from '../report.js';
import { ADMIN, type BenchHost, benchDatabase, benchHost, quantile } from '../support.js';
import { WorkerProcess } from '../worker-client.js';

const EVENTS = Number(process.env.BENCH_LATENCY_EVENTS ?? 300);
const WARM_UP = 20;
/**
 * Between two events, so that each meets an idle engine: longer than the 20 ms within which announcements to other processes
 * become one, and never the same twice, so that no timer of anybody's keeps step with it.
 */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30 + 30 * Math.random()));

const ONE_STEP = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [{ id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } }],
};

/** The next run that is over, whoever runs it: its status and the moment its commit was known there. */
type NextFinished = () => Promise<{ status: RunFinished['status']; at: bigint }>;

/**
 * Idle latency: from the moment the host knows of its COMMIT to the moment the worker knows of the commit of the run's
 * first (and only) step. Both moments are read from the machine's monotonic clock, which is one for all processes, so that
 * they can be subtracted without asking the database what time it is.
 */
export const latency: Suite = {
  name: 'latency',
  async run({ serverUrl, progress }: BenchContext): Promise<Table> {
    progress(`${EVENTS} events, worker in the same process …`);
    const same = await sameProcess(serverUrl);
    progress(`${EVENTS} events, worker in another process …`);
    const other = await otherProcess(serverUrl);
    const lines = (name: string, times: readonly number[], targets: readonly [number, number]): string[][] =>
      ([0.5, 0.95] as const).map((q, at) => {
        const value = quantile(times, q);
        return [`${name}, p${q * 100}`, ms(value), ...atMost(value, targets[at] as number, ' ms')];
      });
    return {
      title: "Idle latency: from the event's commit to the first step's commit",
      columns: ['', 'time', 'target', 'verdict'],
      rows: [...lines('worker in the same process', same, [5, 15]), ...lines('worker in another process', other, [10, 30])],
      notes: [
        `${EVENTS} events, one at a time, 30 to 60 ms apart.`,
        "By the machine's monotonic clock, which its processes share: from the return of the host's COMMIT to the return of the worker's.",
      ],
    };
  },
};

async function sameProcess(serverUrl: string): Promise<number[]> {
  const host = await latencyHost(serverUrl, true);
  try {
    const emitter = host.context.get(EventEmitter2, { strict: false });
    return await measure(host, () =>
      new Promise<RunFinished>((resolve) => emitter.once(RUN_FINISHED, resolve)).then(({ status }) => ({
        status,
        at: process.hrtime.bigint(),
      })),
    );
  } finally {
    await host.close();
  }
}

async function otherProcess(serverUrl: string): Promise<number[]> {
  const host = await latencyHost(serverUrl, false);
  let worker: WorkerProcess | null = null;
  try {
    const started = await WorkerProcess.start(host.url, { report: 'idle-' });
    worker = started;
    return await measure(host, () => started.finished().then(({ status, at }) => ({ status, at: BigInt(at) })));
  } finally {
    await worker?.stop();
    await host.close();
  }
}

async function latencyHost(serverUrl: string, worker: boolean): Promise<BenchHost & { url: string }> {
  const url = await benchDatabase(serverUrl, 'bench_latency');
  const host = await benchHost(url, { worker: { enabled: worker } }, [EventEmitterModule.forRoot()]);
  const { id } = await host.workflows.create({ name: 'Bench', definition: ONE_STEP as never }, ADMIN);
  await host.workflows.publish(id, ADMIN);
  return { ...host, url };
}

async function measure(host: BenchHost, nextFinished: NextFinished): Promise<number[]> {
  const times: number[] = [];
  for (let index = -WARM_UP; index < EVENTS; index += 1) {
    const lead = { id: `idle-${index}`, workspaceId: 'acme', name: 'Ada', source: 'Web Form' };
    const finished = nextFinished();
    await host.source.transaction(async (manager) => {
      await manager.insert(Lead, lead);
      await host.automation.publish(leadCreated('acme', lead.id), manager);
    });
    const committed = process.hrtime.bigint();
    const { status, at } = await finished;
    if (status !== 'succeeded') throw new Error(`the run ${status}: the number would mean nothing`);
    if (index >= 0) times.push(Number(at - committed) / 1e6);
    await pause();
  }
  return times;
}
