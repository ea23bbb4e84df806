import { describe, expect, it } from '@jest/globals';
import { compileCondition } from '../../../src/core/condition/condition.js';
import type { Condition } from '../../../src/core/condition/tree.js';
import type { Json } from '../../../src/core/json.js';
import type { Scope } from '../../../src/core/scope.js';
import { decideStep, type Step } from '../../../src/core/steps/index.js';
import { Calendar } from '../../../src/core/time/calendar.js';
import { action, approval, branch, delay, forEach, parallel, START, stop, webhookWait } from '../plan/support.js';
import { scope } from '../template/fixture.js';

const conditionOf = (condition: Condition) => compileCondition(condition, null);
const decide = (step: Step, more: Partial<Scope> = {}) => decideStep(step, { ...scope, ...more }, START, conditionOf, { loopItems: 1_000 });
const amountAbove = (value: Json): Condition => ({ field: 'amount', operator: 'greater_than', value });

describe('a branch that is decided', () => {
  const route = (...limits: number[]): Step => ({
    ...branch('route', {}),
    branches: limits.map((limit) => ({ name: `over_${limit}`, when: amountAbove(limit), steps: [] })),
  });

  it('takes the first branch whose condition holds, and tells what it looked at', () => {
    expect(decide(route(5_000, 1_000, 10))).toEqual({
      status: 'succeeded',
      output: { taken: 'over_1000' },
      wakeAt: null,
      input: {
        looked: [
          { branch: 'over_5000', explanation: expect.objectContaining({ result: false, seen: 1234.5, expected: 5_000 }) },
          { branch: 'over_1000', explanation: expect.objectContaining({ result: true }) },
        ],
      },
    });
  });

  it('takes none when none holds', () => {
    expect(decide(route(5_000)).output).toEqual({ taken: null });
  });

  it('asks its conditions about the moment at which it is decided', () => {
    const past: Condition = { field: 'at', operator: 'before', value: { fromNow: 'PT0S' } };
    const step: Step = { ...branch('route', {}), branches: [{ name: 'past', when: past, steps: [] }] };
    expect(decide(step, { record: { at: '2029-12-31T23:59:59Z' } }).output).toEqual({ taken: 'past' });
    expect(decide(step, { record: { at: '2030-01-01T00:00:01Z' } }).output).toEqual({ taken: null });
  });
});

describe('a loop that is decided', () => {
  it('keeps the list that it goes through', () => {
    expect(decide(forEach('each', [], { in: '{{record.tags}}' }))).toEqual({
      status: 'succeeded',
      input: { in: '{{record.tags}}' },
      output: { items: ['vip', 'new'], count: 2 },
      wakeAt: null,
    });
  });

  it('refuses what is no list', () => {
    expect(() => decide(forEach('each', [], { in: '{{record.name}}' }))).toThrow(
      expect.objectContaining({ code: 'loop_invalid', hint: expect.any(String) }),
    );
  });

  it('refuses a list that is longer than it may be, and takes one that is as long', () => {
    expect(decide(forEach('each', [], { in: '{{record.tags}}', maxItems: 2 })).output).toMatchObject({ count: 2 });
    expect(() => decideStep(forEach('each', [], { in: '{{record.tags}}' }), scope, START, conditionOf, { loopItems: 1 })).toThrow(
      expect.objectContaining({ code: 'loop_too_long', message: expect.stringContaining('1 is the most') }),
    );
    expect(() => decide(forEach('each', [], { in: '{{record.tags}}', maxItems: 1 }))).toThrow(
      expect.objectContaining({ code: 'loop_too_long', message: expect.stringContaining('2 items') }),
    );
  });
});

