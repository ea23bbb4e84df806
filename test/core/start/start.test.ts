import { describe, expect, it } from '@jest/globals';
import { compileCondition } from '../../../src/core/condition/condition.js';
import type { Condition } from '../../../src/core/condition/tree.js';
import type { Reentry } from '../../../src/core/definition/types.js';
import type { Cause, CauseLink, DomainEvent, StartRule } from '../../../src/core/event.js';
import { admitStart, asksForEarlierRuns, type EarlierRuns, matchStart, type StartableWorkflow } from '../../../src/core/start/start.js';
import { compileTrigger } from '../../../src/core/trigger/trigger.js';
import { CONTEXT, EVENT } from './support/start.js';

const FROM_THE_WEB: Condition = { field: 'source', operator: 'equals', value: 'Web' };

function workflow({
  event = 'created',
  conditions = null,
  reentry = 'always',
  countFailedRuns = false,
}: {
  event?: string;
  conditions?: Condition | null;
  reentry?: Reentry;
  countFailedRuns?: boolean;
}): StartableWorkflow {
  return {
    workflow: { id: 'w-1', name: 'Welcome' },
    trigger: compileTrigger({ type: 'event', module: 'leads', event }),
    conditions: conditions && compileCondition(conditions, null),
    definition: { settings: { reentry, countFailedRuns } },
  };
}

function link(more: Partial<CauseLink> = {}): CauseLink {
  return { workflowId: 'w-2', workflowName: 'Assign', module: 'leads', recordId: '42', ...more };
}

/** A chain in which this very workflow has run on this very record. */
const OWN_CHAIN: Cause = { runId: 'r-1', depth: 2, path: [link({ workflowId: 'w-1', workflowName: 'Welcome' }), link()] };

