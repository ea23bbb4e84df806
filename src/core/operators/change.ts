import type { FieldType, ModuleDescription } from '../catalog.js';
import type { ConditionSubject } from '../condition/subject.js';
import type { FieldChange } from '../event.js';
import { isJsonObject, type Json } from '../json.js';
import { type ParsedPath, readMember } from '../scope.js';
import { plainDay } from '../time/dates.js';
import { notANumber, readNumber } from './number.js';
import { comparing, type Judge, type Operator, type TestSetup, Unfit, type Verdict } from './operator.js';
import { equalTo, sameJson } from './values.js';

const NUMBERS: readonly FieldType[] = ['number', 'money'];

/**
 * The operators for what happened to a field of the record. They look at the event's changes and, where it names none,
 * compare the record with the one before. Of a new record nothing is known from before, so nothing was changed.
 */
export const CHANGE_OPERATORS: readonly Operator[] = [
  { name: 'changed', label: 'was changed', ...field('none'), judge: (setup) => onChange(setup, () => true) },
  { name: 'not_changed', label: 'was not changed', ...field('none'), judge: notChanged },
  { name: 'changed_from', label: 'was changed from', ...field('one'), judge: (setup) => onEqual(setup, (change) => change.from) },
  { name: 'changed_to', label: 'was changed to', ...field('one'), judge: (setup) => onEqual(setup, (change) => change.to) },
  { name: 'changed_from_to', label: 'was changed from and to', ...field('change'), judge: changedFromTo },
  { name: 'was', label: 'was before', ...field('one'), judge: was },
  { name: 'increased', label: 'was increased', ...number('none'), judge: (setup) => onChange(setup, (change) => byMore(change, 1, 0)) },
  { name: 'decreased', label: 'was decreased', ...number('none'), judge: (setup) => onChange(setup, (change) => byMore(change, -1, 0)) },
  { name: 'increased_by', label: 'was increased by at least', ...number('one'), judge: (setup) => byAtLeast(setup, 1) },
  { name: 'decreased_by', label: 'was decreased by at least', ...number('one'), judge: (setup) => byAtLeast(setup, -1) },
];

function field(value: 'none' | 'one' | 'change'): Pick<Operator, 'types' | 'value' | 'kind' | 'fits'> {
  return { types: 'any', value, kind: 'field', fits: ownField };
}

function number(value: 'none' | 'one'): Pick<Operator, 'types' | 'value' | 'kind' | 'fits'> {
  return { types: NUMBERS, value, kind: 'number', fits: ownField };
}

/** Changes are only known of the record that the event is about. */
function ownField({ root, segments }: ParsedPath, module: ModuleDescription | null): string | null {
  if (root !== 'record' || segments.length === 0) return 'Changes are known only of fields of the record.';
  const related = segments.length > 1 && module?.relations.some(({ name }) => name === segments[0]);
  return related ? 'Changes of related records are not known.' : null;
}

const NOT_CHANGED = 'the field was not changed';
const UNKNOWN = 'what the field held before is not known';

/** Reads what happened to the tested field: the change, or a note where there is none. */
function changeReader({ path, reader, type }: TestSetup): (subject: ConditionSubject) => FieldChange | string {
  const [name = '', ...below] = path.segments;
  const after = reader(path);
  const before = reader({ root: 'previous', segments: path.segments });
  const value = (raw: Json | undefined): Json => (type === 'date' ? plainDay(raw) : raw) ?? null;
  const between = (from: Json | undefined, to: Json | undefined) => {
    const change = { from: value(from), to: value(to) };
    return sameJson(change.from, change.to) ? NOT_CHANGED : change;
  };
  return (subject) => {
    if (Object.hasOwn(subject.changes, name)) {
      const change: unknown = subject.changes[name];
      if (!isJsonObject(change)) return UNKNOWN;
      return between(readMember(change.from, below), readMember(change.to, below));
    }
    if (hasMembers(subject.changes)) return NOT_CHANGED;
    const from = before(subject);
    if (from === undefined) return subject.previous === null ? UNKNOWN : NOT_CHANGED;
    return between(from, after(subject));
  };
}

function hasMembers(changes: Record<string, FieldChange>): boolean {
  for (const _ in changes) return true;
  return false;
}

/** Judges a change where there is one; else the test fails with the reason. */
function onChange(setup: TestSetup, test: (change: FieldChange, subject: ConditionSubject) => Verdict): Judge {
  const changeOf = changeReader(setup);
  return (_seen, subject) => {
    const change = changeOf(subject);
    return typeof change === 'string' ? change : test(change, subject);
  };
}

function notChanged(setup: TestSetup): Judge {
  const changeOf = changeReader(setup);
  return (_seen, subject) => typeof changeOf(subject) === 'string';
}

function onEqual(setup: TestSetup, side: (change: FieldChange) => Json): Judge {
  return comparing(setup.value, (value) => {
    const equals = equalTo(value, setup);
    return equals instanceof Unfit ? equals : onChange(setup, (change, subject) => equals(side(change), subject));
  });
}

function changedFromTo(setup: TestSetup): Judge {
  return comparing(setup.value, (value) => {
    const { from, to } = value as { from: Json; to: Json };
    const isFrom = equalTo(from, setup);
    if (isFrom instanceof Unfit) return isFrom;
    const isTo = equalTo(to, setup);
    if (isTo instanceof Unfit) return isTo;
    return onChange(setup, (change, subject) => {
      const verdict = isFrom(change.from, subject);
      return verdict === true ? isTo(change.to, subject) : verdict;
    });
  });
}

/** What the field held before the event, whether or not the event changed it. */
function was(setup: TestSetup): Judge {
  const changeOf = changeReader(setup);
  return comparing(setup.value, (value) => {
    const equals = equalTo(value, setup);
    if (equals instanceof Unfit) return equals;
    return (seen, subject) => {
      const change = changeOf(subject);
      if (change === UNKNOWN) return UNKNOWN;
      return equals(typeof change === 'string' ? seen : change.from, subject);
    };
  });
}

function byAtLeast(setup: TestSetup, sign: 1 | -1): Judge {
  return comparing(setup.value, (value) => {
    const least = readNumber(value);
    return least instanceof Unfit ? least : onChange(setup, (change) => byMore(change, sign, least));
  });
}

/** More than zero, and not less than `least`. Decimals such as 0.1 + 0.2 carry an error, which must not decide. */
function byMore({ from, to }: FieldChange, sign: 1 | -1, least: number): Verdict {
  if (typeof from !== 'number') return notANumber(from);
  if (typeof to !== 'number') return notANumber(to);
  const difference = sign * (to - from);
  const error = 4 * Number.EPSILON * Math.max(Math.abs(from), Math.abs(to));
  return difference > 0 && difference >= least - error;
}
