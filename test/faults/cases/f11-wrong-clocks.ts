import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../../../src/demo/project-root.js';
import type { JsonObject } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { startOnTime } from './f11-due-times.js';
import { type LabClock, takeOverClock } from './f11-lab-clock.js';

const COUNTS = { short: { leads: 20 }, long: { leads: 200 } };
const SHIFTED_CLOCK = pathToFileURL(join(projectRoot(), 'dist-programs/test/faults/programs/shifted-clock.js')).href;
const HOUR = 3_600_000;
const ZONE = 'Europe/Berlin';
/** How close to its end a delay is looked at: it must still wait then. */
const BEFORE_MS = 20_000;
const BAIT = 'bait';

/** A delay, the moment at which it begins, and the moment at which it must end: worked out by hand, not by the engine's own code. */
interface Wait {
  name: string;
  delay: JsonObject;
  begins: string;
  ends: string;
}

/** Berlin goes to summer time on 2027-03-28 at 01:00Z (02:00 becomes 03:00) and back on 2027-10-31 at 01:00Z. */
const WAITS: readonly Wait[] = [
  { name: '30 minutes', delay: { for: 'PT30M' }, begins: '2027-02-01T10:00:00Z', ends: '2027-02-01T10:30:00Z' },
  // More milliseconds than setTimeout can count (2^31 are 24.8 days): it would fire at once.
  { name: '25 days', delay: { for: 'P25D' }, begins: '2027-02-02T10:00:00Z', ends: '2027-02-27T10:00:00Z' },
  { name: 'a day that has 23 hours', delay: { for: 'P1D' }, begins: '2027-03-27T08:00:00Z', ends: '2027-03-28T07:00:00Z' },
  { name: '24 hours, whatever the day has', delay: { for: 'PT24H' }, begins: '2027-03-27T08:10:00Z', ends: '2027-03-28T08:10:00Z' },
  { name: 'a day to 2:30, which there is not', delay: { for: 'P1D' }, begins: '2027-03-27T01:30:00Z', ends: '2027-03-28T01:30:00Z' },
  { name: 'a week across the change', delay: { for: 'P1W' }, begins: '2027-03-24T11:00:00Z', ends: '2027-03-31T10:00:00Z' },
  { name: 'a day that has 25 hours', delay: { for: 'P1D' }, begins: '2027-10-30T08:00:00Z', ends: '2027-10-31T09:00:00Z' },
  // 2:30 comes twice that night: the first one is a day later, the second a day and an hour.
  { name: 'a day to 2:30, which there is twice', delay: { for: 'P1D' }, begins: '2027-10-30T00:30:00Z', ends: '2027-10-31T00:30:00Z' },
  {
    name: 'until the second 2:30 of that night',
    delay: { until: '2027-10-31T02:30:00+01:00' },
    begins: '2027-10-30T20:00:00Z',
    ends: '2027-10-31T01:30:00Z',
  },
];

/** Workers whose clocks are off by an hour to either side, and a database whose clock passes days and changes of the hour. */
export const wrongClocks: FaultCase = {
  id: 'F11',
  title: 'clocks off by an hour, changes of the hour, 25 days',
  short: false,
  postgres: 'shared',
  async run(lab, scale) {
    const { leads } = COUNTS[scale];
    const clock = await takeOverClock(lab);
    await Promise.all(
      [-HOUR, 0, HOUR].map((off) =>
        lab.fleet.start({
          name: `off-by-${off / HOUR}h`,
          orders: { timezone: ZONE },
          worker: { pollIntervalMs: 50 },
          ...(off === 0 ? {} : { env: { CLOCK_OFF_MS: String(off) }, execArgv: ['--import', SHIFTED_CLOCK] }),
        }),
      ),
    );
    await lab.crm.publishWorkflow(workflowFor(BAIT, [{ id: 'wait', type: 'delay', for: 'PT0.2S' }]));
    const violations: string[] = [];
    for (const wait of WAITS) violations.push(...(await liveThrough(lab, clock, wait, leads)));
    const timed = await startOnTime(lab, clock, () => everyoneLooks(lab));
    violations.push(...timed.violations);
    const { early, doubled, runs, hands } = await count(lab);
    if (early > 0) violations.push(`${early} runs went on early`);
    if (doubled > 0) violations.push(`${doubled} runs went on twice`);
    if (hands < 3) violations.push(`only ${hands} of the 3 workers took part`);
    return {
      ...emptyResult(),
      inflicted: WAITS.length + timed.starts,
      runs,
      lost: WAITS.length * leads - runs,
      localDuplicates: doubled,
      violations,
      notes: [
        `early ${early}, double ${doubled}, of ${WAITS.length} kinds of delays, and ${timed.starts} starts by schedules and dates; workers an hour behind, right, and an hour ahead`,
      ],
    };
  },
};

