import { kindOf, type Step } from './index.js';
import { childLists } from './tree.js';

/** A step with an address from outside, and where it stands in runs: `each[].wait.ask`, with `[]` for the index of an item. */
export interface AddressedStep {
  id: string;
  pattern: string;
}

/** The steps of a definition that have an address from outside. */
export function addressedSteps(steps: readonly Step[], prefix = ''): AddressedStep[] {
  return steps.flatMap((step) => {
    const here = prefix + step.id;
    const own = kindOf(step).addressed ? [{ id: step.id, pattern: here }] : [];
    return [...own, ...childLists(step).flatMap((list) => addressedSteps(list.steps, `${here}${list.segment}.`))];
  });
}

/** Where such a step stands for the step at `path`: for the same items of loops. Null when it is in a loop that the path is not in. */
export function pathOfAddressed({ pattern }: AddressedStep, path: string): string | null {
  const parts = pattern.split('[]');
  const last = parts.pop() as string;
  let found = '';
  for (const part of parts) {
    const upTo = found + part;
    const item = path.startsWith(upTo) ? /^\[\d+\]/.exec(path.slice(upTo.length))?.[0] : undefined;
    if (item === undefined) return null;
    found = upTo + item;
  }
  return found + last;
}
