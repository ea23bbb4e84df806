import fc from 'fast-check';
import type { FieldType } from '../../../src/core/catalog.js';
import type { Condition, FieldTest } from '../../../src/core/condition/tree.js';
import type { RecordData } from '../../../src/core/event.js';
import type { Json } from '../../../src/core/json.js';
import { OPERATORS } from '../../../src/core/operators/index.js';
import { subjectOf } from '../operators/ask.js';

// Any condition and any subject of it, for properties.

const types: FieldType[] = ['text', 'number', 'money', 'boolean', 'date', 'datetime', 'list', 'json'];
// Braces would make templates of them, and broken ones are refused when the condition is compiled.
const text = fc.oneof(
  fc.constantFrom('a', 'A', 'b', ''),
  fc.string({ maxLength: 5 }).map((value) => value.replaceAll('{', '(')),
);
const date = fc.constantFrom('2024-05-15', '2024-05-15T12:00:00.000Z', '2024-05-01T09:00', '2020-02-29', '2024-05-20T00:00:00+02:00');
const json = fc.oneof(
  fc.constant(null),
  fc.integer({ min: -2, max: 2 }),
  fc.boolean(),
  text,
  date,
  fc.jsonValue({ maxDepth: 3 }),
) as fc.Arbitrary<Json>;
const literals: Record<FieldType, fc.Arbitrary<Json>> = {
  text,
  number: fc.integer({ min: -2, max: 2 }),
  money: fc.double({ noNaN: true, noDefaultInfinity: true }),
  boolean: fc.boolean(),
  date,
  datetime: fc.oneof(date, fc.constant({ fromNow: 'P1D' })),
  list: fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 3 }),
  json: fc.oneof(text, fc.integer({ min: -2, max: 2 }), fc.boolean()),
};

/** Tests that pass the checks, of every operator on every type that it fits. */
export const tests = fc
  .constantFrom(
    ...[...OPERATORS.values()].flatMap((operator) =>
      (operator.types === 'any' ? types : operator.types).map((type) => ({ operator, type })),
    ),
  )
  .chain(({ operator, type }): fc.Arbitrary<FieldTest> => {
    const kind =
      operator.kind === 'field' || operator.kind === 'order'
        ? type === 'json' && operator.kind === 'order'
          ? 'number'
          : type
        : operator.kind;
    const of = kind === 'member' ? text : literals[kind];
    const one =
      operator.kind === 'text' ? text.map((value) => `x${value}`.slice(0, 2)) : fc.oneof(of, fc.constant({ field: 'context.other' }));
    const value: fc.Arbitrary<Json | undefined> = {
      none: fc.constant(undefined),
      one,
      pattern: fc.constantFrom('a', '^a+$', '[a-z]\\d'),
      list: fc.array(of, { minLength: 1, maxLength: 3 }),
      members: fc.array(of, { maxLength: 3 }),
      range: fc.tuple(of, fc.constant({ field: 'context.other' })) as fc.Arbitrary<Json>,
      amount: fc.record({
        amount: fc.integer({ min: 1, max: 30 }),
        unit: fc.constantFrom('minute', 'hour', 'day', 'business_day', 'week', 'month'),
      }),
      period: fc.constantFrom('week', 'month', 'quarter', 'year'),
      change: fc.record({ from: of, to: of }),
    }[operator.value];
    const field = operator.name === 'has_role' ? 'actor' : type;
    return fc.record({ field: fc.constant(field), operator: fc.constant(operator.name), value, caseSensitive: fc.boolean() });
  });

/** Trees of them. */
export const trees = fc.letrec<{ tree: Condition }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tests,
    fc.record({ all: fc.array(tie('tree'), { maxLength: 4 }) }),
    fc.record({ any: fc.array(tie('tree'), { maxLength: 4 }) }),
    fc.record({ none: fc.array(tie('tree'), { maxLength: 4 }) }),
  ),
})).tree;

const records = fc.oneof(
  fc.constant(null),
  fc.record(Object.fromEntries(types.map((type) => [type, json])), { requiredKeys: [] }),
) as fc.Arbitrary<RecordData | null>;
/** What they may be asked about. */
export const subjects = fc
  .record({
    record: records,
    previous: records,
    changes: fc.dictionary(fc.constantFrom(...types), fc.record({ from: json, to: json }), { maxKeys: 3 }),
    context: fc.record({ other: json }, { requiredKeys: [] }),
    timezone: fc.constantFrom('UTC', 'America/New_York', 'Asia/Kolkata', 'Nowhere/Land'),
  })
  .map(subjectOf);
