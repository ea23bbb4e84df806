import type { JsonObject } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import type { FaultLab } from '../support/fault-lab.js';
import type { LabClock } from './f11-lab-clock.js';

/** How close to its moment something is looked at: it must not have started then. */
const BEFORE_MS = 20_000;
const STEPS = [{ id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: '{{trigger.at}}' } }];

/** A trigger of a clock on a wall in Berlin, when it is published, and the moments at which it starts: worked out by hand. */
interface DueTimes {
  name: string;
  trigger: JsonObject;
  /** The date of the record that it is about. */
  dueAt?: string;
  published: string;
  starts: string[];
}

const daily = (cron: string): JsonObject => ({ type: 'schedule', cron, timezone: 'Europe/Berlin', misfire: 'once' });

/** Berlin goes to summer time on 2028-03-26 at 01:00Z (02:00 becomes 03:00) and back on 2028-10-29 at 01:00Z. */
const DUE_TIMES: readonly DueTimes[] = [
  {
    name: 'nine o’clock, over the change to summer time',
    trigger: daily('0 9 * * *'),
    published: '2028-03-25T06:00:00Z',
    starts: ['2028-03-25T08:00:00Z', '2028-03-26T07:00:00Z'],
  },
  {
    name: 'a date, the day after at 2:30, which there is not',
    trigger: { type: 'date', module: 'tasks', field: 'dueAt', offset: 'P1D', at: '02:30' },
    dueAt: '2028-03-25T10:00:00Z',
    published: '2028-03-25T11:00:00Z',
    starts: ['2028-03-26T01:30:00Z'],
  },
  {
    name: '2:30, which there is not one night',
    trigger: daily('30 2 * * *'),
    published: '2028-03-25T12:00:00Z',
    starts: ['2028-03-26T01:30:00Z', '2028-03-27T00:30:00Z'],
  },
  {
    name: '2:30, which there is twice one night',
    trigger: daily('30 2 * * *'),
    published: '2028-10-28T12:00:00Z',
    starts: ['2028-10-29T00:30:00Z', '2028-10-30T01:30:00Z'],
  },
];

/** Lives through each of them, 20 s before and right after each moment. Returns how many starts there are, and what did not hold. */
export async function startOnTime(
  lab: FaultLab,
  clock: LabClock,
  everyoneLooks: () => Promise<void>,
): Promise<{ starts: number; violations: string[] }> {
  const violations: string[] = [];
  for (const due of DUE_TIMES) violations.push(...(await liveThrough(lab, clock, due, everyoneLooks)));
  return { starts: DUE_TIMES.reduce((sum, { starts }) => sum + starts.length, 0), violations };
}

async function liveThrough(lab: FaultLab, clock: LabClock, due: DueTimes, everyoneLooks: () => Promise<void>): Promise<string[]> {
  const { name, trigger, dueAt, published, starts } = due;
  await clock.set(new Date(published));
  if (dueAt) {
    const insert = `INSERT INTO tasks (id, "workspaceId", title, "dueAt") VALUES (gen_random_uuid(), 'acme', $1, $2)`;
    await lab.database.query(insert, [name, dueAt]);
  }
  const workflowId = await lab.crm.publishWorkflow({ trigger, steps: STEPS }, name);
  const begun = async (): Promise<string[]> => {
    const rows = await lab.database.query<{ at: string }>(
      `SELECT e.trigger->>'at' AS at FROM automation.events e
       WHERE e.target->>'workflowId' = $1 AND EXISTS (SELECT 1 FROM automation.runs r WHERE r.event_id = e.id AND r.status = 'succeeded')
       ORDER BY e.occurred_at`,
      [workflowId],
    );
    return rows.map(({ at }) => new Date(at).toISOString());
  };
  const expected = starts.map((start) => new Date(start).toISOString());
  const violations: string[] = [];
  for (const [index, start] of expected.entries()) {
    await clock.set(new Date(new Date(start).getTime() - BEFORE_MS));
    await everyoneLooks();
    const early = await begun();
    if (early.length !== index) violations.push(`${name}: started ${early.join(', ')} before ${start}`);
    await clock.set(new Date(new Date(start).getTime() + 1_000));
    await eventually(async () => {
      if ((await begun()).length <= index) throw new Error(`${name}: has not started at ${start}`);
    }).catch((error: Error) => void violations.push(error.message));
  }
  await everyoneLooks();
  const all = await begun();
  if (all.join() !== expected.join()) violations.push(`${name}: started ${all.join(', ')} instead of ${expected.join(', ')}`);
  return violations;
}
