import type { CompiledCondition } from '../condition/condition.js';
import type { Reentry } from '../definition/types.js';
import type { CauseLink, DomainEvent } from '../event.js';
import type { Json } from '../json.js';
import type { Calendar } from '../time/calendar.js';
import { addDuration, parseDuration } from '../time/duration.js';
import { refusalOf } from '../trigger/delivery.js';
import { misfireRule } from '../trigger/misfire.js';
import type { CompiledTrigger } from '../trigger/trigger.js';

/** Why a start makes no run; what run lists show as `reason`. */
export type SkipReason = 'paused' | 'old_url' | 'record' | 'trigger' | 'misfire' | 'conditions' | 'reentry' | 'loop';

/** Whether a start makes a run of a workflow; a skip is logged with its reason and explanation. */
export type StartDecision = { kind: 'start' } | { kind: 'skip'; reason: SkipReason; explanation: Json };

/** What a decision looks at of a workflow. */
export interface StartableWorkflow {
  workflow: { id: string; name: string };
  trigger: CompiledTrigger;
  /** Null: every event that matches the trigger starts a run. */
  conditions: CompiledCondition | null;
  definition: { settings: { reentry: Reentry } };
}

/** When and where a decision is made. */
export interface DecisionContext {
  now: Date;
  /** The workspace's IANA zone. */
  timezone: string;
  /** Which days are business days; default Monday to Friday. */
  calendar?: Calendar;
  /** How many runs may follow from one another. */
  chainDepth: number;
}

/** The newest run of a workflow on a record, skipped ones apart. */
export interface EarlierRun {
  active: boolean;
  createdAt: Date;
}

const START: StartDecision = { kind: 'start' };

/**
 * The first half of the decision, from the event and the workflow alone: does it listen, is it active, do its conditions
 * hold? A start that names its workflow is not asked for the trigger.
 */
export function matchStart(
  event: DomainEvent,
  workflow: StartableWorkflow,
  status: 'active' | 'paused',
  { now, timezone, calendar }: DecisionContext,
): StartDecision {
  if (status === 'paused') return skip('paused', { rule: `The workflow "${workflow.workflow.name}" is not active.` });
  if (event.target === null) {
    const matched = workflow.trigger.explain(event);
    if (!matched.matched) return skip('trigger', { rule: matched.reason ?? 'The trigger does not match.' });
  }
  const refused = refusalOf(event.trigger);
  if (refused !== null) return skip(refused.reason, refused.explanation);
  const missed = misfireRule(event.trigger);
  if (missed !== null) return skip('misfire', { rule: missed });
  if (workflow.conditions === null) return START;
  const subject = {
    record: event.record,
    previous: event.previous,
    changes: event.changes ?? {},
    trigger: event.trigger ?? {},
    context: {},
    steps: {},
    actor: event.actor,
    now,
    timezone,
    calendar,
  };
  return workflow.conditions.test(subject) ? START : skip('conditions', workflow.conditions.explain(subject) as unknown as Json);
}

/**
 * The second half, for starts that matched: may the workflow run again on this record, and is this no loop? The loop is
 * asked last: a workflow whose trigger or conditions would have kept it out is no part of one.
 */
export function admitStart(
  event: DomainEvent,
  workflow: StartableWorkflow,
  earlier: EarlierRun | null,
  context: DecisionContext,
): StartDecision {
  const rule = earlier === null ? null : reentryRule(workflow.definition.settings.reentry, earlier, context);
  if (earlier !== null && rule !== null) return skip('reentry', { rule, lastRunAt: earlier.createdAt.toISOString() });
  return loopDecision(event, workflow, context.chainDepth);
}

/** Whether {@link admitStart} needs to know of earlier runs on the record. */
export function asksForEarlierRuns(event: DomainEvent, workflow: StartableWorkflow): boolean {
  return workflow.definition.settings.reentry !== 'always' && event.module !== null && event.recordId !== null;
}

/** The rule that keeps the workflow from running again; null when none does. */
function reentryRule(reentry: Reentry, earlier: EarlierRun, { now, timezone, calendar }: DecisionContext): string | null {
  if (reentry === 'always') return null;
  if (reentry === 'not_while_active') return earlier.active ? 'a run on this record is still active' : null;
  if (reentry === 'once_per_record') return 'the workflow runs once per record';
  // A period that the parser let through is a duration.
  const period = parseDuration(reentry.oncePer);
  const isOver = period !== null && addDuration(earlier.createdAt, period, timezone, calendar) <= now;
  return isOver ? null : `the workflow runs once per ${reentry.oncePer} and record`;
}

function loopDecision(event: DomainEvent, { workflow }: StartableWorkflow, chainDepth: number): StartDecision {
  const { cause } = event;
  if (cause === null) return START;
  const isLoop = cause.path.some(
    ({ workflowId, module, recordId }) => workflowId === workflow.id && module === (event.module ?? '') && recordId === event.recordId,
  );
  if (!isLoop && cause.depth < chainDepth) return START;
  const about = recordName(event);
  const rule = isLoop
    ? `"${workflow.name}" has run on ${about} in this very chain of workflows; it does not start itself again.`
    : `A chain of workflows ends after ${chainDepth} runs; this would be run ${cause.depth + 1}.`;
  return skip('loop', { rule, depth: cause.depth, chain: cause.path.map(linkName), path: cause.path as unknown as Json });
}

function linkName({ workflowId, workflowName, module, recordId }: CauseLink): string {
  return `${workflowName ?? workflowId} on ${recordName({ module, recordId })}`;
}

function recordName({ module, recordId }: { module: string | null; recordId: string | null }): string {
  return recordId === null ? 'no record' : `${module ?? ''} ${recordId}`;
}

function skip(reason: SkipReason, explanation: Json): StartDecision {
  return { kind: 'skip', reason, explanation };
}
