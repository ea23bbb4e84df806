import type { Outlook } from '../../store/outlook.js';

/** What the time of the next look depends on. */
export interface Circumstances {
  /** What this look has seen. */
  outlook: Outlook;
  /** Do others tell this process of their work? */
  isListening: boolean;
  /** Has this process done nothing since its last look? */
  isQuiet: boolean;
}

/** How often to look, in milliseconds. */
export interface LookIntervals {
  /** While there is something to do that others have, or nobody tells. */
  pollIntervalMs: number;
  /** While all is quiet. */
  idlePollIntervalMs: number;
}

/**
 * The longest pause while this process itself does something, in milliseconds: of what it leaves behind (caused events,
 * answers to parents) nobody is told, and the waits that it begins may be shorter than any interval.
 */
export const BUSY_PAUSE_MS = 1_000;

/** Returns how long to wait for the next look, in milliseconds: until a wait or a lease ends, if that comes first. */
export function pauseBeforeLook({ outlook, isListening, isQuiet }: Circumstances, intervals: LookIntervals): number {
  const { events, runs, nextEndInMs } = outlook;
  // What is over and was not taken is in somebody else's hands: no reason to hurry.
  const isOver = nextEndInMs !== null && nextEndInMs <= 0;
  const isIdle = !events && !runs && !isOver && isListening && isQuiet;
  const pause = isIdle ? Math.max(intervals.pollIntervalMs, intervals.idlePollIntervalMs) : intervals.pollIntervalMs;
  const end = nextEndInMs === null || isOver ? Number.POSITIVE_INFINITY : Math.ceil(nextEndInMs);
  return Math.min(pause, end, isQuiet ? Number.POSITIVE_INFINITY : BUSY_PAUSE_MS);
}
