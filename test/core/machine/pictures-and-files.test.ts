import { describe, expect, it } from '@jest/globals';
import type { Json, JsonObject } from '../../../src/core/json.js';
import { mermaidOf } from '../../../src/core/machine/diagram.js';
import { svgOf } from '../../../src/core/machine/diagram-svg.js';
import { diffMachines } from '../../../src/core/machine/diff.js';
import { readMachineFile } from '../../../src/core/machine/machine-file.js';
import { summaryOf } from '../../../src/core/machine/summary.js';
import { machineOf, orders, problemsOf, withTransition } from './support/order-machine.js';

describe('a machine as a picture', () => {
  const machine = machineOf(withTransition({ from: 'any', to: 'CONFIRMED', trigger: { type: 'event', event: 'updated' }, enabled: false }));

  it('is a state diagram of Mermaid', () => {
    expect(mermaidOf(machine)).toBe(`stateDiagram-v2
  state "NEW" as s0
  [*] --> s0
  state "SUBMITTED (PT48H)" as s1
  state "CONFIRMED" as s2
  s2 --> [*]
  state "ESCALATED" as s3
  state "any state" as any
  s0 --> s1: submit (export)
  s1 --> s2: confirm (import)
  s3 --> s2: confirm (import)
  s1 --> s3: escalate (timeout)
  any --> s2: more (updated, disabled)
`);
    expect(mermaidOf(machineOf(orders()))).not.toContain('any');
  });

  it('is SVG with every state and transition, whatever its title holds', () => {
    const svg = svgOf(machine, 'Orders <script>"&');
    expect(svg).toContain('<title>Orders &#60;script&#62;&#34;&#38;</title>');
    for (const name of ['NEW', 'SUBMITTED', 'CONFIRMED', 'ESCALATED', 'any state', 'submit (export)', 'after PT48H'])
      expect(svg).toContain(name);
    expect(svg).not.toMatch(/<script|NaN|undefined|Infinity/);
  });

  it('shows ways back, ways to the same state, long names, and several ways as one', () => {
    const long = 'a'.repeat(64);
    const json = withTransition({ code: long, from: ['ESCALATED', 'NEW'], to: 'NEW', trigger: { type: 'manual' } });
    const again = { code: 'again', from: 'ESCALATED', to: 'NEW', trigger: { type: 'manual' } };
    const both = machineOf({ ...json, transitions: [...(json.transitions as Json[]), again] });
    const svg = svgOf(both, 'Orders');
    expect(svg).toContain('…</text>');
    expect(svg).toContain('again (manual)');
    expect(mermaidOf(both)).toContain(`s3 --> s0: ${long} (manual)<br>again (manual)`);
  });
});

describe('what lists show of a machine', () => {
  it.each<[JsonObject, JsonObject]>([
    [orders(), { for: { module: 'opportunities' }, initialState: 'NEW' }],
    [orders({ for: { integration: 'shop' } }), { for: { integration: 'shop' }, initialState: 'NEW' }],
    [orders({ for: { module: 5 }, states: [{ code: 5, initial: true }] }), { for: null, initialState: null }],
    [
      { for: 'x', states: 'x' },
      { for: null, initialState: null },
    ],
  ])('is told of %j', (json, summary) => {
    expect(summaryOf(json)).toEqual({ type: 'machine', ...summary });
  });
});

describe('two machines compared', () => {
  it('are the same whatever the order of members', () => {
    expect(diffMachines(orders(), orders())).toEqual({ isSame: true, values: [], steps: [] });
  });

  it('differ by state, by transition, by step and in the order of transitions', () => {
    const [submit, confirm, escalate] = orders().transitions as JsonObject[];
    const [fresh, submitted, confirmed] = orders().states as JsonObject[];
    const steps = [{ id: 'tell', type: 'notify', with: { text: 'Done' } }];
    const after = orders({
      states: [submitted as Json, fresh as Json, { ...confirmed, description: 'Done' }],
      transitions: [{ ...confirm, steps }, submit as Json, { code: 'new', from: 'any', to: 'NEW', trigger: { type: 'manual' } }],
    });
    expect(diffMachines(orders(), after)).toEqual({
      isSame: false,
      values: [
        { path: 'states.CONFIRMED.description', change: 'added', from: null, to: 'Done' },
        { path: 'states.ESCALATED', change: 'removed', from: { code: 'ESCALATED' }, to: null },
        { path: 'transitions.escalate', change: 'removed', from: escalate, to: null },
        { path: 'transitions.new', change: 'added', from: null, to: { code: 'new', from: 'any', to: 'NEW', trigger: { type: 'manual' } } },
        { path: 'transitions', change: 'changed', from: ['submit', 'confirm'], to: ['confirm', 'submit'] },
      ],
      steps: [
        {
          id: 'tell',
          name: null,
          type: 'notify',
          changes: ['changed'],
          from: 'transitions.confirm.steps[0]',
          to: 'transitions.confirm.steps[0]',
          values: [{ path: 'with.text', change: 'changed', from: 'Order {{record.number}}', to: 'Done' }],
        },
      ],
    });
  });

  it.each<[string, Json]>([
    ['states without codes', [{}]],
    ['two states of one code', [{ code: 'A' }, { code: 'A' }]],
    ['no list of states', 5],
  ])('may be drafts with %s', (_, states) => {
    expect(diffMachines(orders({ states }), orders({ states })).isSame).toBe(true);
    expect(diffMachines(orders(), orders({ states, transitions: states })).isSame).toBe(false);
    expect(diffMachines(orders({ transitions: states }), orders()).isSame).toBe(false);
  });
});

