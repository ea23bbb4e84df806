import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonObject } from '../../../src/core/json.js';
import { describeMachineParts, machineSchema } from '../../../src/core/machine/schema.js';
import { CATALOG, orders, problemsOf, withTransition } from './support/order-machine.js';

describe('the schema of machines', () => {
  const fits = new Ajv2020({ strict: false }).compile(machineSchema(CATALOG));
  const runs = { for: { integration: 'shop' }, start: undefined };
  const plain = (json: JsonObject): unknown => JSON.parse(JSON.stringify(json));

  it.each<[string, JsonObject, boolean]>([
    ['the machine of the tests', orders(), true],
    ['a transition by hand', withTransition({ trigger: { type: 'manual', roles: ['manager'] } }), true],
    ['a poll', withTransition({ trigger: { type: 'poll', cron: '0 * * * *', timezone: 'UTC' } }), true],
    ['a delivery', withTransition({ trigger: { type: 'webhook', record: { match: { number: 'x' } } } }), true],
    ['an unknown trigger', withTransition({ trigger: { type: 'sometimes' } }), false],
    ['a poll without a zone', withTransition({ trigger: { type: 'poll', cron: '0 * * * *' } }), false],
    ['no subject', orders({ for: undefined }), false],
    ['an unknown module', orders({ for: { module: 'boats' } }), false],
    ['a state without a code', orders({ states: [{ initial: true }] }), false],
    ['a timeout in hours', orders({ states: [{ code: 'NEW', initial: true, timeout: 48 }], transitions: [] }), false],
    ['settings of starts', withTransition({ trigger: { type: 'manual' }, settings: { reentry: 'always' } }), false],
    ['an unknown action', withTransition({ trigger: { type: 'manual' }, steps: [{ id: 'x', type: 'explode' }] }), false],
  ])('says of %s what the parser says', (_, json, expected) => {
    expect([fits(plain(json)), problemsOf(plain(json)).length === 0]).toEqual([expected, expected]);
  });

  it('knows what fires the transitions of a machine for the runs of an integration', () => {
    const [event, imported] = [{ type: 'event', event: 'run_finished' }, { type: 'import' }].map((trigger) =>
      plain(withTransition({ trigger }, { ...runs, transitions: [{ code: 'more', from: 'NEW', to: 'NEW', trigger }] })),
    );
    expect([fits(event), fits(imported)]).toEqual([true, false]);
  });

  it('is told part by part for forms, where the module is the machine’s', () => {
    const { triggers, state, transition, settings } = describeMachineParts();
    const compiled = (schema: JsonObject) => new Ajv2020({ strict: false, schemas: { whole: machineSchema(CATALOG) } }).compile(schema);
    const delivery = triggers.module.find(({ type }) => type === 'webhook');
    expect(compiled(delivery?.schema ?? {})({ type: 'webhook', record: { match: { number: 'x' } } })).toBe(true);
    expect(Object.values(triggers).map((kinds) => kinds.length)).toEqual([7, 5, 3]);
    expect([compiled(state)({ code: 'NEW', initial: true }), compiled(settings)({ reentry: 'always' })]).toEqual([true, false]);
    expect(Object.keys(transition.properties as JsonObject)).toContain('trigger');
  });
});
