/** A value that Postgres, JSON or a careless program chokes on; made anew for each use, since some are used up. */
export interface HostileValue {
  name: string;
  make(): unknown;
  /** Takes most of a second of computing: a few doors of the short form do. */
  slow?: true;
}

function deep(levels: number, wrap: (inside: unknown) => unknown): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < levels; level += 1) value = wrap(value);
  return value;
}

function circular(): object {
  const value: Record<string, unknown> = { name: 'round' };
  value.self = value;
  value.list = [value, { again: value }];
  return value;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function throwing(): never {
  throw new Error('do not look at me');
}

const named = (name: string, make: () => unknown): HostileValue => ({ name, make });
const literal = (name: string, value: unknown): HostileValue => ({ name, make: () => value });

/** Texts: the only hostile values that also fit where a text is asked for. */
export const HOSTILE_TEXTS: readonly HostileValue[] = [
  literal('U+0000', 'a\u0000b'),
  literal('nothing but U+0000', '\u0000'),
  literal('a lone high surrogate', 'x\ud800'),
  literal('a lone low surrogate', '\udfffy'),
  literal('half an emoji', '😀'.slice(0, 1)),
  literal('surrogates the wrong way round', '\udc00\ud800'),
  literal('non-characters', '\ufffe\uffff'),
  literal('a byte order mark and a right-to-left override', '\ufeffabc\u202edef'),
  literal('an escape that only looks like U+0000', '\\u0000'),
  literal('quotes, backslashes and a comment', `'; DROP TABLE automation.runs; -- \\ " \\'`),
  literal('an empty text', ''),
  named('10,000 letters', () => 'x'.repeat(10_000)),
  named('10,000 times U+0000', () => '\u0000'.repeat(10_000)),
];

/** Everything else. */
export const HOSTILE_VALUES: readonly HostileValue[] = [
  ...HOSTILE_TEXTS,
  named('objects 50,000 deep', () => deep(50_000, (inside) => ({ inside }))),
  named('lists 50,000 deep', () => deep(50_000, (inside) => [inside])),
  literal('1e400', Number('1e400')),
  literal('-1e400', Number('-1e400')),
  literal('NaN', Number.NaN),
  literal('-0', -0),
  literal('the largest number', Number.MAX_VALUE),
  literal('the smallest number', Number.MIN_VALUE),
  literal('a bigint of 400 digits', 10n ** 400n),
  literal('an invalid date', new Date(Number.NaN)),
  literal('a date after the year 9999', new Date(8.64e15)),
  literal('a date before Christ', new Date(-8.64e15)),
  named('the key __proto__', () => JSON.parse('{"__proto__":{"admin":true},"ok":1}')),
  literal('the keys constructor and prototype', { constructor: { prototype: { admin: true } }, prototype: 1, ok: 1 }),
  named('keys with U+0000 and half a pair', () => ({ '\u0000': 1, '\ud800': 2, '': 3, ' ': 4, 'a.b[0]': 5 })),
  named('keys named like methods', () => JSON.parse('{"toString":1,"hasOwnProperty":2,"valueOf":3,"toJSON":4,"then":5}')),
  named('a key of 10,000 letters', () => ({ ['k'.repeat(10_000)]: 1 })),
  named('what contains itself', circular),
  named('a getter that throws', () => Object.defineProperty({ ok: 1 }, 'bad', { get: throwing, enumerable: true })),
  named('a toJSON that throws', () => ({ toJSON: throwing })),
  named('a toJSON that answers itself', () => {
    const value = { toJSON: () => value };
    return value;
  }),
  named('a revoked proxy', revoked),
  named('a proxy that throws at everything', () => new Proxy({}, { get: throwing, ownKeys: throwing, getPrototypeOf: throwing })),
  named('an object without a prototype', () => Object.assign(Object.create(null), { ok: 1 })),
  literal('a symbol', Symbol('s')),
  literal('a function', () => 1),
  literal('undefined', undefined),
  literal('null', null),
  named(
    'a Map with odd keys',
    () =>
      new Map<unknown, unknown>([
        ['\u0000', 1],
        [{}, 2],
        [Symbol('k'), 3],
      ] as [unknown, unknown][]),
  ),
  named('a Set with a lone surrogate', () => new Set(['\ud800', Number.NaN])),
  named('bytes', () => Buffer.from([0, 255, 0xd8, 0])),
  named('an Error with a cause', () => new Error('a\u0000b', { cause: '\ud800' })),
  named('a list with holes', () => [1, undefined, () => 1, Symbol('in a list')].concat(new Array(3))),
  named('100,000 numbers', () => Array.from({ length: 100_000 }, (_, index) => index)),
  named('a text of 300 KB', () => 'x'.repeat(300_000)),
  {
    name: 'objects that share members and unfold to 2^40',
    slow: true,
    make() {
      let value: unknown = 'x';
      for (let level = 0; level < 40; level += 1) value = { left: value, right: value };
      return value;
    },
  },
];
