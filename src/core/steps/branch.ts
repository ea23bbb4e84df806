import type { Explanation } from '../condition/condition.js';
import type { Condition } from '../condition/tree.js';
import { compact } from '../definition/object-reader.js';
import { BRANCH_NAME, MOST_BRANCHES, readBranchName } from '../definition/step-site.js';
import type { Json } from '../json.js';
import { unusable } from '../plan/flow.js';
import type { AnyStep, StepBase } from './step.js';
import { type ChildList, CONDITION, decided, STEPS, type StepKind } from './step-kind.js';

/** Takes the first branch whose `when` holds, else `otherwise`. */
export interface BranchStep<S extends AnyStep = AnyStep> extends StepBase {
  kind: 'branch';
  branches: { name: string; when: Condition; steps: S[] }[];
  otherwise?: S[];
}

export const branch = {
  kind: 'branch',
  about: {
    label: 'Branch',
    description: 'Takes the first branch whose condition holds, else the steps of `otherwise`.',
    members: {
      branches: {
        type: 'array',
        minItems: 1,
        maxItems: MOST_BRANCHES,
        items: {
          type: 'object',
          properties: { name: BRANCH_NAME, when: CONDITION, steps: STEPS },
          required: ['name', 'when', 'steps'],
          additionalProperties: false,
        },
      },
      otherwise: STEPS,
    },
    required: ['branches'],
  },

  parse(site) {
    const names = new Set<string>();
    const branches = site.objects('branches', { min: 1, max: MOST_BRANCHES }).map((reader) => {
      const one = { name: readBranchName(reader, names), when: site.condition(reader, 'when'), steps: site.children(reader, 'steps') };
      reader.finish();
      return one;
    });
    return compact({ ...site.base, kind: 'branch' as const, branches, otherwise: site.optionalChildren(site.reader, 'otherwise') });
  },

  children(step) {
    const lists: ChildList[] = step.branches.map(({ name, steps }, index) => ({
      segment: `.${name}`,
      jsonPath: `branches[${index}].steps`,
      steps,
    }));
    return step.otherwise ? [...lists, { segment: '.otherwise', jsonPath: 'otherwise', steps: step.otherwise }] : lists;
  },

  reads: (step) => ({ conditions: step.branches.map(({ when }) => when) }),

  output: () => ({ taken: 'text' }),

  takesInside: (step, lists) => (step.otherwise ? Math.min(...lists) : 0),

  decide(step, scope, now, conditionOf) {
    const looked: { branch: string; explanation: Explanation }[] = [];
    for (const { name, when } of step.branches) {
      const explanation = conditionOf(when).explain({ ...scope, now });
      looked.push({ branch: name, explanation });
      if (explanation.result) return decided({ taken: name }, { looked: looked as unknown as Json });
    }
    return decided({ taken: null }, { looked: looked as unknown as Json });
  },

  proceed(step, { path, loop, output }, walk) {
    const { taken } = output;
    if (taken === null) return walk.list(step.otherwise ?? [], `${path}.otherwise.`, loop);
    const chosen = step.branches.find(({ name }) => name === taken);
    return chosen ? walk.list(chosen.steps, `${path}.${chosen.name}.`, loop) : unusable(path, 'the branch it took');
  },
} satisfies StepKind<BranchStep>;