describe('a delay that is decided', () => {
  const until = (step: Partial<Step>, more: Partial<Scope> = {}) => decide({ id: 'w', kind: 'delay', ...step } as Step, more);

  it('waits until a date of the record, or so long before or after it', () => {
    const record = { renewsOn: '2030-01-10T12:00:00Z' };
    const wakeAt = (more: object) => until({ untilField: 'renewsOn', ...more } as never, { record }).wakeAt;
    expect(wakeAt({})).toBe('2030-01-10T12:00:00.000Z');
    expect(wakeAt({ offset: 'PT2H' })).toBe('2030-01-10T14:00:00.000Z');
    expect(wakeAt({ offset: '-P3D' })).toBe('2030-01-07T12:00:00.000Z');
    expect(wakeAt({ offset: '-P2BD' })).toBe('2030-01-08T12:00:00.000Z');
  });

  it('waits for its duration', () => {
    expect(decide(delay('w'))).toEqual({
      status: 'waiting',
      input: { until: '2030-01-01T01:00:00.000Z' },
      output: null,
      wakeAt: '2030-01-01T01:00:00.000Z',
    });
  });

  it('counts days as a calendar in the workspace does', () => {
    const now = new Date('2030-03-30T08:00:00Z');
    const decided = decideStep({ id: 'w', kind: 'delay', for: 'P1D' }, { ...scope, timezone: 'Europe/Berlin' }, now, conditionOf, {
      loopItems: 1_000,
    });
    expect(decided.wakeAt).toBe('2030-03-31T07:00:00.000Z');
  });

  it('ends in working hours where it says so', () => {
    const calendar = new Calendar({ timezone: 'UTC', holidays: ['2030-01-01'] });
    expect(until({ for: 'PT1H', businessHours: true }, { calendar }).wakeAt).toBe('2030-01-02T09:00:00.000Z');
    expect(until({ for: 'PT10H', businessHours: true }).wakeAt).toBe('2030-01-01T10:00:00.000Z');
    expect(until({ for: 'P1BD' }, { calendar }).wakeAt).toBe('2030-01-02T00:00:00.000Z');
  });

  it('waits until a moment, written or rendered, and until the date of a field', () => {
    expect(until({ until: '2030-05-01T09:00:00Z' }).wakeAt).toBe('2030-05-01T09:00:00.000Z');
    expect(until({ until: '{{trigger.at}}' }, { trigger: { at: '2030-05-01T11:00:00+02:00' } }).wakeAt).toBe('2030-05-01T09:00:00.000Z');
    expect(until({ untilField: 'dueAt' }, { record: { dueAt: '2030-05-01T09:00:00Z' } }).wakeAt).toBe('2030-05-01T09:00:00.000Z');
  });

  it('reads what has no offset in the zone of the workspace, wherever it stands', () => {
    const zone = { timezone: 'America/New_York' };
    expect(until({ until: '2030-05-01T09:00' }, zone).wakeAt).toBe('2030-05-01T13:00:00.000Z');
    expect(until({ until: '{{trigger.at}}' }, { ...zone, trigger: { at: '2030-05-01 09:00:00' } }).wakeAt).toBe('2030-05-01T13:00:00.000Z');
    expect(until({ untilField: 'dueOn' }, { ...zone, record: { dueOn: '2030-05-01' } }).wakeAt).toBe('2030-05-01T04:00:00.000Z');
  });

  it.each<[string, object, Partial<Scope>]>([
    ['a field without a value', { untilField: 'dueAt' }, { record: { dueAt: null } }],
    ['a field that is not there', { untilField: 'dueAt' }, { record: {} }],
    ['a text that is no date', { until: '{{record.name}}' }, {}],
    ['a number', { until: '{{record.amount}}' }, {}],
    ['nothing at all', {}, {}],
    ['no duration', { for: 'a while' }, {}],
  ])('fails with the reason when it is to end at %s', (_what, step, more) => {
    expect(() => until(step, more)).toThrow(expect.objectContaining({ code: 'delay_invalid' }));
  });
});

