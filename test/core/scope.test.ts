import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../src/core/json.js';
import {
  formatPath,
  isScopeRoot,
  parsePath,
  type ReadableScope,
  readMember,
  resolvePath,
  rooted,
  SCOPE_ROOTS,
} from '../../src/core/scope.js';

const scope: ReadableScope = {
  record: {
    id: 'l-1',
    email: 'ada@acme.test',
    amount: 0,
    nickname: null,
    context: 'a field called like a variable',
    'full name': 'Ada',
    tags: ['a', 'b'],
    account: { industry: 'Retail' },
    parent: null,
    gone: undefined,
  },
  previous: null,
  changes: { stage: { from: 'New', to: 'Won' } },
  trigger: { body: { 'first.name': 'Ada', 'x-id': 7, lines: [{ sku: 'A' }] } },
  context: { score: 5 },
  steps: { lookup: { output: { id: 9 } }, quiet: { output: null } },
  actor: { type: 'user', id: 'u-1' },
  workflow: { id: 'w', code: 'W-1', name: 'Welcome', version: 2 },
  run: { id: 'r', startedAt: '2025-01-01T00:00:00.000Z' },
  now: '2025-01-01T00:00:00.000Z',
  timezone: 'UTC',
  item: { name: 'first' },
  index: 3,
};

describe('parsePath', () => {
  it.each([
    ['amount', 'record', ['amount']],
    ['account.industry', 'record', ['account', 'industry']],
    ['record', 'record', []],
    ['record.context', 'record', ['context']],
    ['context.score', 'context', ['score']],
    ['now', 'now', []],
    ['trigger.body.lines.0.sku', 'trigger', ['body', 'lines', '0', 'sku']],
    ['trigger.body.[first.name]', 'trigger', ['body', 'first.name']],
    ['[full name]', 'record', ['full name']],
    ['trigger.headers.x-id', 'trigger', ['headers', 'x-id']],
    ['größe', 'record', ['größe']],
  ])('takes %s apart', (path, root, segments) => {
    expect(parsePath(path)).toEqual({ root, segments });
  });

  it.each([
    '',
    ' ',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a[0]',
    '[a',
    '[]',
    'a.[b]c',
    '{{a}}',
    'a/b',
    '@index',
    '__proto__',
    'record.__proto__.x',
    'record.constructor',
    'prototype',
    'trigger.[__proto__]',
    'x'.repeat(501),
    Array(33).fill('a').join('.'),
  ])('refuses %j', (path) => {
    expect(parsePath(path)).toBeNull();
  });

  it('refuses what is not a text', () => {
    expect(parsePath(['a'] as unknown as string)).toBeNull();
  });

  it('takes 32 names, and no state is left behind by a refused path', () => {
    expect(parsePath(Array(32).fill('a').join('.'))?.segments).toHaveLength(32);
    expect(parsePath('abc.d e')).toBeNull();
    expect(parsePath('abc')).toEqual({ root: 'record', segments: ['abc'] });
  });

  it('reads back what formatPath writes', () => {
    const segment = fc.oneof(fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/), fc.stringMatching(/^[a-z .]{1,8}$/));
    fc.assert(
      fc.property(fc.constantFrom(...SCOPE_ROOTS), fc.array(segment, { maxLength: 5 }), (root, segments) => {
        fc.pre(!segments.some((name) => ['constructor', 'prototype'].includes(name)));
        expect(parsePath(formatPath({ root, segments }))).toEqual({ root, segments });
      }),
    );
  });
});

describe('rooted', () => {
  it('puts fields below the record, and nothing at all on the record itself', () => {
    expect(rooted(['stage'])).toEqual({ root: 'record', segments: ['stage'] });
    expect(rooted(['previous', 'stage'])).toEqual({ root: 'previous', segments: ['stage'] });
    expect(rooted([])).toEqual({ root: 'record', segments: [] });
  });
});

describe('isScopeRoot', () => {
  it('knows the variables and nothing else', () => {
    expect(SCOPE_ROOTS.every(isScopeRoot)).toBe(true);
    expect(['timezone', 'amount', 'toString', '__proto__', ''].some(isScopeRoot)).toBe(false);
  });
});

describe('resolvePath', () => {
  it('asks a variable that is made when it is read', () => {
    expect(resolvePath({ uuid: () => 'one' } as never, 'uuid')).toBe('one');
  });

  it.each([
    ['email', 'ada@acme.test'],
    ['record.email', 'ada@acme.test'],
    ['amount', 0],
    ['nickname', null],
    ['account.industry', 'Retail'],
    ['record.context', 'a field called like a variable'],
    ['context.score', 5],
    ['[full name]', 'Ada'],
    ['changes.stage.from', 'New'],
    ['trigger.body.[first.name]', 'Ada'],
    ['trigger.body.x-id', 7],
    ['trigger.body.lines.0.sku', 'A'],
    ['tags.1', 'b'],
    ['tags.length', 2],
    ['steps.lookup.output.id', 9],
    ['actor.id', 'u-1'],
    ['workflow.version', 2],
    ['run.id', 'r'],
    ['now', '2025-01-01T00:00:00.000Z'],
    ['item.name', 'first'],
    ['index', 3],
  ])('reads %s', (path, value) => {
    expect(resolvePath(scope, path)).toEqual(value);
  });

  it('is null behind a null: a record without a parent has no name of one', () => {
    expect(resolvePath(scope, 'parent.name')).toBeNull();
    expect(resolvePath(scope, 'steps.quiet.output.id')).toBeNull();
  });

  it.each([
    'emial',
    'gone',
    'account.size',
    'email.length',
    'amount.x',
    'tags.2',
    'tags.-1',
    'tags.01',
    'tags.push',
    'previous.stage',
    'steps.other.output',
    'timezone',
    'not a path',
  ])('has nothing at %s', (path) => {
    expect(resolvePath(scope, path)).toBeUndefined();
  });

  it('is null for a variable that is null, and nothing for one that is not there', () => {
    expect(resolvePath(scope, 'previous')).toBeNull();
    expect(resolvePath({ record: {} }, 'item')).toBeUndefined();
    expect(resolvePath({ record: {} }, 'item.name')).toBeUndefined();
  });

  it('reads a Date in `now` as ISO 8601', () => {
    expect(resolvePath({ now: new Date(0) }, 'now')).toBe('1970-01-01T00:00:00.000Z');
  });

  it('never sees what a prototype gives', () => {
    const inherited: JsonObject = Object.create({ secret: 'inherited' });
    for (const path of [
      'toString',
      'hasOwnProperty',
      'valueOf',
      '__defineGetter__',
      'tags.map',
      'account.toString',
      'secret',
      'trigger.secret',
    ]) {
      expect(resolvePath({ record: Object.assign(inherited, { tags: [], account: {} }), trigger: inherited }, path)).toBeUndefined();
    }
    expect(resolvePath(Object.create(scope) as ReadableScope, 'record.email')).toBeUndefined();
  });

  it('never throws, whatever the path', () => {
    fc.assert(fc.property(fc.string(), (path) => void resolvePath(scope, path)));
  });
});

describe('readMember', () => {
  it('reads the value itself where there are no names', () => {
    expect(readMember(5, [])).toBe(5);
    expect(readMember(undefined, ['a'])).toBeUndefined();
  });
});
