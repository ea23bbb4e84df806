import type { Json, JsonObject } from '../json.js';
import { BOOLEAN_OPERATORS } from './boolean.js';
import { CHANGE_OPERATORS } from './change.js';
import { DATE_OPERATORS, PERIODS, UNITS } from './date.js';
import { EQUALITY_OPERATORS } from './equality.js';
import { LIST_OPERATORS } from './list.js';
import { NUMBER_OPERATORS } from './number.js';
import type { Operator } from './operator.js';
import { PEOPLE_OPERATORS } from './people.js';
import { RANGE_OPERATORS } from './range.js';
import { TEXT_OPERATORS } from './text.js';

const FAMILIES: readonly (readonly Operator[])[] = [
  EQUALITY_OPERATORS,
  TEXT_OPERATORS,
  NUMBER_OPERATORS,
  RANGE_OPERATORS,
  BOOLEAN_OPERATORS,
  LIST_OPERATORS,
  DATE_OPERATORS,
  CHANGE_OPERATORS,
  PEOPLE_OPERATORS,
];

/** Every operator by its name. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(FAMILIES.flat().map((operator) => [operator.name, operator]));

/** The operators as the catalog of the API lists them: `[{ name, label, types, value, … }]`. */
export function describeOperators(): JsonObject[] {
  return [...OPERATORS.values()].map(({ name, label, types, value, kind }) => ({
    name,
    label,
    types: types === 'any' ? types : [...types],
    value,
    kind,
    ...choices(value),
  }));
}

function choices(value: Operator['value']): Record<string, Json> {
  if (value === 'period') return { periods: [...PERIODS] };
  return value === 'amount' ? { units: [...UNITS] } : {};
}
