import type { DomainEvent } from '../event.js';
import type { Json } from '../json.js';
import { type DecisionContext, startSubject } from '../start/start.js';
import type { CompiledMachine, CompiledTransition } from './compiled-machine.js';

/** Why a transition does not fire; what the history shows. */
export type NotFiredReason =
  /** The machine is disabled. */
  | 'paused'
  /** This process cannot read the version of the machine. */
  | 'version_unreadable'
  /** The version of the instance has no transition of that code. */
  | 'unknown'
  /** It does not leave the state. */
  | 'state'
  /** What it was meant for is over: the instance has left that state, or has come into it anew. */
  | 'moved'
  | 'disabled'
  | 'trigger'
  | 'conditions'
  /** Another transition was under way. */
  | 'transitioning'
  /** Too many events wait for the end of the transition that is under way. */
  | 'too_many'
  /** The event that waited for the end of a transition has been removed meanwhile. */
  | 'event_gone'
  | 'loop'
  | 'plan';

/** A transition that was asked and did not fire; the code is null where none was asked. */
export interface NotFired {
  transition: string | null;
  reason: NotFiredReason;
  /** A rule in words, or conditions as they were evaluated. */
  explanation: Json;
}

/** What an event means for an instance at rest. */
export interface Choice {
  chosen: CompiledTransition | null;
  /** Its conditions, as they were evaluated; null where it has none. */
  held: Json;
  /** Those that were asked before it, in their order. */
  notFired: NotFired[];
}

/**
 * Returns the first transition out of the state, in their order, whose trigger and conditions hold; where the event names
 * one, that one or none. Those that do not listen to such an event are not asked.
 */
export function chooseTransition(
  machine: CompiledMachine,
  state: string,
  event: DomainEvent,
  named: string | null,
  context: DecisionContext,
): Choice {
  const notFired: NotFired[] = [];
  const refuse = (transition: string, reason: NotFiredReason, explanation: Json): void => {
    notFired.push({ transition, reason, explanation });
  };
  const asked = named === null ? machine.from(state) : machine.from(state).filter(({ definition: { code } }) => code === named);
  if (named !== null && asked.length === 0) refuseNamed(machine, state, named, refuse);
  for (const transition of asked) {
    const { code, enabled } = transition.definition;
    const hearing = named === null ? transition.hear(event) : MATCHED;
    if (hearing === 'ignored') continue;
    if (!enabled) refuse(code, 'disabled', { rule: 'The transition is disabled.' });
    else if (!hearing.matched) refuse(code, 'trigger', { rule: String(hearing.reason) });
    else {
      const { conditions } = transition;
      if (conditions === null) return { chosen: transition, held: null, notFired };
      const explanation = conditions.explain(startSubject(event, context));
      if (explanation.result) return { chosen: transition, held: explanation as unknown as Json, notFired };
      refuse(code, 'conditions', explanation as unknown as Json);
    }
  }
  return { chosen: null, held: null, notFired };
}

const MATCHED = { matched: true, reason: undefined };

function refuseNamed(
  machine: CompiledMachine,
  state: string,
  named: string,
  refuse: (transition: string, reason: NotFiredReason, explanation: Json) => void,
): void {
  const isKnown = machine.transitions.some(({ definition: { code } }) => code === named);
  if (isKnown) refuse(named, 'state', { rule: `The transition does not leave "${state}".` });
  else refuse(named, 'unknown', { rule: `The version of the machine has no transition "${named}".` });
}

/** What an event means where the machine has no instance: none, one that rests where it begins, or one that hears the event at once. */
export type Beginning = 'none' | 'created' | 'created_and_asked';

/** Returns whether an event makes an instance. Who names neither transition nor event, wants one by all means. */
export function beginningBy(machine: CompiledMachine, event: DomainEvent, named: string | null, context: DecisionContext): Beginning {
  if (event.trigger?.type === CREATE) return 'created';
  const { start, initial } = machine;
  if (start === null) {
    const firsts = machine.from(initial.code);
    const isMeant = (one: CompiledTransition): boolean => {
      if (named !== null) return one.definition.code === named;
      const hearing = one.hear(event);
      return hearing !== 'ignored' && hearing.matched;
    };
    return firsts.some((one) => one.definition.enabled && isMeant(one)) ? 'created_and_asked' : 'none';
  }
  const hearing = start.hear(event);
  if (hearing === 'ignored' || !hearing.matched) return 'none';
  return start.conditions === null || start.conditions.test(startSubject(event, context)) ? 'created' : 'none';
}

/** The type of the trigger by which instances are made for records that are there already. */
export const CREATE = 'create';

/** The rule that keeps a transition from firing because of the chain of runs behind the event; null when none does. */
export function loopRule(event: DomainEvent, machine: { id: string; name: string }, transition: string, chainDepth: number): string | null {
  const { cause } = event;
  if (cause === null) return null;
  const isLoop = cause.path.some(
    (link) =>
      link.workflowId === machine.id &&
      link.transition === transition &&
      link.module === (event.module ?? '') &&
      link.recordId === event.recordId,
  );
  if (isLoop) return `"${machine.name}" has made this transition in this very chain of runs; it does not set itself off again.`;
  return cause.depth < chainDepth ? null : `A chain of runs ends after ${chainDepth}; this would be run ${cause.depth + 1}.`;
}
