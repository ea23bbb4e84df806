import type { ModuleDescription } from '../catalog.js';
import { isJsonObject, type Json } from '../json.js';
import { shapeOf } from '../module-shape.js';
import { OPERATORS } from '../operators/index.js';
import { foldCase } from '../operators/letter-case.js';
import { EMPTY_NOTE } from '../operators/operator.js';
import { parsePath } from '../scope.js';
import type { Explanation } from './explanation.js';
import { type Flip, flipSets } from './flips.js';
import type { NearestMiss } from './nearest-miss.js';

/** How many tests a sentence names. */
const MOST_NAMED = 3;

/** Returns the name of a field as people know it; of all that is no field of the record its path. */
export function fieldWords(field: string, module: ModuleDescription | null): string {
  const { root = '', segments = [] } = parsePath(field) ?? {};
  const known = module && root === 'record' ? shapeOf(module).fields.get(segments.join('.')) : undefined;
  return known?.label ?? field;
}

/** Returns a value as it stands in a sentence: texts in quotes, so that blanks are seen; nothing as "empty". */
export function valueWords(value: Json): string {
  if (value === null) return 'empty';
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'number') return numberWords(value);
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.map(valueWords).join(', ');
  return isJsonObject(value) ? JSON.stringify(value) : String(value);
}

/** Four digits may be a year. */
const LEAST_GROUPED = 10_000;
const GROUPED = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 20 });

function numberWords(value: number): string {
  return Math.abs(value) < LEAST_GROUPED ? String(value) : GROUPED.format(value);
}

/** Returns why a condition did not hold: the tests that decided, with the values seen; null when it did hold. */
export function failureWords(explanation: Explanation, module: ModuleDescription | null): string | null {
  if (explanation.result) return null;
  const decisive = flipSets(explanation)[0] ?? [];
  if (decisive.length === 0) return 'The conditions do not hold, and nothing near would have made them hold.';
  const named = decisive.slice(0, MOST_NAMED).map((flip) => flipWords(flip, module));
  const left = decisive.length - named.length;
  return `${named.join('; ')}${left > 0 ? `; and ${left} more` : ''}.`;
}

/** Returns with what other values the condition would have held; null when none are known. */
export function nearestMissWords(misses: readonly NearestMiss[], module: ModuleDescription | null): string | null {
  if (misses.length === 0) return null;
  const ways = misses.map((miss) => miss.map((test) => `${fieldWords(test.field, module)} ${hadBeen(test)}`).join(' and '));
  return `It would have run if ${ways.join(', or if ')}.`;
}

function flipWords({ test, hold }: Flip, module: ModuleDescription | null): string {
  const name = fieldWords(test.field, module);
  const note = noteOf(test);
  const asked = [labelOf(test.operator), operandWords(test.operator, test.expected)].filter((part) => part !== '').join(' ');
  return `${name} was ${valueWords(test.seen)}${note}, and the condition ${hold ? 'asks for' : 'excludes'}: ${name} ${asked}`;
}

function noteOf({ note, seen, expected }: Flip['test']): string {
  if (note !== undefined && note !== EMPTY_NOTE) return ` (${note})`;
  if (typeof seen !== 'string' || typeof expected !== 'string' || seen === expected) return '';
  if (foldCase(seen) === foldCase(expected)) return ' (another letter case)';
  return foldCase(seen.replace(/\s+/g, '')) === foldCase(expected.replace(/\s+/g, '')) ? ' (other blanks)' : '';
}

/** Operators that a later release may have had are told by their names. */
function labelOf(operator: string): string {
  return OPERATORS.get(operator)?.label ?? operator;
}

/** `is greater than` becomes `had been greater than`, `does not contain` `had not contained`. */
function hadBeen({ operator, expected, hold }: NearestMiss[number]): string {
  const [verb = '', ...rest] = labelOf(operator).split(' ');
  const isNegated = rest[0] === 'not';
  const [main, ...others] = verb === 'does' ? rest.slice(1) : [verb, ...(isNegated ? rest.slice(1) : rest)];
  const had = isNegated === hold ? 'had not' : 'had';
  return [had, participle(main as string), ...others, operandWords(operator, expected)].filter((part) => part !== '').join(' ');
}

function participle(verb: string): string {
  if (verb === 'is' || verb === 'was') return 'been';
  return verb === 'has' ? 'had' : `${verb.replace(/(?<=ch)es$|s$/, '')}ed`;
}

function operandWords(operator: string, expected: Json): string {
  switch (OPERATORS.get(operator)?.value) {
    case 'none':
      return '';
    case 'range':
      return Array.isArray(expected) ? expected.map(valueWords).join(' and ') : valueWords(expected);
    case 'amount':
      return isJsonObject(expected)
        ? `${expected.amount} ${String(expected.unit).replace('_', ' ')}${expected.amount === 1 ? '' : 's'}`
        : '';
    case 'period':
      return String(expected);
    case 'change':
      return isJsonObject(expected) ? `${valueWords(expected.from ?? null)} to ${valueWords(expected.to ?? null)}` : '';
    default:
      return valueWords(expected);
  }
}
