import { measureBurst, publishLead } from '../burst.js';
import { addCopies, addOtherWorkflows, publishWorkflow } from '../many-workflows.js';
import { atLeast, type BenchContext, median, ms, NO_TARGET, ratios, type Suite, spread, type Table, whole } from '../report.js';
import { ADMIN, type BenchHost, benchDatabase, benchHost, insertLeads, THREE_ACTIONS } from '../support.js';
import { WorkerProcess } from '../worker-client.js';

const OTHERS = [10, 100, 1_000, 10_000];
const SAME = 100;
const EVENTS = Number(process.env.BENCH_WORKFLOWS_EVENTS ?? 3_000);
/** Each writes a run a workflow, so fewer do. */
const SAME_EVENTS = Math.ceil(EVENTS / 3);
const PUBLISHINGS = 5;

/** A CRM with so many workflows, a host that publishes and a worker process that works. */
interface Crm {
  name: string;
  host: BenchHost;
  worker: WorkerProcess;
  workflowId: string;
  events: number;
  /** Milliseconds for a burst of `events`, a round each. */
  bursts: number[];
  /** Milliseconds from an event's commit to its run's. */
  firstOfProcess: number;
  afterPublish: number[];
}

/** What workflows cost that are active but not meant: throughput of the same workload beside them. */
export const activeWorkflows: Suite = {
  name: 'workflows',
  async run(context: BenchContext): Promise<Table> {
    const crms: Crm[] = [];
    try {
      for (const count of OTHERS) {
        context.progress(`a workspace with ${count} active workflows on other events …`);
        const add = (host: BenchHost) => addOtherWorkflows(host, count);
        await openCrm(crms, context.serverUrl, `other_${count}`, EVENTS, add);
      }
      context.progress(`a workspace with ${SAME} active workflows on the same event …`);
      const never = { ...THREE_ACTIONS, conditions: { field: 'source', operator: 'equals', value: 'Nowhere' } };
      await openCrm(crms, context.serverUrl, 'same_1', SAME_EVENTS, async () => undefined);
      await openCrm(crms, context.serverUrl, `same_${SAME}`, SAME_EVENTS, (host) => addCopies(host, 'never', never, SAME - 1));
      for (let round = 1; round <= context.rounds; round += 1) {
        for (const crm of crms) {
          context.progress(`round ${round} of ${context.rounds}: ${crm.name}, a burst of ${crm.events} events …`);
          crm.bursts.push(await burst(crm, `round-${round}-`, crm.events));
        }
      }
      return report(crms, context.rounds);
    } finally {
      for (const { worker, host } of crms) {
        await worker.stop();
        await host.close();
      }
    }
  },
};

/** Adds it to the list before anything can fail, so that it is closed whatever happens. */
async function openCrm(
  crms: Crm[],
  serverUrl: string,
  name: string,
  events: number,
  addWorkflows: (host: BenchHost) => Promise<void>,
): Promise<void> {
  const url = await benchDatabase(serverUrl, `bench_workflows_${name}`);
  const host = await benchHost(url, { worker: { enabled: false } });
  const workflowId = await publishWorkflow(host, 'Bench', THREE_ACTIONS);
  await addWorkflows(host);
  await host.source.query('ANALYZE automation.workflows, automation.workflow_versions');
  const worker = await WorkerProcess.start(url, { report: 'first-' });
  const crm: Crm = { name, host, worker, workflowId, events, bursts: [], firstOfProcess: 0, afterPublish: [] };
  crms.push(crm);
  crm.firstOfProcess = await oneEvent(crm, 'first-of-process-');
  // Warm: what is measured next is the catalogue, not code that runs for the first time.
  await burst(crm, 'warm-', Math.ceil(events / 3));
  for (let index = 0; index < PUBLISHINGS; index += 1) {
    await host.workflows.publish(workflowId, ADMIN);
    crm.afterPublish.push(await oneEvent(crm, `first-${index}-`));
  }
}

function burst({ host, workflowId }: Crm, prefix: string, events: number): Promise<number> {
  return measureBurst(host, { workspaceId: 'acme', workflowId }, prefix, events);
}

async function oneEvent({ host, worker }: Crm, prefix: string): Promise<number> {
  const [id = ''] = await insertLeads(host.source, 1, prefix);
  const finished = worker.finished();
  await publishLead(host, id);
  const committed = process.hrtime.bigint();
  const { status, at } = await finished;
  if (status !== 'succeeded') throw new Error(`the run ${status}: the number would mean nothing`);
  return Number(BigInt(at) - committed) / 1e6;
}

function report(crms: readonly Crm[], rounds: number): Table {
  const rates = ({ bursts, events }: Crm): number[] => bursts.map((time) => (events / time) * 1_000);
  const others = crms.slice(0, OTHERS.length);
  const [alone, same] = crms.slice(OTHERS.length) as [Crm, Crm];
  const base = rates(others[0] as Crm);
  const cells = (crm: Crm, of: readonly number[]): string[] => [
    whole(median(rates(crm))),
    spread(ratios(rates(crm), of)),
    ms(crm.firstOfProcess),
    ms(median(crm.afterPublish)),
  ];
  const each = same.bursts.map((time, round) => ((time - (alone.bursts[round] as number)) * 1_000) / (SAME_EVENTS * (SAME - 1)));
  return {
    title: 'Active workflows in one workspace',
    columns: ['', 'runs/s', 'ratio', 'first event of a new process', 'first event after a publish', 'target', 'verdict'],
    rows: [
      ...others.map((crm, at) => [
        `${whole(OTHERS[at] as number)} on other events`,
        ...cells(crm, base),
        ...(at === 0 ? NO_TARGET : atLeast(median(ratios(rates(crm), base)), 0.9)),
      ]),
      ['none but the one that matches', ...cells(alone, rates(alone)), ...NO_TARGET],
      [`${SAME} on the same event, one matches`, ...cells(same, rates(alone)), ...NO_TARGET],
    ],
    notes: [
      `**Each workflow on the same event that does not match costs ${spread(each, 1)} µs an event**: its skipped run is written, with each condition and the value seen.`,
      `1 condition + 3 local actions, one worker process; medians of ${rounds} rounds in turn, bursts of ${whole(EVENTS)} events (${whole(SAME_EVENTS)} in the last two lines).`,
      `Ratios: to the first line, in the last line to the one above it. First events: from the host's commit to the run's; a new process reads and compiles all active workflows, after a publish (median of ${PUBLISHINGS}) one.`,
    ],
  };
}
