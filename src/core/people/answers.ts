import type { Problem } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { didYouMean, mustBeOneOf } from '../nearest.js';
import { toStorableJson } from '../storable-json.js';
import { parseDate } from '../time/dates.js';
import { type FormField, LONGEST_ANSWER } from './form-field.js';

/** What a form was filled in with. */
export interface CheckedAnswers {
  /** A value for each field; null where it was left empty. */
  values: JsonObject;
  /** What is wrong; the path of each is the field's name. */
  problems: Problem[];
  /** What must exist in the CRM, which only the host can tell. */
  users: { path: string; id: string }[];
  records: { path: string; module: string; id: string }[];
}

const LONGEST_ID = 200;
const NOT_EXACT = `must be a number from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`;

/** Checks the values that a form was filled in with. What nobody has filled in is null; an empty text is nothing. */
export function checkAnswers(fields: readonly FormField[], given: JsonObject): CheckedAnswers {
  const checked: CheckedAnswers = { values: {}, problems: [], users: [], records: [] };
  const names = fields.map(({ name }) => name);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    checked.problems.push({ path: name, message: `The form has no such field.${didYouMean(name, names)}` });
  }
  for (const field of fields) {
    const { name, label = name } = field;
    const value = Object.hasOwn(given, name) ? (given[name] ?? null) : null;
    checked.values[name] = null;
    if (value === null || (typeof value === 'string' && value.trim() === '')) {
      if (field.required) checked.problems.push({ path: name, message: `"${label}" has to be filled in.` });
      continue;
    }
    const problem = valueProblem(field, value);
    if (problem !== null) {
      checked.problems.push({ path: name, message: `"${label}" ${problem}.` });
      continue;
    }
    checked.values[name] = typeof value === 'string' ? toStorableJson(value) : value;
    if (field.type === 'user') checked.users.push({ path: name, id: String(value) });
    if (field.type === 'record') checked.records.push({ path: name, module: String(field.module), id: String(value) });
  }
  return checked;
}

/** What is wrong with a value of a field, to go on behind its name; null when nothing is. */
export function valueProblem(field: Omit<FormField, 'name'>, value: Exclude<Json, null>): string | null {
  const { type, min, max, options = [], maxLength = LONGEST_ANSWER } = field;
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'number':
    case 'money':
      if (typeof value !== 'number') return 'must be a number';
      if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return NOT_EXACT;
      if (typeof min === 'number' && value < min) return `must be at least ${min}`;
      return typeof max === 'number' && value > max ? `must be at most ${max}` : null;
    case 'date':
      if (!isDay(value)) return 'must be a date, such as 2030-01-31';
      if (min !== undefined && value < String(min)) return `must not be before ${min}`;
      return max !== undefined && value > String(max) ? `must not be after ${max}` : null;
    case 'choice':
      return typeof value === 'string' && options.includes(value) ? null : mustBeOneOf(value, options).replace(/\.$/, '');
    case 'text':
      if (typeof value !== 'string') return 'must be a text';
      return value.length > maxLength ? `must have at most ${maxLength} characters` : null;
    default:
      return typeof value === 'string' && value.length <= LONGEST_ID ? null : `must be the id of a ${type}, a text`;
  }
}

/** True for a calendar day as a date field of a form holds it. */
export function isDay(value: Json): value is string {
  return parseDate(value)?.form === 'day';
}