describe('whether a workflow is meant', () => {
  it('starts where the trigger matches, without conditions or with such as hold', () => {
    for (const conditions of [null, FROM_THE_WEB])
      expect(matchStart(EVENT, workflow({ conditions }), 'active', CONTEXT)).toEqual({ kind: 'start' });
  });

  it.each([
    ['the pause before the trigger', 'paused', 'updated', 'paused', { rule: 'The workflow "Welcome" is not active.' }],
    ['the trigger before the conditions', 'active', 'updated', 'trigger', { rule: 'The event is leads.created, not leads.updated.' }],
    [
      'the conditions last, with what they saw',
      'active',
      'created',
      'conditions',
      { result: false, field: 'source', operator: 'equals', seen: 'Web', expected: 'Fair' },
    ],
  ] as const)('names %s', (_, status, event, reason, explanation) => {
    const unmet = workflow({ event, conditions: { ...FROM_THE_WEB, value: 'Fair' } });
    expect(matchStart(EVENT, unmet, status, CONTEXT)).toEqual({ kind: 'skip', reason, explanation });
  });

  it('asks where the record stands in state machines, as the event carries it', () => {
    const submitted = workflow({ conditions: { field: 'machine.orders.state', operator: 'equals', value: 'SUBMITTED' } });
    const standing = (state: string) => ({ orders: { state, since: '2026-01-01T00:00:00.000Z', transition: null } });
    expect(matchStart({ ...EVENT, machine: standing('SUBMITTED') }, submitted, 'active', CONTEXT)).toEqual({ kind: 'start' });
    expect(matchStart({ ...EVENT, machine: standing('NEW') }, submitted, 'active', CONTEXT)).toMatchObject({ reason: 'conditions' });
    expect(matchStart(EVENT, submitted, 'active', CONTEXT)).toMatchObject({ reason: 'conditions' });
  });

  it('says so where a trigger gives no reason of its own', () => {
    const silent = { ...workflow({}), trigger: { matches: () => false, explain: () => ({ matched: false }), key: null } };
    expect(matchStart(EVENT, silent, 'active', CONTEXT)).toMatchObject({ explanation: { rule: 'The trigger does not match.' } });
  });

  it('asks a start that names its workflow for its conditions and for the pause, but not for the trigger', () => {
    const named: DomainEvent = { ...EVENT, event: 'manual', target: { workflowId: 'w-1' } };
    expect(matchStart(named, workflow({}), 'active', CONTEXT)).toEqual({ kind: 'start' });
    expect(matchStart(named, workflow({}), 'paused', CONTEXT)).toMatchObject({ reason: 'paused' });
    const unmet = workflow({ conditions: { ...FROM_THE_WEB, value: 'Fair' } });
    expect(matchStart(named, unmet, 'active', CONTEXT)).toMatchObject({ reason: 'conditions' });
  });

  it('does not start what was due too long ago, where the trigger skips that', () => {
    const late = { ...EVENT, target: { workflowId: 'w-1' }, trigger: { type: 'schedule', at: '2026-03-01T09:00:00.000Z', tooLate: true } };
    expect(matchStart(late, workflow({}), 'active', CONTEXT)).toMatchObject({
      reason: 'misfire',
      explanation: { rule: expect.stringContaining('2026-03-01T09:00:00.000Z') },
    });
    expect(matchStart(late, workflow({}), 'paused', CONTEXT)).toMatchObject({ reason: 'paused' });
  });

  it('does not start for a delivery that was refused when it came, whatever has changed since', () => {
    const refused = { reason: 'old_url', explanation: { rule: 'It came to an old URL.' } };
    const delivery = { ...EVENT, target: { workflowId: 'w-1' }, trigger: { type: 'webhook', refused } };
    expect(matchStart(delivery, workflow({}), 'active', CONTEXT)).toEqual({ kind: 'skip', ...refused });
  });

  it.each<[string, Condition, Partial<DomainEvent>]>([
    ['the record', FROM_THE_WEB, {}],
    ['what the record was', { field: 'previous.source', operator: 'equals', value: 'Fair' }, { previous: { source: 'Fair' } }],
    ['what changed', { field: 'source', operator: 'changed' }, { changes: { source: { from: 'Fair', to: 'Web' } } }],
    ['its input', { field: 'trigger.input.size', operator: 'equals', value: 3 }, { trigger: { type: 'manual', input: { size: 3 } } }],
    ['who did it', { field: 'actor.id', operator: 'equals', value: 'u-1' }, {}],
  ])('lets conditions see %s', (_, conditions, more) => {
    expect(matchStart({ ...EVENT, ...more }, workflow({ conditions }), 'active', CONTEXT)).toEqual({ kind: 'start' });
    const nothing: DomainEvent = { ...EVENT, record: null, actor: { type: 'system', id: null } };
    expect(matchStart(nothing, workflow({ conditions }), 'active', CONTEXT)).toMatchObject({ reason: 'conditions' });
  });

  it.each([
    ['Pacific/Auckland', 'start'],
    ['UTC', 'skip'],
  ])('counts days from now as the workspace does: %s', (timezone, kind) => {
    const tomorrow: DomainEvent = { ...EVENT, record: { visit: '2026-03-02' } };
    const today = workflow({ conditions: { field: 'visit', operator: 'is_today' } });
    expect(matchStart(tomorrow, today, 'active', { ...CONTEXT, timezone })).toMatchObject({ kind });
  });
});

