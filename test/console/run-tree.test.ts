import { describe, expect, it } from '@jest/globals';
import { nearestMissWords } from '../../src/console/model/nearest-miss-words.js';
import { filterSentence, runFilterBody, runFilterOf, runQueryOf } from '../../src/console/model/run-filter.js';
import { findNode, itemWords, type RunAttempt, runTree } from '../../src/console/model/run-tree.js';

const attempt = (path: string, more: Partial<RunAttempt> = {}): RunAttempt => ({
  path,
  attempt: 1,
  position: 0,
  type: 'create_task',
  standing: 'succeeded',
  input: null,
  output: null,
  error: null,
  wakeAt: null,
  superseded: false,
  startedAt: '2026-11-22T10:00:00.000Z',
  finishedAt: null,
  durationMs: null,
  ...more,
});

const DEFINITION = {
  steps: [
    {
      id: 'route',
      type: 'branch',
      branches: [
        { name: 'big', when: {}, steps: [{ id: 'am', type: 'create_task' }] },
        { name: 'small', when: {}, steps: [{ id: 'mail', type: 'send_email' }] },
      ],
      otherwise: [{ id: 'none', type: 'create_task' }],
    },
    { id: 'each', type: 'for_each', in: '{{x}}', steps: [{ id: 'notify', type: 'send_notification' }] },
    { id: 'both', type: 'parallel', branches: [{ name: 'a', steps: [{ id: 'one', type: 'create_task' }] }] },
  ],
};

describe('the steps of a run', () => {
  it('are those of its version, with what became of each and which way it went', () => {
    const looked = [{ branch: 'big', explanation: { result: false, field: 'amount', operator: 'equals', seen: 1, expected: 2 } }];
    const nodes = runTree(DEFINITION, [
      attempt('route', { output: { taken: 'small' }, input: { looked } }),
      attempt('route.small.mail', { standing: 'retrying' }),
      attempt('route.small.mail', { attempt: 2, standing: 'failed' }),
    ]);
    const [route] = nodes;
    expect(route?.lists.map(({ name, kind, isTaken }) => [name ?? kind, isTaken])).toEqual([
      ['big', false],
      ['small', true],
      ['otherwise', false],
    ]);
    expect(route?.lists[0]?.explanation).toEqual(looked[0]?.explanation);
    const mail = findNode(nodes, 'route.small.mail');
    expect([mail?.number, mail?.state, mail?.attempts.map((one) => one.attempt)]).toEqual(['1b1', 'failed', [2, 1]]);
    expect([findNode(nodes, 'route.big.am')?.state, findNode(nodes, 'each')?.state]).toEqual(['not_reached', 'not_reached']);
  });

  it('gather the attempts of all items of a loop, and what stands side by side is reached with what is in it', () => {
    const nodes = runTree(DEFINITION, [
      attempt('each[0].notify'),
      attempt('each[1].notify', { standing: 'failed' }),
      attempt('both.a.one', { standing: 'waiting' }),
    ]);
    expect(findNode(nodes, 'each.notify')?.attempts.map(({ path }) => itemWords(path))).toEqual(['2', '1']);
    expect(findNode(nodes, 'both')?.state).toBe('waiting');
  });

  it('are those of the log where the version is gone, and beside it what the version does not have', () => {
    expect(runTree(null, [attempt('a'), attempt('b')]).map(({ path }) => path)).toEqual(['a', 'b']);
    expect(runTree(DEFINITION, [attempt('settings.onFailure')]).at(-1)?.path).toBe('settings.onFailure');
    expect(findNode(runTree(null, [attempt('a', { superseded: true })]), 'a')?.state).toBe('superseded');
  });
});

describe('which runs', () => {
  const now = new Date('2026-11-22T10:00:30.000Z');

  it('is read from the address, told to the API and said in words', () => {
    const filter = runFilterOf(
      new URLSearchParams('status=failed,bogus,waiting&module=leads&recordId=42&period=P1D&version=3&workflowId=w'),
    );
    expect(runQueryOf(filter, now)).toMatchObject({
      status: 'failed,waiting',
      module: 'leads',
      from: '2026-11-21T10:00:00.000Z',
      ids: null,
    });
    expect(runFilterBody(filter, now)).toEqual({
      status: ['failed', 'waiting'],
      module: 'leads',
      recordId: '42',
      version: 3,
      workflowId: 'w',
      from: '2026-11-21T10:00:00.000Z',
    });
    expect(filterSentence(filter, null, 'Welcome')).toBe('failed or waiting, Welcome, version 3, leads 42, the last day');
    expect(filterSentence(runFilterOf(new URLSearchParams()), null, null)).toBe('all runs');
  });
});

describe('the nearest miss', () => {
  it('says what would have been enough', () => {
    const test = (result: boolean, seen: string) => ({ result, field: 'source', operator: 'equals', seen, expected: 'Web Form' });
    expect(
      nearestMissWords({ result: false, all: [test(false, 'Phone'), { result: true, any: [test(true, 'Web Form')] }] }, 'leads', null),
    ).toBe('It would have run if source had been Web Form.');
    expect(nearestMissWords({ result: false, none: [test(true, 'Web Form')] }, 'leads', null)).toBe(
      'It would have run if source had not been Web Form.',
    );
    expect(nearestMissWords({ result: false, any: [] }, 'leads', null)).toBe('Nothing near would have made these conditions hold.');
  });
});
