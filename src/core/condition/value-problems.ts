import type { Catalog, FieldType, ModuleDescription } from '../catalog.js';
import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { didYouMean, mustBeOneOf } from '../nearest.js';
import { PERIODS, UNITS } from '../operators/date.js';
import { foldCase } from '../operators/letter-case.js';
import { type Operator, Unfit, type ValueShape } from '../operators/operator.js';
import { compilePattern } from '../operators/text.js';
import { parsePath } from '../scope.js';
import { compileTemplate, hasExpression, templateProblems } from '../template/template.js';
import { compareDates, parseDate } from '../time/dates.js';
import { durationMistake } from '../time/duration.js';
import { findField } from './field-types.js';

/** The tested field and operator that a value belongs to. */
export interface ValueSite {
  operator: Operator;
  /** The type of the tested field; null where it is not known. */
  type: FieldType | null;
  /** The values that it may hold, where they are fixed. */
  options?: readonly string[];
  caseSensitive: boolean;
  module: ModuleDescription | null;
  catalog: Catalog | null;
}

/**
 * What a single value has to be: `single` is any text, number or boolean, `any` a list of texts too, `order` a number or
 * a date. What passes for a known type passes for an unknown one: published versions are read without a catalog.
 */
type Wanted = 'text' | 'number' | 'boolean' | 'date' | 'list' | 'single' | 'any' | 'order';

/** What is wrong with the value of a test. `value` is undefined where the test has none. */
export function valueProblems(value: Json | undefined, path: string, site: ValueSite): Problem[] {
  const { name, value: shape } = site.operator;
  if (shape !== 'none' && value === undefined) return [{ path, message: `"${name}" needs a value: ${SHAPE_WORDS[shape]}.` }];
  return SHAPES[shape](value ?? null, path, site);
}

const SHAPE_WORDS: Readonly<Record<Exclude<ValueShape, 'none'>, string>> = {
  one: 'one value',
  pattern: 'a regular expression',
  list: 'a list of values',
  members: 'a list of values',
  range: 'a list of two values, the lowest and the highest',
  amount: 'an amount and a unit, such as { "amount": 7, "unit": "day" }',
  period: `one of ${PERIODS.join(', ')}`,
  change: 'the values before and after, such as { "from": …, "to": … }',
};

type ShapeCheck = (value: Json, path: string, site: ValueSite) => Problem[];

const SHAPES: Readonly<Record<ValueShape, ShapeCheck>> = {
  none: (value, path, { operator }) => (value === null ? [] : [{ path, message: `"${operator.name}" takes no value.` }]),
  one: (value, path, site) => oneProblems(value, path, site, wantedOf(site)),
  pattern: patternProblems,
  list: (value, path, site) => listProblems(value, path, site, 1),
  members: (value, path, site) => listProblems(value, path, site, 0),
  range: rangeProblems,
  amount: amountProblems,
  period: (value, path) =>
    PERIODS.some((period) => period === value) ? [] : [{ path, message: `The period ${mustBeOneOf(value, PERIODS)}` }],
  change: changeProblems,
};

/** What the operator's values have to be on this field. */
function wantedOf({ operator, type }: ValueSite): Wanted {
  switch (operator.kind) {
    case 'field':
      return BY_TYPE[type ?? 'json'];
    case 'member':
      return type === 'list' ? 'text' : 'single';
    case 'order':
      return type === null || type === 'json' ? 'order' : BY_TYPE[type];
    default:
      return operator.kind;
  }
}

const BY_TYPE: Readonly<Record<FieldType, Wanted>> = {
  text: 'text',
  number: 'number',
  money: 'number',
  boolean: 'boolean',
  date: 'date',
  datetime: 'date',
  list: 'list',
  json: 'any',
};

const WANTED_WORDS: Readonly<Record<Wanted, string>> = {
  text: 'a text',
  number: 'a number',
  boolean: 'true or false',
  date: 'a date in ISO 8601, such as "2024-05-01" or "2024-05-01T09:00:00Z"',
  list: 'a list of texts',
  single: 'a text, a number, true or false',
  any: 'a text, a number, true or false, a list of texts',
  order: 'a number or a date',
};

