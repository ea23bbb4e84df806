import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { adminOf } from '../../../src/demo/access/tokens.js';
import { projectRoot } from '../../../src/demo/project-root.js';
import { type JsonObject, WorkflowService } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { markCommits, trickle } from '../support/neighbour.js';
import { inWords, quantile } from '../support/quantile.js';
import { onCompany } from './f13-burst.js';
import { judgeTimed, publishTimed, TIMED_OUT, type TimedInstances, timeOutAt } from './f18-state-timeouts.js';

const COUNTS = {
  short: { dates: 300, timeouts: 200, schedules: 5, kills: 2, trickle: 20 },
  long: { dates: 50_000, timeouts: 49_000, schedules: 50, kills: 10, trickle: 100 },
};
const SHIFTED_CLOCK = pathToFileURL(join(projectRoot(), 'dist-programs/test/faults/programs/shifted-clock.js')).href;
const HOUR = 3_600_000;
/** The clocks of the three workers, and of those that take their places. */
const CLOCKS = [-HOUR, 0, HOUR];
/** What each schedule has missed when it becomes due: it starts for each of them. */
const MISSED_TICKS = 20;
/** How far ahead the moment is when everything is moved to it. */
const AHEAD_MS = 3_000;
/** How many times slower a neighbour may get. */
const MOST_RATIO = 2;
const NEIGHBOUR = 'Neighbour';

/** The records' dates, the timeouts of states and the ticks of schedules, all due at the same moment: killed workers and wrong clocks start none early, none twice, and lose none. */
export const dueAtOnce: FaultCase = {
  id: 'F18',
  title: 'dates, timeouts of states and schedules due at one moment, workers killed, clocks off',
  short: false,
  postgres: 'shared',
  async run(lab, scale) {
    const counts = COUNTS[scale];
    await markCommits(lab);
    await Promise.all(CLOCKS.map((off) => startWorker(lab, off)));
    await publishForNeighbour(lab);
    const dated = await publishDated(lab, counts.dates);
    const ticking = await publishSchedules(lab, counts.schedules);
    const timed = await publishTimed(lab, counts.timeouts);
    const due = { dated, ticking, timed };
    // Compiled, connected and warm, before anything is measured.
    await trickle(lab, NEIGHBOUR, counts.trickle / 2);
    const alone = await trickle(lab, NEIGHBOUR, counts.trickle);

    // Once with deaths, to see that each starts once; and once without, to see what a neighbour notices of it.
    let moment = await allDue(lab, due);
    for (let kill = 1; kill <= counts.kills; kill += 1) {
      await pause(lab.random.between(0, 1_000));
      const victim = lab.random.pick(lab.fleet.workers);
      await victim.kill();
      await startWorker(lab, CLOCKS[kill % CLOCKS.length] as number);
    }
    const killed = await judge(lab, { ...due, moment, ...counts });
    await forgetStarts(lab);
    moment = await allDue(lab, due);
    await pause(Math.max(0, moment.getTime() - (await lab.database.now()).getTime()));
    let leftOver = 0;
    const beside = await trickle(lab, NEIGHBOUR, counts.trickle, async () => {
      leftOver = await left(lab);
    });
    const crowded = await judge(lab, { ...due, moment, ...counts });
    const violations = [...killed.violations, ...crowded.violations];
    const { took } = await lab.database.one<{ took: number }>(
      `SELECT (extract(epoch FROM max(finished_at) - $1::timestamptz) * 1000)::float8 AS took FROM automation.runs WHERE workspace_id = 'acme'`,
      [moment],
    );
    const [p95Alone, p95Beside] = [quantile(alone, 0.95), quantile(beside, 0.95)];
    const ratio = p95Alone === null || p95Beside === null ? Number.POSITIVE_INFINITY : p95Beside / p95Alone;
    if (ratio > MOST_RATIO)
      violations.push(`another workspace's p95 is ${ratio.toFixed(1)} times what it is without; ${MOST_RATIO} at the most`);
    if (leftOver === 0) violations.push('what was due was over before the trickle was: nothing was shown');
    return {
      ...emptyResult(),
      inflicted: counts.kills,
      runs: killed.runs + crowded.runs,
      lost: killed.lost + crowded.lost,
      localDuplicates: killed.doubled + crowded.doubled,
      violations,
      notes: [
        `${counts.dates} dates, ${counts.timeouts} timeouts of states, half of them with a step, and ${counts.schedules} schedules with ${MISSED_TICKS} ticks each, twice: beside ${counts.kills} kills, and without; clocks an hour behind, right, and an hour ahead`,
        `without kills all had run ${inWords(took)} after the moment; another workspace alone / beside it: p50 ${inWords(quantile(alone, 0.5))} / ${inWords(quantile(beside, 0.5))}, p95 ${inWords(p95Alone)} / ${inWords(p95Beside)}, ratio ${ratio.toFixed(1)}; ${leftOver} were left when the trickle ended`,
      ],
    };
  },
};

