import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RUN_FINISHED, type RunFinished } from '../../src/engine/capture/emitter-bridge.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const DELAY = { id: 'cool', type: 'delay', for: 'P1D' };
const STAGE = { id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } };
const stop = (outcome: string) => ({ id: 'stop', type: 'stop', outcome, message: 'told to' });

describe('the end of a run', () => {
  let app: AutomationApp;
  let told: RunFinished[];
  beforeEach(async () => {
    app = await startAutomationApp({}, { emitter: true });
    told = [];
    app.emitter.on(RUN_FINISHED, (payload: RunFinished) => told.push(payload));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  const publish = (...steps: object[]) => app.publishWorkflow({ trigger: CREATED, steps });
  /** What is asked of every end: the host is told once, the counters know of it, and nothing is due any more. */
  const expectEnd = async (workflowId: string, recordId: string, status: RunFinished['status'], reason: string | null): Promise<void> => {
    const [run] = await app.runsOf({ workflowId, recordId });
    expect(run).toMatchObject({ status, reason, finishedAt: expect.any(String) });
    expect(told).toEqual([{ workspaceId: 'acme', runId: run?.id, workflowId, status, module: 'leads', recordId }]);
    expect((await app.workflows.get(workflowId, ADMIN)).counts).toEqual({
      started: 1,
      succeeded: 0,
      failed: 0,
      skipped: 0,
      cancelled: 0,
      [status]: 1,
    });
    expect(await app.query('SELECT due_at, waiting FROM automation.runs')).toEqual([{ due_at: null, waiting: null }]);
    told = [];
    expect(await app.automation.drain()).toEqual({ events: 0, runs: 0 });
    expect(told).toEqual([]);
  };
  /** A run that waits, of a workflow with these steps behind the wait. */
  const parked = async (...steps: object[]) => {
    const workflowId = await publish(DELAY, ...steps);
    const lead = await app.createLead({ name: 'Won' });
    await app.automation.drain();
    expect(told).toEqual([]);
    return { workflowId, lead };
  };

  it.each([
    ['it has done everything', STAGE, 'Won', 'succeeded', null],
    ['a step has failed', STAGE, 'Nowhere', 'failed', 'stage_unknown'],
    ['a step stops it, cancelled', stop('cancelled'), 'Ada', 'cancelled', 'stopped'],
    ['a step stops it, failed', stop('failed'), 'Ada', 'failed', 'stopped'],
  ] as const)('is told and counted when it comes by plan, in the transaction that routed it: %s', async (_, step, name, status, reason) => {
    const workflowId = await publish(step);
    const lead = await app.createLead({ name });
    await app.automation.drain();
    await expectEnd(workflowId, lead.id, status, reason);
  });

  it('is told and counted when it comes by plan, after a wait', async () => {
    const { workflowId, lead } = await parked(STAGE);
    await app.passTime();
    await app.automation.drain();
    await expectEnd(workflowId, lead.id, 'succeeded', null);
  });

  it('is told and counted when its time is over', async () => {
    const { workflowId, lead } = await parked();
    await app.query("UPDATE automation.runs SET started_at = now() - interval '400 days', due_at = now()");
    await app.automation.drain();
    await expectEnd(workflowId, lead.id, 'failed', 'run_timed_out');
  });

  it('is told and counted when it was recovered too often', async () => {
    const { workflowId, lead } = await parked();
    await app.query("UPDATE automation.runs SET status = 'running', due_at = now(), waiting = NULL, recoveries = 9");
    await app.automation.drain();
    await expectEnd(workflowId, lead.id, 'failed', 'run_abandoned');
  });

  it('is told and counted when its version is gone', async () => {
    const { workflowId, lead } = await parked();
    await app.query('UPDATE automation.runs SET version_id = gen_random_uuid(), due_at = now()');
    await app.automation.drain();
    await expectEnd(workflowId, lead.id, 'failed', 'version_gone');
  });

  it('is told and counted when its version cannot be read', async () => {
    const workflowId = await publish(STAGE);
    await app.query(`UPDATE automation.workflow_versions SET definition = definition || '{"steps":"none"}'`);
    const lead = await app.createLead();
    await app.automation.drain();
    await expectEnd(workflowId, lead.id, 'failed', 'version_unreadable');
  });

  it('is told and counted when it cannot be advanced even alone', async () => {
    const { workflowId, lead } = await parked(STAGE);
    await app.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON automation.runs FOR EACH ROW WHEN (NEW.status = 'succeeded') EXECUTE FUNCTION refuse()`);
    await app.passTime();
    await app.automation.drain();
    await expectEnd(workflowId, lead.id, 'failed', 'database_error');
  });

  it('is told and counted when a person cancels it', async () => {
    const { workflowId, lead } = await parked();
    const [run] = await app.runsOf({ workflowId });
    await app.runs.cancel(run?.id ?? '', null, ADMIN);
    await expectEnd(workflowId, lead.id, 'cancelled', 'cancelled_by_user');
    await expect(app.runs.cancel(run?.id ?? '', null, ADMIN)).rejects.toMatchObject({ code: 'run_finished' });
    expect(told).toEqual([]);
  });

  it('is not told of before it is certain: a transaction that is not committed tells nothing', async () => {
    const { workflowId, lead } = await parked();
    const seen: unknown[] = [];
    app.emitter.on(RUN_FINISHED, ({ runId }: RunFinished) => {
      seen.push(app.runs.get(runId, ADMIN));
    });
    await app.passTime();
    await app.automation.drain();
    expect((await Promise.all(seen)).map((run) => (run as { status: string }).status)).toEqual(['succeeded']);
    await expectEnd(workflowId, lead.id, 'succeeded', null);
  });

  it('is not spoiled by a listener that throws', async () => {
    app.emitter.on(RUN_FINISHED, () => {
      throw new Error('the host’s affair');
    });
    const workflowId = await publish(STAGE);
    await app.createLead({ name: 'Won' });
    const second = await app.createLead({ name: 'Won' });
    await app.automation.drain();
    expect(told).toHaveLength(2);
    expect((await app.runsOf({ workflowId, recordId: second.id }))[0]?.status).toBe('succeeded');
  });

  it('is not before the end of its last step, though the clock of a transaction stands still', async () => {
    const workflowId = await publish({ id: 'task', type: 'create_task', with: { title: 'Call' } });
    // Every look at the process's clock is five seconds later.
    const clock = performance.now.bind(performance);
    let looks = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => clock() + 5_000 * looks++);
    await app.createLead();
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    const [step] = run?.steps ?? [];
    expect(Date.parse(step?.finishedAt ?? '') - Date.parse(step?.startedAt ?? '')).toBeGreaterThanOrEqual(5_000);
    expect(run?.finishedAt).toBe(step?.finishedAt);
  });
});