/** Where a value may come from a field of one of these types; of unknown type it always may. */
const SOURCES: Readonly<Record<Wanted, readonly FieldType[]>> = {
  text: ['text'],
  number: ['number', 'money'],
  boolean: ['boolean'],
  date: ['date', 'datetime'],
  list: ['list'],
  single: ['text', 'number', 'money', 'boolean', 'date', 'datetime'],
  any: ['text', 'number', 'money', 'boolean', 'date', 'datetime', 'list'],
  order: ['number', 'money', 'date', 'datetime'],
};

/** Checks a value that is one: a literal, a text with expressions, a field or a relative date. */
function oneProblems(value: Json, path: string, site: ValueSite, wanted: Wanted): Problem[] {
  if (typeof value === 'string' && hasExpression(value)) return textProblems(value, path, site);
  if (isJsonObject(value)) return operandProblems(value, path, site, wanted);
  if (value === null && site.operator.kind === 'field') return [];
  if (value === '' && site.operator.kind === 'text')
    return [{ path, message: 'The value must not be empty: nothing would ever be found.' }];
  return isLiteral(value, wanted) ? optionProblems(value, path, site) : [{ path, message: `The value must be ${WANTED_WORDS[wanted]}.` }];
}

/**
 * A value that the field never holds. Told against a catalog only, when a definition is saved: a published one goes on when
 * the host takes a value off its list.
 */
function optionProblems(value: Json, path: string, { operator, options, caseSensitive, catalog }: ValueSite): Problem[] {
  if (!options || catalog === null || (operator.kind !== 'field' && operator.kind !== 'member')) return [];
  return [value].flat().flatMap((one) => outsideProblem(String(one), options, path, caseSensitive));
}

/** A problem when a text is none of those that there are. */
export function outsideProblem(value: string, options: readonly string[], path: string, caseSensitive = false): Problem[] {
  const plain = (text: string): string => (caseSensitive ? text : foldCase(text));
  if (options.some((option) => plain(option) === plain(value))) return [];
  return [{ path, message: `There is no value "${value}".${didYouMean(value, options)} Values are: ${options.join(', ')}.` }];
}

function isLiteral(value: Json, wanted: Wanted): boolean {
  switch (wanted) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'date':
      return parseDate(value) !== null;
    case 'order':
      return Number.isFinite(value) || parseDate(value) !== null;
    case 'list':
      return Array.isArray(value) && value.every((item) => typeof item === 'string' && !hasExpression(item));
    case 'any':
      return isLiteral(value, 'single') || isLiteral(value, 'list');
    default:
      return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  }
}

/** A text with expressions must compile, and read fields that exist. */
function textProblems(text: string, path: string, site: ValueSite): Problem[] {
  const problems = templateProblems(text, path);
  if (problems.length > 0) return problems;
  return compileTemplate(text).paths.flatMap((field) => {
    const finding = fieldFinding(field, site);
    return 'problem' in finding ? [{ path, message: finding.problem }] : [];
  });
}

function fieldFinding(field: Json | undefined, site: ValueSite): ReturnType<typeof findField> {
  const parsed = typeof field === 'string' ? parsePath(field) : null;
  return parsed === null ? { problem: 'This must be the path of a field.' } : findField(parsed, site.module, site.catalog);
}

function operandProblems(value: JsonObject, path: string, site: ValueSite, wanted: Wanted): Problem[] {
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === 'field') return fieldOperandProblems(value, path, site, wanted);
  if (keys.length === 1 && keys[0] === 'fromNow') return momentProblems(value, path, wanted);
  return [{ path, message: `The value must be ${WANTED_WORDS[wanted]}, { "field": … } or { "fromNow": … }.` }];
}

function fieldOperandProblems({ field }: JsonObject, path: string, site: ValueSite, wanted: Wanted): Problem[] {
  const finding = fieldFinding(field, site);
  if ('problem' in finding) return [{ path: `${path}.field`, message: finding.problem }];
  const { type } = finding;
  if (type === null || type === 'json' || SOURCES[wanted].includes(type)) return [];
  return [{ path: `${path}.field`, message: `The field must hold ${WANTED_WORDS[wanted]}; its type is ${type}.` }];
}

/** What a moment counted from now can stand for. */
const DATED: readonly Wanted[] = ['date', 'order', 'single', 'any'];