describe('the file of a machine', () => {
  const file = { format: 'nestjs-crm-automation/machine', formatVersion: 1, code: 'orders', name: 'Orders', description: null };

  it('is read as it was written', () => {
    expect(readMachineFile({ ...file, definition: orders() })).toEqual({
      ok: true,
      file: { code: 'orders', name: 'Orders', description: null, definition: orders() },
    });
  });

  it.each<[string, unknown, string, string]>([
    ['no object', [], 'body', 'An exported state machine is a JSON object.'],
    ['a workflow', { format: 'nestjs-crm-automation/workflow', formatVersion: 1 }, 'format', 'no exported state machine'],
    ['nothing of a machine', { name: 'x' }, 'format', 'no exported state machine'],
    ['no name', { states: [] }, 'name', 'name must be a text'],
    ['a definition that is none', { ...file, definition: 5 }, 'definition', 'must be an object'],
  ])('is refused: %s', (_, json, path, message) => {
    const outcome = readMachineFile(json);
    expect(outcome).toMatchObject({ ok: false, problems: [{ path, message: expect.stringContaining(message) }] });
  });

  it('may come from another system, whose words are understood', () => {
    const foreign = {
      code: 'ORDER FULFILMENT',
      description: 'From there',
      entity: 'opportunities',
      initial_state: 'NEW',
      finalStates: ['CONFIRMED'],
      states: [
        'NEW',
        { Code: 'SUBMITTED', 'Timeout (hours)': 48, 'Timeout transition': 'escalate' },
        { name: 'CONFIRMED' },
        { code: 'ESCALATED', timeout: { hours: '0.5', transition: 'submit' } },
      ],
      transitions: [
        { code: 'escalate', fromStates: ['SUBMITTED'], To: 'ESCALATED', trigger: 'on timeout', order: 3 },
        { code: 'submit', from_state: ['NEW', 'ESCALATED'], to_state: 'SUBMITTED', trigger: 'On Export', priority: 1, isEnabled: true },
        { code: 'confirm', from: 'any', to: 'CONFIRMED', trigger: 'on scheduled poll', cron: '0 * * * *', order: 2 },
        { code: 'again', from: 'any', to: 'NEW', trigger: { type: 'on CRM event', event: 'updated' }, order: 4, actions: [] },
        { code: 'byHand', from: 'NEW', to: 'CONFIRMED', trigger: 'manual', roles: ['manager'], order: 5 },
      ],
    };
    const outcome = readMachineFile(foreign);
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
    const { definition, ...naming } = JSON.parse(JSON.stringify(outcome.file)) as { definition: JsonObject };
    expect(naming).toEqual({ code: 'order-fulfilment', name: 'ORDER FULFILMENT', description: 'From there' });
    expect(definition).toEqual({
      for: { module: 'opportunities' },
      states: [
        { code: 'NEW', initial: true },
        { code: 'SUBMITTED', timeout: { after: 'PT48H', transition: 'escalate' } },
        { code: 'CONFIRMED', final: true },
        { code: 'ESCALATED', timeout: { after: 'PT30M', transition: 'submit' } },
      ],
      transitions: [
        { code: 'submit', from: ['NEW', 'ESCALATED'], to: 'SUBMITTED', trigger: { type: 'export' }, enabled: true },
        { code: 'confirm', from: 'any', to: 'CONFIRMED', trigger: { type: 'poll', timezone: 'UTC', cron: '0 * * * *' } },
        { code: 'escalate', from: ['SUBMITTED'], to: 'ESCALATED', trigger: { type: 'timeout' } },
        { code: 'again', from: 'any', to: 'NEW', trigger: { type: 'event', event: 'updated' }, steps: [] },
        { code: 'byHand', from: 'NEW', to: 'CONFIRMED', trigger: { type: 'manual', roles: ['manager'] } },
      ],
    });
    expect(problemsOf(definition)).toEqual([]);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['an integration', { integration: 'shop' }, { for: { integration: 'shop' } }],
    ['nothing', {}, {}],
    ['what it says here, too', { module: 'leads', for: { module: 'opportunities' } }, { for: { module: 'opportunities' } }],
    ['the code beside a name', { states: [{ Code: 'A', Name: 'First' }] }, { states: [{ code: 'A', Name: 'First' }] }],
    ['a definition inside', { definition: { entity: 'leads' } }, { for: { module: 'leads' } }],
    ['what is no list', { states: 5, transitions: 'x' }, { states: 5, transitions: 'x' }],
    ['a timeout that is no time', { states: [{ code: 'A', timeout: 'soon' }] }, { states: [{ code: 'A', timeout: { after: 'soon' } }] }],
    ['a timeout of nothing', { states: [{ code: 'A', timeout: null, onTimeout: null }] }, { states: [{ code: 'A' }] }],
    ['a timeout without a time', { states: [{ code: 'A', onTimeout: 'b' }] }, { states: [{ code: 'A', timeout: { transition: 'b' } }] }],
    ['a timeout as here', { states: [{ code: 'A', timeout: { after: 'P1D' } }] }, { states: [{ code: 'A', timeout: { after: 'P1D' } }] }],
    [
      'transitions that are none',
      { transitions: [5, { trigger: 6 }, {}, { trigger: { type: 7 } }] },
      { transitions: [5, { trigger: 6 }, {}, { trigger: { type: 7 } }] },
    ],
    ['a trigger without a type', { transitions: [{ trigger: {} }] }, { transitions: [{ trigger: { type: null } }] }],
  ])('keeps %s', (_, foreign, definition) => {
    const outcome = readMachineFile({
      format: undefined,
      name: 'x',
      states: undefined,
      ...(foreign.definition ? foreign : { definition: foreign }),
    });
    expect(outcome.ok && JSON.parse(JSON.stringify(outcome.file.definition))).toEqual(definition);
  });
});