function startWorker(lab: FaultLab, off: number) {
  return lab.fleet.start({
    worker: { pollIntervalMs: 100 },
    ...(off === 0 ? {} : { env: { CLOCK_OFF_MS: String(off) }, execArgv: ['--import', SHIFTED_CLOCK] }),
  });
}

const tell = (title: string): JsonObject => ({ id: 'tell', type: 'send_notification', with: { to: ['u-1'], title } });

async function publishForNeighbour(lab: FaultLab): Promise<void> {
  const workflows = lab.crm.context.get(WorkflowService);
  const rival = adminOf('rival');
  const step: JsonObject = { id: 'task', type: 'create_task', with: { title: 'Call' } };
  const { id } = await workflows.create({ name: NEIGHBOUR, definition: onCompany(NEIGHBOUR, [step]) }, rival);
  await workflows.publish(id, rival);
}

/** Tasks that are due in a year, and a workflow that starts then: its publication finds them all. Returns its id. */
async function publishDated(lab: FaultLab, count: number): Promise<string> {
  await lab.database.query(
    `INSERT INTO tasks (id, "workspaceId", title, "dueAt")
     SELECT gen_random_uuid(), 'acme', 'Task ' || n, now() + interval '1 year' FROM generate_series(1, $1::int) AS n`,
    [count],
  );
  await lab.database.query('ANALYZE tasks');
  const workflowId = await lab.crm.publishWorkflow(
    { trigger: { type: 'date', module: 'tasks', field: 'dueAt', offset: 'P0D' }, steps: [tell('{{record.title}}')] },
    'dated',
  );
  await eventually(async () => {
    const { noted } = await lab.database.one<{ noted: number }>('SELECT count(*)::int AS noted FROM automation.date_triggers');
    if (noted !== count) throw new Error(`${noted} of ${count} records are noted`);
  }, 600_000);
  return workflowId;
}

/** Schedules that tick once a day. Returns the ids of their workflows. */
async function publishSchedules(lab: FaultLab, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const trigger = { type: 'schedule', cron: '0 0 * * *', timezone: 'UTC', misfire: 'each' };
    const definition = { trigger, steps: [tell('{{trigger.at}}')], settings: { maxConcurrentRuns: 0 } };
    ids.push(await lab.crm.publishWorkflow(definition, `tick ${n}`));
  }
  return ids;
}

/** Everything that is due at one moment. */
interface Due {
  /** The workflow of the dates. */
  dated: string;
  /** Those of the schedules. */
  ticking: readonly string[];
  timed: TimedInstances;
}

/** Moves every date and timeout to one moment just ahead, and every schedule back by its missed ticks at that moment. Returns the moment. */
async function allDue(lab: FaultLab, { dated, ticking, timed }: Due): Promise<Date> {
  const { moment } = await lab.database.one<{ moment: Date }>(
    `SELECT date_trunc('milliseconds', clock_timestamp()) + $1 * interval '1 ms' AS moment`,
    [AHEAD_MS],
  );
  await timeOutAt(lab, timed, moment);
  await lab.database.query(`UPDATE tasks SET "dueAt" = $1 WHERE "workspaceId" = 'acme'`, [moment]);
  await lab.database.query(
    `INSERT INTO automation.date_triggers (workspace_id, version_id, record_id, workflow_id, module, due_at)
     SELECT 'acme', w.published_version_id, t.id::text, w.id, 'tasks', $2 FROM tasks t, automation.workflows w
     WHERE w.id = $1 AND t."workspaceId" = 'acme'
     ON CONFLICT (workspace_id, version_id, record_id) DO UPDATE SET due_at = excluded.due_at`,
    [dated, moment],
  );
  await lab.database.query(
    `UPDATE automation.schedules SET next_at = date_trunc('day', now()) - $2 * interval '1 day' WHERE workflow_id = ANY($1)`,
    [ticking, MISSED_TICKS - 1],
  );
  return moment;
}

