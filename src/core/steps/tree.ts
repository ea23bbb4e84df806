import type { Step } from '../definition/types.js';

/** One list of steps inside a step. */
export interface ChildList {
  /** What stands in a run's path between the step and its child: `.enterprise`, or `[]` for the index of a loop. */
  segment: string;
  /** Where the list stands in the definition, from the step: `branches[0].steps`. */
  jsonPath: string;
  steps: readonly Step[];
}

/** The lists of steps inside a step, in the order they are written; none for steps without children. */
export function childLists(step: Step): ChildList[] {
  switch (step.kind) {
    case 'branch':
    case 'parallel': {
      const lists = step.branches.map((branch, index) => ({
        segment: `.${branch.name}`,
        jsonPath: `branches[${index}].steps`,
        steps: branch.steps,
      }));
      return step.kind === 'branch' && step.otherwise
        ? [...lists, { segment: '.otherwise', jsonPath: 'otherwise', steps: step.otherwise }]
        : lists;
    }
    case 'for_each':
      return [{ segment: '[]', jsonPath: 'steps', steps: step.steps }];
    default:
      return [];
  }
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
