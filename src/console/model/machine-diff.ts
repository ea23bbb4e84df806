import type { DefinitionDiff, StepDifference, ValueDifference } from '../../core/definition/diff.js';
import type { Json, JsonObject } from '../../core/json.js';
import { isObject } from './catalog.js';
import { diffDefinitions, diffValues } from './definition-diff.js';
import { formatPlace, isSameJson, parsePlace } from './json-path.js';

/** What is other in one state or transition; `code` null: in the machine as a whole. */
export interface PartDifference {
  kind: 'machine' | 'state' | 'transition';
  code: string | null;
  /** The whole part is new, or gone; null: it is there in both. */
  whole: ValueDifference | null;
  /** From the part on. */
  values: ValueDifference[];
  steps: StepDifference[];
}

const KINDS: Readonly<Record<string, 'state' | 'transition'>> = { states: 'state', transitions: 'transition' };

/** Returns a difference of two machines by the states and transitions that it is about, in the order in which they are told. */
export function byPart({ values, steps }: Pick<DefinitionDiff, 'values' | 'steps'>): PartDifference[] {
  const parts = new Map<string, PartDifference>();
  const partOf = (path: string): { part: PartDifference; rest: string } => {
    const [list, code, ...rest] = parsePlace(path);
    const kind = KINDS[String(list)];
    const isPart = kind !== undefined && code !== undefined;
    const key = isPart ? `${list} ${code}` : '';
    const part = parts.get(key) ?? {
      kind: isPart ? kind : 'machine',
      code: isPart ? String(code) : null,
      whole: null,
      values: [],
      steps: [],
    };
    parts.set(key, part);
    return { part, rest: isPart ? formatPlace(rest) : path };
  };
  for (const value of values) {
    const { part, rest } = partOf(value.path);
    if (rest === '') part.whole = value;
    else part.values.push({ ...value, path: rest });
  }
  for (const step of steps) partOf(step.to ?? step.from ?? '').part.steps.push(step);
  return [...parts.values()];
}

/**
 * What is other in the second of two drafts of a machine, told as the API tells it for versions: states and transitions by their
 * codes, steps by their ids.
 */
export function diffMachines(from: JsonObject, to: JsonObject): DefinitionDiff {
  const [before, after] = [byCode(from.transitions), byCode(to.transitions)];
  const values = diffValues(keyed(from), keyed(to), []);
  const orders = [from, to].map(({ transitions }) =>
    Object.keys(byCode(transitions) ?? {}).filter((code) => before?.[code] && after?.[code]),
  );
  const steps = Object.entries(after ?? {}).flatMap(([code, now]): StepDifference[] => {
    const then = before?.[code];
    if (then === undefined) return [];
    const at = (path: string | null): string | null => (path === null ? null : `transitions.${code}.${path}`);
    const { steps: told } = diffDefinitions({ steps: then.steps ?? [] }, { steps: now.steps ?? [] });
    return told.map((step) => ({ ...step, from: at(step.from), to: at(step.to) }));
  });
  if (!isSameJson(orders[0], orders[1])) {
    values.push({ path: 'transitions', change: 'changed', from: orders[0] ?? [], to: orders[1] ?? [] });
  }
  return { isSame: values.length === 0 && steps.length === 0, values, steps };
}

function keyed(definition: JsonObject): JsonObject {
  const { states, transitions, ...rest } = definition;
  const ways = byCode(transitions);
  const withoutSteps = ways && Object.fromEntries(Object.entries(ways).map(([code, { steps: _, ...own }]) => [code, own]));
  return { ...rest, states: byCode(states) ?? states ?? null, transitions: withoutSteps ?? transitions ?? null };
}

/** The parts by their codes; null for a list of which one has none, or the same as another one. */
function byCode(list: Json | undefined): Record<string, JsonObject> | null {
  if (!Array.isArray(list)) return null;
  const parts = list.filter(isObject).filter(({ code }) => typeof code === 'string');
  const found = Object.fromEntries(parts.map((part) => [part.code as string, part]));
  return Object.keys(found).length === list.length ? found : null;
}
