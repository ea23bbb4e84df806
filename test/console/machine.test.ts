import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  firedByWords,
  fromWords,
  instancesByState,
  problemsAt,
  statesOf,
  subjectWords,
  transitionsOf,
} from '../../src/console/model/machine.js';
import { byPart, diffMachines } from '../../src/console/model/machine-diff.js';
import { drawMachine } from '../../src/console/model/machine-drawing.js';
import {
  addState,
  addTransition,
  codeProblem,
  makeInitial,
  moveTransition,
  renameState,
  renameTransition,
} from '../../src/console/model/machine-edit.js';
import type { Box } from '../../src/console/model/machine-ways.js';
import { explanationIn, reasonWords, remarksIn } from '../../src/console/model/machine-words.js';
import type { JsonObject } from '../../src/core/json.js';

const ORDERS: JsonObject = {
  for: { module: 'opportunities' },
  states: [
    { code: 'NEW', initial: true },
    { code: 'SUBMITTED', description: 'The partner has it.', timeout: { after: 'PT48H', transition: 'escalate' } },
    { code: 'CONFIRMED', final: true },
    { code: 'ESCALATED' },
  ],
  transitions: [
    { code: 'submit', from: 'NEW', to: 'SUBMITTED', trigger: { type: 'export' } },
    { code: 'confirm', from: ['SUBMITTED', 'ESCALATED'], to: 'CONFIRMED', trigger: { type: 'import' }, steps: [{ id: 'tell' }] },
    { code: 'escalate', from: 'SUBMITTED', to: 'ESCALATED', trigger: { type: 'timeout' } },
    { code: 'again', from: ['ESCALATED'], to: 'NEW', trigger: { type: 'manual', roles: ['sales', 'lead'] }, enabled: false },
    { code: 'drop', from: 'any', to: 'CONFIRMED', trigger: { type: 'manual' } },
  ],
};
const CATALOG = {
  modules: [
    { name: 'opportunities', label: 'Opportunities', fields: [], relations: [], events: [{ name: 'closed_won', label: 'Closed won' }] },
  ],
} as never;

describe('a machine as pages read it', () => {
  it('has its states and transitions, one source or several', () => {
    expect(statesOf(ORDERS).map(({ code, isInitial, isFinal }) => [code, isInitial, isFinal])).toEqual([
      ['NEW', true, false],
      ['SUBMITTED', false, false],
      ['CONFIRMED', false, true],
      ['ESCALATED', false, false],
    ]);
    expect(transitionsOf(ORDERS).map(({ from }) => fromWords(from))).toEqual([
      'NEW',
      'SUBMITTED or ESCALATED',
      'SUBMITTED',
      'ESCALATED',
      'any state',
    ]);
    expect(subjectWords(ORDERS.for, CATALOG)).toBe('Opportunities');
    expect(subjectWords({ integration: 'partner' }, CATALOG)).toBe('Runs of partner');
  });

  it('says in words what fires each transition', () => {
    const words = transitionsOf(ORDERS).map((transition) => firedByWords(transition, ORDERS, CATALOG));
    expect(words).toEqual([
      'An export takes the record',
      'An import brings the record',
      'After 48 hours in SUBMITTED',
      'By hand, by sales or lead',
      'By hand',
    ]);
    const fired = (trigger: JsonObject, subject: JsonObject = { module: 'opportunities' }): string =>
      firedByWords({ code: 'x', trigger }, { for: subject }, CATALOG);
    expect(fired({ type: 'event', event: 'closed_won' })).toBe('Closed won');
    expect(fired({ type: 'event', event: 'run_finished' }, { integration: 'partner' })).toBe('The run ends');
    expect(fired({ type: 'poll', cron: '0 9 * * *', timezone: 'UTC' })).toMatch(/^Asked: /);
    expect(fired({ type: 'webhook' })).toBe('A call of its URL');
    expect(fired({ type: 'timeout' })).toBe('A timeout, and no state has it');
    expect(firedByWords({ code: 'x', trigger: undefined }, {}, null)).toBe('Nothing chosen yet');
  });

  it('reads a draft that is anything', () => {
    for (const definition of [{}, { states: 'NEW', transitions: {} }, { states: [1, null, 'x'], transitions: [null, { from: 3 }] }]) {
      const [states, transitions] = [statesOf(definition as JsonObject), transitionsOf(definition as JsonObject)];
      for (const transition of transitions) firedByWords(transition, definition as JsonObject, null);
      if (states.length > 0) drawMachine(states, transitions, 'right');
    }
  });

  it('finds the problems of one part and not of its neighbours', () => {
    const problems = ['states[1]', 'states[1].timeout.after', 'states[10].code', 'transitions[1]'].map((path) => ({ path }));
    expect(problemsAt(problems, ['states', 1]).map(({ path }) => path)).toEqual(['states[1]', 'states[1].timeout.after']);
  });

  it('counts instances by state, whatever their version', () => {
    const counts = [
      { state: 'NEW', instances: 2 },
      { state: 'NEW', instances: 3 },
    ];
    expect(instancesByState(counts).get('NEW')).toBe(5);
  });
});

