import { describe, expect, it } from '@jest/globals';
import type { Explanation } from '../../../src/core/condition/condition.js';
import { answerOf, climb, type LadderFacts, type LadderRun } from '../../../src/core/why/ladder.js';

const RUN: LadderRun = {
  id: 'r-1',
  version: 2,
  status: 'succeeded',
  reason: null,
  createdAt: '2025-11-20T08:00:00.000Z',
  summary: 'Succeeded.',
  explanation: null,
};
const TRIGGER = { type: 'event', module: 'leads', event: 'created' };
const FACTS: LadderFacts = {
  workflowId: 'w-1',
  event: { module: 'leads', event: 'created', targetId: null, ignores: [], routedAt: '2025-11-20T08:00:00.000Z', error: null },
  standing: { kind: 'active' },
  version: { version: 2, trigger: TRIGGER, again: { kind: 'asked', trigger: null, conditions: null } },
  run: { first: RUN, last: RUN },
  module: null,
};
const told = (facts: Partial<LadderFacts>) => {
  const rungs = climb({ ...FACTS, ...facts });
  const telling = rungs.find(({ result }) => result === 'no' || result === 'unknown') ?? rungs.at(-1);
  return [telling?.rung, telling?.result, answerOf(rungs)];
};
const skipped = (reason: string | null, explanation: LadderRun['explanation']) => {
  const run = { ...RUN, status: 'skipped', reason, explanation };
  return { run: { first: run, last: run } };
};

