import { describe, expect, it } from '@jest/globals';
import { runSummary, type SummarizedRun } from '../../../src/core/summary/run-summary.js';

const summary = (run: Partial<SummarizedRun>, failed?: string[]): string =>
  runSummary({ status: 'succeeded', reason: null, error: null, waiting: null, failedSteps: 0, explanation: null, ...run }, failed);
const waiting = (...waits: NonNullable<SummarizedRun['waiting']>[number][]) => summary({ status: 'waiting', waiting: waits });
const skipped = (explanation: SummarizedRun['explanation'], reason = 'conditions') => summary({ status: 'skipped', reason, explanation });
const test = (field: string, operator: string, seen: unknown, expected: unknown, more = {}) =>
  ({ field, operator, seen, expected, result: false, ...more }) as never;
const UNTIL = '2025-11-23T08:00:00.000Z';

describe('a run in one sentence', () => {
  it.each([
    ['queued', summary({ status: 'queued' }), 'Queued until a worker takes it.'],
    [
      'queued for a place',
      summary({ status: 'queued', reason: 'concurrency_limit' }),
      'Waits in the queue: as many runs of the workflow are under way as it may have at a time.',
    ],
    [
      'queued behind its record',
      summary({ status: 'queued', reason: 'record_order' }),
      'Waits for an earlier run of the workflow on this record.',
    ],
    ['running', summary({ status: 'running' }), 'Running.'],
    ['succeeded', summary({}), 'Succeeded.'],
    ['succeeded with failed steps', summary({ failedSteps: 2 }), 'Succeeded with 2 failed steps.'],
    ['succeeded with one that is named', summary({ failedSteps: 1 }, ['notify']), 'Succeeded with 1 failed step: notify.'],
    ['succeeded with many', summary({ failedSteps: 6 }, ['a', 'b', 'c', 'd', 'e', 'f']), 'Succeeded with 6 failed steps: a, b, c, d, e, …'],
    [
      'failed at a step',
      summary({ status: 'failed', error: { code: 'x', step: 'mail', message: 'No answer.' } }),
      'Failed at mail: No answer.',
    ],
    [
      'failed at a step with a name',
      summary({ status: 'failed', error: { code: 'x', step: 'mail', stepName: 'Welcome mail', message: 'No answer.' } }),
      'Failed at Welcome mail: No answer.',
    ],
    [
      'failed in a loop at a step with a name',
      summary({ status: 'failed', error: { code: 'x', step: 'each[3].mail', stepName: 'Welcome mail', message: 'No answer.' } }),
      'Failed at Welcome mail (each[3].mail): No answer.',
    ],
    ['failed as a whole', summary({ status: 'failed', error: { code: 'x', message: 'too long' } }), 'Failed: too long.'],
    ['failed without an error', summary({ status: 'failed', reason: 'odd' }), 'Failed: odd.'],
    ['failed without anything', summary({ status: 'failed' }), 'Failed: nobody knows why.'],
    ['cancelled by a person', summary({ status: 'cancelled', reason: 'cancelled_by_user' }), 'Cancelled by a person.'],
    ['stopped', summary({ status: 'cancelled', reason: 'stopped', error: { code: 'stopped', message: 'Enough' } }), 'Cancelled: Enough.'],
    ['cancelled for a reason', summary({ status: 'cancelled', reason: 'odd' }), 'Cancelled: odd.'],
    ['cancelled without one', summary({ status: 'cancelled' }), 'Cancelled: nobody knows why.'],
  ])('%s', (_, told, expected) => {
    expect(told).toBe(expected);
  });

  it.each([
    ['nothing that is known', waiting(), 'Waiting.'],
    ['nothing, as an old release left it', summary({ status: 'waiting' }), 'Waiting.'],
    ['time', waiting({ path: 'cool', reason: 'delay', until: UNTIL }), 'Waits at cool until 2025-11-23 08:00 UTC.'],
    ['a moment that is none', waiting({ path: 'cool', reason: 'delay', until: 'soon' }), 'Waits at cool until soon.'],
    ['an approval', waiting({ path: 'ok', reason: 'approval', until: UNTIL }), 'Waits at ok for an approval until 2025-11-23 08:00 UTC.'],
    [
      'people, at a step with a name',
      waiting({ path: 'ok', stepName: 'Ask the boss', reason: 'approval', until: null }),
      'Waits at Ask the boss for an approval.',
    ],
    [
      'the result of one of an item',
      waiting({ path: 'each[2].mail', stepName: 'Mail', reason: 'in_flight', until: null }),
      'Waits for the result of Mail (each[2].mail).',
    ],
    ['a form', waiting({ path: 'data', reason: 'form', until: null }), 'Waits at data for a form.'],
    ['a call', waiting({ path: 'hook', reason: 'webhook', until: null }), 'Waits at hook for a call from outside.'],
    ['another run', waiting({ path: 'sub', reason: 'workflow', until: null }), 'Waits at sub for the run that it started.'],
    ['a result', waiting({ path: 'call', reason: 'in_flight', until: null }), 'Waits for the result of call.'],
    [
      'another attempt',
      waiting({ path: 'mail', reason: 'retry', until: UNTIL, attempt: 3, error: { code: 'smtp_down', message: 'No answer.' } }),
      'mail is tried again at 2025-11-23 08:00 UTC (attempt 3); the last attempt failed: No answer.',
    ],
    ['an attempt that nobody has counted', waiting({ path: 'mail', reason: 'retry', until: null }), 'mail is tried again.'],
    [
      'several things, the next one first',
      waiting(
        { path: 'ok', reason: 'approval', until: null },
        { path: 'later', reason: 'delay', until: '2025-12-01T00:00:00Z' },
        { path: 'cool', reason: 'delay', until: UNTIL },
      ),
      'Waits at cool until 2025-11-23 08:00 UTC, and waits for 2 more.',
    ],
  ])('waiting for %s', (_, told, expected) => {
    expect(told).toBe(expected);
  });

  it.each([
    [
      'conditions',
      skipped(test('source', 'equals', 'Phone', 'Web')),
      'Skipped: source was "Phone", and the condition asks for: source is "Web".',
    ],
    [
      'conditions on a field with a label',
      summary({
        status: 'skipped',
        explanation: test('source', 'equals', 'Phone', 'Web'),
        about: { fields: [{ name: 'source', label: 'Origin', type: 'text', nullable: true, writable: true }], relations: [] } as never,
      }),
      'Skipped: Origin was "Phone", and the condition asks for: Origin is "Web".',
    ],
    ['a rule', skipped({ rule: 'the workflow runs once per record' }, 'reentry'), 'Skipped: the workflow runs once per record.'],
    ['a reason alone', skipped(null, 'paused'), 'Skipped: paused.'],
    ['an explanation that nobody can read', skipped({ odd: 1 }, 'odd'), 'Skipped: odd.'],
    ['conditions that held', skipped({ result: true, all: [] }, 'odd'), 'Skipped: odd.'],
    ['nothing', summary({ status: 'skipped' }), 'Skipped: nobody knows why.'],
  ])('skipped because of %s', (_, told, expected) => {
    expect(told).toBe(expected);
  });

  it('stays short', () => {
    expect(summary({ status: 'failed', error: { code: 'x', message: '😀'.repeat(5_000) } })).toHaveLength(401);
  });
});
