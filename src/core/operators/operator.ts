import type { FieldType, ModuleDescription } from '../catalog.js';
import type { ConditionSubject } from '../condition/subject.js';
import type { Json } from '../json.js';
import type { ParsedPath } from '../scope.js';

/**
 * The answer of one test. A text is a failed test with its reason, in words for the explanation: an empty field, a
 * value of the wrong type. Texts rather than objects, so that the ordinary answers cost no allocation.
 */
export type Verdict = boolean | string;

/** Judges the value of a field. `seen` is null where there is no value. Never throws. */
export type Judge = (seen: Json, subject: ConditionSubject) => Verdict;

/** Why a value cannot be used, in words for the explanation. */
export class Unfit {
  constructor(readonly note: string) {}
}

/** The value side of a test, ready to be read. */
export interface Operand {
  /** True when every subject reads the same value. */
  constant: boolean;
  /** The value for this subject; lists and pairs are read through. Never throws. */
  read(subject: ConditionSubject): Json | Unfit;
}

/** Reads one value of a subject; undefined where there is none. */
export type Reader = (subject: ConditionSubject) => Json | undefined;

/** What an operator gets to build its judge from. */
export interface TestSetup {
  /** What the tested field holds; null when nobody has said (context, trigger, related records). */
  type: FieldType | null;
  path: ParsedPath;
  /** Reads another path of the subject, compiled as the tested one is. */
  reader(path: ParsedPath): Reader;
  caseSensitive: boolean;
  module: ModuleDescription | null;
  value: Operand;
}

/**
 * What `value` looks like in a test.
 * - `none`: absent
 * - `one`: one value
 * - `pattern`: a regular expression, literal
 * - `list`: a list of values, not empty, or one operand that yields a list
 * - `members`: the same, and may be empty
 * - `range`: `[lowest, highest]`, both included
 * - `amount`: `{ amount, unit }`
 * - `period`: `week`, `month`, `quarter` or `year`
 * - `change`: `{ from, to }`
 */
export type ValueShape = 'none' | 'one' | 'pattern' | 'list' | 'members' | 'range' | 'amount' | 'period' | 'change';

/**
 * What the values are: of the tested field's own type (`field`), a number or a date by that type (`order`), what its
 * lists hold (`member`), or always of one type.
 */
export type ValueKind = 'field' | 'order' | 'member' | 'text' | 'number' | 'date';

/** One operator of conditions. A new one is one entry in its family's list. */
export interface Operator {
  name: string;
  /** As it reads between a field and a value: `is greater than`. */
  label: string;
  /** The types of fields it fits; fields of unknown type are judged by their values. */
  types: readonly FieldType[] | 'any';
  value: ValueShape;
  kind: ValueKind;
  /** Where not every field will do: null when this one will, else why not, in a sentence. */
  fits?(path: ParsedPath, module: ModuleDescription | null): string | null;
  /** Compiles a test, once. The setup has passed the checks of `conditionProblems`. */
  judge(setup: TestSetup): Judge;
}

/** The note on an ordering against nothing. */
export const EMPTY_NOTE = 'the field is empty';

/** The kind of a value in words: `a text`, `a number`. */
function kindOf(value: NonNullable<Json>): string {
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return Array.isArray(value) ? 'a list' : 'an object';
  }
}

/** The note on a value that an operator cannot judge. */
export function mismatch(seen: NonNullable<Json>, wanted: string): string {
  return `the field holds ${kindOf(seen)}, not ${wanted}`;
}

/** The note on a value to compare with that an operator cannot use. */
export function unfitValue(value: Json, wanted: string): Unfit {
  return new Unfit(value === null ? 'the value to compare with is empty' : `the value to compare with is ${kindOf(value)}, not ${wanted}`);
}

/**
 * A judge that compares with an operand. `build` makes the judge for one value to compare with, or says why there can
 * be none: for a constant operand here, once; for others at each test.
 */
export function comparing(operand: Operand, build: (value: Json) => Judge | Unfit): Judge {
  if (operand.constant) return judgeFor(operand.read(NO_SUBJECT), build);
  return (seen, subject) => judgeFor(operand.read(subject), build)(seen, subject);
}

/** Constant operands do not look at the subject. */
const NO_SUBJECT = Object.freeze({}) as ConditionSubject;

function judgeFor(value: Json | Unfit, build: (value: Json) => Judge | Unfit): Judge {
  const judge = value instanceof Unfit ? value : build(value);
  return judge instanceof Unfit ? () => judge.note : judge;
}

/** The opposite answer; a test that failed for a reason still fails. */
export function negated(judge: Judge): Judge {
  return (seen, subject) => {
    const verdict = judge(seen, subject);
    return typeof verdict === 'string' ? verdict : !verdict;
  };
}

/** The note where dates cannot be told because the zone is not one. */
export const UNKNOWN_ZONE_NOTE = 'the time zone is not known';
