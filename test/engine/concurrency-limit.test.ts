import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Router } from '../../src/engine/routing/router.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const DELAY = { id: 'cool', type: 'delay', for: 'P1D' };
const task = (title: string) => ({ id: 'task', type: 'create_task', with: { title } });
const limit = (maxConcurrentRuns: number, more: object = {}) => ({ settings: { maxConcurrentRuns, ...more } });

describe('a workflow that limits how many of its runs there may be at a time', () => {
  let app: AutomationApp;
  beforeEach(async () => {
    app = await startAutomationApp();
  });
  afterEach(() => app.close());

  const leads = async (count: number) => {
    for (let index = 0; index < count; index += 1) await app.createLead({ name: `Lead ${index}` });
    await app.automation.drain();
  };
  const statuses = async (workflowId: string) => (await app.runsOf({ workflowId })).map(({ status, reason }) => reason ?? status);

  it('queues the further ones in the order of their events, each visible with the reason, and starts the next when one ends', async () => {
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [DELAY, task('x')], ...limit(2) });
    await leads(5);
    expect(await statuses(workflowId)).toEqual(['waiting', 'waiting', 'concurrency_limit', 'concurrency_limit', 'concurrency_limit']);
    const [, , third] = await app.runsOf({ workflowId });
    expect(third).toMatchObject({
      status: 'queued',
      startedAt: null,
      summary: 'Waits in the queue: as many runs of the workflow are under way as it may have at a time.',
    });
    const queued = await app.runs.list({ workflowId, status: ['queued'], reason: 'concurrency_limit' }, { limit: 10 }, ADMIN);
    expect(queued.items).toHaveLength(3);
    await app.passTime();
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['succeeded', 'succeeded', 'waiting', 'waiting', 'concurrency_limit']);
    await app.passTime();
    await app.automation.drain();
    await app.passTime();
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(Array.from({ length: 5 }, () => 'succeeded'));
    expect((await app.workflows.get(workflowId, ADMIN)).counts).toMatchObject({ started: 5, succeeded: 5 });
  });

  it('runs all of a burst, one at a time, and another workflow does not wait for it', async () => {
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [task('one by one')], ...limit(1) });
    const other = await app.publishWorkflow({ trigger: CREATED, steps: [task('at once')] });
    await leads(12);
    expect(await statuses(workflowId)).toEqual(Array.from({ length: 12 }, () => 'succeeded'));
    expect(await statuses(other)).toEqual(Array.from({ length: 12 }, () => 'succeeded'));
    const [row] = await app.query(
      `SELECT count(*)::int AS overlaps FROM automation.runs a JOIN automation.runs b ON a.workflow_id = b.workflow_id AND a.id < b.id
       WHERE a.workflow_id = $1 AND tstzrange(a.started_at, a.finished_at, '()') && tstzrange(b.started_at, b.finished_at, '()')`,
      [workflowId],
    );
    expect(row).toEqual({ overlaps: 0 });
  });

  it('gives the place of a run that a person cancels to the next; one that is cancelled in the queue leaves it', async () => {
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [DELAY], ...limit(1) });
    await leads(4);
    const [first, second] = await app.runsOf({ workflowId });
    await app.runs.cancel(second?.id ?? '', null, ADMIN);
    await app.runs.cancel(first?.id ?? '', null, ADMIN);
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['cancelled_by_user', 'cancelled_by_user', 'waiting', 'concurrency_limit']);
  });

  it('gives the place of a run that failed, that took too long, or whose version cannot be read, to the next', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [DELAY, { id: 'no', type: 'stop', outcome: 'failed' }],
      ...limit(1),
    });
    await leads(4);
    await app.passTime();
    await app.automation.drain();
    expect((await statuses(workflowId)).slice(1)).toEqual(['waiting', 'concurrency_limit', 'concurrency_limit']);
    await app.query(`UPDATE automation.runs SET started_at = now() - interval '40 days', due_at = now() WHERE status = 'waiting'`);
    await app.automation.drain();
    expect((await statuses(workflowId)).slice(1)).toEqual(['run_timed_out', 'waiting', 'concurrency_limit']);
    await app.query(`UPDATE automation.runs SET version_id = id, due_at = now() WHERE status = 'waiting'`);
    await app.automation.drain();
    expect((await statuses(workflowId)).slice(1)).toEqual(['run_timed_out', 'version_gone', 'waiting']);
  });

  it('queues a failed run again that a person sends back, and one that is repeated from the start', async () => {
    const failing = { id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } };
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [failing, DELAY], ...limit(1) });
    await leads(2);
    const [first, second] = await app.runsOf({ workflowId });
    await app.query(`UPDATE crm_leads SET name = 'Won'`);
    await leads(0);
    await app.runs.retry(second?.id ?? '', { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    await app.runs.retry(first?.id ?? '', { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    expect((await app.runsOf({ workflowId })).map(({ status, reason }) => reason ?? status)).toEqual(['concurrency_limit', 'waiting']);
    await app.passTime();
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['waiting', 'succeeded']);
    await app.runs.retry(second?.id ?? '', { from: 'start' }, ADMIN);
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['waiting', 'succeeded', 'concurrency_limit']);
  });

  it('counts the time of a run that was sent back from when it has its place again, not while it waits for it', async () => {
    const failing = { id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } };
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [failing, DELAY],
      ...limit(1, { maxDuration: 'P2D' }),
    });
    await leads(1);
    const [run] = await app.runsOf({ workflowId });
    await app.query(`UPDATE crm_leads SET name = 'Won'`);
    await app.createLead({ name: 'Won' });
    await app.automation.drain();
    await app.runs.retry(run?.id ?? '', { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['concurrency_limit', 'waiting']);
    // It waits for three days.
    await app.query(`UPDATE automation.runs SET resumed_at = resumed_at - interval '3 days' WHERE resumed_at IS NOT NULL`);
    await app.passTime();
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['waiting', 'succeeded']);
  });

  it('is 1 for jobs that say nothing else: further starts wait in order, and a version keeps what it was published with', async () => {
    const job = { trigger: { type: 'webhook' }, steps: [{ id: 'cool', type: 'delay', for: 'PT20M' }] };
    const workflow = await app.publishWorkflow(job, 'Job');
    const others = await app.publishWorkflow({ ...job, settings: { maxConcurrentRuns: 0 } }, 'Others');
    for (const id of [workflow, workflow, others, others]) await app.automation.start({ workspaceId: 'acme', workflow: id });
    await app.automation.drain();
    expect(await statuses(workflow)).toEqual(['waiting', 'concurrency_limit']);
    expect(await statuses(others)).toEqual(['waiting', 'waiting']);
    const versions = 'SELECT setting_defaults AS defaults FROM automation.workflow_versions WHERE workflow_id = $1 ORDER BY version';
    const ofJobs = { maxConcurrentRuns: 1, maxDuration: 'PT30M' };
    expect(await app.query(versions, [workflow])).toEqual([{ defaults: ofJobs }]);
    await app.query('UPDATE automation.runs SET started_at = started_at - $1::interval WHERE started_at IS NOT NULL', ['40 minutes']);
    await app.passTime();
    await app.automation.drain();
    expect(await statuses(workflow)).toEqual(['run_timed_out', 'waiting']);
    // As if an earlier release had published it: it is published again as it was.
    await app.query('UPDATE automation.workflow_versions SET setting_defaults = NULL WHERE workflow_id = $1', [workflow]);
    const draft = await app.workflows.get(workflow, ADMIN);
    await app.workflows.update(
      workflow,
      { revision: draft.revision, definition: { ...job, settings: { maxConcurrentRuns: 2 } } as never },
      ADMIN,
    );
    await app.workflows.publish(workflow, ADMIN);
    await app.workflows.publish(workflow, ADMIN, { fromVersion: 1 });
    expect(await app.query(versions, [workflow])).toEqual([{ defaults: null }, { defaults: ofJobs }, { defaults: null }]);
  });

  it('moves on the other queues while somebody holds a run of one of them', async () => {
    const held = await app.publishWorkflow({ trigger: CREATED, steps: [task('x')], ...limit(1) });
    const other = await app.publishWorkflow({ trigger: CREATED, steps: [task('x')], ...limit(1) });
    await app.createLead();
    await app.module.get(Router).route();
    await app.source.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM automation.runs WHERE workflow_id = $1 FOR UPDATE', [held]);
      await app.automation.drain();
      expect(await statuses(held)).toEqual(['concurrency_limit']);
      expect(await statuses(other)).toEqual(['succeeded']);
    });
    await app.automation.drain();
    expect(await statuses(held)).toEqual(['succeeded']);
  });

  it('queues sub-runs too, whose parents wait for them', async () => {
    const child = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [task('child')], ...limit(1) });
    const parent = await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'sub', type: 'run_workflow', workflow: child, wait: true }],
      ...limit(2),
    });
    await leads(6);
    expect(await statuses(parent)).toEqual(Array.from({ length: 6 }, () => 'succeeded'));
    expect(await statuses(child)).toEqual(Array.from({ length: 6 }, () => 'succeeded'));
  });

  it('keeps what its version said; a later version with more room admits more, behind those that came first', async () => {
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [DELAY], ...limit(1) });
    await leads(2);
    const { revision } = await app.workflows.get(workflowId, ADMIN);
    const definition = { trigger: CREATED, steps: [DELAY], ...limit(3) } as never;
    await app.workflows.update(workflowId, { revision, definition }, ADMIN);
    await app.workflows.publish(workflowId, ADMIN);
    await leads(2);
    expect(await statuses(workflowId)).toEqual(['waiting', 'concurrency_limit', 'concurrency_limit', 'concurrency_limit']);
    await app.passTime();
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['succeeded', 'waiting', 'waiting', 'waiting']);
  });

  it('does not make workflows without a limit pay: none of their runs is in a queue’s index', async () => {
    await app.publishWorkflow({ trigger: CREATED, steps: [DELAY] });
    await leads(1);
    expect(await app.query('SELECT admission, status FROM automation.runs')).toEqual([{ admission: null, status: 'waiting' }]);
  });
});

