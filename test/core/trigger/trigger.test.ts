import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Catalog, ModuleDescription } from '../../../src/core/catalog.js';
import type { Trigger } from '../../../src/core/definition/types.js';
import type { FieldChange } from '../../../src/core/event.js';
import type { EventTrigger } from '../../../src/core/trigger/event.js';
import { compileTrigger, type TriggeringEvent, triggerProblems } from '../../../src/core/trigger/trigger.js';
import { MODULE } from '../operators/ask.js';

const CATALOG: Catalog = {
  modules: new Map([
    ['things', MODULE],
    ['tickets', { ...MODULE, name: 'tickets', stageField: 'text' }],
  ]),
  actions: new Map(),
};

function event(name: string, changes: Record<string, FieldChange> | null = null, more: Partial<TriggeringEvent> = {}): TriggeringEvent {
  return { module: 'leads', event: name, changes, previous: null, record: {}, trigger: null, ...more };
}

/** The answer for one event: true, or the reason against it. Quick and explained answer must agree. */
function answer(trigger: Trigger, of: TriggeringEvent, module: ModuleDescription | null = null): true | string | undefined {
  const compiled = compileTrigger(trigger, module);
  const { matched, reason } = compiled.explain(of);
  expect(compiled.matches(of)).toBe(matched);
  return matched || reason;
}

describe('event triggers', () => {
  const created: EventTrigger = { type: 'event', module: 'leads', event: 'created' };

  it('start on their module and event, under a key by which they are found', () => {
    expect(compileTrigger(created).key).toBe('leads.created');
    expect(answer(created, event('created'))).toBe(true);
    expect(answer(created, event('updated'))).toBe('The event is leads.updated, not leads.created.');
    expect(answer(created, event('created', null, { module: 'contacts' }))).toBe('The event is contacts.created, not leads.created.');
  });

  const updated: EventTrigger = { type: 'event', module: 'leads', event: 'updated', fields: ['priority', 'amount'] };
  const change = { from: 'Low', to: 'High' };

  it('with members of a field start when one of them changed, however much else did', () => {
    const trigger: EventTrigger = { ...created, event: 'updated', fields: ['address.city'] };
    const moved = { address: { from: { city: 'Ulm', zip: 1 }, to: { city: 'Bonn', zip: 1 } } };
    const renumbered = { address: { from: { city: 'Ulm', zip: 1 }, to: { city: 'Ulm', zip: 2 } } };
    expect(answer(trigger, event('updated', moved))).toBe(true);
    expect(answer(trigger, event('updated', renumbered))).toBe('None of address.city changed.');
    const whole = (from: object, to: object) => answer(trigger, event('updated', null, { previous: from as never, record: to as never }));
    expect(whole({ address: { city: 'Ulm' } }, { address: { city: 'Bonn' } })).toBe(true);
    expect(whole({ address: { city: 'Ulm' } }, { address: { city: 'Ulm' } })).toBe('None of address.city changed.');
    expect(whole({ address: { city: 'Ulm' } }, {})).toBe(true);
  });

  it('with fields start when any of them changed', () => {
    expect(answer(updated, event('updated', { amount: { from: 1, to: 2 }, name: change }))).toBe(true);
    expect(answer(updated, event('updated', { name: change }))).toBe('None of priority, amount changed.');
    expect(answer(updated, event('updated', {}))).toBe('None of priority, amount changed.');
    expect(answer(updated, event('updated'))).toBe('None of priority, amount changed.');
    expect(answer({ ...updated, fields: ['toString'] }, event('updated', {}))).toBe('None of toString changed.');
  });

  it('work out changes where the event names none but knows the record before', () => {
    const of = (previous: TriggeringEvent['previous'], record: TriggeringEvent['record']) =>
      answer(updated, event('updated', null, { previous, record }));
    expect(of({ priority: 'Low' }, { priority: 'High' })).toBe(true);
    expect(of({ priority: 'Low' }, {})).toBe(true);
    expect(of({ priority: 'Low' }, { priority: 'Low' })).toBe('None of priority, amount changed.');
    expect(of({}, { priority: 'Low' })).toBe('None of priority, amount changed.');
    expect(of({ priority: 'Low' }, null)).toBe('None of priority, amount changed.');
    expect(of({ priority: null }, {})).toBe('None of priority, amount changed.');
  });

  const stage: EventTrigger = { type: 'event', module: 'leads', event: 'stage_changed', from: ['New', 'Open'], to: ['Won'] };
  const moved = (from: FieldChange['from'], to: FieldChange['to'], field = 'stage') => event('stage_changed', { [field]: { from, to } });

  it('with from and to start on a change between those stages, whatever the case', () => {
    expect(answer(stage, moved('Open', 'won'))).toBe(true);
    expect(answer(stage, moved('Lost', 'Won'))).toBe('"stage" changed from "Lost".');
    expect(answer(stage, moved('New', 'Open'))).toBe('"stage" changed to "Open".');
    expect(answer(stage, moved(null, 'Won'))).toBe('"stage" changed from nothing.');
    expect(answer(stage, moved('New', 5))).toBe('"stage" changed to something that is no text.');
    expect(answer(stage, event('stage_changed', {}))).toBe('"stage" did not change, or what it held before is not known.');
    expect(answer(stage, event('stage_changed'))).toBe('"stage" did not change, or what it held before is not known.');
  });

  it('with only one of from and to leave the other open', () => {
    expect(answer({ ...stage, from: undefined }, moved(null, 'Won'))).toBe(true);
    expect(answer({ ...stage, to: undefined }, moved('New', 'anything'))).toBe(true);
  });

  it('take a single text as JSON has it', () => {
    const single = { ...stage, from: 'New', to: 'Won' } as unknown as EventTrigger;
    expect(answer(single, moved('New', 'Won'))).toBe(true);
    expect(answer(single, moved('Open', 'Won'))).toBe('"stage" changed from "Open".');
  });

  it('look at the field that the event is declared for, else a single field named, else the stage of the module', () => {
    const module: ModuleDescription = {
      ...MODULE,
      stageField: 'phase',
      events: [
        { name: 'stage_changed', label: '', rule: { on: 'changed', field: 'status' } },
        { name: 'moved', label: '', rule: { on: 'custom' } },
      ],
    };
    expect(answer(stage, moved('New', 'Won', 'status'), module)).toBe(true);
    expect(answer({ ...stage, event: 'moved' }, { ...moved('New', 'Won', 'phase'), event: 'moved' }, module)).toBe(true);
    const single = { ...stage, event: 'updated', fields: ['priority'] };
    expect(answer(single, { ...moved('New', 'Won', 'priority'), event: 'updated' }, module)).toBe(true);
    const several = { ...stage, event: 'updated', fields: ['priority', 'amount'] };
    expect(answer(several, { ...event('updated', { priority: change, phase: { from: 'New', to: 'Won' } }) }, module)).toBe(true);
  });
});

