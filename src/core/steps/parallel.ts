import { BRANCH_NAME, MOST_BRANCHES, readBranchName } from '../definition/step-site.js';
import { type Flow, isCancelled, isEnding } from '../plan/flow.js';
import type { AnyStep, StepBase } from './step.js';
import { STEPS, type StepKind } from './step-kind.js';

/**
 * Runs its branches side by side. `all` waits for every one; `any` goes on when the first has succeeded. Once that is
 * decided, no further step of the others is started, and what they wait for is cancelled. It is never executed itself, and so has no execution and no output.
 */
export interface ParallelStep<S extends AnyStep = AnyStep> extends StepBase {
  kind: 'parallel';
  branches: { name: string; steps: S[] }[];
  join: 'all' | 'any';
}

const JOINS = ['all', 'any'] as const;

export const parallel = {
  kind: 'parallel',
  executed: false,
  about: {
    label: 'Parallel',
    description: 'Runs its branches side by side, and waits for all of them or for the first.',
    members: {
      branches: {
        type: 'array',
        minItems: 1,
        maxItems: MOST_BRANCHES,
        items: {
          type: 'object',
          properties: { name: BRANCH_NAME, steps: { ...STEPS, minItems: 1 } },
          required: ['name', 'steps'],
          additionalProperties: false,
        },
      },
      join: { enum: [...JOINS], default: 'all', description: 'Goes on when all branches have succeeded, or the first one.' },
    },
    required: ['branches'],
  },

  parse(site) {
    const names = new Set<string>();
    const branches = site.objects('branches', { min: 1, max: MOST_BRANCHES }).map((reader) => {
      const one = { name: readBranchName(reader, names), steps: site.children(reader, 'steps', { min: 1 }) };
      reader.finish();
      return one;
    });
    return { ...site.base, kind: 'parallel', branches, join: site.reader.choice('join', JOINS, 'all') };
  },

  children: (step) => step.branches.map(({ name, steps }, index) => ({ segment: `.${name}`, jsonPath: `branches[${index}].steps`, steps })),

  output: () => null,

  takesInside: (step, lists) => (step.join === 'all' ? Math.max(0, ...lists) : Math.min(...lists)),

  proceed(step, { path, loop }, walk) {
    const before = walk.mark();
    const flows = step.branches.map((branch) => walk.list(branch.steps, `${path}.${branch.name}.`, loop));
    const flow = join(step, flows);
    // Another branch has made them good.
    if (flow === 'done') for (const ending of flows.filter(isEnding)) walk.catch(ending);
    // Decided while some branches are still under way.
    if (flow !== 'open') walk.cancel(before);
    return flow;
  },
} satisfies StepKind<ParallelStep>;

/** What ends the whole run ends it here too. Otherwise `all` fails with its first failure, `any` when no branch is left that could succeed. */
function join(step: ParallelStep, flows: readonly Flow[]): Flow {
  const endings = flows.filter(isEnding);
  const final = endings.find((ending) => !ending.catchable);
  if (final) return final;
  if (step.join === 'any' && flows.includes('done')) return 'done';
  // One that was cancelled because of another is not what the step has failed of.
  const first = endings.find((ending) => !isCancelled(ending)) ?? endings[0];
  if (first && (step.join === 'all' || !flows.includes('open'))) return first;
  return flows.includes('open') ? 'open' : 'done';
}
