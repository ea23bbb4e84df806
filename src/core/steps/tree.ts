import { kindOf, type Step } from './index.js';
import type { ChildList } from './step-kind.js';

/** The lists of steps inside a step, in the order they are written; none for steps without children. */
export function childLists(step: Step): ChildList<Step>[] {
  return (kindOf(step).children?.(step) ?? []) as ChildList<Step>[];
}

/** A step and where it stands in the definition: `steps[1].branches[0].steps[2]`. */
export interface PlacedStep {
  step: Step;
  jsonPath: string;
}

/** Every step of the tree in the order it is written, a step before its children. */
export function* walkSteps(steps: readonly Step[], jsonPath = 'steps'): Generator<PlacedStep, void, undefined> {
  for (const [index, step] of steps.entries()) {
    const here = `${jsonPath}[${index}]`;
    yield { step, jsonPath: here };
    for (const list of childLists(step)) yield* walkSteps(list.steps, `${here}.${list.jsonPath}`);
  }
}

/** The step a run's path leads to (`route.enterprise.am`, `each[3].notify`); null when the definition has none there. */
export function findStep(steps: readonly Step[], path: string): Step | null {
  // Ids hold no dots and no brackets, so the path says at each level which step and which of its lists is meant.
  let list: readonly Step[] = steps;
  let rest = path;
  for (;;) {
    const id = /^[^.[]+/.exec(rest)?.[0];
    const step = list.find((one) => one.id === id);
    if (!step || id === undefined) return null;
    rest = rest.slice(id.length);
    if (rest === '') return step;
    const match = /^(?:(\.[^.[]+)|\[(?:0|[1-9]\d*)\])\./.exec(rest);
    const child = match && childLists(step).find((one) => one.segment === (match[1] ?? '[]'));
    if (!child) return null;
    list = child.steps;
    rest = rest.slice(match[0].length);
  }
}
