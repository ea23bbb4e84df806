import { eventually } from '../../support/eventually.js';
import type { FaultLab } from '../support/fault-lab.js';
import type { Race } from './f05-race.js';

/** Ticks that each schedule has missed: it starts for each of them. */
const TICKS = 20;

/** Schedules that become due for all nodes at the same moment, with everything they missed: each tick starts once. */
export async function scheduleTicks(lab: FaultLab, count: number): Promise<Race> {
  const name = 'schedule ticks';
  const schedules = Math.ceil(count / TICKS);
  const trigger = { type: 'schedule', cron: '0 0 * * *', timezone: 'UTC', misfire: 'each' };
  const steps = [{ id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: name, body: '{{trigger.at}}' } }];
  const ids: string[] = [];
  for (let n = 0; n < schedules; n += 1)
    ids.push(await lab.crm.publishWorkflow({ trigger, steps, settings: { maxConcurrentRuns: 0 } }, `${name} ${n}`));
  // In one commit, so that no node has a start.
  await lab.database.query(
    `UPDATE automation.schedules SET next_at = date_trunc('day', now()) - $2 * interval '1 day' WHERE workflow_id = ANY($1)`,
    [ids, TICKS - 1],
  );
  const race: Race = { name, races: schedules * TICKS, runs: schedules * TICKS, doubled: 0, said: {}, violations: [] };
  await eventually(async () => {
    const { behind } = await lab.database.one<{ behind: number }>(
      'SELECT count(*)::int AS behind FROM automation.schedules WHERE workflow_id = ANY($1) AND next_at <= now()',
      [ids],
    );
    if (behind > 0) throw new Error(`${behind} schedules are due`);
  }, 120_000);
  const open = await lab.database.settle();
  if (open !== null) race.violations.push(open);
  const found = await lab.database.one<{ ticks: number; runs: number; told: number }>(
    `SELECT count(DISTINCT (r.workflow_id, e.trigger->>'at'))::int AS ticks, count(*)::int AS runs,
       (SELECT count(*)::int FROM notifications WHERE title = $2) AS told
     FROM automation.runs r JOIN automation.events e ON e.id = r.event_id WHERE r.workflow_id = ANY($1) AND r.status = 'succeeded'`,
    [ids, name],
  );
  race.doubled = Math.max(found.runs, found.told) - found.ticks;
  race.said = { started: found.runs };
  if (found.ticks !== race.races) race.violations.push(`${found.ticks} of ${race.races} ticks have their run`);
  if (race.doubled !== 0) race.violations.push(`${found.runs} runs and ${found.told} notifications of ${found.ticks} ticks`);
  return race;
}
