import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { adminOf } from '../../../src/demo/access/tokens.js';
import { projectRoot } from '../../../src/demo/project-root.js';
import { Automation, type JsonObject, RunService, WorkflowService } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { CRASHES, type Crash, type Kind } from './f07-expected-outcomes.js';

const PRELOAD = pathToFileURL(join(projectRoot(), 'dist-programs/test/faults/programs/crash-point.js')).href;
const ADMIN = adminOf('acme');
/** The lease of those that die: so much longer than others' that what they held can be told. */
const DEAD_LEASE_MS = 60_000;
const RETRY = { maxAttempts: 3, initialInterval: 'PT0.01S', maxInterval: 'PT0.01S' };

/** A process dies at one named point of a run, and another takes over: what then has happened, at every point and for every kind of step. */
export const crashPoints: FaultCase = {
  id: 'F7',
  title: 'a crash at every named point',
  short: true,
  postgres: 'shared',
  async run(lab, scale) {
    const crashes = CRASHES.filter(({ short }) => scale === 'long' || short);
    lab.fleet.keepSpares(1);
    const rows: string[] = [];
    const violations: string[] = [];
    for (const crash of crashes) {
      const outcome = await outcomeOf(lab, crash);
      rows.push(`${crash.kind.padEnd(24)} ${crash.at.padEnd(36)} ${outcome}`);
      if (outcome !== crash.outcome)
        violations.push(`${crash.kind}, ${crash.at}:\n      expected ${crash.outcome}\n      but was  ${outcome}`);
    }
    const duplicates = [...lab.https.arrivals.repeated, ...lab.smtp.arrivals.repeated].length;
    return {
      ...emptyResult(),
      inflicted: crashes.length,
      runs: crashes.length,
      externalCalls: lab.https.arrivals.total + lab.smtp.arrivals.total,
      externalDuplicates: duplicates,
      notes: ['what was done, and how the log tells it, after another process had taken over:', ...rows],
      violations,
    };
  },
};

/** Inflicts one crash on one run and tells the outcome, as the table of expected ones does. */
async function outcomeOf(lab: FaultLab, crash: Crash): Promise<string> {
  const automation = lab.crm.context.get(Automation);
  const workflowId = await lab.crm.publishWorkflow(definitionOf(lab, crash.kind), `${crash.kind}, ${crash.at}`);
  const lead = await lab.crm.createLead();
  if (!crash.kind.endsWith('at once')) {
    // Routed and parked by this process, so that the one that is to die claims a run that is due.
    await automation.drain();
    await lab.database.query('UPDATE automation.step_executions SET wake_at = now() WHERE wake_at > now()');
    await lab.database.query("UPDATE automation.runs SET due_at = now() WHERE status = 'waiting'");
  }
  await crashThere(lab, crash);
  lab.https.answer();
  lab.smtp.answer();
  lab.fleet.keepSpares(1);
  const other = await anotherProcess(lab, crash.kind);
  const run = await ended(lab, workflowId, other);
  let outcome = await tell(lab, run.id, lead.id as string);
  if (run.status === 'failed') {
    await lab.crm.context.get(RunService).retry(run.id, { from: 'failed_step', reason: 'looked at the far side' }, ADMIN);
    await ended(lab, workflowId, other);
    outcome += `; sent back: ${await tell(lab, run.id, lead.id as string)}`;
  }
  await other.end();
  await lab.crm.context.get(WorkflowService).pause(workflowId, ADMIN);
  return outcome;
}

interface Successor {
  work(): Promise<unknown>;
  end(): Promise<unknown>;
}

/** Who takes over: this very process, or a worker where the far side's certificate has to be trusted, which this one does not. */
async function anotherProcess(lab: FaultLab, kind: Kind): Promise<Successor> {
  if (!kind.startsWith('webhook')) return { work: () => lab.crm.context.get(Automation).drain(), end: async () => undefined };
  const worker = await lab.fleet.start({ worker: { pollIntervalMs: 20 } });
  return { work: async () => undefined, end: () => worker.kill() };
}