/** What there is when everything has settled. */
interface Judgement {
  /** Those that succeeded. */
  runs: number;
  /** Dates and ticks without a run, and timeouts that moved nothing. */
  lost: number;
  /** Notifications beyond one for each. */
  doubled: number;
  violations: string[];
}

/** Each date and each tick must have one start, one run that succeeded, and one notification, and each timeout one transition; none early. */
async function judge(lab: FaultLab, { dated, ticking, timed, moment, dates }: Due & { moment: Date; dates: number }): Promise<Judgement> {
  const violations: string[] = [];
  await eventually(async () => {
    const { waiting } = await lab.database.one<{ waiting: number }>(
      `SELECT ((SELECT count(*) FROM automation.date_triggers) + (SELECT count(*) FROM automation.instances WHERE timeout_at IS NOT NULL)
         + (SELECT count(*) FROM automation.schedules WHERE next_at <= now()))::int AS waiting`,
    );
    if (waiting > 0) throw new Error(`${waiting} dates, timeouts and schedules have not started`);
  }, 900_000);
  const open = await lab.database.settle(900_000);
  if (open !== null) violations.push(open);
  const found = await lab.database.one<Record<'once' | 'more' | 'early' | 'ticks' | 'told', number>>(
    `WITH starts AS (
       SELECT e.record_id, e.target->>'workflowId' AS workflow, e.occurred_at, coalesce(r.runs, 0) AS runs
       FROM automation.events e LEFT JOIN (
         SELECT event_id, count(*) AS runs FROM automation.runs WHERE status = 'succeeded' GROUP BY event_id
       ) r ON r.event_id = e.id
       WHERE e.workspace_id = 'acme' AND e.target IS NOT NULL)
     SELECT (SELECT count(DISTINCT record_id)::int FROM starts WHERE workflow = $1 AND runs = 1) AS once,
       (SELECT count(*)::int FROM starts WHERE workflow = $1 AND runs = 1) AS more,
       (SELECT count(*)::int FROM starts WHERE workflow = $1 AND occurred_at < $3) AS early,
       (SELECT count(*)::int FROM starts WHERE workflow = ANY($2) AND runs = 1) AS ticks,
       (SELECT count(*)::int FROM notifications WHERE title <> $4) AS told`,
    [dated, ticking, moment, TIMED_OUT],
  );
  const ticks = ticking.length * MISSED_TICKS;
  if (found.once !== dates) violations.push(`${found.once} of ${dates} dates have their run`);
  if (found.more !== found.once) violations.push(`${found.more - found.once} dates have more than one run`);
  if (found.early > 0) violations.push(`${found.early} dates started early`);
  if (found.ticks !== ticks) violations.push(`${found.ticks} runs of ${ticks} ticks`);
  if (found.told !== dates + ticks) violations.push(`${found.told} notifications of ${dates + ticks}`);
  const timeouts = await judgeTimed(lab, timed, moment);
  return {
    runs: found.more + found.ticks + timeouts.runs,
    lost: dates - found.once + Math.max(0, ticks - found.ticks) + timeouts.lost,
    doubled: Math.max(0, found.told - dates - ticks) + timeouts.doubled,
    violations: [...violations, ...timeouts.violations],
  };
}

/** So that the same records and ticks are new again. */
async function forgetStarts(lab: FaultLab): Promise<void> {
  await lab.database.query('TRUNCATE automation.events, automation.runs, automation.step_executions, notifications, fault_lab.commits');
}

/** What has not begun or not ended. */
async function left(lab: FaultLab): Promise<number> {
  const row = await lab.database.one<{ left: number }>(
    `SELECT ((SELECT count(*) FROM automation.date_triggers) + (SELECT count(*) FROM automation.events WHERE routed_at IS NULL)
       + (SELECT count(*) FROM automation.instances WHERE timeout_at IS NOT NULL)
       + (SELECT count(*) FROM automation.runs WHERE status IN ('queued', 'running', 'waiting') AND workspace_id = 'acme'))::int AS left`,
  );
  return row.left;
}
