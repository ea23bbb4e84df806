import type { Problem } from '../errors.js';
import { kindOf, type Step } from '../steps/index.js';
import { childLists } from '../steps/tree.js';
import { millisecondsOf } from './object-reader.js';
import type { WorkflowDefinition } from './types.js';

/**
 * A problem for each step by whose end a run is always older than it may be: a delay longer than `maxDuration`, or one
 * that is too long together with those before it. Only what is certain counts: not what branches and loops may take.
 */
export function runLengthProblems({ steps, settings }: WorkflowDefinition): Problem[] {
  const longest = Number(millisecondsOf(settings.maxDuration));
  const problems: Problem[] = [];

  function look(list: readonly Step[], jsonPath: string, before: number): void {
    let age = before;
    for (const [index, step] of list.entries()) {
      const here = `${jsonPath}[${index}]`;
      const { member, ms } = kindOf(step).takes?.(step) ?? { member: '', ms: 0 };
      if (age <= longest && age + ms > longest) {
        const together = age > 0 ? 'With the delays before it this' : 'This';
        problems.push({
          path: `${here}.${member}`,
          message: `${together} is longer than a run may last (settings.maxDuration is ${settings.maxDuration}): no run could go on behind it.`,
        });
      }
      age += ms;
      for (const child of childLists(step)) look(child.steps, `${here}.${child.jsonPath}`, age);
    }
  }

  look(steps, 'steps', 0);
  return problems;
}
