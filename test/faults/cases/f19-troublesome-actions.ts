import { setTimeout as pause } from 'node:timers/promises';
import { adminOf } from '../../../src/demo/access/tokens.js';
import { type JsonObject, WorkflowService } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { inWords } from '../support/quantile.js';
import { TROUBLE } from '../support/trouble-actions.js';
import { onCompany, publishAtOnce } from './f13-burst.js';

const COUNTS = { short: { rounds: 1, runs: 200, trouble: 4 }, long: { rounds: 4, runs: 600, trouble: 6 } };
/** Of their speed without the troublesome workspace. */
const LEAST_RATIO = 0.8;
const GRACE_MS = 5_000;
/** From the end of the grace to the end of the process: what is left is given back, connections are closed or cut. */
const FAREWELL_MS = 5_000;
const WORKERS = 2;

/**
 * Actions of one workspace hang in every way, leave transactions open, forget connections, throw after they wrote. A
 * neighbour's runs (a step of ours, the host's own code in both kinds of transaction) are timed in turns alone and beside
 * it; at the end the workers are told to stop while actions hang.
 */
export const troublesomeActions: FaultCase = {
  id: 'F19',
  title: 'host actions that hang, leak transactions, throw after writing',
  short: false,
  postgres: 'shared',
  async run(lab, scale) {
    const { rounds, runs, trouble } = COUNTS[scale];
    const violations: string[] = [];
    const workers = await lab.fleet.startMany(WORKERS, { worker: { shutdownGraceMs: GRACE_MS } });
    await publishNeighbour(lab);
    const end = await publishTrouble(lab, 'PT10S');
    // Compiled, connected and warm, before anything is measured.
    await timed(lab, runs / 4);
    const times = { alone: [] as number[], beside: [] as number[] };
    const measureBeside = async (): Promise<void> => {
      for (const type of TROUBLE) await publishAtOnce(lab, 'acme', type, trouble);
      await hangs(lab);
      times.beside.push(await timed(lab, runs));
      const { open } = await openTrouble(lab);
      if (open === 0) violations.push('the trouble was over before the neighbour was timed: nothing was shown');
      const left = await lab.database.settle();
      if (left !== null) violations.push(left);
    };
    for (let round = 0; round < rounds; round += 1) {
      // In turns, so that whatever changes meanwhile on this machine weighs on both.
      if (round % 2 === 1) await measureBeside();
      times.alone.push(await timed(lab, runs));
      if (round % 2 === 0) await measureBeside();
    }
    const [alone, beside] = [times.alone, times.beside].map((list) => list.reduce((sum, ms) => sum + ms, 0)) as [number, number];
    const ratio = alone / beside;
    if (ratio < LEAST_RATIO) violations.push(`a neighbour has ${ratio.toFixed(2)} of its speed; ${LEAST_RATIO} are promised`);
    violations.push(...(await leftBehind(lab)));

    await end();
    await publishTrouble(lab, 'PT5M');
    for (const type of TROUBLE.filter((name) => name.startsWith('hangs'))) await publishAtOnce(lab, 'acme', type, 4 * WORKERS);
    await hangs(lab);
    const exits = await Promise.all(workers.map((worker) => worker.term()));
    for (const [index, { code, signal, ms }] of exits.entries()) {
      const name = workers[index]?.name ?? '';
      if (code !== 0) violations.push(`${name} ended with ${code ?? signal}: ${workers[index]?.said}`);
      if (ms > GRACE_MS + FAREWELL_MS) violations.push(`${name} took ${inWords(ms)} to end with a grace of ${inWords(GRACE_MS)}`);
      const held = await lab.database.heldBy(name);
      if (held > 0) violations.push(`${name} has ended and left ${held} runs in its name`);
    }
    const books = await neighbourBooks(lab);
    if (books.lost > 0) violations.push(`${books.lost} runs of the neighbour are not over, or lack a task`);
    if (books.localDuplicates > 0) violations.push(`${books.localDuplicates} tasks of the neighbour exist twice`);
    const slowest = inWords(Math.max(...exits.map(({ ms }) => ms)));
    const perSecond = (ms: number): string => `${Math.round((rounds * runs * 1_000) / ms)}/s`;
    return {
      ...emptyResult(),
      ...books,
      inflicted: rounds * TROUBLE.length * trouble,
      notes: [
        `a neighbour alone / beside it: ${perSecond(alone)} / ${perSecond(beside)}, ratio ${ratio.toFixed(2)} (${rounds} times ${runs} runs each)`,
        `processes told to stop while actions hung ended after at most ${slowest}, with a grace of ${inWords(GRACE_MS)}`,
      ],
      violations,
    };
  },
};

