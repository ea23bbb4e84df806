import type { Catalog } from '../catalog.js';
import type { Influence, NeighbouringWorkflow } from '../definition/influence.js';
import { loopsOf } from '../definition/loops.js';
import { DEFAULT_SETTINGS } from '../definition/settings.js';
import type { Trigger } from '../definition/types.js';
import { leadsFrom } from './graph.js';
import type { MachineDefinition, MachineTransition } from './types.js';

/** A way on which a transition fires itself again at once, by what its steps do. */
export interface TransitionLoop {
  /** Where it begins: the step that fires the next one. */
  path: string;
  /** From the transition by way of others, or none, back to it. */
  codes: string[];
  /** Nothing on the way decides: it never ends. */
  isCertain: boolean;
}

/**
 * Returns the ways on which transitions fire each other at once and for ever: each one's steps are an event that the next one
 * waits for, in the state that it has led to. Each way once.
 */
export function transitionLoops(machine: MachineDefinition, catalog: Catalog): TransitionLoop[] {
  const enabled = machine.transitions.filter((transition) => transition.enabled);
  const neighbours = new Map(enabled.map((transition) => [transition.code, asNeighbour(transition, machine)]));
  const isLink = ({ from, to }: Influence): boolean => {
    const [first, next] = [from, to].map(({ id }) => enabled.find(({ code }) => code === id) as MachineTransition);
    const state = machine.states.find(({ code }) => code === first?.to);
    return next !== undefined && state !== undefined && leadsFrom(next, state);
  };
  const known = new Set<string>();
  return [...neighbours.values()].flatMap((neighbour) =>
    loopsOf(neighbour, [...neighbours.values()], catalog, isLink).flatMap(({ links, isCertain }): TransitionLoop[] => {
      const codes = links.map(({ from }) => from.id);
      const key = [...codes].sort().join(' ');
      if (known.has(key)) return [];
      known.add(key);
      const index = machine.transitions.findIndex(({ code }) => code === neighbour.id);
      return [{ path: `transitions[${index}].${links[0]?.path}`, codes, isCertain }];
    }),
  );
}

/** A transition as what is known of workflows that start each other takes it. */
function asNeighbour(transition: MachineTransition, machine: MachineDefinition): NeighbouringWorkflow {
  const { code, trigger, conditions, steps } = transition;
  const module = 'module' in machine.for ? { module: machine.for.module } : {};
  const own = trigger.type === 'event' ? trigger : { type: 'manual', ...module };
  const definition = { trigger: own as Trigger, ...(conditions && { conditions }), steps, settings: DEFAULT_SETTINGS };
  return { id: code, code, name: code, definition };
}