describe('whether a workflow may run again on a record', () => {
  const ago = (ms: number, active = false): EarlierRuns => {
    const run = { id: 'r-0', createdAt: new Date(CONTEXT.now.getTime() - ms) };
    return { active: active ? run : null, newest: run, newestFailed: null };
  };
  const DAY = 86_400_000;

  it.each<[string, Reentry, EarlierRuns | null, string | null]>([
    ['the first run', 'once_per_record', null, null],
    ['any run, where it may always', 'always', ago(1, true), null],
    ['a run beside one that is over', 'not_while_active', ago(1), null],
    ['a run beside one that is not', 'not_while_active', ago(DAY, true), 'a run on this record is still active'],
    ['a second run, however late', 'once_per_record', ago(900 * DAY), 'the workflow runs once per record'],
    ['a run when the period is over to the millisecond', { oncePer: 'P1D' }, ago(DAY), null],
    ['a run just before that', { oncePer: 'P1D' }, ago(DAY - 1), 'the workflow runs once per P1D and record'],
    ['a run long after', { oncePer: 'P1D' }, ago(9 * DAY, true), null],
    ['a run after a period that nobody can read', { oncePer: 'soon' }, ago(9 * DAY), 'the workflow runs once per soon and record'],
  ])('%s: %j', (_, reentry, earlier, rule) => {
    const decision = admitStart(EVENT, workflow({ reentry }), earlier, CONTEXT);
    if (rule === null) expect(decision).toEqual({ kind: 'start' });
    else {
      const lastRunAt = earlier?.newest?.createdAt.toISOString();
      expect(decision).toEqual({ kind: 'skip', reason: 'reentry', explanation: { rule, runId: 'r-0', lastRunAt } });
    }
  });

  describe('when earlier ones have failed', () => {
    const run = (id: string, ms: number) => ({ id, createdAt: new Date(CONTEXT.now.getTime() - ms) });
    const succeeded = run('succeeded', DAY / 2);
    const failed = run('failed', DAY / 4);
    const only = { active: null, newest: null, newestFailed: failed };
    const both = { active: null, newest: succeeded, newestFailed: failed };
    const older = { active: null, newest: failed, newestFailed: succeeded };

    it.each<[string, boolean, EarlierRuns, string | null]>([
      ['is free: they have not done what they were for', false, only, null],
      ['is not, where failed runs count', true, only, 'failed'],
      ['is kept back by the one that has not', false, both, 'succeeded'],
      ['is kept back by the newest, where failed runs count', true, both, 'failed'],
      ['is kept back by the newest, whichever that is', true, older, 'failed'],
      ['is free once they are none', true, { active: null, newest: null, newestFailed: null }, null],
    ])('%s', (_, countFailedRuns, earlier, runId) => {
      for (const reentry of ['once_per_record', { oncePer: 'P1D' }] as const) {
        const decision = admitStart(EVENT, workflow({ reentry, countFailedRuns }), earlier, CONTEXT);
        if (runId === null) expect(decision).toEqual({ kind: 'start' });
        else expect(decision).toMatchObject({ reason: 'reentry', explanation: { runId } });
      }
    });
  });

  it('does not count where a person has set re-entry aside, and neither do conditions; Pause and loops hold', () => {
    const forced = (...force: StartRule[]): DomainEvent => ({ ...EVENT, target: { workflowId: 'w-1', force } });
    const once = workflow({ reentry: 'once_per_record', conditions: { field: 'source', operator: 'equals', value: 'Fair' } });
    expect(admitStart(forced('reentry'), once, ago(1, true), CONTEXT)).toEqual({ kind: 'start' });
    expect(admitStart(forced('conditions'), once, ago(1, true), CONTEXT)).toMatchObject({ reason: 'reentry' });
    expect(matchStart(forced('conditions'), once, 'active', CONTEXT)).toEqual({ kind: 'start' });
    expect(matchStart(forced('reentry'), once, 'active', CONTEXT)).toMatchObject({ reason: 'conditions' });
    expect(matchStart(forced('conditions', 'reentry'), once, 'paused', CONTEXT)).toMatchObject({ reason: 'paused' });
    expect(admitStart({ ...forced('reentry'), cause: OWN_CHAIN }, once, ago(1), CONTEXT)).toMatchObject({ reason: 'loop' });
  });

  // Berlin's clocks went forward on 29 March 2026: that day had 23 hours; and back on 25 October: that one had 25.
  it.each([
    ['Europe/Berlin', '2026-03-28T11:00:00Z', '2026-03-29T10:00:00Z'],
    ['UTC', '2026-03-28T11:00:00Z', '2026-03-29T11:00:00Z'],
    ['Europe/Berlin', '2026-10-24T10:00:00Z', '2026-10-25T11:00:00Z'],
    ['UTC', '2026-10-24T10:00:00Z', '2026-10-25T10:00:00Z'],
  ])('takes a day for what it is in %s: from %s to %s', (timezone, from, to) => {
    const daily = workflow({ reentry: { oncePer: 'P1D' } });
    const at = (ms: number) =>
      admitStart(
        EVENT,
        daily,
        { ...ago(0), newest: { id: 'r-0', createdAt: new Date(from) } },
        { ...CONTEXT, timezone, now: new Date(ms) },
      );
    expect(at(Date.parse(to) - 1)).toMatchObject({ reason: 'reentry' });
    expect(at(Date.parse(to))).toEqual({ kind: 'start' });
  });

  it.each<[boolean, Reentry, Partial<DomainEvent>]>([
    [true, 'once_per_record', {}],
    [true, 'not_while_active', {}],
    [true, { oncePer: 'P1D' }, {}],
    [false, 'always', {}],
    [false, 'once_per_record', { module: null }],
    [false, 'once_per_record', { recordId: null }],
  ])('is a question to the log: %s, with %j and %j', (asks, reentry, more) => {
    expect(asksForEarlierRuns({ ...EVENT, ...more }, workflow({ reentry }))).toBe(asks);
  });
});

