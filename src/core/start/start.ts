import type { CompiledCondition, ConditionSubject } from '../condition/condition.js';
import type { WorkflowSettings } from '../definition/types.js';
import type { CauseLink, DomainEvent, StartRule } from '../event.js';
import type { Json } from '../json.js';
import type { Calendar } from '../time/calendar.js';
import { addDuration, parseDuration } from '../time/duration.js';
import { refusalOf } from '../trigger/delivery.js';
import { misfireRule } from '../trigger/misfire.js';
import type { CompiledTrigger } from '../trigger/trigger.js';

/** Why a start makes no run; what run lists show as `reason`. */
export type SkipReason =
  | 'paused'
  | 'old_url'
  | 'record'
  | 'trigger'
  | 'misfire'
  | 'conditions'
  | 'reentry'
  | 'loop'
  | 'plan'
  | 'parent_over';

/** Whether a start makes a run of a workflow; a skip is logged with its reason and explanation. */
export type StartDecision = { kind: 'start' } | { kind: 'skip'; reason: SkipReason; explanation: Json };

/** What a decision looks at of a workflow. */
export interface StartableWorkflow {
  workflow: { id: string; name: string };
  trigger: CompiledTrigger;
  /** Null: every event that matches the trigger starts a run. */
  conditions: CompiledCondition | null;
  definition: { settings: Pick<WorkflowSettings, 'reentry' | 'countFailedRuns'> };
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

/** A run of a workflow on a record. */
export interface EarlierRun {
  id: string;
  createdAt: Date;
}

/** The runs of a workflow on a record that may stand in the way of another one; skipped ones do not. */
export interface EarlierRuns {
  /** One that is not over. */
  active: EarlierRun | null;
  /** The newest one that has not failed. */
  newest: EarlierRun | null;
  /** The newest one that has failed. */
  newestFailed: EarlierRun | null;
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
  context: DecisionContext,
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
  if (workflow.conditions === null || isForced(event, 'conditions')) return START;
  const subject = startSubject(event, context);
  return workflow.conditions.test(subject) ? START : skip('conditions', workflow.conditions.explain(subject) as unknown as Json);
}

/** Returns what the conditions of a workflow are asked about. */
export function startSubject(event: DomainEvent, { now, timezone, calendar }: Omit<DecisionContext, 'chainDepth'>): ConditionSubject {
  return {
    record: event.record,
    previous: event.previous,
    changes: event.changes ?? {},
    trigger: event.trigger ?? {},
    context: {},
    steps: {},
    ...(event.machine && { machine: event.machine }),
    actor: event.actor,
    now,
    timezone,
    calendar,
  };
}

/**
 * The second half, for starts that matched: may the workflow run again on this record, and is this no loop? The loop is
 * asked last: a workflow whose trigger or conditions would have kept it out is no part of one.
 */
export function admitStart(
  event: DomainEvent,
  workflow: StartableWorkflow,
  earlier: EarlierRuns | null,
  context: DecisionContext,
): StartDecision {
  const refusal = earlier === null || isForced(event, 'reentry') ? null : reentryRefusal(workflow.definition.settings, earlier, context);
  if (refusal !== null) {
    const { rule, run } = refusal;
    return skip('reentry', { rule, runId: run.id, lastRunAt: run.createdAt.toISOString() });
  }
  return loopDecision(event, workflow, context.chainDepth);
}

/** Whether {@link admitStart} needs to know of earlier runs on the record. */
export function asksForEarlierRuns(event: DomainEvent, workflow: StartableWorkflow): boolean {
  return workflow.definition.settings.reentry !== 'always' && event.module !== null && event.recordId !== null;
}

/** The rule that keeps the workflow from running again, and the run that stands in the way; null when none does. */
function reentryRefusal(
  { reentry, countFailedRuns }: Pick<WorkflowSettings, 'reentry' | 'countFailedRuns'>,
  { active, newest, newestFailed }: EarlierRuns,
  { now, timezone, calendar }: DecisionContext,
): { rule: string; run: EarlierRun } | null {
  if (reentry === 'always') return null;
  if (reentry === 'not_while_active') return active && { rule: 'a run on this record is still active', run: active };
  const run = countFailedRuns ? later(newest, newestFailed) : newest;
  if (run === null) return null;
  if (reentry === 'once_per_record') return { rule: 'the workflow runs once per record', run };
  // A period that the parser let through is a duration.
  const period = parseDuration(reentry.oncePer);
  const isOver = period !== null && addDuration(run.createdAt, period, timezone, calendar) <= now;
  return isOver ? null : { rule: `the workflow runs once per ${reentry.oncePer} and record`, run };
}

function later(one: EarlierRun | null, other: EarlierRun | null): EarlierRun | null {
  if (one === null || other === null) return one ?? other;
  return one.createdAt >= other.createdAt ? one : other;
}

function isForced({ target }: DomainEvent, rule: StartRule): boolean {
  return target?.force?.includes(rule) ?? false;
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