/** Starts leads on a delay, goes to its last seconds, where all must still wait, and then to its end, where all must go on. */
async function liveThrough(lab: FaultLab, clock: LabClock, wait: Wait, leads: number): Promise<string[]> {
  await clock.set(new Date(wait.begins));
  const workflowId = await lab.crm.publishWorkflow(
    workflowFor(wait.name, [
      { id: 'wait', type: 'delay', ...wait.delay },
      { id: 'task', type: 'create_task', with: { title: wait.name } },
    ]),
    wait.name,
  );
  await Promise.all(Array.from({ length: leads }, () => lab.crm.createLead({ company: wait.name })));
  const statuses = async (): Promise<Record<string, number>> => {
    const rows = await lab.database.query<{ status: string; count: number }>(
      'SELECT status, count(*)::int AS count FROM automation.runs WHERE workflow_id = $1 GROUP BY status ORDER BY status',
      [workflowId],
    );
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
  };
  const all = async (status: string): Promise<void> => {
    const found = await statuses();
    if (found[status] !== leads) throw new Error(`${wait.name}: ${JSON.stringify(found)} instead of ${leads} ${status}`);
  };
  const violations: string[] = [];
  const note = (error: unknown): void => void violations.push(error instanceof Error ? error.message : String(error));
  await eventually(() => all('waiting'));
  const ends = new Date(wait.ends);
  const wrong = await lab.database.query<{ due: Date }>(
    `SELECT DISTINCT due_at AS due FROM automation.runs WHERE workflow_id = $1 AND due_at NOT BETWEEN $2::timestamptz AND $2::timestamptz + interval '1 minute'`,
    [workflowId, ends],
  );
  if (wrong[0] && !('until' in wait.delay)) violations.push(`${wait.name} ends at ${wrong[0].due.toISOString()} instead of ${wait.ends}`);
  await clock.set(new Date(ends.getTime() - BEFORE_MS));
  await everyoneLooks(lab);
  await all('waiting').catch(note);
  // A minute: the leads did not begin their waits in the same moment.
  await clock.set(new Date(ends.getTime() + 60_000));
  await eventually(() => all('succeeded')).catch(note);
  return violations;
}

function workflowFor(company: string, steps: JsonObject[]): JsonObject {
  return {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    conditions: { field: 'company', operator: 'equals', value: company },
    steps,
  };
}

/** Resolves when each worker has claimed due runs from now on: baits are put out until each has taken one. */
async function everyoneLooks(lab: FaultLab): Promise<void> {
  const since = await lab.database.now();
  await eventually(async () => {
    await lab.crm.createLead({ company: BAIT });
    const { looked } = await lab.database.one<{ looked: number }>(
      'SELECT count(DISTINCT worker)::int AS looked FROM fault_lab.claims WHERE at > $1',
      [since],
    );
    if (looked < lab.fleet.workers.length) throw new Error(`only ${looked} of the workers have looked for due runs`);
  }, 60_000);
}

async function count(lab: FaultLab): Promise<{ early: number; doubled: number; runs: number; hands: number }> {
  return lab.database.one(`
    WITH waits AS (
      SELECT w.run_id, t.started_at < (w.input->>'until')::timestamptz AS early
      FROM automation.step_executions w JOIN automation.step_executions t USING (workspace_id, run_id)
      WHERE w.path = 'wait' AND t.path = 'task' AND t.status = 'succeeded')
    SELECT (SELECT count(DISTINCT run_id)::int FROM waits) AS runs, (SELECT count(*)::int FROM waits WHERE early) AS early,
      (SELECT count(*)::int FROM (SELECT 1 FROM tasks GROUP BY "relatedId" HAVING count(*) > 1) twice) AS doubled,
      (SELECT count(DISTINCT worker)::int FROM fault_lab.claims) AS hands`);
}
