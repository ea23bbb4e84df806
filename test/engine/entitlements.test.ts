import { afterEach, describe, expect, it } from '@jest/globals';
import { BatchStartService } from '../../src/admin/batch-start-service.js';
import { MeService } from '../../src/admin/me-service.js';
import { ReplayService } from '../../src/admin/replay-service.js';
import { RetryPreviews } from '../../src/admin/retry-preview.js';
import { RunBatches } from '../../src/admin/run-batches.js';
import type { RetryCommand } from '../../src/admin/run-retry.js';
import { StartService } from '../../src/admin/start-service.js';
import type { AutomationOptions } from '../../src/automation.options.js';
import { resolveSettings } from '../../src/automation.options.js';
import type { Entitlements } from '../../src/core/start/entitlements.js';
import { KeptAnswers } from '../../src/engine/kept-answers.js';
import { WorkspaceEntitlements } from '../../src/engine/workspace-entitlements.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const TASK = { id: 'task', type: 'create_task', with: { title: 'Call' } };
const DEFINITION = { trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [TASK] };

describe('the plan of a workspace', () => {
  let app: AutomationApp;
  let plan: Entitlements | (() => Promise<Entitlements>) = {};
  let asked = 0;
  afterEach(async () => {
    await app?.close();
    app = undefined as never;
  });
  const start = async (first: Entitlements, options: Partial<AutomationOptions> = {}) => {
    plan = first;
    asked = 0;
    app = await startAutomationApp({
      entitlements: () => {
        asked += 1;
        return typeof plan === 'function' ? plan() : plan;
      },
      ...options,
    });
  };
  /** What the host says from now on counts at once. */
  const change = async (to: Entitlements) => {
    plan = to;
    await app.module.get(WorkspaceEntitlements).renewed('acme');
  };
  const created = async (count = 1) => {
    const leads = [];
    for (let made = 0; made < count; made += 1) leads.push(await app.createLead());
    await app.automation.drain();
    return leads;
  };
  const outcomes = async (workflowId: string) => (await app.runsOf({ workflowId })).map(({ status, reason }) => reason ?? status);
  const use = async () => (await app.module.get(MeService).of(ADMIN)).plan;

  it('a downgrade stops new runs, and each start that it refuses says so; runs in flight go on', async () => {
    await start({ plan: 'Pro' });
    const workflowId = await app.publishWorkflow({ ...DEFINITION, steps: [{ id: 'cool', type: 'delay', for: 'P1D' }, TASK] });
    await created();
    await change({ plan: 'Free', enabled: false });
    await created();
    const [first, refused] = await app.runsOf({ workflowId });
    expect(first?.status).toBe('waiting');
    expect(refused).toMatchObject({
      status: 'skipped',
      reason: 'plan',
      explanation: { rule: 'The plan "Free" has no automation.', plan: 'Free', missing: 'automation' },
    });
    await app.passTime();
    await app.automation.drain();
    expect(await outcomes(workflowId)).toEqual(['succeeded', 'plan']);
    await change({ plan: 'Pro' });
    await created();
    expect(await outcomes(workflowId)).toEqual(['succeeded', 'plan', 'waiting']);
  });

  it('runs of a month are counted, those of one batch too; the next month begins at nothing', async () => {
    await start({ plan: 'Basic', runsPerMonth: 3 });
    const workflowId = await app.publishWorkflow(DEFINITION);
    await created(2);
    for (let made = 0; made < 3; made += 1) await app.createLead();
    await app.automation.drain();
    expect((await outcomes(workflowId)).sort()).toEqual(['plan', 'plan', 'succeeded', 'succeeded', 'succeeded']);
    const refused = (await app.runsOf({ workflowId })).find(({ reason }) => reason === 'plan');
    expect(refused?.explanation).toMatchObject({ missing: 'runsPerMonth', allowed: 3, used: 3 });
    expect(await use()).toMatchObject({ name: 'Basic', runsPerMonth: { allowed: 3, used: 3 } });
    // What other workspaces use does not count, nor does what is skipped.
    await app.query(`UPDATE automation.monthly_runs SET month = month - interval '1 month'`);
    expect((await use())?.runsPerMonth.used).toBe(0);
    await created();
    expect((await outcomes(workflowId)).at(-1)).toBe('succeeded');
    expect((await use())?.runsPerMonth.used).toBe(1);
  });

  it('runs of a month are counted last: while steps are performed, other routers of the workspace count theirs', async () => {
    await start({ runsPerMonth: 3 });
    await app.query(`CREATE TABLE seen AS SELECT 0::bigint AS started LIMIT 0`);
    await app.query(`CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO seen SELECT coalesce(sum(started), 0) FROM automation.monthly_runs; RETURN NEW; END $$`);
    await app.query('CREATE TRIGGER see BEFORE INSERT ON crm_tasks FOR EACH ROW EXECUTE FUNCTION see()');
    await app.publishWorkflow(DEFINITION);
    await created();
    expect(await app.query('SELECT started::int FROM seen')).toEqual([{ started: 0 }]);
    expect((await use())?.runsPerMonth.used).toBe(1);
  });

  it('runs that are only foreseen do not count, and those that are replayed count once', async () => {
    await start({ plan: 'Basic', runsPerMonth: 3 });
    const workflowId = await app.publishWorkflow(DEFINITION);
    const [lead] = await created();
    const records = { module: 'leads', ids: [lead!.id] };
    const { batch } = await app.module.get(BatchStartService).start(workflowId, { records, dryRun: true }, ADMIN);
    expect(batch.starts).toBe(1);
    const [event] = await app.query<{ id: string }>('SELECT id FROM automation.events');
    await app.module.get(ReplayService).replay(event!.id, { again: true, dryRun: true }, ADMIN);
    expect((await use())?.runsPerMonth.used).toBe(1);
    await app.module.get(ReplayService).replay(event!.id, { again: true }, ADMIN);
    await app.automation.drain();
    expect((await use())?.runsPerMonth.used).toBe(2);
  });

  describe('holds for runs that are repeated by new ones', () => {
    const FAILING = { ...DEFINITION, steps: [{ id: 'stop', type: 'stop', outcome: 'failed', message: 'No' }, TASK] };
    const REFUSED = { code: 'plan_required', details: { missing: 'stepTypes', stepTypes: ['create_task'] } };
    const batches = () => app.module.get(RunBatches);
    const refusedBy = async (id: string, command: RetryCommand) =>
      (await app.module.get(RetryPreviews).preview(id, command, ADMIN)).refused?.code ?? null;

    it('by the steps of the version that would run, while runs that go on are left alone', async () => {
      await start({});
      const workflowId = await app.publishWorkflow({ ...FAILING, steps: [FAILING.steps[0]] });
      await created();
      const { revision } = await app.workflows.get(workflowId, ADMIN);
      await app.workflows.update(workflowId, { revision, definition: FAILING as never }, ADMIN);
      await app.workflows.publish(workflowId, ADMIN);
      await change({ plan: 'Basic', stepTypes: ['stop'] });
      const [run] = await app.runsOf({ workflowId });
      const newest = { from: 'start', version: 'newest' } as const;
      expect(await refusedBy(run!.id, newest)).toBe('plan_required');
      expect(await refusedBy(run!.id, { from: 'start' })).toBeNull();
      await expect(app.runs.retry(run!.id, newest, ADMIN)).rejects.toMatchObject(REFUSED);
      await expect(batches().retry({ workflowId }, newest, ADMIN)).rejects.toMatchObject(REFUSED);
      expect(await batches().retry({ workflowId }, { ...newest, dryRun: true }, ADMIN)).toMatchObject({
        groups: [],
        refusals: [{ code: 'plan_required', runs: 1, sampleRunId: run!.id }],
      });
      await change({ plan: 'Free', enabled: false });
      await expect(app.runs.retry(run!.id, { from: 'start' }, ADMIN)).rejects.toMatchObject({ details: { missing: 'automation' } });
      expect(await refusedBy(run!.id, { from: 'failed_step' })).toBeNull();
      expect((await app.runs.retry(run!.id, { from: 'failed_step' }, ADMIN)).id).toBe(run!.id);
    });

    it('by the runs of the month, in which they count; of many so many are repeated as it still has', async () => {
      await start({ plan: 'Basic', runsPerMonth: 5 });
      const workflowId = await app.publishWorkflow(FAILING);
      await created(3);
      const preview = await batches().retry({ workflowId }, { from: 'start', dryRun: true }, ADMIN);
      expect(preview.refusals).toEqual([{ code: 'plan_required', runs: 1, sampleRunId: expect.any(String) }]);
      const done = await batches().retry({ workflowId }, { from: 'start' }, ADMIN);
      const left = (await app.runsOf({ workflowId })).filter(({ status, retriedAs }) => status === 'failed' && retriedAs === null);
      expect(done).toMatchObject({ matched: 3, retried: 2, skipped: 0, remaining: 0 });
      expect(done.refusals).toEqual([{ code: 'plan_required', runs: 1, sampleRunId: left[0]?.id }]);
      expect((await use())?.runsPerMonth.used).toBe(5);
      const refusal = { code: 'plan_required', details: { missing: 'runsPerMonth', allowed: 5, used: 5 } };
      await expect(app.runs.retry(left[0]!.id, { from: 'start' }, ADMIN)).rejects.toMatchObject(refusal);
      await expect(batches().retry({ workflowId }, { from: 'start' }, ADMIN)).rejects.toMatchObject(refusal);
    });

    it('and those that it does not give stand before no others: the batch goes on behind them', async () => {
      await start({});
      const beyond = await app.publishWorkflow(FAILING, 'Beyond the plan');
      await created(2);
      await app.workflows.pause(beyond, ADMIN);
      const within = await app.publishWorkflow({ ...FAILING, steps: [FAILING.steps[0]] }, 'Within');
      await created(1);
      await change({ stepTypes: ['stop'] });
      const command = { from: 'start', limit: 2 } as const;
      const first = await batches().retry({}, command, ADMIN);
      expect(first).toMatchObject({ matched: 3, retried: 0, remaining: 1, refusals: [{ code: 'plan_required', runs: 2 }] });
      const next = { ...command, batchId: String(first.batchId) };
      expect(await batches().retry({}, next, ADMIN)).toMatchObject({ matched: 1, retried: 1, remaining: 0, refusals: [] });
      expect((await app.runsOf({ workflowId: within })).filter(({ retriedAs }) => retriedAs !== null)).toHaveLength(1);
      await expect(batches().retry({ workflowId: beyond }, command, ADMIN)).rejects.toMatchObject({ code: 'plan_required' });
    });

    it('by the workflows that may be active', async () => {
      await start({});
      await app.publishWorkflow(DEFINITION, 'One');
      const workflowId = await app.publishWorkflow(FAILING, 'Two');
      await created();
      await change({ activeWorkflows: 1 });
      const [run] = await app.runsOf({ workflowId });
      expect(await refusedBy(run!.id, { from: 'start' })).toBe('plan_required');
      await expect(app.runs.retry(run!.id, { from: 'start' }, ADMIN)).rejects.toMatchObject({ details: { missing: 'activeWorkflows' } });
    });
  });

  it('of more active workflows than it has, those that were created first go on', async () => {
    await start({});
    const ids = [
      await app.publishWorkflow(DEFINITION, 'One'),
      await app.publishWorkflow(DEFINITION, 'Two'),
      await app.publishWorkflow(DEFINITION, 'Three'),
    ];
    await change({ activeWorkflows: 2 });
    await created();
    expect(await Promise.all(ids.map(outcomes))).toEqual([['succeeded'], ['succeeded'], ['plan']]);
    expect((await use())?.activeWorkflows).toEqual({ allowed: 2, used: 3 });
    await app.workflows.pause(ids[0]!, ADMIN);
    await created();
    expect(await Promise.all(ids.map(outcomes))).toEqual([['succeeded'], ['succeeded', 'succeeded'], ['plan', 'succeeded']]);
  });

  it('a version with a step of another type than it has starts nothing, by hand neither', async () => {
    await start({});
    const workflowId = await app.publishWorkflow(DEFINITION);
    await change({ plan: 'Basic', stepTypes: ['send_email'] });
    await created();
    await app.module.get(StartService).start(workflowId, {}, ADMIN);
    await app.automation.drain();
    expect(await outcomes(workflowId)).toEqual(['plan', 'plan']);
  });

  it('what it does not give cannot be published, nor made active: with what is missing and what is used', async () => {
    await start({ plan: 'Basic', activeWorkflows: 1, stepTypes: ['create_task'] });
    const first = await app.publishWorkflow(DEFINITION, 'One');
    const { id } = await app.workflows.create({ name: 'Two', definition: DEFINITION as never }, ADMIN);
    const refusal = {
      code: 'plan_required',
      message: 'The plan "Basic" has 1 active workflow; this one would be number 2.',
      details: { missing: 'activeWorkflows', allowed: 1, used: 1, plan: 'Basic' },
      hint: expect.any(String),
    };
    await expect(app.workflows.publish(id, ADMIN)).rejects.toMatchObject(refusal);
    await expect(app.workflows.activate(id, ADMIN)).rejects.toMatchObject(refusal);
    // Not active, it is no further one; and what is active may be edited.
    await app.workflows.publish(id, ADMIN, { activate: false });
    await expect(app.workflows.activate(id, ADMIN)).rejects.toMatchObject(refusal);
    const edited = await app.workflows.update(
      first,
      { revision: 1, definition: { ...DEFINITION, steps: [{ ...TASK, id: 'other' }] } as never },
      ADMIN,
    );
    await app.workflows.publish(first, ADMIN);
    const mail = { id: 'mail', type: 'send_email', with: { to: 'a@b.test', subject: 'Hi', text: 'x' } };
    const saved = await app.workflows.update(
      first,
      { revision: edited.revision, definition: { ...DEFINITION, steps: [TASK, mail] } as never },
      ADMIN,
    );
    const problems = [{ path: 'steps[1].type', message: 'The plan "Basic" has no steps of the type "send_email".' }];
    expect(saved.problems).toEqual(problems);
    await expect(app.workflows.publish(first, ADMIN)).rejects.toMatchObject({
      code: 'plan_required',
      details: { missing: 'stepTypes', stepTypes: ['send_email'] },
      problems,
    });
    // Who buys more may go on at once.
    plan = { plan: 'Pro' };
    await app.workflows.publish(first, ADMIN);
    await app.workflows.activate(id, ADMIN);
  });

  it('without automation nothing is saved, and all can be seen', async () => {
    await start({});
    const id = await app.publishWorkflow(DEFINITION);
    await change({ plan: 'Free', enabled: false });
    const refusal = { code: 'plan_required', details: { missing: 'automation', plan: 'Free' } };
    await expect(app.workflows.create({ name: 'New', definition: DEFINITION as never }, ADMIN)).rejects.toMatchObject(refusal);
    await expect(app.workflows.update(id, { revision: 1, name: 'Other' }, ADMIN)).rejects.toMatchObject(refusal);
    await expect(app.workflows.publish(id, ADMIN)).rejects.toMatchObject(refusal);
    await app.workflows.pause(id, ADMIN);
    await expect(app.workflows.activate(id, ADMIN)).rejects.toMatchObject(refusal);
    expect((await app.workflows.get(id, ADMIN)).status).toBe('paused');
    expect(await use()).toMatchObject({ name: 'Free', enabled: false });
  });

  it('holds up nothing when the host does not tell it: the last answer counts, and without one nothing is limited', async () => {
    await start({});
    plan = () => Promise.reject(new Error('billing is away'));
    const workflowId = await app.publishWorkflow(DEFINITION);
    await created();
    expect(await outcomes(workflowId)).toEqual(['succeeded']);
    await change({ enabled: false });
    plan = async () => ({ activeWorkflows: 'many' }) as never;
    await app.module.get(WorkspaceEntitlements).renewed('acme');
    await created();
    expect(await outcomes(workflowId)).toEqual(['succeeded', 'plan']);
  });

  it('is asked once for many starts, and never where the application has none', async () => {
    await start({ runsPerMonth: 100 });
    await app.publishWorkflow(DEFINITION);
    asked = 0;
    await created(3);
    expect(asked).toBeLessThanOrEqual(1);
    await app.close();
    await start({}, { entitlements: undefined });
    await app.publishWorkflow(DEFINITION);
    await created();
    expect(await app.query('SELECT 1 FROM automation.monthly_runs')).toEqual([]);
    expect(await use()).toBeNull();
  });

  it('is a function, or the module refuses to start', () => {
    expect(() => resolveSettings({ entitlements: {} } as never)).toThrow('entitlements must be a function of the workspace');
  });
});

describe('answers of the host', () => {
  it('are not waited for for ever, and not asked for again at once when they do not come', async () => {
    const failures: string[] = [];
    let asked = 0;
    const never = () => {
      asked += 1;
      return new Promise<never>(() => undefined);
    };
    const answers = new KeptAnswers('entitlements', never, (workspaceId, error) => failures.push(`${workspaceId}: ${String(error)}`), 10);
    await answers.prepare(['acme', 'acme']);
    await answers.prepare(['acme']);
    expect(asked).toBe(1);
    expect(answers.of('acme')).toBeUndefined();
    expect(failures).toEqual([expect.stringContaining("acme: Error: the host's `entitlements` has not answered within 10 ms")]);
  });
});
