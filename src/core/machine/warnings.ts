import type { Catalog } from '../catalog.js';
import type { DefinitionWarning } from '../definition/warnings.js';
import { initialState, transitionsFrom } from './graph.js';
import { transitionLoops } from './loops.js';
import type { MachineDefinition, MachineState, MachineTransition } from './types.js';

/**
 * Returns what deserves a look in a machine without keeping anybody from publishing it: states that no instance comes to, or
 * that none leaves, transitions that never fire, and such that may fire each other again and again.
 */
export function machineWarnings(machine: MachineDefinition, catalog: Catalog): DefinitionWarning[] {
  return [...stateWarnings(machine), ...transitionWarnings(machine), ...loopWarnings(machine, catalog)];
}

function stateWarnings(machine: MachineDefinition): DefinitionWarning[] {
  const reached = reachedStates(machine);
  return machine.states.flatMap((state, index): DefinitionWarning[] => {
    const path = `states[${index}]`;
    const { code, timeout } = state;
    if (!reached.has(code)) {
      const message = `No instance ever comes to "${code}": no transition leads there from the initial state.`;
      return [{ path, code: 'state_unreachable', message, hint: 'Add a transition that leads to it, or leave it out.' }];
    }
    const ways = transitionsFrom(machine, state).filter(({ enabled }) => enabled);
    if (!state.final && ways.length === 0) {
      const message = `No instance ever leaves "${code}", and it is not final.`;
      return [{ path, code: 'state_without_exit', message, hint: 'Make it final, or add a transition that leads out of it.' }];
    }
    if (timeout === undefined || ways.some((way) => way.code === timeout.transition)) return [];
    const message = `The timeout of "${code}" does nothing: the transition "${timeout.transition}" is disabled.`;
    return [{ path: `${path}.timeout`, code: 'timeout_disabled', message }];
  });
}

/** The codes of the states to which enabled transitions lead, from the initial one on. */
function reachedStates(machine: MachineDefinition): Set<string> {
  const reached = new Set([initialState(machine).code]);
  // A Set goes on with what is added while it is gone through.
  for (const code of reached) {
    const state = machine.states.find((one) => one.code === code) as MachineState;
    for (const { to, enabled } of transitionsFrom(machine, state)) if (enabled) reached.add(to);
  }
  return reached;
}

function transitionWarnings({ states, transitions }: MachineDefinition): DefinitionWarning[] {
  return transitions.flatMap((transition, index): DefinitionWarning[] => {
    const { code, trigger } = transition;
    const path = `transitions[${index}]`;
    if (trigger.type === 'timeout' && !states.some(({ timeout }) => timeout?.transition === code)) {
      return [{ path, code: 'transition_never_fires', message: `"${code}" never fires: no state has a timeout that names it.` }];
    }
    const earlier = transitions.slice(0, index).find((one) => isAlwaysBefore(one, transition));
    if (!earlier) return [];
    const message = `"${code}" never fires: "${earlier.code}" before it has no conditions, and fires on the same.`;
    return [{ path, code: 'transition_never_fires', message, hint: 'Change their order, or add conditions to the first.' }];
  });
}

/** Whether a transition fires wherever a later one could; a person chooses, so it is not asked of what is fired by hand. */
function isAlwaysBefore(earlier: MachineTransition, later: MachineTransition): boolean {
  if (!earlier.enabled || !later.enabled || earlier.conditions !== undefined) return false;
  if (earlier.trigger.type === 'manual' || earlier.trigger.type === 'timeout') return false;
  if (JSON.stringify(earlier.trigger) !== JSON.stringify(later.trigger)) return false;
  return earlier.from === 'any' || (later.from !== 'any' && later.from.every((state) => earlier.from.includes(state)));
}

function loopWarnings(machine: MachineDefinition, catalog: Catalog): DefinitionWarning[] {
  return transitionLoops(machine, catalog)
    .filter(({ isCertain }) => !isCertain)
    .map(({ path, codes }) => ({
      path,
      code: 'loop',
      message: `It may fire again and again, by what its steps do: ${wayInWords(codes)}.`,
      hint: 'A chain of events never fires one twice: see that a condition no longer holds once the steps have been done.',
    }));
}

/** From a transition and back to it. */
export function wayInWords(codes: readonly string[]): string {
  return [...codes, codes[0]].map((code) => `"${code}"`).join(' → ');
}
