import type { Problem } from '../errors.js';
import { didYouMean } from '../nearest.js';
import type { MachineDefinition, MachineState, MachineTransition } from './types.js';

type Graph = Pick<MachineDefinition, 'states' | 'transitions'>;

/** Returns the state in which instances begin. Of a machine that has been parsed there is exactly one. */
export function initialState({ states }: Pick<MachineDefinition, 'states'>): MachineState {
  return states.find(({ initial }) => initial) as MachineState;
}

/** Whether a transition leads out of a state. */
export function leadsFrom({ from }: Pick<MachineTransition, 'from'>, state: MachineState): boolean {
  return from === 'any' ? state.final !== true : from.includes(state.code);
}

/** Returns the transitions that lead out of a state, in the order in which they are asked; those that are disabled too. */
export function transitionsFrom({ transitions }: Pick<MachineDefinition, 'transitions'>, state: MachineState): MachineTransition[] {
  return transitions.filter((transition) => leadsFrom(transition, state));
}

/** What keeps states and transitions from being a machine, each part well-formed by itself. */
export function graphProblems(graph: Graph): Problem[] {
  return [...duplicates(graph.states, 'states', 'state'), ...duplicates(graph.transitions, 'transitions', 'transition')]
    .concat(initialProblems(graph))
    .concat(graph.states.flatMap((state, index) => timeoutProblems(state, `states[${index}].timeout`, graph)))
    .concat(graph.transitions.flatMap((transition, index) => endProblems(transition, `transitions[${index}]`, graph)));
}

function duplicates(parts: readonly { code: string }[], path: string, what: string): Problem[] {
  return parts.flatMap(({ code }, index) => {
    const first = parts.findIndex((one) => one.code === code);
    return first === index
      ? []
      : [{ path: `${path}[${index}].code`, message: `"${code}" is the code of the ${what} ${path}[${first}] already.` }];
  });
}

function initialProblems({ states }: Graph): Problem[] {
  const initial = states.flatMap((state, index) => (state.initial ? [{ state, index }] : []));
  const [first, ...others] = initial;
  if (!first) return [{ path: 'states', message: 'One state must be the initial one: { "initial": true }.' }];
  const more = others.map(({ index }) => ({
    path: `states[${index}].initial`,
    message: `Only one state can be the initial one, and "${first.state.code}" is.`,
  }));
  if (!first.state.final) return more;
  return [...more, { path: `states[${first.index}].final`, message: 'The initial state cannot be final: nothing would lead out of it.' }];
}

function timeoutProblems(state: MachineState, path: string, { transitions }: Graph): Problem[] {
  const { code, timeout } = state;
  if (!timeout) return [];
  if (state.final) return [{ path, message: 'A final state has no timeout: nothing leads out of it.' }];
  const transition = transitions.find((one) => one.code === timeout.transition);
  const at = `${path}.transition`;
  if (!transition) {
    const names = transitions.map((one) => one.code);
    return [{ path: at, message: `There is no transition "${timeout.transition}".${didYouMean(timeout.transition, names)}` }];
  }
  if (!leadsFrom(transition, state)) return [{ path: at, message: `The transition "${transition.code}" does not lead out of "${code}".` }];
  if (transition.to !== code) return [];
  return [{ path: at, message: `The transition "${transition.code}" leads from "${code}" back to it: it does not leave the state.` }];
}

function endProblems({ from, to }: MachineTransition, path: string, { states }: Graph): Problem[] {
  const names = states.map(({ code }) => code);
  const unknown = (code: string, at: string): Problem => ({
    path: at,
    message: `There is no state "${code}".${didYouMean(code, names)} States are: ${names.join(', ')}.`,
  });
  const sources = from === 'any' ? [] : from;
  const problems = sources.flatMap((code, index): Problem[] => {
    const at = `${path}.from[${index}]`;
    const state = states.find((one) => one.code === code);
    if (!state) return [unknown(code, at)];
    return state.final ? [{ path: at, message: `"${code}" is final: nothing can lead out of it.` }] : [];
  });
  return names.includes(to) ? problems : [...problems, unknown(to, `${path}.to`)];
}