async function publishNeighbour(lab: FaultLab): Promise<void> {
  const workflows = lab.crm.context.get(WorkflowService);
  const rival = adminOf('rival');
  const steps: JsonObject[] = ['create_task', 'good_own', 'good_shared'].map((type) => ({ id: type, type, with: { title: type } }));
  const { id } = await workflows.create({ name: 'Neighbour', definition: onCompany('Neighbour', steps) }, rival);
  await workflows.publish(id, rival);
}

/** A workflow for each kind of trouble. Returns how to pause them. */
async function publishTrouble(lab: FaultLab, timeout: string): Promise<() => Promise<void>> {
  const ids: string[] = [];
  for (const type of TROUBLE) {
    const step = { id: 'trouble', type, with: { title: 'trouble' }, timeout, retry: { maxAttempts: 1 } };
    ids.push(await lab.crm.publishWorkflow(onCompany(type, [step]), `${type} ${timeout}`));
  }
  return async () => {
    for (const id of ids) await lab.crm.context.get(WorkflowService).pause(id, adminOf('acme'));
  };
}

/** How long so many runs of the neighbour take, published at once. */
async function timed(lab: FaultLab, runs: number): Promise<number> {
  const { before } = await lab.database.one<{ before: number }>(
    `SELECT count(*)::int AS before FROM automation.runs WHERE workspace_id = 'rival' AND status = 'succeeded'`,
  );
  await publishAtOnce(lab, 'rival', 'Neighbour', runs);
  const began = performance.now();
  for (;;) {
    await pause(20);
    const { done } = await lab.database.one<{ done: boolean }>(
      `SELECT count(*) >= $1::int AS done FROM automation.runs WHERE workspace_id = 'rival' AND status = 'succeeded'`,
      [before + runs],
    );
    const ms = performance.now() - began;
    if (done) return ms;
    if (ms > 300_000) throw new Error(`${runs} runs of the neighbour are not over after 5 minutes`);
  }
}

/** Waits until trouble holds all that it may. */
async function hangs(lab: FaultLab): Promise<void> {
  await eventually(async () => {
    const { open, sleeping } = await openTrouble(lab);
    if (open < 2 * WORKERS || sleeping === 0) throw new Error('nothing hangs yet');
  }, 60_000);
}

function openTrouble(lab: FaultLab): Promise<{ open: number; sleeping: number }> {
  return lab.database.one(
    `SELECT (SELECT count(*)::int FROM automation.runs WHERE workspace_id = 'acme' AND status = 'running') AS open,
       (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'
          AND application_name = 'nestjs-crm-automation' AND xact_start < now() - interval '1 second') AS sleeping`,
  );
}

/** What trouble must not leave: tasks of steps that failed, transactions that nobody ends. */
async function leftBehind(lab: FaultLab): Promise<string[]> {
  const { tasks, open } = await lab.database.one<{ tasks: number; open: number }>(
    `SELECT (SELECT count(*)::int FROM tasks WHERE title = 'trouble') AS tasks,
       (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database()
          AND application_name = 'nestjs-crm-automation' AND xact_start < now() - interval '1 second') AS open`,
  );
  return [
    ...(tasks === 0 ? [] : [`${tasks} tasks exist although the steps that wrote them have failed`]),
    ...(open === 0 ? [] : [`${open} transactions are still open`]),
  ];
}

/** Each run of the neighbour has its three tasks, once. */
function neighbourBooks(lab: FaultLab): Promise<{ runs: number; lost: number; localDuplicates: number }> {
  return lab.database.one(
    `SELECT count(*)::int AS runs, count(*) FILTER (WHERE r.status <> 'succeeded' OR t.tasks IS NULL OR t.tasks < 3)::int AS lost,
       coalesce(sum(greatest(t.tasks - 3, 0)), 0)::int AS "localDuplicates"
     FROM automation.runs r
     LEFT JOIN (SELECT "relatedId"::text AS id, count(*) AS tasks FROM tasks WHERE "workspaceId" = 'rival' GROUP BY 1) t ON t.id = r.record_id
     WHERE r.workspace_id = 'rival'`,
  );
}
