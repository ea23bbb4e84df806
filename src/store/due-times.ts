import type { EntityManager } from 'typeorm';
import { firstDueOf } from './due-by-workspace.js';
import { sql } from './sql.js';

/** Works that become due by themselves, and how long until each has something to do, in milliseconds: 0 or less when it has, null when nothing waits. */
export type DueTimes = Readonly<
  Record<'schedules' | 'dates' | 'dateBuilds' | 'tasks' | 'taskMails' | 'stateTimeouts' | 'machinePolls', number | null>
>;

/**
 * One look at all of them, which takes nothing and locks nothing: an idle process asks this, whatever it is that may fall due.
 * Served by schedules_next, machine_polls_due, the indexes of {@link firstDueOf}, and date_builds, which has a row for each
 * workflow with a date trigger.
 */
export async function dueTimes(manager: EntityManager): Promise<DueTimes> {
  const [due] = await sql<DueTimes>(
    manager,
    `SELECT ${inMs('SELECT next_at FROM automation.schedules ORDER BY next_at LIMIT 1')} AS schedules,
       ${inMs(firstDueOf('date_triggers'))} AS dates,
       ${inMs(`SELECT now() FROM automation.date_builds WHERE state <> 'done' LIMIT 1`)} AS "dateBuilds",
       ${inMs(firstDueOf('human_tasks'))} AS tasks,
       ${inMs(firstDueOf('human_task_mails'))} AS "taskMails",
       ${inMs(firstDueOf('instances'))} AS "stateTimeouts",
       ${inMs('SELECT next_at FROM automation.machine_polls ORDER BY next_at LIMIT 1')} AS "machinePolls"`,
  );
  return due as DueTimes;
}

function inMs(moment: string): string {
  return `extract(epoch FROM (${moment}) - now())::float8 * 1000`;
}