/** Waits for the end of the one run, for as long as the server may take to let go of what the dead process had locked; not for its lease. */
function ended(lab: FaultLab, workflowId: string, other: Successor): Promise<{ id: string; status: string }> {
  return eventually(async () => {
    // What the dead one held. A lease of the living is a short one, and running out of it would look like another death.
    await lab.database.query(
      `UPDATE automation.runs SET due_at = now() WHERE status = 'waiting' OR (status = 'running' AND due_at > now() + interval '${lab.leaseMs} milliseconds')`,
    );
    await other.work();
    const [run, ...others] = await lab.database.query<{ id: string; status: string }>(
      'SELECT id, status FROM automation.runs WHERE workflow_id = $1',
      [workflowId],
    );
    if (others.length > 0) throw new Error(`there are ${others.length + 1} runs`);
    if (run === undefined || !['succeeded', 'failed'].includes(run.status)) throw new Error(`the run is ${run?.status}`);
    return run;
  });
}

async function crashThere(lab: FaultLab, { at }: Crash): Promise<void> {
  const worker = { pollIntervalMs: 20, leaseMs: DEAD_LEASE_MS };
  if (at !== 'between acceptance and answer') {
    const dying = await lab.fleet.start({ worker, env: { CRASH_AT: at }, execArgv: ['--import', PRELOAD], expectedToEnd: true });
    await within(dying.exited, at);
    return;
  }
  // The far side has taken it; whoever sent it dies before it hears so.
  const accepted = new Promise<void>((resolve) => {
    lab.https.answer(() => resolve());
    lab.smtp.answer(() => {
      resolve();
      return new Promise(() => undefined);
    });
  });
  lab.fleet.keepSpares(1);
  const dying = await lab.fleet.start({ worker });
  await within(accepted, at);
  await dying.kill();
}

function within<T>(happening: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come`)), 60_000);
  });
  return Promise.race([happening, late]).finally(() => clearTimeout(timer));
}

/** `1 task, 2 calls, act lost, act succeeded, after succeeded: succeeded` */
async function tell(lab: FaultLab, runId: string, recordId: string): Promise<string> {
  const steps = await lab.database.query<{ path: string; status: string }>(
    "SELECT path, status FROM automation.step_executions WHERE run_id = $1 AND path <> 'wait' ORDER BY position",
    [runId],
  );
  const { status, reason } = await lab.database.one<{ status: string; reason: string | null }>(
    'SELECT status, reason FROM automation.runs WHERE id = $1',
    [runId],
  );
  const { tasks } = await lab.database.one<{ tasks: number }>('SELECT count(*)::int AS tasks FROM tasks WHERE "relatedId" = $1', [
    recordId,
  ]);
  const calls = lab.https.arrivals.count(`${runId}.act`) + lab.smtp.arrivals.count(`${runId}.act`);
  const log = steps.map((step) => `${step.path} ${step.status}`).join(', ');
  return `${tasks} tasks, ${calls} calls, ${log}: ${status}${reason === null ? '' : ` ${reason}`}`;
}

function definitionOf(lab: FaultLab, kind: Kind): JsonObject {
  const webhook = { id: 'act', type: 'webhook', with: { url: lab.https.url, body: { lead: '{{record.id}}' } }, retry: RETRY };
  const mail = { id: 'act', type: 'send_email', with: { to: '{{record.email}}', subject: 'Hello', text: 'Hello' }, retry: RETRY };
  const acts: Record<Kind, JsonObject> = {
    'local, at once': { id: 'act', type: 'create_task', with: { title: 'Call' } },
    'webhook, at once': webhook,
    'local step': { id: 'act', type: 'create_task', with: { title: 'Call' } },
    webhook,
    mail,
    'webhook that holds': { ...webhook, onAmbiguous: 'hold' },
    'mail that holds': { ...mail, onAmbiguous: 'hold' },
  };
  const wait = kind.endsWith('at once') ? [] : [{ id: 'wait', type: 'delay', for: 'P1D' }];
  // What comes behind shows that the run goes on; a second task shows that it does so once.
  const after = { id: 'after', type: 'create_task', with: { title: 'Look after it' } };
  return { trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [...wait, acts[kind], after] };
}