describe('the drawing of a machine', () => {
  const drawn = (definition: JsonObject, direction: 'right' | 'down') =>
    drawMachine(statesOf(definition), transitionsOf(definition), direction);

  it('goes in layers from where instances begin', () => {
    const { states, arrows } = drawn(ORDERS, 'right');
    const x = (code: string): number => states.find((state) => state.code === code)?.x ?? Number.NaN;
    expect(x('NEW')).toBeLessThan(x('SUBMITTED'));
    expect(x('SUBMITTED')).toBeLessThan(x('ESCALATED'));
    expect(x('ESCALATED')).toBeLessThan(x('CONFIRMED'));
    expect(arrows.find(({ to }) => to === 'NEW')).toMatchObject({ from: 'ESCALATED', labels: ['again'], isDisabled: true });
    expect(arrows.map(({ from, to }) => `${from} ${to}`).sort()).toEqual([
      'ESCALATED CONFIRMED',
      'ESCALATED NEW',
      'NEW SUBMITTED',
      'SUBMITTED CONFIRMED',
      'SUBMITTED ESCALATED',
      'any CONFIRMED',
    ]);
  });

  it('draws every state and way of any machine, none over another and none outside', () => {
    const overlap = (one: Box, other: Box): boolean =>
      one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;
    const machine = fc.integer({ min: 1, max: 12 }).chain((count) => {
      const code = fc.integer({ min: 0, max: count - 1 }).map((index) => `S${index}`);
      return fc.record({
        states: fc.constant(Array.from({ length: count }, (_, index) => ({ code: `S${index}`, initial: index === 0 }))),
        transitions: fc.array(fc.record({ code: fc.stringMatching(/^[a-z]{1,20}$/), from: fc.oneof(code, fc.constant('any')), to: code }), {
          maxLength: 24,
        }),
      });
    });
    fc.assert(
      fc.property(machine, fc.constantFrom('right' as const, 'down' as const), (definition, direction) => {
        const { width, height, states, arrows } = drawn(definition, direction);
        const ways = new Set(definition.transitions.map(({ from, to }) => `${from} ${to}`));
        expect(arrows.length).toBe(ways.size);
        expect(arrows.flatMap(({ labels }) => labels).length).toBe(definition.transitions.length);
        for (const [index, state] of states.entries()) {
          expect(states.slice(index + 1).filter((other) => overlap(state, other))).toEqual([]);
          expect(state.x >= 0 && state.y >= 0 && state.x + state.width <= width && state.y + state.height <= height).toBe(true);
        }
        // Nor is anything written over a state, but of ways from a state to itself.
        const written = arrows.filter(({ from, to }) => from !== to);
        for (const { label, labels } of written) {
          const box = { x: label.x - label.width / 2, y: label.y - labels.length * 8, width: label.width, height: labels.length * 16 };
          expect(states.filter((state) => overlap(state, box))).toEqual([]);
        }
        expect(arrows.map(({ line, tip }) => line + tip).join('')).not.toMatch(/NaN|Infinity/);
      }),
      { numRuns: 200 },
    );
  });

  it('is the same each time', () => {
    expect(drawn(ORDERS, 'down')).toEqual(drawn(ORDERS, 'down'));
  });
});

describe('a difference of machines', () => {
  it('is told by the states and transitions that it is about', () => {
    const diff = {
      values: [
        { path: 'for.module', change: 'changed' as const, from: 'leads', to: 'accounts' },
        { path: 'states.NEW.timeout.after', change: 'changed' as const, from: 'PT1H', to: 'PT2H' },
        { path: 'transitions.submit', change: 'removed' as const, from: {}, to: null },
        { path: 'transitions', change: 'changed' as const, from: ['a'], to: ['b'] },
      ],
      steps: [
        { id: 'tell', name: null, type: 'send', changes: ['moved' as const], from: null, to: 'transitions.confirm.steps[0]', values: [] },
      ],
    };
    expect(
      byPart(diff).map(({ kind, code, whole, values, steps }) => [kind, code, whole?.change, values.map(({ path }) => path), steps.length]),
    ).toEqual([
      ['machine', null, undefined, ['for.module', 'transitions'], 0],
      ['state', 'NEW', undefined, ['timeout.after'], 0],
      ['transition', 'submit', 'removed', [], 0],
      ['transition', 'confirm', undefined, [], 1],
    ]);
  });
});

