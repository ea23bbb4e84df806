import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { MachineTransition } from './types.js';

/** What a transition does, as the definition of a workflow. */
export interface TransitionVersion {
  transition: string;
  /** From where to where it leads. */
  ends: Pick<MachineTransition, 'from' | 'to'>;
  /** Where the transition stands in the machine: `transitions[1]`. */
  path: string;
  definition: JsonObject;
}

/**
 * Returns the definition of a workflow for each transition with steps of a machine that {@link parseMachine} has passed: its
 * runs are runs like all others. What fires a transition is the machine's to decide, so beside events the trigger says no more
 * than what records its runs are about.
 */
export function transitionVersions(machine: JsonObject): TransitionVersion[] {
  const subject = machine.for as JsonObject;
  const module = typeof subject.module === 'string' ? { module: subject.module } : {};
  return (machine.transitions as JsonObject[]).flatMap((transition, index) => {
    const { code, from, to, trigger, conditions, steps, settings } = transition;
    if (!Array.isArray(steps) || steps.length === 0) return [];
    const definition = {
      trigger: triggerOf(trigger, module),
      ...(conditions !== undefined && { conditions }),
      steps,
      settings: settings ?? {},
    };
    const ends = { from: from === 'any' || Array.isArray(from) ? from : [from], to } as TransitionVersion['ends'];
    return [{ transition: code as string, ends, path: `transitions[${index}]`, definition }];
  });
}

function triggerOf(trigger: Json | undefined, module: { module?: string }): JsonObject {
  const isOfRecord = isJsonObject(trigger) && trigger.type === 'event' && module.module !== undefined;
  return isOfRecord ? { ...module, ...trigger } : { type: 'manual', ...module };
}
