import type { AutomationDatabase } from './database.js';
import { firstDueOf } from './due-by-workspace.js';

/**
 * When the first of each work that becomes due by itself is due, as a query of one value; null: nothing waits. Served by
 * schedules_next, machine_polls_due, the indexes of {@link firstDueOf}, and date_builds, which has a row for each workflow with a
 * date trigger.
 */
const FIRST_DUE = {
  schedules: 'SELECT next_at FROM automation.schedules ORDER BY next_at LIMIT 1',
  dates: firstDueOf('date_triggers'),
  dateBuilds: `SELECT now() FROM automation.date_builds WHERE state <> 'done' LIMIT 1`,
  tasks: firstDueOf('human_tasks'),
  taskMails: firstDueOf('human_task_mails'),
  stateTimeouts: firstDueOf('instances'),
  machinePolls: 'SELECT next_at FROM automation.machine_polls ORDER BY next_at LIMIT 1',
} as const;

/** A work that becomes due by itself. */
export type DueKind = keyof typeof FIRST_DUE;

/** How long until each of the works that were asked about has something to do, in milliseconds: 0 or less when it has, null when nothing waits. */
export type DueTimes = Readonly<Partial<Record<DueKind, number | null>>>;

/** A look waits so long for a table that somebody has locked against readers, in milliseconds. */
const LOCKED_MS = 500;

/** One look at these, at least one, which takes nothing and locks nothing: an idle process asks this, whatever it is that may fall due. */
export async function dueTimes(database: AutomationDatabase, kinds: readonly DueKind[]): Promise<DueTimes> {
  const times = kinds.map((kind) => `extract(epoch FROM (${FIRST_DUE[kind]}) - now())::float8 * 1000 AS "${kind}"`);
  const [due] = await database.look<DueTimes>(`SELECT ${times.join(',\n  ')}`, LOCKED_MS);
  return due as DueTimes;
}
