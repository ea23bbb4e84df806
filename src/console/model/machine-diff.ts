import type { DefinitionDiff, StepDifference, ValueDifference } from '../../core/definition/diff.js';
import { formatPlace, parsePlace } from './json-path.js';

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