describe('the ladder', () => {
  it('has every rung, and none is reached after the first no', () => {
    const rungs = climb({ ...FACTS, ...skipped('reentry', { rule: 'the workflow runs once per record' }) });
    expect(rungs.map(({ result }) => result)).toEqual([
      ...['yes', 'yes', 'yes', 'yes', 'yes'],
      'no',
      ...['not_reached', 'not_reached', 'not_reached', 'not_reached'],
    ]);
    expect(answerOf(rungs)).toBe('The workflow runs once per record.');
    expect(answerOf([])).toBe('');
  });

  it.each<[string, Partial<LadderFacts>, unknown[]]>([
    ['a run', {}, ['steps', 'yes', 'Succeeded.']],
    [
      'a run that was cancelled',
      { run: { first: RUN, last: { ...RUN, id: 'r-2', status: 'cancelled', summary: 'Cancelled.' } } },
      ['steps', 'no', 'Cancelled.'],
    ],
    [
      'a run that waits',
      { run: { first: RUN, last: { ...RUN, status: 'waiting', summary: 'It waits.' } } },
      ['steps', 'unknown', 'It waits.'],
    ],
    ['a plan', skipped('plan_required', { rule: 'No runs are left this month' }), ['plan', 'no', 'No runs are left this month.']],
    ['a reason of a later release', skipped('moon', null), ['run', 'no', 'It was skipped: moon.']],
    ['no reason', skipped(null, null), ['run', 'no', 'It was skipped: null.']],
    ['a name of every object', skipped('constructor', { rule: 'Why not?' }), ['run', 'no', 'Why not?']],
    [
      'conditions that were noted',
      skipped('conditions', { result: false, field: 'source', operator: 'equals', seen: 'Phone', expected: 'Web' }),
      ['conditions', 'no', 'source was "Phone", and the condition asks for: source is "Web".'],
    ],
    ['conditions that were not noted', skipped('conditions', { rule: 'noted otherwise' }), ['conditions', 'no', 'Noted otherwise.']],
    [
      'a life of which nothing is known',
      { run: null, standing: { kind: 'unknown' } },
      ['existed', 'unknown', 'Whether it existed then is not known.'],
    ],
    [
      'a loop',
      skipped('loop', { rule: 'a chain ends', lastRunAt: '2025-11-20T07:00:00.000Z' }),
      ['loop', 'no', 'A chain ends. It had run on 2025-11-20 07:00:00 UTC.'],
    ],
    [
      'a workflow that did not exist yet',
      { run: null, standing: { kind: 'unborn', created: { at: '2025-11-21T08:00:00.000Z', actor: null } } },
      ['existed', 'no', 'It did not exist yet: it was created on 2025-11-21 08:00:00 UTC.'],
    ],
    [
      'a workflow that was gone',
      { run: null, standing: { kind: 'deleted', since: null, next: null } },
      ['existed', 'no', 'It had been deleted.'],
    ],
    [
      'a workflow that was paused',
      { run: null, standing: { kind: 'paused', since: null, next: null } },
      ['active', 'no', 'It was paused.'],
    ],
    [
      'a workflow that starts otherwise',
      { run: null, version: { version: 2, trigger: { type: 'manual' }, again: { kind: 'unreadable', message: 'no' } } },
      ['listens', 'no', 'Version 2 starts by a trigger of type "manual", not by events.'],
    ],
    ['a run whose version is gone', { version: null }, ['steps', 'yes', 'Succeeded.']],
    ['a version that is gone', { run: null, version: null }, ['listens', 'unknown', 'Which version counted then is not known.']],
    [
      'another module, by a trigger that is half known',
      {
        run: null,
        version: {
          version: 2,
          trigger: { type: 'event', module: 'deals', event: 'created' },
          again: { kind: 'unreadable', message: 'no' },
        },
      },
      ['listens', 'no', 'Version 2 listens to deals.created, and this was leads.created.'],
    ],
  ])('tells of %s', (_what, facts, expected) => {
    expect(told(facts)).toEqual(expected);
  });

  it('says what a run that came past its conditions cannot tell any more', () => {
    const of = (version: LadderFacts['version']) => climb({ ...FACTS, version }).find(({ rung }) => rung === 'conditions')?.sentence;
    expect(of(null)).toContain('With which values cannot be told any more: the version is gone.');
    const conditions = { result: false, field: 'source', operator: 'equals', seen: null, expected: 'Web' };
    expect(of({ version: 2, trigger: TRIGGER, again: { kind: 'asked', trigger: null, conditions } })).toContain('says otherwise');
    expect(of({ version: 2, trigger: TRIGGER, again: { kind: 'asked', trigger: null, conditions: { ...conditions, result: true } } })).toBe(
      'The conditions held.',
    );
  });

  it('tells of the run in the way, and of what a person has set aside', () => {
    const noted = { rule: 'the workflow runs once per record', lastRunAt: '2025-11-20T07:00:00.000Z', runId: 'r-0' };
    const rungs = climb({ ...FACTS, ...skipped('reentry', noted) });
    expect(answerOf(rungs)).toBe('The workflow runs once per record. It had run on 2025-11-20 07:00:00 UTC as run r-0.');
    expect(rungs[5]?.detail).toEqual({ ...noted, skippedRunId: 'r-1', reason: 'reentry' });
    const event = { ...FACTS.event, targetId: 'w-1', ignores: ['conditions' as const, 'reentry' as const] };
    expect(climb({ ...FACTS, event }).map(({ sentence }) => sentence)).toEqual(
      expect.arrayContaining(['Whoever started it has set the conditions aside.', 'Whoever started it has set re-entry aside.']),
    );
  });

  it('asks on where nothing is known of the life', () => {
    const rungs = climb({ ...FACTS, run: null, standing: { kind: 'unknown' }, version: null });
    expect(rungs.map(({ result }) => result)).toEqual([
      ...['unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
      'not_reached',
    ]);
  });

  it('says of a paused workflow who paused it, where that is known', () => {
    const since = {
      at: '2025-11-20T07:00:00.000Z',
      action: 'workflow.paused',
      status: 'paused',
      actor: { type: 'user' as const, id: 'u-1' },
      note: 'Too many',
    };
    const paused = skipped('paused', { rule: 'The workflow "A" is not active.' });
    expect(told({ ...paused, standing: { kind: 'paused', since, next: null } })[2]).toBe(
      'It was paused by u-1 on 2025-11-20 07:00:00 UTC ("Too many").',
    );
    expect(climb({ ...FACTS, run: null, standing: { kind: 'paused', since, next: null } })[1]?.detail).toMatchObject({ note: 'Too many' });
    expect(told(paused)[2]).toBe('The workflow "A" is not active.');
  });

  it('tells from the event what a run would have told', () => {
    const asked = (again: { trigger: string | null; conditions?: Explanation }, event = {}) =>
      told({
        run: null,
        event: { ...FACTS.event, ...event },
        version: { version: 2, trigger: TRIGGER, again: { kind: 'asked', conditions: null, ...again } },
      })[2];
    expect(asked({ trigger: 'no change' })).toContain('No change. (Told from the event');
    expect(asked({ trigger: 'no change' }, { routedAt: null })).toBe('No change.');
    expect(asked({ trigger: null }, { routedAt: null })).toBe('No worker has looked at the event yet.');
    const conditions = { result: false, field: 'source', operator: 'equals', seen: null, expected: 'Web' };
    expect(asked({ trigger: null, conditions })).toMatch(/^source was empty, and the condition asks for: source is "Web"\. \(Told/);
    expect(asked({ trigger: null, conditions: { ...conditions, result: true } })).toContain('Nothing is kept of what was decided then');
    const error = { code: 'internal_error', message: 'something broke' };
    const lost = climb({ ...FACTS, run: null, event: { ...FACTS.event, error } });
    expect(answerOf(lost.filter(({ result }) => result !== 'unknown'))).toBe('The event could not be routed: Something broke.');
  });

  it('does not say of a run that retention may have removed that nobody has looked yet, nor the other way round', () => {
    const ofRun = (routedAt: string | null) =>
      climb({ ...FACTS, run: null, event: { ...FACTS.event, error: null, routedAt } }).find(({ rung }) => rung === 'run')?.sentence;
    expect(ofRun(null)).toBe('No worker has looked at the event yet.');
    expect(ofRun('2025-11-20T08:00:00.000Z')).toBe('Nothing is kept of what was decided then: retention has removed it.');
  });

  it('says what cannot be asked again', () => {
    const of = (again: NonNullable<LadderFacts['version']>['again'], facts: Partial<LadderFacts> = {}) =>
      climb({ ...FACTS, ...facts, version: { version: 2, trigger: TRIGGER, again } })
        .filter(({ rung }) => rung === 'trigger' || rung === 'conditions')
        .map(({ result, sentence }) => [result, sentence]);
    const unreadable = 'This cannot be told: Version 2 cannot be read.';
    expect(of({ kind: 'unreadable', message: 'Version 2 cannot be read.' })).toEqual([
      ['unknown', unreadable],
      ['unknown', unreadable],
    ]);
    const incomplete = { kind: 'incomplete' as const, trigger: null, lacks: ['account', 'total'] };
    expect(of(incomplete)[1]).toEqual([
      'yes',
      'The conditions held, or it would not have gone on. With which values cannot be told any more: the event does not carry account, total.',
    ]);
    expect(of(incomplete, { run: null })[1]).toEqual([
      'unknown',
      'What its conditions saw cannot be told any more: the event does not carry account, total.',
    ]);
    expect(of(incomplete, { event: { ...FACTS.event, targetId: 'w-1' } })[0]?.[0]).toBe('yes');
    expect(climb({ ...FACTS, event: { ...FACTS.event, targetId: 'w-2' }, run: null })[2]?.sentence).toBe(
      'The start is for another workflow alone.',
    );
  });
});
