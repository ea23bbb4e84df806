import type { CompiledCondition } from '../condition/condition.js';
import type { ConditionSubject } from '../condition/subject.js';
import type { Json } from '../json.js';
import type { InputField } from '../trigger/manual-input.js';
import type { MachineTransition } from './types.js';

/** Why a person cannot fire a transition now. */
export type NotOfferedReason =
  /** The machine is disabled. */
  | 'paused'
  /** It does not leave the state. */
  | 'state'
  /** Another transition is under way. */
  | 'transitioning'
  | 'disabled'
  /** Something else than a person fires it. */
  | 'trigger'
  /** It asks for a role that the person has not. */
  | 'roles'
  | 'conditions';

/** A transition, and whether a person may fire it now. */
export interface OfferedTransition {
  code: string;
  description: string | null;
  from: string[] | 'any';
  to: string;
  /** The type of its trigger. */
  trigger: string;
  /** Whether it has steps, so that it takes its time. */
  hasSteps: boolean;
  /** The values that it asks for. */
  input: InputField[] | null;
  roles: string[] | null;
  isOffered: boolean;
  /** Null where it is offered. */
  reason: NotOfferedReason | null;
  /** A rule in words; of conditions, as they are evaluated now. Of what is offered the conditions that hold; null where it has none. */
  explanation: Json;
}

/** What is known of an instance that somebody looks at. */
export interface OfferedFor {
  state: string;
  isFinal: boolean;
  /** The transition under way; null at rest. */
  transition: string | null;
  /** Is the machine enabled? */
  isEnabled: boolean;
  /** The roles of who asks. */
  roles: readonly string[];
  subject: ConditionSubject;
}

/** A transition with its conditions, ready to be asked. */
interface Asked {
  definition: MachineTransition;
  conditions: CompiledCondition | null;
}

/** Returns all transitions in their order, each with whether a person may fire it now, and why not. */
export function offeredTransitions(transitions: readonly Asked[], at: OfferedFor): OfferedTransition[] {
  return transitions.map(({ definition, conditions }) => {
    const { code, description = null, from, to, trigger, steps } = definition;
    const manual = trigger.type === 'manual' ? trigger : null;
    const refused = refusalOf(definition, at);
    const leaves = refused?.reason !== 'state';
    const explained = leaves && conditions !== null ? conditions.explain(at.subject) : null;
    const unmet = refused === null && explained !== null && !explained.result ? 'conditions' : null;
    return {
      code,
      description,
      from,
      to,
      trigger: trigger.type,
      hasSteps: steps.length > 0,
      input: manual?.input ?? null,
      roles: manual?.roles ?? null,
      isOffered: refused === null && unmet === null,
      reason: refused?.reason ?? unmet,
      explanation: refused === null ? (explained as unknown as Json) : { rule: refused.rule },
    };
  });
}

/** Whether a transition leaves a state. */
function leaves({ from }: MachineTransition, { state, isFinal }: OfferedFor): boolean {
  return from === 'any' ? !isFinal : from.includes(state);
}

/** What keeps a person from firing it, its conditions aside. What lies with the transition comes before what passes. */
function refusalOf(transition: MachineTransition, at: OfferedFor): { reason: NotOfferedReason; rule: string } | null {
  const { trigger, enabled } = transition;
  if (!leaves(transition, at)) return { reason: 'state', rule: `It does not lead out of "${at.state}".` };
  if (trigger.type !== 'manual') return { reason: 'trigger', rule: `${FIRED_BY[trigger.type]} fires it, not a person.` };
  if (!enabled) return { reason: 'disabled', rule: 'The transition is disabled.' };
  const { roles } = trigger;
  if (roles !== undefined && !roles.some((role) => at.roles.includes(role))) {
    return { reason: 'roles', rule: `It takes one of the roles ${roles.join(', ')}.` };
  }
  if (!at.isEnabled) return { reason: 'paused', rule: 'The machine is disabled.' };
  if (at.transition !== null) return { reason: 'transitioning', rule: `The transition "${at.transition}" is under way.` };
  return null;
}

const FIRED_BY = {
  event: 'What happens to the record',
  webhook: "A call of the machine's URL",
  import: 'An import',
  export: 'An export',
  poll: 'The clock',
  timeout: 'The timeout of the state',
} as const;
