import type { Problem } from '../errors.js';
import { kindOf, type Step } from '../steps/index.js';
import { childLists } from '../steps/tree.js';
import { millisecondsOf } from './object-reader.js';
import type { WorkflowDefinition } from './types.js';

/**
 * A problem for each step by whose end a run is always older than it may be: a delay longer than `maxDuration`, or one
 * that is too long together with those before it. Only what is certain counts: of branches the shortest, of parallel ones as
 * many as are waited for, and of loops nothing, for there may be no item.
 *
 * @param longestRunMs how long a run may take, whatever its settings say
 */
export function runLengthProblems({ steps, settings }: WorkflowDefinition, longestRunMs: number): Problem[] {
  const own = Number(millisecondsOf(settings.maxDuration));
  const longest = Math.min(own, longestRunMs);
  const why = own <= longestRunMs ? `settings.maxDuration is ${settings.maxDuration}` : 'that is the limit of this installation';
  const problems: Problem[] = [];

  /** Returns the age of a run behind the list. */
  function look(list: readonly Step[], jsonPath: string, before: number): number {
    let age = before;
    for (const [index, step] of list.entries()) {
      const here = `${jsonPath}[${index}]`;
      const kind = kindOf(step);
      const { member, ms } = kind.takes?.(step) ?? { member: '', ms: 0 };
      if (age <= longest && age + ms > longest) {
        const together = age > 0 ? 'With the delays before it this' : 'This';
        problems.push({
          path: `${here}.${member}`,
          message: `${together} is longer than a run may last (${why}): no run could go on behind it.`,
        });
      }
      age += ms;
      const inside = childLists(step).map((child) => look(child.steps, `${here}.${child.jsonPath}`, age) - age);
      age += kind.takesInside?.(step, inside) ?? 0;
    }
    return age;
  }

  look(steps, 'steps', 0);
  return problems;
}
