import type { ModuleDescription } from '../catalog.js';
import { isJsonObject, type Json } from '../json.js';
import type { ExplainedTest } from './flips.js';
import type { ConditionSubject } from './subject.js';

/** What a field might have held instead; or what it might have been changed from and to. */
export type Imagined = { value: Json } | { from: Json; to: Json };

/** Where nothing nearer is at hand. The first of a kind is taken, so their order is their likelihood. */
const PLAIN: readonly Json[] = [null, 'another', 1, 0, -1, true, false, [], ['another'], {}];
const DAY = 86_400_000;
/** Days from now that lie in every period that an operator may name, this one, the last and the next. */
const DAYS = [0, -1, 1, -7, 7, -31, 31, -92, 92, -366, 366, -3_660, 3_660];

/**
 * Values of the field of a test that may give it the other answer: what it was compared with and what lies next to that,
 * moments near now, who acted and who owns the record, and one of each kind. Whether they do is for the test itself to say.
 */
export function imagine({ seen, expected }: ExplainedTest, subject: ConditionSubject, module: ModuleDescription | null): Imagined[] {
  const owner = subject.record?.[module?.ownerField ?? ''] ?? null;
  const values = unique([
    ...near(expected),
    ...PLAIN,
    subject.actor.id,
    owner,
    ...around(subject.now.getTime()),
    ...(isJsonObject(seen) ? [{ ...seen, roles: [expected] }] : []),
  ]);
  return [...values.map((value) => ({ value })), ...changes(seen, expected)];
}

/** How many members of a list are tried: the whole condition may be asked again for each, and a list may have thousands. */
const MOST_MEMBERS = 20;

/** What a value was compared with, as it is, by its members, and what lies beside it. */
function near(expected: Json): Json[] {
  if (typeof expected === 'number') return [expected, expected + 1, expected - 1];
  if (typeof expected === 'string') {
    const ms = Date.parse(expected);
    return [expected, ...(Number.isNaN(ms) ? [] : datesAt(ms, [-1, 1]))];
  }
  if (Array.isArray(expected)) return [...expected.slice(0, MOST_MEMBERS).flatMap(near), expected];
  return [expected];
}

function around(now: number): Json[] {
  return datesAt(now, DAYS);
}

function datesAt(ms: number, days: readonly number[]): string[] {
  return days.map((day) => new Date(ms + day * DAY)).flatMap((at) => (Number.isNaN(at.getTime()) ? [] : [at.toISOString()]));
}

/** Changes that tests of what happened may ask for: from or to what they compare with, up or down by it, or none at all. */
function changes(seen: Json, expected: Json): Imagined[] {
  const pair =
    isJsonObject(expected) && 'from' in expected && 'to' in expected ? [{ from: expected.from as Json, to: expected.to as Json }] : [];
  const base = typeof seen === 'number' ? seen : 0;
  const by = typeof expected === 'number' ? Math.abs(expected) : 1;
  const others: Json[] = [null, 'another', 0, 1];
  return [
    ...pair,
    { from: seen, to: seen },
    ...others.map((other) => ({ from: other, to: expected })),
    ...others.map((other) => ({ from: expected, to: other })),
    { from: expected, to: seen },
    ...others.map((other) => ({ from: other, to: seen })),
    ...[by, by + 1].flatMap((step) => [
      { from: base - step, to: base },
      { from: base + step, to: base },
    ]),
  ];
}

function unique(values: readonly Json[]): Json[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const key = JSON.stringify(value);
    return !seen.has(key) && seen.add(key);
  });
}