describe('other triggers', () => {
  it.each<Trigger>([
    { type: 'webhook' },
    { type: 'schedule', cron: '0 9 * * *', timezone: 'UTC' },
    { type: 'date', module: 'leads', field: 'due', offset: 'P1D' },
    { type: 'manual' },
    { type: 'connector', connector: 'hubspot', event: 'deal' },
  ])('are not started by events: %j', (trigger) => {
    expect(compileTrigger(trigger).key).toBeNull();
    expect(answer(trigger, event('created'))).toBe(`A trigger of type "${trigger.type}" is not started by events.`);
  });
});

describe('problems of triggers', () => {
  const problems = (trigger: unknown, catalog: Catalog | null = CATALOG) =>
    triggerProblems(trigger, 'trigger', catalog).map(({ path, message }) => `${path}: ${message}`);
  const thing = (event: string, more: object = {}) => ({ type: 'event', module: 'things', event, ...more });

  it.each([
    thing('created'),
    thing('deleted'),
    thing('imported'),
    thing('run_finished'),
    thing('updated', { fields: ['text', 'number'] }),
    thing('stage_changed', { from: 'New', to: ['Won', 'Lost'] }),
    thing('updated', { fields: ['text'], from: 'a' }),
    thing('converted', { fields: ['text'] }),
    { type: 'event', module: 'tickets', event: 'converted', to: 'Won' },
    { type: 'webhook' },
    { type: 'schedule', cron: '*/15 8-18 * * MON-FRI', timezone: 'Europe/Berlin' },
    { type: 'date', module: 'things', field: 'date', offset: '-P3D', at: '09:30', timezone: 'UTC' },
    { type: 'date', module: 'things', field: 'datetime', offset: 'PT1H' },
    { type: 'date', module: 'things', field: 'datetime', offset: '-P2BD', at: '09:00', misfire: 'skip' },
    { type: 'schedule', cron: '0 9 * * *', timezone: 'UTC', misfire: 'each' },
    { type: 'manual' },
    { type: 'manual', module: 'things' },
    { type: 'connector', connector: 'hubspot', event: 'deal_stage_changed' },
  ])('there are none in %j, with and without a catalogue', (trigger) => {
    expect(problems(trigger)).toEqual([]);
    expect(problems(trigger, null)).toEqual([]);
  });

  it.each<[unknown, string[]]>([
    [null, ['trigger: A trigger must be an object with a "type".']],
    [[], ['trigger: A trigger must be an object with a "type".']],
    [{}, ['trigger.type: "type" must be one of: event, webhook, schedule, date, manual, machine_entered, connector.']],
    [{ type: 'toString' }, ['trigger.type: "type" must be one of: event, webhook, schedule, date, manual, machine_entered, connector.']],
    [{ type: ['event'] }, ['trigger.type: "type" must be one of: event, webhook, schedule, date, manual, machine_entered, connector.']],
    [
      { type: 'webhook', token: 'x' },
      ['trigger.token: This is not known here. Known are: type, schema, headers, secret, signature, record.'],
    ],
    [{ type: 'event' }, ['trigger.module: "module" is missing.', 'trigger.event: "event" is missing.']],
    [{ type: 'event', module: 5, event: ' ' }, ['trigger.module: "module" must be a text.', 'trigger.event: "event" must be a text.']],
    [{ type: 'event', module: 'ghosts', event: 'x' }, ['trigger.module: There is no module "ghosts". Modules are: things, tickets.']],
    [
      thing('exploded'),
      ['trigger.event: Module "things" has no event "exploded". Its events are: created, updated, stage_changed, converted.'],
    ],
    [thing('updated', { fields: 'text' }), ['trigger.fields: "fields" must be a list of names of fields, at least one.']],
    [thing('updated', { fields: [] }), ['trigger.fields: "fields" must be a list of names of fields, at least one.']],
    [thing('updated', { fields: [''] }), ['trigger.fields: "fields" must be a list of names of fields, at least one.']],
    [thing('updated', { fields: ['text', 'gone'] }), ['trigger.fields[1]: Module "things" has no field "gone".']],
    [thing('created', { fields: ['text'] }), ['trigger.fields: No field changes in "created".']],
    [thing('deleted', { fields: ['text'] }), ['trigger.fields: No field changes in "deleted".']],
    [thing('imported', { fields: ['text'] }), ['trigger.fields: No field changes in "imported".']],
    [thing('exported', { to: 'Won' }), ['trigger.to: "to" goes with events about one field, such as stage_changed.']],
    [thing('stage_changed', { from: 5 }), ['trigger.from: "from" must be a text or a list of texts.']],
    [thing('stage_changed', { to: [] }), ['trigger.to: "to" must be a text or a list of texts.']],
    [thing('stage_changed', { to: '' }), ['trigger.to: "to" must be a text or a list of texts.']],
    [thing('updated', { to: 'Won' }), ['trigger.to: "to" goes with events about one field, such as stage_changed.']],
    [thing('converted', { from: 'New' }), ['trigger.from: "from" goes with events about one field, such as stage_changed.']],
    [{ type: 'schedule' }, ['trigger.cron: "cron" is missing.', 'trigger.timezone: "timezone" is missing.']],
    [
      { type: 'schedule', cron: '', timezone: 'Mars/Base' },
      [
        'trigger.cron: "cron" must be a text.',
        'trigger.timezone: "Mars/Base" is not a time zone. Use a name such as Europe/Berlin or UTC.',
      ],
    ],
    [
      { type: 'date', module: 'ghosts', field: 'x', offset: 'P1D' },
      ['trigger.module: There is no module "ghosts". Modules are: things, tickets.'],
    ],
    [{ type: 'date', module: 'things' }, ['trigger.field: "field" is missing.', 'trigger.offset: "offset" is missing.']],
    [{ type: 'date', module: 'things', field: 'gone', offset: 'P1D' }, ['trigger.field: Module "things" has no field "gone".']],
    [{ type: 'date', module: 'things', field: 'text', offset: 'P1D' }, ['trigger.field: "text" is not a date.']],
    [
      { type: 'date', module: 'things', field: 'date', offset: '3 days' },
      ['trigger.offset: "offset" must be an ISO 8601 duration, such as P3D or -PT12H.'],
    ],
    [
      { type: 'date', module: 'things', field: 'date', offset: 'P1D', at: '24:00' },
      ['trigger.at: "at" must be a time of day, such as 09:00.'],
    ],
    [{ type: 'date', module: 'things', field: 'date', offset: 'P1D', at: 9 }, ['trigger.at: "at" must be a time of day, such as 09:00.']],
    [
      { type: 'date', module: 'things', field: 'date', offset: 'PT5H', at: '09:00' },
      ['trigger.at: "at" goes with an offset of whole days, such as P3D.'],
    ],
    [
      { type: 'date', module: 'things', field: 'date', offset: 'P1D', misfire: 'once' },
      ['trigger.misfire: "misfire" must be one of: skip, each.'],
    ],
    [
      { type: 'schedule', cron: '0 9 * * *', timezone: 'UTC', misfire: 1 },
      ['trigger.misfire: "misfire" must be one of: skip, once, each.'],
    ],
    [
      { type: 'date', module: 'things', field: 'date', offset: 'P1D', timezone: 'x' },
      ['trigger.timezone: "x" is not a time zone. Use a name such as Europe/Berlin or UTC.'],
    ],
    [{ type: 'date', module: 'things', field: 'date', offset: 'P1D', timezone: 5 }, ['trigger.timezone: "timezone" must be a text.']],
    [{ type: 'manual', module: 'ghosts' }, ['trigger.module: There is no module "ghosts". Modules are: things, tickets.']],
    [{ type: 'manual', module: null }, ['trigger.module: "module" must be a text.']],
    [{ type: 'connector', connector: 'x' }, ['trigger.event: "event" is missing.']],
  ])('%j', (trigger, expected) => {
    expect(problems(trigger)).toEqual(expected);
  });

  it('are found by name where there is no catalogue', () => {
    expect(problems(thing('created', { fields: ['x'], to: 'y' }), null)).toEqual([
      'trigger.fields: No field changes in "created".',
      'trigger.to: "to" goes with events about one field, such as stage_changed.',
    ]);
    expect(problems(thing('anything', { fields: ['x'], from: 'y' }), null)).toEqual([]);
  });

  it('are named from the root when there is no path', () => {
    expect(triggerProblems({ type: 'x' }, '', null)[0]?.path).toBe('type');
    expect(triggerProblems(5, '', null)[0]?.path).toBe('');
  });

  it.each(['* * * * *', '0 0 1 1 0', '59 23 31 12 7', '0,30 9-17 * jan-dec sun', '*/5 0-23/2 1-15,20 * 1-5', '5/10 * * * *'])(
    'the schedule %s is one',
    (cron) => {
      expect(problems({ type: 'schedule', cron, timezone: 'UTC' })).toEqual([]);
    },
  );

  it.each<[string, string]>([
    ['* * * *', 'five fields'],
    ['0 * * * * *', 'five fields'],
    ['@daily', 'five fields'],
    ['60 * * * *', 'minute'],
    ['* 24 * * *', 'hour'],
    ['* * 0 * *', 'day of the month'],
    ['* * 32 * *', 'day of the month'],
    ['* * * 13 *', 'month'],
    ['* * * FOO *', 'month'],
    ['* * * * 8', 'day of the week'],
    ['* * * * FRI-MON', 'day of the week'],
    ['*/0 * * * *', 'minute'],
    ['*/99 * * * *', 'minute'],
    ['1,,2 * * * *', 'minute'],
    ['1-2-3 * * * *', 'minute'],
    ['-1 * * * *', 'minute'],
    ['100 * * * *', 'minute'],
    ['* * L * *', 'day of the month'],
  ])('the schedule %s is none, because of its %s', (cron, part) => {
    const found = problems({ type: 'schedule', cron, timezone: 'UTC' });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(part);
  });

  it('never throw, whatever the input', () => {
    const junk = fc.oneof(
      fc.anything(),
      fc.record({
        type: fc.constantFrom('event', 'schedule', 'date', 'manual', 'connector', 'webhook'),
        module: fc.oneof(fc.constant('things'), fc.anything()),
        event: fc.oneof(fc.constantFrom('updated', 'stage_changed'), fc.anything()),
        fields: fc.anything(),
        from: fc.anything(),
        cron: fc.oneof(fc.string(), fc.anything()),
        timezone: fc.oneof(fc.string(), fc.anything()),
        offset: fc.anything(),
        field: fc.anything(),
      }),
    );
    fc.assert(
      fc.property(junk, (trigger) => {
        expect(Array.isArray(triggerProblems(trigger, 'trigger', CATALOG))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