function momentProblems({ fromNow }: JsonObject, path: string, wanted: Wanted): Problem[] {
  if (!DATED.includes(wanted)) return [{ path, message: `The value must be ${WANTED_WORDS[wanted]}, not a date.` }];
  const mistake = durationMistake(fromNow, '-P7D or PT2H');
  return mistake === null ? [] : [{ path: `${path}.fromNow`, message: `"fromNow" ${mistake}.` }];
}

function patternProblems(value: Json, path: string, { caseSensitive }: ValueSite): Problem[] {
  if (typeof value !== 'string') return [{ path, message: 'The value must be a text: a regular expression.' }];
  if (hasExpression(value)) return [{ path, message: 'A regular expression cannot hold {{ }}: it is checked before it is used.' }];
  const pattern = compilePattern(value, caseSensitive);
  return pattern instanceof Unfit ? [{ path, message: sentence(pattern.note) }] : [];
}

function sentence(note: string): string {
  return `${note.charAt(0).toUpperCase()}${note.slice(1)}.`;
}

function listProblems(value: Json, path: string, site: ValueSite, least: number): Problem[] {
  // One operand may stand for the whole list.
  if (!Array.isArray(value)) {
    const isOperand = isJsonObject(value) || (typeof value === 'string' && hasExpression(value));
    return isOperand ? oneProblems(value, path, site, 'list') : [{ path, message: 'The value must be a list of values.' }];
  }
  if (value.length < least) return [{ path, message: 'The list must have at least one value.' }];
  const wanted = wantedOf(site);
  return value.flatMap((item, index) => oneProblems(item, `${path}[${index}]`, site, wanted === 'any' ? 'single' : wanted));
}

function rangeProblems(value: Json, path: string, site: ValueSite): Problem[] {
  if (!Array.isArray(value) || value.length !== 2) return [{ path, message: `The value must be ${SHAPE_WORDS.range}.` }];
  const problems = value.flatMap((item, index) => oneProblems(item, `${path}[${index}]`, site, wantedOf(site)));
  if (problems.length > 0) return problems;
  const [low = null, high = null] = value;
  if (typeof low === 'number' && typeof high === 'number') return low <= high ? [] : [{ path, message: LOW_FIRST }];
  if (isJsonObject(low) || isJsonObject(high) || isTemplate(low) || isTemplate(high)) return [];
  const from = parseDate(low);
  const to = parseDate(high);
  if (from === null || to === null) return [{ path, message: 'The values must be two numbers or two dates.' }];
  // What clocks show cannot be compared with a moment before the zone is known.
  return from.form === to.form && compareDates(from, to, 'UTC') > 0 ? [{ path, message: LOW_FIRST }] : [];
}

const LOW_FIRST = 'The first value must not be above the second.';

function isTemplate(value: Json): boolean {
  return typeof value === 'string' && hasExpression(value);
}

const LARGEST_AMOUNT = 10_000;

function amountProblems(value: Json, path: string): Problem[] {
  if (!isJsonObject(value)) return [{ path, message: `The value must be ${SHAPE_WORDS.amount}.` }];
  const { amount, unit, ...others } = value;
  const problems = unknownKeys(others, path, ['amount', 'unit']);
  if (!Number.isInteger(amount) || (amount as number) < 1 || (amount as number) > LARGEST_AMOUNT)
    problems.push({ path: `${path}.amount`, message: `"amount" must be a whole number from 1 to ${LARGEST_AMOUNT}.` });
  if (!UNITS.some((known) => known === unit)) problems.push({ path: `${path}.unit`, message: `"unit" ${mustBeOneOf(unit, UNITS)}` });
  return problems;
}

function changeProblems(value: Json, path: string, site: ValueSite): Problem[] {
  if (!isJsonObject(value) || value.from === undefined || value.to === undefined)
    return [{ path, message: `The value must be ${SHAPE_WORDS.change}.` }];
  const { from, to, ...others } = value;
  const wanted = wantedOf(site);
  return [
    ...unknownKeys(others, path, ['from', 'to']),
    ...oneProblems(from, `${path}.from`, site, wanted),
    ...oneProblems(to, `${path}.to`, site, wanted),
  ];
}

/** A problem for each member that should not be there. */
export function unknownKeys(others: JsonObject, path: string, known: readonly string[]): Problem[] {
  return Object.keys(others).map((key) => ({
    path: path === '' ? key : `${path}.${key}`,
    message: `This is not known here.${didYouMean(key, known)} Known are: ${known.join(', ')}.`,
  }));
}