describe('a question that is decided', () => {
  const plain = {
    role: null,
    queue: null,
    reasonRequired: false,
    fields: [],
    show: [],
    priority: 'normal',
    dueAt: null,
    remindAt: null,
    escalation: null,
  };

  it('asks each person once, with the message rendered, and waits for as long as it says', () => {
    const assignees = ['u-1', '{{actor.id}}', '{{record.team}}', '{{record.nobody}}', '{{record.empty}}'];
    const record = { name: 'Ada', team: ['u-2', 'u-1', 7], nobody: null, empty: '' };
    const question = {
      ...plain,
      task: 'approval',
      title: 'Approval',
      message: 'Discount for Ada?',
      assignees: ['u-1', 'u-2', '7'],
      required: 'one',
    };
    expect(decide(approval('ok', { assignees, message: 'Discount for {{record.name}}?', expiresIn: 'P2D' }), { record })).toEqual({
      status: 'waiting',
      input: question,
      output: null,
      wakeAt: '2030-01-03T00:00:00.000Z',
      effect: { kind: 'ask_people', question },
    });
  });

  it('says by when, whom to remind and whom to ask instead, counted from when it is asked', () => {
    const step = approval('ok', {
      name: 'Discount',
      role: 'manager',
      required: 2,
      reasonRequired: true,
      show: ['amount'],
      priority: 'high',
      dueIn: 'P1D',
      remindIn: 'PT12H',
      escalation: { after: 'P2D', assignees: ['{{actor.id}}'] },
    });
    expect(decide(step).effect).toEqual({
      kind: 'ask_people',
      question: {
        task: 'approval',
        title: 'Discount',
        message: 'Well?',
        assignees: ['u-1'],
        role: 'manager',
        queue: null,
        required: 2,
        reasonRequired: true,
        fields: [],
        show: ['amount'],
        priority: 'high',
        dueAt: '2030-01-02T00:00:00.000Z',
        remindAt: '2030-01-01T12:00:00.000Z',
        escalation: { at: '2030-01-03T00:00:00.000Z', assignees: ['u-1'], role: null, queue: null },
      },
    });
  });

  it('waits for ever when it does not say how long', () => {
    expect(decide(approval('ok')).wakeAt).toBeNull();
  });

  it('may be a form, for people or for a queue, with what it offers as answers', () => {
    const form: Step = {
      id: 'ask',
      kind: 'form',
      queue: 'sales',
      fields: [
        { name: 'who', type: 'text', default: '{{record.name}}' },
        { name: 'note', type: 'text' },
      ],
      onExpiry: 'fail',
      expiresIn: 'PT1H',
    };
    const question = {
      ...plain,
      task: 'form',
      title: 'Form',
      message: null,
      assignees: [],
      queue: 'sales',
      required: null,
      fields: [
        { name: 'who', type: 'text', default: 'Ada' },
        { name: 'note', type: 'text' },
      ],
    };
    expect(decide(form, { record: { name: 'Ada' } })).toEqual({
      status: 'waiting',
      input: question,
      output: null,
      wakeAt: '2030-01-01T01:00:00.000Z',
      effect: { kind: 'ask_people', question },
    });
  });

  it.each([
    ['review', 'Review'],
    ['hand_off', 'Hand-off'],
  ] as const)('may be a %s, which is a form by another name', (purpose, title) => {
    const step: Step = { id: 'ask', kind: 'form', purpose, assignees: ['{{actor.id}}'], fields: [], onExpiry: 'fail' };
    expect(decide(step)).toMatchObject({ wakeAt: null, effect: { question: { task: purpose, title, assignees: ['u-1'] } } });
  });

  it('may be put to an outside system', () => {
    expect(decide(webhookWait('w', { expiresIn: 'PT1H' }))).toEqual({
      status: 'waiting',
      input: null,
      output: null,
      wakeAt: '2030-01-01T01:00:00.000Z',
      effect: { kind: 'open_callback' },
    });
  });
});

describe('another workflow that is started', () => {
  const sub = (wait: boolean, input?: object): Step =>
    ({ id: 'sub', kind: 'run_workflow', workflow: 'onboarding', wait, ...(input && { input }) }) as Step;

  it('gets its input rendered, and is waited for when the step says so', () => {
    const input = { who: 'Ada <Lovelace>', tags: ['vip', 'new'] };
    expect(decide(sub(true, { who: '{{record.name}}', tags: '{{record.tags}}' }))).toEqual({
      status: 'waiting',
      input: { workflow: 'onboarding', input },
      output: null,
      wakeAt: null,
      effect: { kind: 'start_run', workflow: 'onboarding', input, wait: true },
    });
  });

  it('is left to itself otherwise', () => {
    expect(decide(sub(false))).toMatchObject({
      status: 'succeeded',
      output: {},
      effect: { kind: 'start_run', workflow: 'onboarding', input: {}, wait: false },
    });
  });
});

describe('a stop that is decided', () => {
  it('renders its message', () => {
    expect(decide(stop('end', { outcome: 'cancelled', message: 'No budget at {{record.account.name}}.' }))).toEqual({
      status: 'succeeded',
      input: null,
      output: { outcome: 'cancelled', message: 'No budget at Acme.' },
      wakeAt: null,
    });
  });

  it('needs none', () => {
    expect(decide(stop('end')).output).toEqual({ outcome: 'succeeded', message: null });
    expect(decide(stop('end', { output: { tags: '{{record.tags}}', n: 1 } })).output).toMatchObject({
      output: { tags: expect.any(Array), n: 1 },
    });
  });
});

it.each([action('a'), parallel('fan', 'all', {})])('nothing is decided for %j', (step) => {
  expect(() => decide(step)).toThrow(expect.objectContaining({ code: 'step_not_executable' }));
});
