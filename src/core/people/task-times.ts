/** What those who are asked are told of a task, the most telling first: they are told one thing at a time. */
export const TASK_NOTICES = ['escalated', 'due', 'reminder', 'new'] as const;
export type TaskNotice = (typeof TASK_NOTICES)[number];

/** What of a task becomes due by itself. */
export interface TaskTimes {
  /** What they have not been told yet. */
  pending: readonly TaskNotice[];
  /** Null: there is no such date, or they have been told. */
  dueAt: Date | null;
  remindAt: Date | null;
  escalateAt: Date | null;
}

/** What is to be done about a task now, and when to look at it again. */
export type TaskStep = { nextAt: Date | null; left: TaskTimes } & (
  | { kind: 'escalate' }
  | { kind: 'tell'; notice: TaskNotice }
  /** Nothing yet; what is pending waits for the end of quiet hours. */
  | { kind: 'wait' }
);

/** What is due of a task. Others are asked in time even in quiet hours; nobody is told of anything before they are over. */
export function nextTaskStep(times: TaskTimes, now: Date, quietUntil: Date | null): TaskStep {
  const isDue = (moment: Date | null): boolean => moment !== null && moment <= now;
  if (isDue(times.escalateAt)) {
    // Whoever is asked instead hears of that first, and is not reminded of what they did not know.
    const left = { ...times, pending: [], remindAt: null, escalateAt: null };
    return { kind: 'escalate', nextAt: now, left };
  }
  const news: TaskNotice[] = [...(isDue(times.dueAt) ? (['due'] as const) : []), ...(isDue(times.remindAt) ? (['reminder'] as const) : [])];
  const left = {
    ...times,
    pending: [...new Set([...times.pending, ...news])],
    dueAt: isDue(times.dueAt) ? null : times.dueAt,
    remindAt: isDue(times.remindAt) ? null : times.remindAt,
  };
  const later = [left.dueAt, left.remindAt, left.escalateAt];
  const notice = TASK_NOTICES.find((one) => left.pending.includes(one));
  if (notice === undefined) return { kind: 'wait', nextAt: earliest(later), left };
  if (quietUntil !== null) return { kind: 'wait', nextAt: earliest([...later, quietUntil]), left };
  return { kind: 'tell', notice, nextAt: earliest(later), left: { ...left, pending: [] } };
}

function earliest(moments: readonly (Date | null)[]): Date | null {
  const known = moments.filter((moment) => moment !== null);
  return known.length === 0 ? null : new Date(Math.min(...known.map((moment) => moment.getTime())));
}