describe('a worker with loops of its own', () => {
  it('moves on a queue at once, by its own runs’ ends and by what another process cancels, and polls for neither', async () => {
    const api = await startAutomationApp();
    const worker = await startAutomationApp(
      { worker: { enabled: true, pollIntervalMs: 60_000, idlePollIntervalMs: 600_000 } },
      { database: api.database },
    );
    const workflowId = await api.publishWorkflow({ trigger: CREATED, steps: [DELAY], ...limit(1) });
    const quick = await api.publishWorkflow({ trigger: CREATED, steps: [task('quick')], ...limit(1) });
    for (let index = 0; index < 3; index += 1) await api.createLead();
    const statuses = async (id: string) => (await api.runsOf({ workflowId: id })).map(({ status }) => status);
    await api.eventually(async () => expect(await statuses(workflowId)).toEqual(['waiting', 'queued', 'queued']));
    await api.eventually(async () => expect(await statuses(quick)).toEqual(['succeeded', 'succeeded', 'succeeded']));
    const [first] = await api.runsOf({ workflowId });
    await api.runs.cancel(first?.id ?? '', null, ADMIN);
    await api.eventually(async () => expect(await statuses(workflowId)).toEqual(['cancelled', 'waiting', 'queued']));
    await worker.close();
    await api.close();
  });
});

