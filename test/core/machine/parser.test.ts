import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/core/json.js';
import { initialState, transitionsFrom } from '../../../src/core/machine/graph.js';
import { parseMachine } from '../../../src/core/machine/parser.js';
import { machineOf, orders, problemsOf, TELL, withTransition } from './support/order-machine.js';

const manual = { type: 'manual' };
const state = (more: JsonObject): JsonObject[] => [
  { code: 'NEW', initial: true },
  { code: 'SUBMITTED' },
  { code: 'ESCALATED' },
  { code: 'CONFIRMED', final: true },
  { code: 'MORE', ...more },
];

describe('a machine that is in order', () => {
  it('is read with its defaults', () => {
    expect(machineOf(orders())).toEqual({
      for: { module: 'opportunities' },
      start: { trigger: { type: 'event', event: 'closed_won', module: 'opportunities' } },
      states: [
        { code: 'NEW', initial: true },
        { code: 'SUBMITTED', timeout: { after: 'PT48H', transition: 'escalate' } },
        { code: 'CONFIRMED', final: true },
        { code: 'ESCALATED' },
      ],
      transitions: [
        {
          code: 'submit',
          from: ['NEW'],
          to: 'SUBMITTED',
          trigger: { type: 'export' },
          steps: [],
          settings: { maxDuration: 'P30D' },
          enabled: true,
        },
        {
          code: 'confirm',
          from: ['SUBMITTED', 'ESCALATED'],
          to: 'CONFIRMED',
          trigger: { type: 'import' },
          steps: [expect.objectContaining({ id: 'tell', kind: 'action' })],
          settings: { maxDuration: 'P30D' },
          enabled: true,
        },
        {
          code: 'escalate',
          from: ['SUBMITTED'],
          to: 'ESCALATED',
          trigger: { type: 'timeout' },
          steps: [],
          settings: { maxDuration: 'P30D' },
          enabled: true,
        },
      ],
    });
  });

  it('tells its initial state, and what leads out of a state: "any" leads out of all that are not final', () => {
    const machine = machineOf(withTransition({ trigger: manual }));
    expect(initialState(machine).code).toBe('NEW');
    const codes = machine.states.map((one) => transitionsFrom(machine, one).map(({ code }) => code));
    expect(codes).toEqual([['submit', 'more'], ['confirm', 'escalate', 'more'], [], ['confirm', 'more']]);
  });

  it('may be for the runs of an integration', () => {
    const machine = machineOf(
      orders({
        for: { integration: 'shop-orders' },
        start: undefined,
        transitions: [
          { code: 'submit', from: 'NEW', to: 'SUBMITTED', trigger: { type: 'event', event: 'run_finished' } },
          {
            code: 'confirm',
            from: 'any',
            to: 'CONFIRMED',
            trigger: { type: 'webhook', run: '{{trigger.body.run}}', schema: { type: 'object' } },
            conditions: { field: 'trigger.body.ok', operator: 'is_true' },
          },
          { code: 'escalate', from: 'SUBMITTED', to: 'ESCALATED', trigger: { type: 'timeout' } },
        ],
      }),
    );
    expect(machine.for).toEqual({ integration: 'shop-orders' });
    expect(machine.transitions[1]?.trigger).toEqual({ type: 'webhook', run: '{{trigger.body.run}}', schema: { type: 'object' } });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['by hand', { type: 'manual', input: [{ name: 'why', type: 'text' }], roles: ['manager'] }, {}],
    ['by an event of its module', { type: 'event', event: 'updated', fields: ['amount'] }, { module: 'opportunities' }],
    ['by a stage', { type: 'event', event: 'closed_won', from: 'open' }, { module: 'opportunities', from: ['open'] }],
    ['by import', { type: 'import' }, {}],
    ['by poll', { type: 'poll', cron: '0 * * * *', timezone: 'Europe/Berlin' }, {}],
    ['by a timeout', { type: 'timeout' }, {}],
  ])('fires %s', (_, trigger, filledIn) => {
    expect(machineOf(withTransition({ trigger })).transitions.at(-1)?.trigger).toEqual({ ...trigger, ...filledIn });
  });

  it('finds the record of a delivery, in its own module unless that is named', () => {
    const record = { match: { number: '{{trigger.body.order}}' } };
    const machine = machineOf(withTransition({ trigger: { type: 'webhook', record } }));
    expect(machine.transitions.at(-1)?.trigger).toEqual({ type: 'webhook', record: { ...record, module: 'opportunities' } });
  });

  it('is read without a catalog as far as its structure goes', () => {
    expect(parseMachine(withTransition({ trigger: { type: 'event', event: 'exploded' } }), null).ok).toBe(true);
    expect(problemsOf(withTransition({ trigger: { type: 'event', event: 'exploded' } }))).toEqual([
      { path: 'transitions[3].trigger.event', message: expect.stringContaining('no event "exploded"') },
    ]);
  });

  it('keeps what it says of itself, and bounds the runs of its steps', () => {
    const settings = { maxDuration: 'PT1H', onFailure: 'https://ops.example.com/failed' };
    const machine = machineOf(withTransition({ trigger: manual, description: 'Again', settings, enabled: false }));
    expect(machine.transitions.at(-1)).toMatchObject({
      description: 'Again',
      settings: { maxDuration: 'PT1H', onFailure: { url: 'https://ops.example.com/failed' } },
      enabled: false,
    });
  });
});

