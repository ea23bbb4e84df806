import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { IsInt } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { RunBatches } from '../../src/admin/run-batches.js';
import type { RunDetail } from '../../src/admin/run-detail.js';
import { retryLocked } from '../../src/admin/run-retry.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { lockRun } from '../../src/store/run-command-store.js';
import { deleteWorkflow, lockWorkflow } from '../../src/store/workflow-store.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
/** What a step may leave in the log. */
const MOST_BYTES = 256 * 1024;

class Bytes {
  @IsInt() bytes!: number;
}

/** Answers with so many bytes of JSON. */
const talk = defineAction({
  type: 'talk',
  label: 'Talk',
  effect: 'local',
  arguments: Bytes,
  execute: async ({ bytes }) => ({ text: 'x'.repeat(bytes - '{"text":""}'.length) }),
});

/** By how much our own clock has moved on, beyond the time it really took. */
let passed = 0;
class Ms {
  @IsInt() ms!: number;
}

/** Takes its time, without keeping anybody waiting for it. */
const linger = defineAction({
  type: 'linger',
  label: 'Linger',
  effect: 'local',
  arguments: Ms,
  async execute({ ms }) {
    passed += ms;
  },
});

describe('runs as people see them', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp({ actions: [talk, linger] });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    passed = 0;
  });
  afterAll(() => app.close());

  const runOnce = async (source: string, ...steps: object[]): Promise<RunDetail> => {
    const conditions = { field: 'source', operator: 'equals', value: source };
    const workflowId = await app.publishWorkflow({ trigger: CREATED, conditions, steps });
    await app.createLead({ source });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    if (!run) throw new Error('nothing ran');
    return run;
  };

  it('show the output of a step up to a limit, and of a larger one how large it was; the step has succeeded', async () => {
    const say = (id: string, bytes: number) => ({ id, type: 'talk', with: { bytes } });
    const run = await runOnce('Talk', say('fits', MOST_BYTES), say('exceeds', MOST_BYTES + 1), say('after', 20));
    expect(run.steps.map(({ path, status }) => `${path} ${status}`)).toEqual(['fits succeeded', 'exceeds succeeded', 'after succeeded']);
    const [fits, exceeds, after] = run.steps.map(({ output }) => output);
    expect(JSON.stringify(fits)).toHaveLength(MOST_BYTES);
    expect(exceeds).toEqual({ truncated: true, bytes: MOST_BYTES + 1 });
    expect(after).toEqual({ text: 'x'.repeat(9) });
    const [stored] = await app.query<{ bytes: number }>(
      'SELECT max(octet_length(output::text))::int AS bytes FROM automation.step_executions WHERE run_id = $1',
      [run.id],
    );
    expect(stored?.bytes).toBeLessThan(MOST_BYTES + 100);
  });

  it.each([
    ['ends by itself', []],
    ['is stopped by a step', [{ id: 'end', type: 'stop', outcome: 'failed', message: 'enough' }]],
  ])('end no sooner than their last step does, though the clock of their transaction stands still: %s', async (_, rest) => {
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + passed);
    const run = await runOnce(`Linger ${rest.length}`, { id: 'slow', type: 'linger', with: { ms: 4_000 } }, ...rest);
    const [slow] = run.steps;
    expect(slow?.durationMs).toBeGreaterThanOrEqual(4_000);
    const ends = run.steps.map(({ finishedAt }) => Date.parse(finishedAt ?? ''));
    expect(Date.parse(run.finishedAt ?? '')).toBeGreaterThanOrEqual(Math.max(...ends));
    expect(run.durationMs).toBeGreaterThanOrEqual(4_000);
  });

  describe('and repeat them while somebody deletes their workflow', () => {
    const failedRun = async (source: string): Promise<RunDetail> => {
      const run = await runOnce(source, { id: 'end', type: 'stop', outcome: 'failed' });
      expect(run.status).toBe('failed');
      return run;
    };
    const someoneWaits = () =>
      app.eventually(async () => {
        const waiting = await app.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);
        expect(waiting).not.toHaveLength(0);
      });
    const outcomeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );

    it.each(['failed_step', 'start'] as const)('the deletion waits, and then finds a run that is not over (from %s)', async (from) => {
      const run = await failedRun(`Retry first ${from}`);
      let deletion: Promise<unknown> = Promise.resolve();
      await app.module.get(AutomationDatabase).transaction(async (manager) => {
        const locked = await lockRun(manager, 'acme', run.id);
        expect((await retryLocked(manager, locked ? [locked] : [], { from }, null, ADMIN)).retried).toHaveLength(1);
        deletion = outcomeOf(app.workflows.delete(run.workflowId, ADMIN));
        await someoneWaits();
      });
      expect(await deletion).toBe('workflow_has_active_runs');
      expect(await app.workflows.get(run.workflowId, ADMIN)).toMatchObject({ status: 'active' });
    });

    it.each([
      ['one', (id: string) => app.runs.retry(id, { from: 'failed_step' }, ADMIN), 'workflow_deleted'],
      [
        'many',
        async (_: string, workflowId: string) => (await app.module.get(RunBatches).retry({ workflowId }, { from: 'start' }, ADMIN)).retried,
        0,
      ],
    ])('the retry of %s waits, and then finds no workflow: nothing runs', async (many, retry, expected) => {
      const run = await failedRun(`Delete first ${many}`);
      let retried: Promise<unknown> = Promise.resolve();
      await app.module.get(AutomationDatabase).transaction(async (manager) => {
        await lockWorkflow(manager, 'acme', 'workflow', run.workflowId);
        retried = retry(run.id, run.workflowId).catch((error: { code?: string }) => error.code);
        await someoneWaits();
        await deleteWorkflow(manager, 'acme', run.workflowId);
      });
      expect(await retried).toBe(expected);
      expect(await app.query('SELECT status, retried_as FROM automation.runs WHERE workflow_id = $1', [run.workflowId])).toEqual([
        { status: 'failed', retried_as: null },
      ]);
    });
  });
});
