import type { FieldType } from '../catalog.js';
import type { ConditionSubject } from '../condition/subject.js';
import type { Json } from '../json.js';
import { equalsPlain, folding, isAscii } from './letter-case.js';
import { comparing, type Judge, mismatch, negated, type Operator, type TestSetup, Unfit, unfitValue, type Verdict } from './operator.js';
import { type EqualityRules, equalTo } from './values.js';

/** All but lists, which have operators of their own for this. */
const SINGLE: readonly FieldType[] = ['text', 'number', 'money', 'boolean', 'date', 'datetime', 'json'];

/** The operators for fields of any type. */
export const EQUALITY_OPERATORS: readonly Operator[] = [
  { name: 'equals', label: 'is', types: 'any', value: 'one', kind: 'field', judge: equalsJudge },
  { name: 'not_equals', label: 'is not', types: 'any', value: 'one', kind: 'field', judge: (setup) => negated(equalsJudge(setup)) },
  { name: 'is_any_of', label: 'is any of', types: SINGLE, value: 'list', kind: 'field', judge: isAnyOf },
  { name: 'is_none_of', label: 'is none of', types: SINGLE, value: 'list', kind: 'field', judge: (setup) => negated(isAnyOf(setup)) },
  { name: 'is_empty', label: 'is empty', types: 'any', value: 'none', kind: 'field', judge: () => isEmpty },
  { name: 'is_not_empty', label: 'is not empty', types: 'any', value: 'none', kind: 'field', judge: () => (seen) => !isEmpty(seen) },
];

function equalsJudge(setup: TestSetup): Judge {
  return comparing(setup.value, (value) => equalTo(value, setup));
}

function isAnyOf(setup: TestSetup): Judge {
  return comparing(setup.value, (value) => (Array.isArray(value) ? anyOf(value, setup) : unfitValue(value, 'a list')));
}

function anyOf(list: Json[], rules: EqualityRules): Judge | Unfit {
  const isText = rules.type === 'text' || rules.type === null || rules.type === 'json';
  if (isText && list.every((item) => typeof item === 'string')) return anyOfTexts(list, rules.caseSensitive);
  const judges: Judge[] = [];
  for (const item of list) {
    const judge = equalTo(item, rules);
    if (judge instanceof Unfit) return judge;
    judges.push(judge);
  }
  return (seen, subject) => firstMatch(judges, seen, subject);
}

/** Up to so many texts are compared one by one: nearly all differ in the first letter, and nothing has to be folded. */
const FEW_TEXTS = 8;

/** Many texts are looked up, not compared one by one. */
function anyOfTexts(list: string[], caseSensitive: boolean): Judge {
  const fold = folding(caseSensitive);
  const folded = list.map(fold);
  const isOneOf = !caseSensitive && list.length <= FEW_TEXTS && list.every(isAscii) ? oneOfFew(folded) : oneOfMany(list, folded, fold);
  return (seen) => {
    if (typeof seen === 'string') return isOneOf(seen);
    return seen === null || list.length === 0 ? false : mismatch(seen, 'a text');
  };
}

function oneOfFew(folded: readonly string[]): (seen: string) => boolean {
  return (seen) => {
    for (let index = 0; index < folded.length; index++) if (equalsPlain(seen, folded[index] as string)) return true;
    return false;
  };
}

function oneOfMany(list: readonly string[], folded: readonly string[], fold: (text: string) => string): (seen: string) => boolean {
  const written: ReadonlySet<string> = new Set(list);
  const wanted: ReadonlySet<string> = new Set(folded);
  return (seen) => written.has(seen) || wanted.has(fold(seen));
}

function firstMatch(judges: readonly Judge[], seen: Json, subject: ConditionSubject): Verdict {
  let verdict: Verdict = false;
  for (const judge of judges) {
    const one = judge(seen, subject);
    if (one === true) return true;
    if (typeof one === 'string') verdict = one;
  }
  return verdict;
}

/** Nothing is there: null, an empty text, list or object. Zero and false are values. */
function isEmpty(seen: Json): boolean {
  if (typeof seen === 'string') return seen === '';
  if (typeof seen !== 'object') return false;
  return seen === null || (Array.isArray(seen) ? seen.length === 0 : Object.keys(seen).length === 0);
}
