import { setImmediate } from 'node:timers/promises';
import type { DomainEvent } from '../core/event.js';
import { ruleOf } from '../core/start/explain.js';
import {
  admitStart,
  asksForEarlierRuns,
  type DecisionContext,
  type EarlierRun,
  type EarlierRuns,
  type SkipReason,
  type StartDecision,
} from '../core/start/start.js';
import type { CompiledVersion } from '../engine/workflows/compiled-version.js';

/** For how long a simulation asks before whatever else waits in this process has its turn. */
export const TURN_MS = 20;
const MOST_SAMPLES = 10;

/** An event of the past that one of two versions matches. */
export interface SimulatedEvent {
  eventId: string;
  module: string;
  event: string;
  recordId: string | null;
  title: string | null;
  occurredAt: string;
  /** Whether trigger and conditions match, of the version that is tried and of the published one; null where there is none. */
  matches: boolean;
  publishedMatches: boolean | null;
  /** Whether it would have started; where re-entry or a loop keeps it out, it matches and does not start. */
  starts: boolean;
  publishedStarts: boolean | null;
  /** Why the version that is tried would not have started; null when it would. */
  reason: SkipReason | null;
  /** The rule behind it, where that is not a condition. */
  rule: string | null;
}

/** The answers of a period, counted. */
export interface SimulatedTotals {
  /** Those that trigger and conditions match. */
  matched: number;
  /** Those of them that re-entry and loops let through. What the plan would have refused is among them. */
  starting: number;
  /** The same two for the published version; null where there is none. */
  published: number | null;
  publishedStarting: number | null;
  /** Events on which only one of the two would have started. */
  differing: number;
  /** The newest that match, and the newest on which the two differ. */
  samples: SimulatedEvent[];
  differences: SimulatedEvent[];
}

/** What is shown of an event, whatever the answer. */
export type ShownEvent = Pick<SimulatedEvent, 'eventId' | 'module' | 'event' | 'recordId' | 'title' | 'occurredAt'>;

/** Why an event starts nothing, in short: explanations of thousands would take much room. */
export interface Refusal {
  reason: SkipReason;
  rule: string | null;
}

/** An event that one of the two matches, as far as it is still needed. */
export interface PastMatch {
  shown: ShownEvent;
  event: DomainEvent;
  /** The runs that there were; undefined where nobody asks. */
  earlier: EarlierRuns | undefined;
  /** Null: it matches. */
  refusal: Refusal | null;
  /** Null also where nothing is published. */
  publishedRefusal: Refusal | null;
}

const NONE: EarlierRuns = { active: null, newest: null, newestFailed: null };

/**
 * The starts that a version would have made of events that match it, asked in their order: each start may stand in the way of
 * the next one on its record. How long the runs would have taken nobody knows: whether one was still active is told from
 * those that there really were.
 */
class SimulatedStarts {
  private readonly started = new Map<string, EarlierRun>();

  constructor(
    private readonly version: CompiledVersion,
    private readonly zone: Omit<DecisionContext, 'now'>,
  ) {}

  /** Returns why re-entry or a loop keeps it from starting; null when they do not. `earlier`: the runs that there were. */
  next(event: DomainEvent, earlier: EarlierRuns | undefined): Refusal | null {
    const asks = asksForEarlierRuns(event, this.version);
    const record = JSON.stringify([event.module, event.recordId]);
    const now = new Date(event.occurredAt);
    const { active, newest, newestFailed } = earlier ?? NONE;
    const runs = asks ? { active, newest: this.started.get(record) ?? newest, newestFailed } : null;
    const decision = admitStart(event, this.version, runs, { ...this.zone, now });
    if (asks && decision.kind === 'start') this.started.set(record, { id: event.id, createdAt: now });
    return refusalIn(decision);
  }
}

/** Whether what {@link SimulatedStarts} answers of the version is certain, told from the whole period or from a part of it. */
export function isCertain({ definition }: CompiledVersion, isPart: boolean): boolean {
  const { reentry } = definition.settings;
  return reentry === 'always' || (reentry !== 'not_while_active' && !isPart);
}

/** Answers of each, newest first as it got them, whether the two would have started. */
export async function answersOf(
  matches: readonly PastMatch[],
  tried: CompiledVersion,
  published: CompiledVersion | null,
  zone: Omit<DecisionContext, 'now'>,
): Promise<SimulatedEvent[]> {
  const starts = new SimulatedStarts(tried, zone);
  const publishedStarts = published && new SimulatedStarts(published, zone);
  const answers: SimulatedEvent[] = [];
  let turn = performance.now();
  for (const { shown, event, earlier, refusal, publishedRefusal } of matches.toReversed()) {
    const final = refusal ?? starts.next(event, earlier);
    answers.push({
      ...shown,
      matches: refusal === null,
      publishedMatches: publishedStarts && publishedRefusal === null,
      starts: final === null,
      publishedStarts: publishedStarts && (publishedRefusal ?? publishedStarts.next(event, earlier)) === null,
      reason: final?.reason ?? null,
      rule: final?.rule ?? null,
    });
    if (performance.now() - turn < TURN_MS) continue;
    await setImmediate();
    turn = performance.now();
  }
  return answers.reverse();
}

/** Returns why a decision is no; null when it is yes. */
export function refusalIn(decision: StartDecision): Refusal | null {
  return decision.kind === 'start' ? null : { reason: decision.reason, rule: ruleOf(decision.explanation) };
}

/** Counts the answers, and shows some of them. */
export function totals(answers: readonly SimulatedEvent[], isPublished: boolean): SimulatedTotals {
  const count = (test: (answer: SimulatedEvent) => boolean | null): number => answers.filter(test).length;
  const differences = answers.filter(({ starts, publishedStarts }) => publishedStarts !== null && publishedStarts !== starts);
  return {
    matched: count(({ matches }) => matches),
    starting: count(({ starts }) => starts),
    published: isPublished ? count(({ publishedMatches }) => publishedMatches) : null,
    publishedStarting: isPublished ? count(({ publishedStarts }) => publishedStarts) : null,
    differing: differences.length,
    samples: answers.filter(({ matches }) => matches).slice(0, MOST_SAMPLES),
    differences: differences.slice(0, MOST_SAMPLES),
  };
}
