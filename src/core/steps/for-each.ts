import { AutomationError } from '../errors.js';
import type { Json } from '../json.js';
import { type Ending, isCancelled, isEnding, unusable } from '../plan/flow.js';
import { compileTemplate } from '../template/template.js';
import { ONE_EXPRESSION } from './expression.js';
import type { AnyStep, StepBase } from './step.js';
import { decided, STEPS, type StepKind } from './step-kind.js';

/** However many a host allows. */
const MOST_ITEMS = 10_000;
const DEFAULT_ITEMS = 100;
const MOST_AT_A_TIME = 20;

/**
 * Runs its steps once for each item of a list, one after the other or several at a time; the item is `item` in templates.
 * With `onError: continue` an item that fails is left behind, and the others go on.
 */
export interface ForEachStep<S extends AnyStep = AnyStep> extends StepBase {
  kind: 'for_each';
  /** One expression that yields a list. */
  in: string;
  /** Refuses longer lists. Default 100. */
  maxItems: number;
  /** How many items may be under way at a time. Default 1: one after the other. */
  concurrency: number;
  steps: S[];
}

export const forEach = {
  kind: 'for_each',
  about: {
    label: 'For each',
    description:
      'Runs its steps once for each item of a list, one after the other or several at a time. With `onError: continue` the other items go on when one fails.',
    members: {
      in: {
        type: 'string',
        pattern: ONE_EXPRESSION.pattern.regex.source,
        description: 'One expression that yields the list.',
        examples: ['{{steps.lookup.output.records}}'],
      },
      maxItems: {
        type: 'integer',
        minimum: 1,
        maximum: MOST_ITEMS,
        default: DEFAULT_ITEMS,
        description: 'Longer lists are refused, and so are those longer than the installation allows (`limits.loopItems`).',
      },
      concurrency: {
        type: 'integer',
        minimum: 1,
        maximum: MOST_AT_A_TIME,
        default: 1,
        description: 'How many items may be under way at a time.',
      },
      steps: { ...STEPS, minItems: 1 },
    },
    required: ['in', 'steps'],
  },

  parse: (site) => ({
    ...site.base,
    kind: 'for_each',
    in: site.list('in', ONE_EXPRESSION),
    maxItems: site.reader.optionalNumber('maxItems', { min: 1, max: MOST_ITEMS }) ?? DEFAULT_ITEMS,
    concurrency: site.reader.optionalNumber('concurrency', { min: 1, max: MOST_AT_A_TIME }) ?? 1,
    steps: site.children(site.reader, 'steps', { min: 1, loop: true }),
  }),

  children: (step) => [{ segment: '[]', jsonPath: 'steps', steps: step.steps }],

  reads: (step) => ({ templates: [step.in] }),

  output: () => ({ items: 'json', count: 'number' }),

  decide(step, scope, _now, _conditionOf, { loopItems }) {
    const items = compileTemplate(step.in).value(scope);
    if (!Array.isArray(items)) {
      throw new AutomationError('loop_invalid', `Step "${step.id}" goes through ${step.in}, which is no list.`, {
        hint: 'Name a list in "in", such as the records that an earlier step has found.',
      });
    }
    const most = Math.min(step.maxItems, loopItems);
    if (items.length > most) {
      throw new AutomationError('loop_too_long', `Step "${step.id}" has ${items.length} items, and ${most} is the most it may.`, {
        hint:
          most === loopItems
            ? 'Split the work over several runs.'
            : `Raise "maxItems" (${loopItems} at most), or split the work over several runs.`,
      });
    }
    return decided({ items, count: items.length }, { in: step.in });
  },

  proceed(step, { path, output }, walk) {
    const { items } = output;
    if (!Array.isArray(items)) return unusable(path, 'the items it goes through');
    const before = walk.mark();
    const endings: Ending[] = [];
    let open = 0;
    // An item that has ended the loop keeps its place: those behind it that were begun are looked at, others are not.
    for (let index = walk.index.firstOpenItem(path); index < items.length && open + endings.length < step.concurrency; index += 1) {
      if (walk.index.isItemOver(path, index)) continue;
      const { waiting } = walk.mark();
      const flow = walk.list(step.steps, `${path}[${index}].`, { item: items[index] as Json, index });
      if (flow === 'open') open += 1;
      else if (isEnding(flow) && !(flow.catchable && step.onError === 'continue')) endings.push(flow);
      else {
        if (isEnding(flow)) walk.catch(flow);
        if (walk.mark().waiting === waiting) walk.index.noteItemOver(path, index);
      }
    }
    const ending = endings.find(({ catchable }) => !catchable) ?? endings.find((one) => !isCancelled(one)) ?? endings[0];
    if (!ending) return open > 0 ? 'open' : 'done';
    walk.cancel(before);
    return ending;
  },
} satisfies StepKind<ForEachStep>;
