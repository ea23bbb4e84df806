import type { Explanation } from '../../core/condition/condition.js';
import type { DelayStep, Step } from '../../core/definition/types.js';
import { AutomationError } from '../../core/errors.js';
import type { Json, JsonObject } from '../../core/json.js';
import { resolvePath, type Scope } from '../../core/scope.js';
import { compileTemplate } from '../../core/template/template.js';
import { addDuration, parseDuration } from '../../core/time/duration.js';
import type { LoggedExecution } from '../../store/step-store.js';
import type { CompiledVersion } from '../routing/compiled-version.js';

/** What flow control decided, as the history keeps it. */
export type FlowResult = Pick<LoggedExecution, 'status' | 'input' | 'output' | 'error' | 'wakeAt'>;

/** Kinds of steps that this release can run, beside actions; publishing refuses the others. */
export const EXECUTABLE_FLOW = ['branch', 'delay', 'stop'] as const;

/** Decides a branch, parks a delay, notes a stop. Throws for what cannot be decided: the step fails with the reason. */
export function performFlowStep(step: Step, version: CompiledVersion, scope: Scope, now: Date): FlowResult {
  switch (step.kind) {
    case 'branch': {
      const looked: { branch: string; explanation: Explanation }[] = [];
      for (const branch of step.branches) {
        const explanation = version.conditionOf(branch.when).explain({ ...scope, now });
        looked.push({ branch: branch.name, explanation });
        if (explanation.result) return decided({ taken: branch.name }, { looked: looked as unknown as Json });
      }
      return decided({ taken: null }, { looked: looked as unknown as Json });
    }
    case 'delay': {
      const wakeAt = delayEnd(step, scope, now).toISOString();
      return { status: 'waiting', input: { until: wakeAt }, output: null, error: null, wakeAt };
    }
    case 'stop':
      return decided({ outcome: step.outcome, message: step.message ?? null }, null);
    default:
      throw new AutomationError('step_not_executable', `This release cannot run a step of the kind '${step.kind}'.`, {
        hint: 'Publish the workflow without it, or install a release that can.',
      });
  }
}

function decided(output: JsonObject, input: JsonObject | null): FlowResult {
  return { status: 'succeeded', input, output, error: null, wakeAt: null };
}

/** When a delay is over; a moment in the past is over at once. */
function delayEnd(step: DelayStep, scope: Scope, now: Date): Date {
  if (step.for !== undefined) {
    const duration = parseDuration(step.for);
    if (duration) return addDuration(now, duration, scope.timezone);
    throw new AutomationError('delay_invalid', `'${step.for}' is not an ISO 8601 duration.`);
  }
  const source = step.untilField ?? step.until ?? '';
  const value = step.untilField === undefined ? compileTemplate(source).value(scope) : (resolvePath(scope, source) ?? null);
  const at = typeof value === 'string' ? new Date(value) : null;
  if (at === null || Number.isNaN(at.getTime())) {
    throw new AutomationError('delay_invalid', `The delay is to end at '${source}', which holds ${JSON.stringify(value)} and no date.`, {
      hint: 'Fill in the date on the record, then retry; or give the workflow a branch for records without one.',
    });
  }
  return at;
}