describe('the problems of a machine', () => {
  it.each<[string, unknown, string, string]>([
    ['no object', 'x', '', 'must be an object'],
    ['no subject', orders({ for: undefined }), 'for', '"for" is missing'],
    ['a subject that is none', orders({ for: 'leads' }), 'for', 'must be an object'],
    ['two subjects', orders({ for: { module: 'leads', integration: 'shop' } }), 'for', 'one "module" or'],
    ['no subject inside', orders({ for: {} }), 'for', 'one "module" or'],
    ['a module that is no text', orders({ for: { module: 5 } }), 'for.module', 'must be a text'],
    ['an unknown module', orders({ for: { module: 'opportunity' } }), 'for.module', 'no module "opportunity"'],
    ['a start of a machine for runs', orders({ for: { integration: 'shop' } }), 'start', 'when a run of it begins'],
    ['a start that is none', orders({ start: 1 }), 'start', 'must be an object'],
    ['a start without a trigger', orders({ start: {} }), 'start.trigger', '"trigger" is missing'],
    ['a start by hand', orders({ start: { trigger: manual } }), 'start.trigger.type', 'must be one of: event, import, export'],
    ['no states', orders({ states: undefined }), 'states', '"states" is missing'],
    ['an empty list of states', orders({ states: [] }), 'states', 'must not be empty'],
    ['a state that is none', orders({ states: ['NEW'] }), 'states[0]', 'A state must be an object'],
    ['no transitions', orders({ transitions: undefined }), 'transitions', '"transitions" is missing'],
    ['no initial state', orders({ states: [{ code: 'NEW' }], transitions: [] }), 'states', 'One state must be the initial one'],
    ['two initial states', orders({ states: state({ initial: true }) }), 'states[4].initial', '"NEW" is'],
    [
      'a final initial state',
      orders({ states: [{ code: 'NEW', initial: true, final: true }], transitions: [] }),
      'states[0].final',
      'cannot be',
    ],
    ['two states of one code', orders({ states: state({ code: 'NEW' }) }), 'states[4].code', 'of the state states[0]'],
    ['a state called any', orders({ states: state({ code: 'any' }) }), 'states[4].code', 'stands for all states'],
    ['a code of blanks', orders({ states: state({ code: 'IN REVIEW' }) }), 'states[4].code', 'made of letters'],
    ['a timeout that is none', orders({ states: state({ timeout: 48 }) }), 'states[4].timeout', 'must be an object'],
    ['a timeout without a time', orders({ states: state({ timeout: { transition: 'submit' } }) }), 'states[4].timeout.after', 'is missing'],
    [
      'a timeout without a transition',
      orders({ states: state({ timeout: { after: 'PT1H' } }) }),
      'states[4].timeout.transition',
      'is missing',
    ],
    [
      'a timeout at once',
      orders({ states: state({ timeout: { after: 'PT0S', transition: 'submit' } }) }),
      'states[4].timeout.after',
      'longer',
    ],
    [
      'a timeout with an unknown transition',
      orders({ states: state({ timeout: { after: 'PT1H', transition: 'submitt' } }) }),
      'states[4].timeout.transition',
      'Did you mean "submit"?',
    ],
    [
      'a timeout with a transition of another state',
      orders({ states: state({ timeout: { after: 'PT1H', transition: 'submit' } }) }),
      'states[4].timeout.transition',
      'does not lead out of "MORE"',
    ],
    [
      'a timeout that leads back',
      withTransition({ from: 'MORE', to: 'MORE', trigger: manual }, { states: state({ timeout: { after: 'PT1H', transition: 'more' } }) }),
      'states[4].timeout.transition',
      'does not leave the state',
    ],
    [
      'a timeout of a final state',
      orders({ states: state({ final: true, timeout: { after: 'PT1H', transition: 'submit' } }) }),
      'states[4].timeout',
      'A final state has no timeout',
    ],
    [
      'two transitions of one code',
      withTransition({ code: 'submit', trigger: manual }),
      'transitions[3].code',
      'of the transition transitions[0]',
    ],
    ['no source', withTransition({ from: undefined, trigger: manual }), 'transitions[3].from', '"from" is missing'],
    ['no sources', withTransition({ from: [], trigger: manual }), 'transitions[3].from', 'must not be empty'],
    ['an unknown source', withTransition({ from: 'NEWW', trigger: manual }), 'transitions[3].from[0]', 'Did you mean "NEW"?'],
    ['a final source', withTransition({ from: ['NEW', 'CONFIRMED'], trigger: manual }), 'transitions[3].from[1]', 'is final'],
    ['an unknown target', withTransition({ to: 'DONE', trigger: manual }), 'transitions[3].to', 'There is no state "DONE"'],
    ['no trigger', withTransition({}), 'transitions[3].trigger', '"trigger" is missing'],
    [
      'an unknown trigger',
      withTransition({ trigger: { type: 'on_event' } }),
      'transitions[3].trigger.type',
      'must be one of: manual, event',
    ],
    ['no roles', withTransition({ trigger: { type: 'manual', roles: [] } }), 'transitions[3].trigger.roles', 'a list of 1 to 50'],
    ['a role of blanks', withTransition({ trigger: { type: 'manual', roles: [' '] } }), 'transitions[3].trigger.roles', 'names of roles'],
    ['a module by hand', withTransition({ trigger: { type: 'manual', module: 'leads' } }), 'transitions[3].trigger.module', 'not known'],
    [
      'an event of another module',
      withTransition({ trigger: { type: 'event', module: 'leads', event: 'updated' } }),
      'transitions[3].trigger.module',
      'for records of opportunities, not of leads',
    ],
    ['a delivery about nothing', withTransition({ trigger: { type: 'webhook' } }), 'transitions[3].trigger.record', 'is missing'],
    [
      'a delivery about another module',
      withTransition({ trigger: { type: 'webhook', record: { module: 'leads', match: { name: 'x' } } } }),
      'transitions[3].trigger.record.module',
      'not of leads',
    ],
    [
      'a delivery that makes records',
      withTransition({ trigger: { type: 'webhook', record: { match: { name: 'x' }, create: true } } }),
      'transitions[3].trigger.record.create',
      'cannot make one',
    ],
    [
      'a poll without a zone',
      withTransition({ trigger: { type: 'poll', cron: '0 * * * *' } }),
      'transitions[3].trigger.timezone',
      'is missing',
    ],
    ['a broken condition', withTransition({ trigger: manual, conditions: { field: 'fax' } }), 'transitions[3].conditions', ''],
    [
      'an unknown action',
      withTransition({ trigger: manual, steps: [{ id: 'x', type: 'explode' }] }),
      'transitions[3].steps[0].type',
      'explode',
    ],
    [
      'a step id of another transition',
      withTransition({ trigger: manual, steps: [TELL] }),
      'transitions[3].steps[0].id',
      'transitions[1].steps[0]',
    ],
    [
      'the output of another transition’s step',
      withTransition({ trigger: manual, steps: [{ id: 'x', type: 'notify', with: { text: '{{steps.tell.output.id}}' } }] }),
      'transitions[3].steps[0].with.text',
      'never over before',
    ],
    ['settings that are none', withTransition({ trigger: manual, settings: 5 }), 'transitions[3].settings', 'must be an object'],
    [
      'settings of starts',
      withTransition({ trigger: manual, settings: { reentry: 'always' } }),
      'transitions[3].settings.reentry',
      'not known',
    ],
    [
      'a secret where none is taken',
      withTransition({ trigger: manual, steps: [{ id: 'x', type: 'notify', with: { text: { $secret: 'key' } } }] }),
      'transitions[3].steps[0].with.text',
      'cannot be used here',
    ],
    ['what is not known', orders({ initial: 'NEW' }), 'initial', 'not known'],
  ])('%s', (_, json, path, message) => {
    expect(problemsOf(json)).toContainEqual({ path: expect.stringContaining(path), message: expect.stringContaining(message) });
  });

  it.each<[string, JsonObject, string, string]>([
    ['an import', { type: 'import' }, 'type', 'must be one of: manual, event, webhook, poll, timeout'],
    ['an event of records', { type: 'event', event: 'updated' }, 'event', 'run_started, run_finished'],
    ['no event', { type: 'event' }, 'event', 'is missing'],
    ['a delivery about no run', { type: 'webhook' }, 'run', 'is missing'],
    ['a delivery about what it does not say', { type: 'webhook', run: '{{record.id}}' }, 'run', 'must begin with trigger'],
  ])('of a machine for the runs of an integration: %s', (_, trigger, path, message) => {
    const json = withTransition({ trigger }, { for: { integration: 'shop' }, start: undefined });
    expect(problemsOf(json)).toContainEqual({ path: `transitions[3].trigger.${path}`, message: expect.stringContaining(message) });
  });

  it('end at what is nested too deep, and never throw', () => {
    const deep = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as unknown;
    expect(problemsOf(orders({ states: deep as never }))[0]?.message).toContain('nested deeper');
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('for', 'start', 'states', 'transitions'), (value, member) => {
        expect(parseMachine(orders({ [member]: value as never }), null)).toHaveProperty('ok');
      }),
    );
  });
});
