import { describe, expect, it } from '@jest/globals';
import type { Json, JsonObject } from '../../../src/core/json.js';
import { machinePublishProblems } from '../../../src/core/machine/publish-problems.js';
import { machineWarnings } from '../../../src/core/machine/warnings.js';
import { CATALOG, machineOf, orders, TELL, withTransition } from './support/order-machine.js';

const executable = { kinds: new Set(['action']), triggers: new Set(['event', 'manual']), longestRunMs: 1e12, loopItems: 10 };
const warningsOf = (json: JsonObject) => machineWarnings(machineOf(json), CATALOG).map(({ path, code, message }) => [path, code, message]);
const problemsOf = (json: JsonObject) => machinePublishProblems(machineOf(json), json, { ...CATALOG, executable });
const write = (id: string, args: JsonObject): Json => ({ id, type: 'change_field', with: args });
const updated: JsonObject = { type: 'event', event: 'updated' };

describe('the warnings of a machine', () => {
  it('are none where every state is reached and left, and every transition can fire', () => {
    expect(warningsOf(orders())).toEqual([]);
  });

  it.each<[string, JsonObject, unknown[][]]>([
    [
      'a state that nothing leads to',
      orders({ states: [...(orders().states as Json[]), { code: 'LOST', final: true }] }),
      [['states[4]', 'state_unreachable', 'No instance ever comes to "LOST": no transition leads there from the initial state.']],
    ],
    [
      'a state that only a disabled transition leads to',
      withTransition(
        { from: 'NEW', to: 'LOST', trigger: { type: 'manual' }, enabled: false },
        { states: [...(orders().states as Json[]), { code: 'LOST', final: true }] },
      ),
      [['states[4]', 'state_unreachable', expect.stringContaining('"LOST"')]],
    ],
    [
      'a state that nothing leads out of',
      withTransition(
        { from: 'NEW', to: 'STUCK', trigger: { type: 'manual' } },
        { states: [...(orders().states as Json[]), { code: 'STUCK' }] },
      ),
      [['states[4]', 'state_without_exit', 'No instance ever leaves "STUCK", and it is not final.']],
    ],
    [
      'a timeout whose transition is disabled',
      orders({
        transitions: (orders().transitions as JsonObject[]).map((one) => (one.code === 'escalate' ? { ...one, enabled: false } : one)),
      }),
      [
        ['states[1].timeout', 'timeout_disabled', expect.stringContaining('"escalate" is disabled')],
        ['states[3]', 'state_unreachable', expect.stringContaining('"ESCALATED"')],
      ],
    ],
    [
      'a transition for a timeout that no state has',
      withTransition({ trigger: { type: 'timeout' } }),
      [['transitions[3]', 'transition_never_fires', '"more" never fires: no state has a timeout that names it.']],
    ],
    [
      'a transition behind one that always fires before it',
      withTransition({ from: 'SUBMITTED', trigger: { type: 'import' } }),
      [['transitions[3]', 'transition_never_fires', expect.stringContaining('"confirm" before it has no conditions')]],
    ],
    [
      'steps that may fire it again',
      withTransition({
        from: 'NEW',
        trigger: updated,
        steps: [write('w', { field: 'note' })],
        conditions: { field: 'amount', operator: 'greater_than', value: 5 },
      }),
      [['transitions[3].steps[0]', 'loop', expect.stringContaining('"more" → "more"')]],
    ],
  ])('%s', (_, json, warnings) => {
    expect(warningsOf(json)).toEqual(warnings);
  });

  it.each<[string, JsonObject]>([
    ['from another state', { from: 'NEW', to: 'ESCALATED', trigger: { type: 'import' } }],
    ['from any state, where the one before is from some', { from: 'any', trigger: { type: 'import' } }],
    ['by hand: a person chooses', { from: 'NEW', to: 'SUBMITTED', trigger: { type: 'manual' } }],
    ['disabled', { from: 'SUBMITTED', trigger: { type: 'import' }, enabled: false }],
  ])('a transition is not behind another one %s', (_, transition) => {
    const twice = withTransition(transition);
    const again = { ...(twice.transitions as JsonObject[])[3], code: 'again' };
    const json =
      transition.trigger && (transition.trigger as JsonObject).type === 'manual'
        ? { ...twice, transitions: [...(twice.transitions as Json[]), again] }
        : twice;
    expect(warningsOf(json)).toEqual([]);
  });

  it('a transition from any state is before one from some states', () => {
    const first = { code: 'first', from: 'any', to: 'NEW', trigger: { type: 'import' } };
    const json = orders({ transitions: [first, ...(orders().transitions as Json[])] });
    expect(warningsOf(json)).toEqual([['transitions[2]', 'transition_never_fires', expect.stringContaining('"first"')]]);
  });
});

describe('what keeps a machine from being published', () => {
  it('is nothing where its steps can be run and end', () => {
    expect(problemsOf(orders())).toEqual([]);
  });

  it('are kinds of steps that cannot be run, by their place in the machine', () => {
    const json = withTransition({ trigger: { type: 'manual' }, steps: [{ id: 'wait', type: 'delay', for: 'PT1H' }] });
    expect(problemsOf(json)).toEqual([{ path: 'transitions[3].steps[0].type', message: expect.stringContaining('"delay"') }]);
  });

  it('are steps that fire their own transition at once and for ever', () => {
    const json = withTransition({ trigger: updated, steps: [TELL, write('w', { field: 'note' })].slice(1) });
    expect(problemsOf(json)).toEqual([
      { path: 'transitions[3].steps[0]', message: expect.stringContaining('at once and for ever, by what its steps do: "more" → "more"') },
    ]);
  });

  it('are transitions that fire each other for ever, told once; not where the state that is entered lets go', () => {
    const there = {
      code: 'there',
      from: 'NEW',
      to: 'SUBMITTED',
      trigger: updated,
      steps: [write('a', { field: 'note' })],
    };
    const back = { code: 'back', from: 'any', to: 'NEW', trigger: updated, steps: [write('b', { field: 'note' })] };
    const base = orders().transitions as Json[];
    const problems = problemsOf(orders({ transitions: [...base, there, { ...back, from: 'SUBMITTED' }] }));
    expect(problems).toEqual([{ path: 'transitions[3].steps[0]', message: expect.stringContaining('"there" → "back" → "there"') }]);
    expect(problemsOf(orders({ transitions: [...base, there, { ...back, from: 'ESCALATED' }] }))).toEqual([]);
    expect(problemsOf(orders({ transitions: [...base, there, { ...back, from: 'SUBMITTED', enabled: false }] }))).toEqual([]);
  });

  it('no loop is told of a machine for the runs of an integration', () => {
    const json = withTransition(
      { trigger: { type: 'event', event: 'run_finished' }, steps: [{ id: 'x', type: 'notify', with: {} }] },
      {
        for: { integration: 'shop' },
        start: undefined,
        transitions: [
          { code: 'escalate', from: 'SUBMITTED', to: 'ESCALATED', trigger: { type: 'timeout' } },
          {
            code: 'more',
            from: 'any',
            to: 'SUBMITTED',
            trigger: { type: 'event', event: 'run_finished' },
            steps: [{ id: 'x', type: 'notify', with: {} }],
          },
        ],
      },
    );
    expect(problemsOf(json)).toEqual([]);
  });
});
