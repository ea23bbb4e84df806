import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { HostError } from '../../src/core/errors.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

class Told {
  @IsString() at!: string;
}

/** Takes 5 ms of the process's time. */
const slow = defineAction({
  type: 'slow',
  label: 'Slow',
  effect: 'local',
  transaction: 'shared',
  arguments: Told,
  async execute() {
    for (const begun = performance.now(); performance.now() < begun + 5; );
    return {};
  },
});

let refusals = 0;
/** Fails as often as it is told to, for a reason that passes. */
const moody = defineAction({
  type: 'moody',
  label: 'Moody',
  effect: 'local',
  transaction: 'shared',
  arguments: Told,
  async execute() {
    refusals -= 1;
    if (refusals >= 0) throw new HostError('moody', 'Not now.', { hint: 'Ask again.', retry: { kind: 'transient' } });
    return {};
  },
});

const definition = (source: string, steps: object[]) => ({
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: { field: 'source', operator: 'equals', value: source },
  steps,
});
const NOW = { at: '{{now}}' };

describe('the log of a run', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp({ actions: [slow, moody] });
  });
  afterAll(() => app.close());

  const runOf = async (source: string, steps: object[]) => {
    const workflowId = await app.publishWorkflow(definition(source, steps));
    await app.createLead({ source });
    await app.automation.drain();
    return { workflowId, shown: async () => (await app.runsOf({ workflowId }))[0] };
  };

  it('shows steps of one transaction one after the other: none begins before the one before it has ended', async () => {
    const way = { id: 'way', type: 'branch', branches: [], otherwise: [{ id: 'end', type: 'stop', outcome: 'succeeded' }] };
    const touch = { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } };
    const { shown } = await runOf('Times', [
      { id: 'slow', type: 'slow', with: NOW },
      touch,
      { ...touch, id: 'again' },
      {
        ...way,
        branches: [{ name: 'none', when: { field: 'touches', operator: 'equals', value: 9 }, steps: [{ ...touch, id: 'never' }] }],
      },
    ]);
    const run = await shown();
    const times = run?.steps.flatMap(({ startedAt, finishedAt }) => [startedAt, finishedAt]) ?? [];
    expect(run?.steps.map(({ path }) => path)).toEqual(['slow', 'touch', 'again', 'way', 'way.otherwise.end']);
    expect(times).toEqual([...times].sort());
    expect(run?.steps[0]?.durationMs).toBeGreaterThanOrEqual(5);
    expect(times.at(-1)?.localeCompare(run?.finishedAt ?? '')).toBeLessThanOrEqual(0);
  });

  it('shows every attempt of a step the same `now`: that of the first', async () => {
    refusals = 1;
    const { shown } = await runOf('Now', [
      { id: 'slow', type: 'slow', with: NOW },
      { id: 'moody', type: 'moody', with: NOW, retry: { maxAttempts: 2 } },
    ]);
    await app.passTime();
    await app.automation.drain();
    const attempts = (await shown())?.steps.filter(({ path }) => path === 'moody') ?? [];
    expect(attempts.map(({ status }) => status)).toEqual(['failed', 'succeeded']);
    expect(attempts[1]?.input).toEqual(attempts[0]?.input);
    expect(attempts[0]?.input).toEqual({ at: attempts[0]?.startedAt });
  });

  it('says of a failed attempt what follows: when the next one is due, or that it was the last', async () => {
    refusals = 2;
    const { shown } = await runOf('Hints', [{ id: 'moody', name: 'Ask them', type: 'moody', with: NOW, retry: { maxAttempts: 2 } }]);
    const waiting = await shown();
    expect(waiting?.steps[0]).toMatchObject({
      standing: 'retrying',
      error: { hint: `Ask again. This was attempt 1 of 2; the next is due at ${waiting?.steps[0]?.wakeAt}.` },
    });
    expect(waiting?.summary).toMatch(/^Ask them is tried again at .+ UTC \(attempt 2\); the last attempt failed: Not now\.$/);
    await app.passTime();
    await app.automation.drain();
    const over = await shown();
    expect(over?.steps.map(({ standing }) => standing)).toEqual(['failed', 'failed']);
    expect(over?.error?.hint).toBe('Ask again. This was attempt 2 of 2, the last.');
    expect(over?.error).toMatchObject({ step: 'moody', stepName: 'Ask them' });
    expect(over?.summary).toBe('Failed at Ask them: Not now.');
  });

  it('tells of the steps that failed without failing the run', async () => {
    const quiet = { type: 'move_stage', with: { stage: '{{record.source}}' }, onError: 'continue' };
    const { workflowId, shown } = await runOf('Quiet', [
      { id: 'first', ...quiet },
      { id: 'slow', type: 'slow', with: NOW },
    ]);
    expect(await shown()).toMatchObject({ status: 'succeeded', failedSteps: 1, summary: 'Succeeded with 1 failed step: first.' });
    const both = await runOf('Both', [
      { id: 'first', ...quiet },
      { id: 'second', name: 'Once more', ...quiet },
    ]);
    expect(await both.shown()).toMatchObject({ failedSteps: 2, summary: 'Succeeded with 2 failed steps: first, Once more.' });
    await app.query('DELETE FROM automation.workflow_versions WHERE workflow_id = $1', [workflowId]);
    expect(await shown()).toMatchObject({ summary: 'Succeeded with 1 failed step.' });
  });

  it('gives the text of a `stop` as the message of the run, and its code as the reason', async () => {
    const { shown } = await runOf('Stop', [{ id: 'end', type: 'stop', outcome: 'cancelled', message: 'No budget at {{record.name}}' }]);
    expect(await shown()).toMatchObject({
      status: 'cancelled',
      reason: 'stopped',
      error: { code: 'stopped', message: 'No budget at Ada' },
      failedSteps: 0,
      summary: 'Cancelled: No budget at Ada.',
    });
  });

  it('closes what was open when a run was given up: nothing runs or waits in it any more', async () => {
    const { workflowId, shown } = await runOf('Given up', [{ id: 'wait', type: 'delay', for: 'P1D' }]);
    const [row] = await app.query<{ id: string }>('SELECT id FROM automation.runs WHERE workflow_id = $1', [workflowId]);
    await app.query(
      `INSERT INTO automation.step_executions (workspace_id, run_id, path, attempt, position, type, status, wake_at, started_at, finished_at)
       VALUES ('acme', $1, 'call', 1, 1, 'webhook', 'failed', now(), now(), now()), ('acme', $1, 'call', 2, 2, 'webhook', 'running', NULL, now(), NULL),
         ('acme', $1, 'tell', 1, 3, 'webhook', 'failed', now(), now(), now())`,
      [row?.id],
    );
    await app.query("UPDATE automation.runs SET status = 'queued', due_at = now(), recoveries = 10 WHERE workflow_id = $1", [workflowId]);
    await app.automation.drain();
    const run = await shown();
    expect(run).toMatchObject({ status: 'failed', reason: 'run_abandoned' });
    expect(run?.steps).toMatchObject([
      { status: 'failed', standing: 'failed', wakeAt: null, finishedAt: expect.any(String), error: { code: 'run_ended' } },
      // That another attempt was to follow stays where it did: from the log alone it can be told why there was one.
      { status: 'failed', standing: 'failed', wakeAt: expect.any(String) },
      { status: 'lost', standing: 'lost', finishedAt: expect.any(String), error: { code: 'run_ended', hint: expect.any(String) } },
      { status: 'failed', standing: 'failed', wakeAt: null },
    ]);
  });
});