describe('nodes that race for the places of one workflow', () => {
  let nodes: AutomationApp[];
  beforeAll(async () => {
    const first = await startAutomationApp();
    nodes = [first, await startAutomationApp({}, { database: first.database }), await startAutomationApp({}, { database: first.database })];
  });
  afterAll(async () => {
    for (const node of [...nodes].reverse()) await node.close();
  });

  it('never have more runs than the limit under way, and leave none behind', async () => {
    const [app] = nodes as [AutomationApp];
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [DELAY, task('x')], ...limit(3) });
    for (let index = 0; index < 20; index += 1) await app.createLead();
    const most: number[] = [];
    const started: string[] = [];
    for (let round = 0; round < 60; round += 1) {
      await Promise.all(nodes.map((node) => node.automation.tick()));
      const rows = await app.query<{ id: string }>(
        `SELECT id FROM automation.runs WHERE workflow_id = $1 AND admission = 'admitted' AND status IN ('queued', 'running', 'waiting') ORDER BY id`,
        [workflowId],
      );
      most.push(rows.length);
      for (const { id } of rows) if (!started.includes(id)) started.push(id);
      await app.query(`UPDATE automation.step_executions SET wake_at = now() WHERE wake_at > now()`);
      await app.query(`UPDATE automation.runs SET due_at = now() WHERE status = 'waiting'`);
    }
    expect(Math.max(...most)).toBe(3);
    const runs = await app.runsOf({ workflowId });
    expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 'succeeded'));
    expect(await app.query('SELECT count(*)::int AS tasks FROM crm_tasks')).toEqual([{ tasks: 20 }]);
    expect(started).toEqual([...started].sort((a, b) => placeOf(runs, a) - placeOf(runs, b)));
  });

  it('keep the limit whatever people do meanwhile: cancel, send back, repeat', async () => {
    const [app] = nodes as [AutomationApp];
    const fails = { id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } };
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [fails, DELAY], ...limit(2) });
    for (let index = 0; index < 12; index += 1) await app.createLead({ name: index < 8 ? 'Nowhere' : 'Won' });
    const overLimit: number[] = [];
    for (let round = 0; round < 30; round += 1) {
      // From now on what is sent back gets further, and takes its time.
      if (round === 4) await app.query(`UPDATE crm_leads SET name = 'Won'`);
      const unfinished = `SELECT id, status FROM automation.runs WHERE workflow_id = $1 AND status IN ('queued', 'running', 'waiting') ORDER BY random() LIMIT 1`;
      const over = `SELECT id, status FROM automation.runs WHERE workflow_id = $1 AND status IN ('failed', 'cancelled') AND retried_as IS NULL ORDER BY random() LIMIT 1`;
      const [victim] = await app.query<{ id: string }>(unfinished, [workflowId]);
      const [again] = await app.query<{ id: string; status: string }>(over, [workflowId]);
      const from = again?.status === 'failed' ? 'failed_step' : 'start';
      await Promise.all([
        ...nodes.map((node) => node.automation.tick()),
        // Refused where it is over already, or somebody has sent it back: that is right.
        round % 4 === 0 && victim ? app.runs.cancel(victim.id, null, ADMIN).catch(() => undefined) : null,
        round > 4 && round < 20 && again ? app.runs.retry(again.id, { from }, ADMIN).catch(() => undefined) : null,
      ]);
      const [{ places } = { places: -1 }] = await app.query<{ places: number }>(
        `SELECT count(*)::int AS places FROM automation.runs WHERE workflow_id = $1 AND status IN ('queued', 'running', 'waiting')
         AND admission IS DISTINCT FROM 'queue'`,
        [workflowId],
      );
      if (places > 2) overLimit.push(places);
      if (round % 6 === 5) await app.passTime();
    }
    expect(overLimit).toEqual([]);
    await app.eventually(async () => {
      await app.passTime();
      await app.automation.drain();
      expect(await app.query(`SELECT status FROM automation.runs WHERE workflow_id = $1 AND finished_at IS NULL`, [workflowId])).toEqual(
        [],
      );
    });
  });
});

function placeOf(runs: readonly { id: string; eventId: string | null }[], id: string): number {
  const ids = runs.map((run) => run.eventId ?? '').sort();
  return ids.indexOf(runs.find((run) => run.id === id)?.eventId ?? '');
}
