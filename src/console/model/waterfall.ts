import type { RunAttempt } from './run-tree.js';
import { tookWords } from './time.js';

/** From when to when a run is drawn, in milliseconds: from its making to its end, or to now. */
export interface Span {
  from: number;
  to: number;
}

/** A piece of time in the width of a run, which is {@link WIDTH}: queued, waiting, between attempts, or at work. */
export interface Bar {
  kind: string;
  x: number;
  width: number;
}

/** How wide the time of a whole run is. */
export const WIDTH = 1_000;
/** What is shorter could not be seen. */
const LEAST = 6;

/** Returns from when to when a run is drawn. */
export function spanOf({ createdAt, finishedAt }: { createdAt: string; finishedAt: string | null }, now: Date): Span {
  const from = Date.parse(createdAt);
  return { from, to: Math.max(from + 1, finishedAt === null ? now.getTime() : Date.parse(finishedAt)) };
}

/** Returns how long attempts took together, those that are not over until the end of the span. */
export function timeAt(attempts: readonly RunAttempt[], span: Span): number {
  return attempts.reduce((sum, attempt) => sum + (endOf(attempt, span) - Date.parse(attempt.startedAt)), 0);
}

/** Returns the bars of a step: one for each of its attempts (the newest first), and one for each pause before the next. */
export function barsOf(attempts: readonly RunAttempt[], span: Span): Bar[] {
  const bars: Bar[] = [];
  const latest = new Map<string, RunAttempt>();
  for (const attempt of [...attempts].reverse()) {
    const start = Date.parse(attempt.startedAt);
    const before = latest.get(attempt.path);
    if (before) add(bars, 'pause', endOf(before, span), start, span);
    add(bars, attempt.superseded ? 'superseded' : attempt.standing, start, endOf(attempt, span), span);
    latest.set(attempt.path, attempt);
  }
  for (const last of latest.values()) if (last.standing === 'retrying') add(bars, 'pause', endOf(last, span), span.to, span);
  return bars;
}

/** Returns the bar of a part of a run that is no attempt: its time in the queue. */
export function barOf(kind: string, start: number, end: number, span: Span): Bar {
  const scale = WIDTH / (span.to - span.from);
  const width = Math.max(LEAST, (end - start) * scale);
  return { kind, x: Math.max(0, Math.min(WIDTH - width, (start - span.from) * scale)), width: Math.min(WIDTH, width) };
}

/** Returns when a step was at work, as a sentence: `after 2 s, for 300 ms; again after 4 s, for 1.2 s`. */
export function waterfallWords(attempts: readonly RunAttempt[], span: Span): string {
  const told = [...attempts]
    .reverse()
    .slice(0, 3)
    .map((attempt) => {
      const start = Date.parse(attempt.startedAt);
      return `after ${tookWords(start - span.from)}, for ${tookWords(endOf(attempt, span) - start)}`;
    });
  return [...told, ...(attempts.length > told.length ? [`${attempts.length - told.length} more`] : [])].join('; ');
}

function endOf({ startedAt, finishedAt, standing }: RunAttempt, span: Span): number {
  const start = Date.parse(startedAt);
  if (finishedAt !== null) return Math.max(start, Date.parse(finishedAt));
  return standing === 'running' || standing === 'waiting' ? Math.max(start, span.to) : start;
}

/** Adds a bar; where it would cover one of its kind, that grows: a loop of 10,000 items has no more than can be told apart. */
function add(bars: Bar[], kind: string, start: number, end: number, span: Span): void {
  const bar = barOf(kind, start, end, span);
  if (kind === 'pause' && bar.width <= LEAST) return;
  const last = bars.findLast((one) => one.kind === kind);
  if (last && bar.x < last.x + last.width) last.width = Math.max(last.width, bar.x + bar.width - last.x);
  else bars.push(bar);
}
