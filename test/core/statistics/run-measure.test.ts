import { describe, expect, it } from '@jest/globals';
import { measuredPath, measureRun } from '../../../src/core/statistics/run-measure.js';

const at = (second: number): string => new Date(Date.UTC(2030, 0, 1, 0, 0, second)).toISOString();
const step = (path: string, more: object = {}) =>
  ({ path, type: 'create_task', status: 'succeeded', wakeAt: null, startedAt: at(10), finishedAt: at(12), ...more }) as never;
const measured = (executions: never[], startedAt = at(10)) => measureRun({ startedAt, firstStartedAt: at(10), executions }, at(20));

describe('the measure of a run that is over', () => {
  it('is how long it took, and each of its steps', () => {
    expect(measured([step('a'), step('b', { status: 'failed', finishedAt: at(11) })])).toEqual({
      ms: 10_000,
      steps: [
        { step: 'a', succeeded: true, ms: 2_000 },
        { step: 'b', succeeded: false, ms: 1_000 },
      ],
    });
  });

  it('counts the attempt that ended a step, and steps that take time', () => {
    const left = [
      step('again', { status: 'failed', wakeAt: at(15) }),
      step('sent back', { status: 'failed', superseded: true }),
      step('lost', { status: 'lost' }),
      step('not needed', { status: 'failed', error: { code: 'step_cancelled', message: 'Not needed.' } }),

      step('open', { status: 'running', finishedAt: null }),
      step('odd', { finishedAt: null }),
      step('fork', { type: 'branch' }),
    ];
    expect(measured([...left, step('wait', { type: 'delay', error: null })]).steps.map((one) => one.step)).toEqual(['wait']);
  });

  it('leaves out what was done before a person sent it back, and only then asks for the time', () => {
    expect(measured([step('before'), step('after', { startedAt: at(15), finishedAt: at(16) })], at(14))).toEqual({
      ms: 6_000,
      steps: [{ step: 'after', succeeded: true, ms: 1_000 }],
    });
    expect(measured([step('early', { startedAt: at(9) })]).steps).toHaveLength(1);
  });

  it('names the items of a loop by their step, and cuts what is too long for a key', () => {
    expect(measuredPath('each[3].inner[12].notify')).toBe('each.inner.notify');
    expect(measuredPath('x'.repeat(400))).toBe(`${'x'.repeat(300)}…`);
  });

  it('is right to the millisecond, within a day and beyond', () => {
    const moment = (ms: number): string => new Date(Date.UTC(2030, 0, 1) + ms).toISOString();
    for (const [from, to] of [
      [0, 0],
      [36_610_001, 86_399_999],
      [5, 1_004],
      [86_399_999, 86_400_001],
      [1, 30 * 86_400_000 + 2],
    ] as const) {
      const history = { startedAt: moment(from), firstStartedAt: moment(from), executions: [] };
      expect(measureRun(history, moment(to)).ms).toBe(to - from);
    }
  });
});
