import { AutomationError } from '../errors.js';
import { unusable } from '../plan/flow.js';
import { compileTemplate } from '../template/template.js';
import { ONE_EXPRESSION } from './expression.js';
import type { AnyStep, StepBase } from './step.js';
import { decided, STEPS, type StepKind } from './step-kind.js';

const MOST_ITEMS = 1_000;
const DEFAULT_ITEMS = 100;

/** Runs its steps once for each item of a list, one after the other; the item is `item` in templates. */
export interface ForEachStep<S extends AnyStep = AnyStep> extends StepBase {
  kind: 'for_each';
  /** One expression that yields a list. */
  in: string;
  /** Refuses longer lists. Default 100. */
  maxItems: number;
  steps: S[];
}

export const forEach = {
  kind: 'for_each',
  about: {
    label: 'For each',
    description: 'Runs its steps once for each item of a list, one after the other.',
    members: {
      in: {
        type: 'string',
        pattern: ONE_EXPRESSION.pattern.regex.source,
        description: 'One expression that yields the list.',
        examples: ['{{steps.lookup.output.records}}'],
      },
      maxItems: { type: 'integer', minimum: 1, maximum: MOST_ITEMS, default: DEFAULT_ITEMS, description: 'Longer lists are refused.' },
      steps: { ...STEPS, minItems: 1 },
    },
    required: ['in', 'steps'],
  },

  parse: (site) => ({
    ...site.base,
    kind: 'for_each',
    in: site.templatedText('in', ONE_EXPRESSION),
    maxItems: site.reader.optionalNumber('maxItems', { min: 1, max: MOST_ITEMS }) ?? DEFAULT_ITEMS,
    steps: site.children(site.reader, 'steps', { min: 1, loop: true }),
  }),

  children: (step) => [{ segment: '[]', jsonPath: 'steps', steps: step.steps }],

  reads: (step) => ({ templates: [step.in] }),

  output: () => ({ items: 'json', count: 'number' }),

  decide(step, scope) {
    const items = compileTemplate(step.in).value(scope);
    if (!Array.isArray(items)) {
      throw new AutomationError('loop_invalid', `Step "${step.id}" goes through ${step.in}, which is no list.`, {
        hint: 'Name a list in "in", such as the records that an earlier step has found.',
      });
    }
    if (items.length > step.maxItems) {
      throw new AutomationError('loop_too_long', `Step "${step.id}" has ${items.length} items, and ${step.maxItems} is the most it may.`, {
        hint: `Raise "maxItems" (${MOST_ITEMS} at most), or split the work over several runs.`,
      });
    }
    return decided({ items, count: items.length }, { in: step.in });
  },

  proceed(step, { path, output }, walk) {
    const { items } = output;
    if (!Array.isArray(items)) return unusable(path, 'the items it goes through');
    for (const [index, item] of items.entries()) {
      const flow = walk.list(step.steps, `${path}[${index}].`, { item, index });
      if (flow !== 'done') return flow;
    }
    return 'done';
  },
} satisfies StepKind<ForEachStep>;
