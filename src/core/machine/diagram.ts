import type { MachineDefinition, MachineTransition } from './types.js';

/** One arrow of a picture; what leads from one state to another the same way several times is one. */
export interface Arrow {
  /** The code of a state, or `any`. */
  from: string;
  to: string;
  /** What is written beside it: `submit (export)`, a line a transition. */
  labels: string[];
  /** None of its transitions is enabled. */
  isDisabled: boolean;
}

/** Where transitions from any state come from in a picture: no state can be called so. */
export const ANY = 'any';

/** Returns the arrows of a machine, in the order of its transitions. */
export function arrowsOf({ transitions }: MachineDefinition): Arrow[] {
  const arrows = new Map<string, Arrow>();
  for (const transition of transitions) {
    const { to, enabled } = transition;
    for (const from of transition.from === 'any' ? [ANY] : transition.from) {
      const key = `${from} ${to}`;
      const arrow = arrows.get(key) ?? { from, to, labels: [], isDisabled: true };
      arrow.labels.push(labelOf(transition));
      arrow.isDisabled &&= !enabled;
      arrows.set(key, arrow);
    }
  }
  return [...arrows.values()];
}

function labelOf({ code, trigger, enabled }: MachineTransition): string {
  const what = trigger.type === 'event' ? trigger.event : trigger.type;
  return `${code} (${enabled ? what : `${what}, disabled`})`;
}

/** A machine as a state diagram of Mermaid. */
export function mermaidOf(machine: MachineDefinition): string {
  const names = new Map(machine.states.map(({ code }, index) => [code, `s${index}`]));
  names.set(ANY, ANY);
  const arrows = arrowsOf(machine);
  const lines = machine.states.flatMap(({ code, timeout, initial, final }) => {
    const name = names.get(code);
    const shown = timeout ? `${code} (${timeout.after})` : code;
    return [`state "${shown}" as ${name}`, ...(initial ? [`[*] --> ${name}`] : []), ...(final ? [`${name} --> [*]`] : [])];
  });
  if (arrows.some(({ from }) => from === ANY)) lines.push(`state "any state" as ${ANY}`);
  const ways = arrows.map(({ from, to, labels }) => `${names.get(from)} --> ${names.get(to)}: ${labels.join('<br>')}`);
  return `${['stateDiagram-v2', ...[...lines, ...ways].map((line) => `  ${line}`)].join('\n')}\n`;
}