describe('whether a start closes a loop', () => {
  const caused = (cause: Cause, more: Partial<DomainEvent> = {}) => admitStart({ ...EVENT, cause, ...more }, workflow({}), null, CONTEXT);

  it('keeps a workflow from starting itself on the same record, and names workflows, record and depth', () => {
    expect(caused(OWN_CHAIN)).toEqual({
      kind: 'skip',
      reason: 'loop',
      explanation: {
        rule: '"Welcome" has run on leads 42 in this very chain of workflows; it does not start itself again.',
        depth: 2,
        chain: ['Welcome on leads 42', 'Assign on leads 42'],
        path: OWN_CHAIN.path,
      },
    });
  });

  it('finds it wherever on the path it is', () => {
    for (const path of [
      [link(), link({ workflowId: 'w-1' })],
      [link({ workflowId: 'w-1' }), link()],
    ])
      expect(caused({ runId: 'r-1', depth: 2, path })).toMatchObject({ reason: 'loop' });
  });

  it.each<[string, Partial<CauseLink>]>([
    ['another workflow on the record', { workflowId: 'w-2' }],
    ['the workflow on another record', { recordId: '43' }],
    ['the workflow on a record of another module with the same id', { module: 'contacts' }],
  ])('is none: %s', (_, more) => {
    expect(caused({ runId: 'r-1', depth: 1, path: [link({ workflowId: 'w-1', ...more })] })).toEqual({ kind: 'start' });
  });

  it('ends a chain that has become too long, whatever it is about', () => {
    const path = [link({ workflowName: undefined }), link({ module: '', recordId: null })];
    expect(caused({ runId: 'r-1', depth: 4, path })).toEqual({ kind: 'start' });
    expect(caused({ runId: 'r-1', depth: 5, path })).toEqual({
      kind: 'skip',
      reason: 'loop',
      explanation: {
        rule: 'A chain of workflows ends after 5 runs; this would be run 6.',
        depth: 5,
        chain: ['w-2 on leads 42', 'Assign on no record'],
        path,
      },
    });
  });

  it('holds for starts that are about no record', () => {
    const path = [link({ workflowId: 'w-1', module: '', recordId: null })];
    const decision = caused({ runId: 'r-1', depth: 1, path }, { module: null, recordId: null });
    expect(decision).toMatchObject({ reason: 'loop', explanation: { rule: expect.stringContaining('has run on no record') } });
    expect(caused({ runId: 'r-1', depth: 1, path })).toEqual({ kind: 'start' });
  });

  it('names a record of no module by its id', () => {
    const path = [link({ workflowId: 'w-1', module: '' })];
    expect(caused({ runId: 'r-1', depth: 1, path }, { module: null })).toMatchObject({
      explanation: { rule: expect.stringContaining('on  42') },
    });
  });

  it('is asked last: the trigger, the conditions and the runs before come first', () => {
    const event: DomainEvent = { ...EVENT, cause: OWN_CHAIN };
    expect(matchStart(event, workflow({ event: 'updated' }), 'active', CONTEXT)).toMatchObject({ reason: 'trigger' });
    expect(matchStart(event, workflow({ conditions: { ...FROM_THE_WEB, value: 'Fair' } }), 'active', CONTEXT)).toMatchObject({
      reason: 'conditions',
    });
    const once = workflow({ reentry: 'once_per_record' });
    expect(
      admitStart(event, once, { active: null, newest: { id: 'r-0', createdAt: CONTEXT.now }, newestFailed: null }, CONTEXT),
    ).toMatchObject({ reason: 'reentry' });
    expect(admitStart(event, once, null, CONTEXT)).toMatchObject({ reason: 'loop' });
  });
});
