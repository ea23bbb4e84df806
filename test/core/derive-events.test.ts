import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventRule, ModuleDescription } from '../../src/core/catalog.js';
import { deriveEvents, diffRecords, sameJson } from '../../src/core/derive-events.js';
import type { RecordData } from '../../src/core/event.js';
import type { Json } from '../../src/core/json.js';

function moduleWith(...rules: [name: string, rule: EventRule][]): ModuleDescription {
  return {
    name: 'opportunities',
    singular: 'opportunity',
    label: 'Opportunities',
    fields: [],
    relations: [{ name: 'account', module: 'accounts' }],
    events: rules.map(([name, rule]) => ({ name, label: name, rule })),
  };
}

const opportunities = moduleWith(
  ['created', { on: 'created' }],
  ['updated', { on: 'updated' }],
  ['stage_changed', { on: 'changed', field: 'stage' }],
  ['closed_won', { on: 'changed', field: 'stage', to: ['Won', 'Won again'] }],
  ['closed_lost', { on: 'changed', field: 'stage', to: ['Lost'] }],
  ['converted', { on: 'custom' }],
  ['deleted', { on: 'deleted' }],
);

const names = (before: RecordData | null, after: RecordData | null) => deriveEvents(opportunities, before, after).map(({ event }) => event);

describe('deriveEvents', () => {
  it('tells a creation, and nothing else that a first value could look like', () => {
    expect(deriveEvents(opportunities, null, { id: '1', stage: 'Won' })).toEqual([{ event: 'created', changes: null }]);
  });

  it('tells a deletion', () => {
    expect(deriveEvents(opportunities, { id: '1', stage: 'Won' }, null)).toEqual([{ event: 'deleted', changes: null }]);
  });

  it('tells every event that a change amounts to, in the order of the module, each with all changes', () => {
    const changes = { stage: { from: 'New', to: 'Won' }, amount: { from: 1, to: 2 } };
    expect(deriveEvents(opportunities, { id: '1', stage: 'New', amount: 1 }, { id: '1', stage: 'Won', amount: 2 })).toEqual([
      { event: 'updated', changes },
      { event: 'stage_changed', changes },
      { event: 'closed_won', changes },
    ]);
  });

  it('tells apart the values that a rule asks for', () => {
    expect(names({ stage: 'New' }, { stage: 'Lost' })).toEqual(['updated', 'stage_changed', 'closed_lost']);
    expect(names({ stage: 'New' }, { stage: 'Won again' })).toEqual(['updated', 'stage_changed', 'closed_won']);
    expect(names({ stage: 'New' }, { stage: 'Open' })).toEqual(['updated', 'stage_changed']);
  });

  it('tells an update of another field without the field rules', () => {
    expect(names({ stage: 'Won', amount: 1 }, { stage: 'Won', amount: 2 })).toEqual(['updated']);
  });

  it('compares a wanted value by value, null included', () => {
    const module = moduleWith(
      ['tagged', { on: 'changed', field: 'tags', to: [['a', 'b']] }],
      ['freed', { on: 'changed', field: 'owner', to: [null] }],
    );
    expect(deriveEvents(module, { tags: [] }, { tags: ['a', 'b'] }).map(({ event }) => event)).toEqual(['tagged']);
    expect(deriveEvents(module, { owner: 'u-1' }, {}).map(({ event }) => event)).toEqual(['freed']);
  });

  it.each<[string, RecordData | null, RecordData | null]>([
    ['nothing changed', { id: '1', tags: ['a'], x: null }, { id: '1', tags: ['a'] }],
    ['only a nested related record changed', { account: { name: 'A' } }, { account: { name: 'B' } }],
    ['there is no record at all', null, null],
  ])('tells nothing when %s', (_, before, after) => {
    expect(deriveEvents(opportunities, before, after)).toEqual([]);
  });

  it('does not take a field called like a member of every object for changed', () => {
    expect(deriveEvents(moduleWith(['odd', { on: 'changed', field: 'toString' }]), { a: 1 }, { a: 2 })).toEqual([]);
  });
});

describe('diffRecords', () => {
  it('lists fields that came, went and changed', () => {
    expect(diffRecords({ a: 1, b: 2, c: 3 }, { b: 5, c: 3, d: { e: 1 } })).toEqual({
      a: { from: 1, to: null },
      b: { from: 2, to: 5 },
      d: { from: null, to: { e: 1 } },
    });
  });

  it('does not count a change from missing to null', () => {
    expect(diffRecords({ a: undefined }, { a: null })).toBeNull();
  });

  it('does not mistake a text for a number', () => {
    expect(diffRecords({ a: 1 }, { a: '1' })).toEqual({ a: { from: 1, to: '1' } });
  });

  it('leaves out the relations it is told, and names that reach a prototype', () => {
    const after = JSON.parse('{"__proto__":{"x":1},"account":{"id":1}}');
    expect(diffRecords({}, after, { relations: ['account'] })).toBeNull();
    expect(diffRecords({}, after)).toEqual({ account: { from: null, to: { id: 1 } } });
  });

  it('compares nested objects that are no relations', () => {
    expect(diffRecords({ address: { city: 'A' } }, { address: { city: 'B' } })).toHaveProperty('address');
  });

  it('has nothing to tell without a record before or after', () => {
    expect(diffRecords(null, { a: 1 })).toBeNull();
    expect(diffRecords({ a: 1 }, null)).toBeNull();
  });

  it('finds exactly the fields that were changed', () => {
    const record = fc.dictionary(fc.stringMatching(/^f[0-9]$/), fc.jsonValue() as fc.Arbitrary<Json>);
    fc.assert(
      fc.property(record, fc.uniqueArray(fc.stringMatching(/^g[0-9]$/)), (before, added) => {
        const after = { ...structuredClone(before), ...Object.fromEntries(added.map((name) => [name, 'new'])) };
        expect(Object.keys(diffRecords(before, after) ?? {}).sort()).toEqual([...added].sort());
      }),
    );
  });
});

describe('sameJson', () => {
  it.each<[Json | undefined, Json | undefined, boolean]>([
    [1, 1, true],
    [0, -0, true],
    [1, '1', false],
    [null, undefined, true],
    [null, 0, false],
    [[], {}, false],
    [{}, [], false],
    [[1, 2], [1, 2], true],
    [[1, 2], [2, 1], false],
    [[1], [1, 2], false],
    [[1], 1, false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: null }, true],
    [{ a: 1 }, { a: 1, b: 1 }, false],
    [{ a: { b: [1] } }, { a: { b: [2] } }, false],
    [{ a: 1 }, null, false],
    [{ toString: 1 }, {}, false],
  ])('%j and %j: %p', (left, right, same) => {
    expect(sameJson(left, right)).toBe(same);
  });

  it('compares values 50,000 deep', () => {
    const deep = () => {
      let value: Json = 'core';
      for (let level = 0; level < 50_000; level++) value = [value];
      return value;
    };
    const [left, right] = [deep(), deep()];
    expect(sameJson(left, right)).toBe(true);
  });

  it('holds between a value and its copy', () => {
    fc.assert(fc.property(fc.jsonValue() as fc.Arbitrary<Json>, (value) => sameJson(value, JSON.parse(JSON.stringify(value)))));
  });
});
