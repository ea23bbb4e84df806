import type { Explanation } from '../condition/condition.js';
import type { DomainEvent } from '../event.js';
import type { Json } from '../json.js';
import {
  admitStart,
  type DecisionContext,
  type EarlierRuns,
  matchStart,
  type SkipReason,
  type StartableWorkflow,
  startSubject,
} from './start.js';

/** Whether an event would start a workflow, and all that speaks for and against it. */
export interface ExplainedStart {
  starts: boolean;
  /** Why not; null when it does. */
  reason: SkipReason | null;
  /** The rule that keeps it from starting, where that is not a condition: why the trigger does not match, what runs once only. */
  rule: string | null;
  /** Whether the trigger matches. A start that names its workflow is not asked. */
  trigger: { matched: boolean; reason: string | null };
  /** Every condition with what it saw, whether they hold or not; null where the workflow has none. */
  conditions: Explanation | null;
}

/** Returns what {@link matchStart} and {@link admitStart} decide, with everything that leads there, also where an earlier no spares the rest. */
export function explainStart(
  event: DomainEvent,
  workflow: StartableWorkflow,
  status: 'active' | 'paused',
  earlier: EarlierRuns | null,
  context: DecisionContext,
): ExplainedStart {
  const matched = matchStart(event, workflow, status, context);
  const decision = matched.kind === 'start' ? admitStart(event, workflow, earlier, context) : matched;
  const trigger = event.target === null ? workflow.trigger.explain(event) : { matched: true };
  return {
    starts: decision.kind === 'start',
    reason: decision.kind === 'start' ? null : decision.reason,
    rule: decision.kind === 'start' ? null : ruleOf(decision.explanation),
    trigger: { matched: trigger.matched, reason: trigger.reason ?? null },
    conditions: workflow.conditions?.explain(startSubject(event, context)) ?? null,
  };
}

/** Returns the rule that a skip names; null where a condition is what kept it. */
export function ruleOf(explanation: Json): string | null {
  const { rule } = explanation as { rule?: string };
  return rule ?? null;
}
