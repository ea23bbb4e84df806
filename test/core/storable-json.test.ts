import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../../src/core/json.js';
import { isForbiddenKey, jsonBytes, toStorableJson } from '../../src/core/storable-json.js';

/** What Postgres refuses in a text of jsonb. */
const refused = /[\0\ud800-\udfff]/u;

function texts(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...texts(member)]);
}

function nested(depth: number): unknown {
  let value: unknown = 'core';
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

describe('toStorableJson', () => {
  it.each<[string, unknown, Json]>([
    ['a text', 'Ada', 'Ada'],
    ['an emoji', 'ok 👍', 'ok 👍'],
    ['U+0000', 'a\0b\0', 'a\uFFFDb\uFFFD'],
    ['lone surrogates', '\ud800x\udc00', '\uFFFDx\uFFFD'],
    ['halves in the wrong order', '\udc4d\ud83d', '\uFFFD\uFFFD'],
    ['a whole number', 5, 5],
    ['minus zero', -0, 0],
    ['1e400', JSON.parse('1e400'), null],
    ['NaN', Number.NaN, null],
    ['a boolean', false, false],
    ['null', null, null],
    ['undefined', undefined, null],
    ['a function', () => 1, null],
    ['a symbol', Symbol('s'), null],
    ['a bigint that is safe', 42n, 42],
    ['a bigint that is not', 2n ** 63n, '9223372036854775808'],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an invalid date', new Date(Number.NaN), null],
    ['a regular expression', /a\0?/g, '/a\\0?/g'],
    ['an error', Object.assign(new TypeError('bad\0'), { secret: 1 }), { name: 'TypeError', message: 'bad\uFFFD' }],
    [
      'a map',
      new Map<unknown, unknown>([
        ['a', 1],
        [2, new Date(0)],
      ]),
      { a: 1, 2: '1970-01-01T00:00:00.000Z' },
    ],
    ['a set', new Set([1, 'a', undefined]), [1, 'a', null]],
    ['a buffer', Buffer.from('hi'), 'aGk='],
    ['a view on some bytes', new Uint8Array(Buffer.from('-hi-')).subarray(1, 3), 'aGk='],
    ['an array buffer', new Uint8Array([104, 105]).buffer, 'aGk='],
    ['boxed values', [Object('a\0'), Object(1), Object(true)], ['a\uFFFD', 1, true]],
    ['a url', new URL('https://a.test/x'), 'https://a.test/x'],
    ['a list', [1, undefined, () => 1, [null]], [1, null, null, [null]]],
    ['a list with holes', Array(2), [null, null]],
    ['an object', { a: 1, b: undefined, c: () => 1, d: Symbol('s'), e: { f: [] } }, { a: 1, e: { f: [] } }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['bad characters in names', { 'a\0': 1, '\ud800': 2 }, { 'a\uFFFD': 1, '\uFFFD': 2 }],
  ])('makes storable JSON of %s', (_, value, expected) => {
    expect(toStorableJson(value)).toStrictEqual(expected);
  });

  it('drops the names that reach a prototype, wherever they come from', () => {
    const parsed = JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},"prototype":1,"safe":{"__proto__":[]}}');
    const result = toStorableJson([parsed, new Map([['__proto__', 1]])]);
    expect(JSON.stringify(result)).toBe('[{"safe":{}},{}]');
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('takes the own members of an instance, not what its class gives', () => {
    class Lead {
      name = 'Ada';
      get shout() {
        return this.name.toUpperCase();
      }
      greet() {
        return 'hello';
      }
    }
    expect(toStorableJson(new Lead())).toEqual({ name: 'Ada' });
  });

  it('asks an object for its toJSON, once', () => {
    class Money {
      constructor(readonly amount: bigint) {}
      toJSON() {
        return { amount: this.amount, at: new Date(0), toJSON: () => 'asked again' };
      }
    }
    expect(toStorableJson(new Money(5n))).toEqual({ amount: 5, at: '1970-01-01T00:00:00.000Z' });
    expect(toStorableJson({ toJSON: () => [1, 2n] })).toEqual([1, 2]);
    expect(toStorableJson({ toJSON: () => new Date(0) })).toBe('1970-01-01T00:00:00.000Z');
    expect(toStorableJson({ toJSON: () => 'text\0' })).toBe('text\uFFFD');
    expect(toStorableJson([{ toJSON: () => null }, { toJSON: () => undefined }])).toEqual([null, null]);
    expect(toStorableJson({ toJSON: 'a field' })).toEqual({ toJSON: 'a field' });
  });

  it('marks what refers back to itself, and keeps what is only shared', () => {
    const shared = { a: 1 };
    const circle: Record<string, unknown> = { shared, again: shared };
    circle.self = circle;
    circle.list = [circle];
    const looped: { toJSON?: () => unknown } = {};
    looped.toJSON = () => ({ looped });
    expect(toStorableJson(circle)).toEqual({ shared: { a: 1 }, again: { a: 1 }, self: '[circular]', list: ['[circular]'] });
    expect(toStorableJson(looped)).toEqual({ looped: '[circular]' });
  });

  it('cuts what is nested deeper than the limit', () => {
    expect(toStorableJson(nested(64))).toEqual(nested(64));
    expect(toStorableJson([[['x']]], { maxDepth: 2 })).toEqual([['[too deep]']]);
    expect(toStorableJson({ a: { b: 1 } }, { maxDepth: 0 })).toBe('[too deep]');
  });

  it.each([undefined, 1_000_000])('survives a value 50,000 deep (limit %p)', (maxDepth) => {
    const json = JSON.stringify(toStorableJson(nested(50_000), { maxDepth }));
    expect(json).toContain('[too deep]');
    expect(json.length).toBeLessThan(5_000);
  });

  it('loses no more than the one value that cannot be read', () => {
    const hostile = {
      before: 1,
      get broken() {
        throw new Error('no');
      },
      json: {
        toJSON() {
          throw new Error('no');
        },
      },
      after: 2,
    };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    expect(toStorableJson({ revoked: revoked.proxy })).toEqual({ revoked: '[unreadable]' });
    expect(toStorableJson(hostile)).toEqual({ before: 1, broken: '[unreadable]', json: '[unreadable]', after: 2 });
    expect(toStorableJson(revoked.proxy)).toBe('[unreadable]');
  });

  it('stops unfolding objects that share members without end', () => {
    let bomb: unknown = 'x';
    for (let level = 0; level < 40; level++) bomb = level % 2 === 0 ? [bomb, bomb] : { left: bomb, right: bomb };
    const json = JSON.stringify(toStorableJson(bomb));
    expect(json).toContain('[too large]');
    expect(json.length).toBeLessThan(50_000_000);
  });

  it('gives a copy: later changes of the value do not reach it', () => {
    const value = { list: [1], inner: { a: 1 } };
    const stored = toStorableJson(value);
    value.list.push(2);
    value.inner.a = 2;
    expect(stored).toEqual({ list: [1], inner: { a: 1 } });
  });

  it('keeps every JSON value that Postgres accepts as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const written = JSON.parse(JSON.stringify(value)) as Json;
        fc.pre(!texts(written).some((text) => refused.test(text) || isForbiddenKey(text)));
        expect(JSON.stringify(toStorableJson(value))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('makes of anything at all JSON that can be written, read back and stored', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withBoxedValues: true,
      withObjectString: true,
      withSparseArray: true,
      key: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', 'prototype', 'a\0', '\ud800')),
      values: [
        fc.string({ unit: 'binary' }),
        fc.double(),
        fc.constantFrom('\0', '\udfff', Number.POSITIVE_INFINITY, -0),
        fc.func(fc.nat()),
      ],
      maxDepth: 5,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const stored = toStorableJson(value);
        expect(JSON.parse(JSON.stringify(stored))).toStrictEqual(stored);
        expect(texts(stored).some((text) => refused.test(text))).toBe(false);
        expect(toStorableJson(stored)).toStrictEqual(stored);
      }),
      { numRuns: 500 },
    );
  });
});

describe('jsonBytes', () => {
  it.each<[Json, number]>([
    [null, 4],
    ['aä👍', 9],
    [{ a: [1, true] }, 14],
  ])('counts %j as it is written in UTF-8', (value, bytes) => {
    expect(jsonBytes(value)).toBe(bytes);
  });
});

describe('isForbiddenKey', () => {
  it('knows the three names that reach a prototype', () => {
    expect(['__proto__', 'constructor', 'prototype'].every(isForbiddenKey)).toBe(true);
    expect(['proto', 'toString', '', 'Constructor'].some(isForbiddenKey)).toBe(false);
  });
});