describe('the way of an instance in words', () => {
  it('tells the rule where there is one, else the reason', () => {
    expect(reasonWords('state', { rule: 'It does not lead out of "NEW".' })).toBe('It does not lead out of "NEW".');
    expect(reasonWords('conditions', { result: false })).toBe('Its conditions do not hold.');
    expect(reasonWords('of_the_future')).toBe('Of the future');
  });

  it('finds comments, errors and what did not fire in what is told beside it', () => {
    expect(
      remarksIn({ comment: 'By phone', notFired: [{ transition: 'submit', reason: 'conditions', explanation: { result: false } }] }),
    ).toEqual({
      comment: 'By phone',
      notFired: [{ transition: 'submit', reason: 'conditions', explanation: { result: false } }],
      error: null,
    });
    expect(remarksIn([{ transition: null, reason: 'paused', explanation: { rule: 'The machine is disabled.' } }]).notFired).toHaveLength(1);
    expect(remarksIn({ reason: 'Twice' }).comment).toBe('Twice');
    expect(remarksIn({ code: 'mail_refused', message: 'Nobody answers.' }).error).toMatchObject({ code: 'mail_refused' });
    expect(remarksIn(null)).toEqual({ comment: null, notFired: [], error: null });
    expect(explanationIn({ rule: 'x' })).toBeNull();
    expect(explanationIn({ result: true, all: [] })).not.toBeNull();
  });
});

describe('an edit of a machine', () => {
  it('takes along everything that names a state or a transition', () => {
    const { definition, references } = renameState(ORDERS, 1, 'SENT');
    expect(references).toBe(3);
    expect(transitionsOf(definition).map(({ from, to }) => `${fromWords(from)} ${to}`)).toEqual([
      'NEW SENT',
      'SENT or ESCALATED CONFIRMED',
      'SENT ESCALATED',
      'ESCALATED NEW',
      'any state CONFIRMED',
    ]);
    expect(statesOf(renameTransition(ORDERS, 2, 'too_late'))[1]?.timeout?.transition).toBe('too_late');
  });

  it('refuses codes that are taken, that mean all states, or that are none', () => {
    expect(codeProblem(ORDERS, 'states', 0, 'NEW')).toBeNull();
    expect(codeProblem(ORDERS, 'states', 0, 'CONFIRMED')).toMatch(/Another/);
    expect(codeProblem(ORDERS, 'states', 0, 'any')).toMatch(/not final/);
    expect(codeProblem(ORDERS, 'transitions', 0, '2nd')).toMatch(/starts with a letter/);
  });

  it('adds parts with codes that are free, the first state as the one to begin in', () => {
    expect(addState({}).definition).toEqual({ states: [{ code: 'STATE_1', initial: true }] });
    const { definition, index } = addTransition(ORDERS, 'ESCALATED');
    expect(transitionsOf(definition)[index]).toMatchObject({ code: 'transition_6', from: ['ESCALATED'], to: 'NEW' });
  });

  it('lets instances begin in one state alone, and asks transitions in another order', () => {
    expect(statesOf(makeInitial(ORDERS, 3)).map(({ isInitial }) => isInitial)).toEqual([false, false, false, true]);
    const codes = transitionsOf(moveTransition(ORDERS, 1, -1) ?? {}).map(({ code }) => code);
    expect(codes.slice(0, 2)).toEqual(['confirm', 'submit']);
    expect(moveTransition(ORDERS, 0, -1)).toBeNull();
  });

  it('is told against another draft by codes and ids', () => {
    const changed = structuredClone(ORDERS) as { states: JsonObject[]; transitions: JsonObject[] };
    changed.states[1] = { ...changed.states[1], description: 'They have it.' };
    changed.transitions[1] = { ...changed.transitions[1], steps: [{ id: 'tell', type: 'other' }] };
    const diff = diffMachines(ORDERS, changed as unknown as JsonObject);
    expect(diff.values.map(({ path }) => path)).toEqual(['states.SUBMITTED.description']);
    expect(diff.steps.map(({ id, to }) => `${id} ${to}`)).toEqual(['tell transitions.confirm.steps[0]']);
    expect(diffMachines(ORDERS, ORDERS).isSame).toBe(true);
    expect(diffMachines(ORDERS, moveTransition(ORDERS, 1, -1) ?? {}).values).toMatchObject([{ path: 'transitions' }]);
  });
});
