import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Lead } from '../support/sample-crm.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const from = (source: string) => ({ field: 'source', operator: 'equals', value: source });

describe('several nodes on one database', () => {
  const nodes: AutomationApp[] = [];
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
    nodes.push(app);
    for (let index = 0; index < 3; index += 1) nodes.push(await startAutomationApp({}, { database: app.database }));
  });
  afterAll(async () => {
    for (const node of nodes.slice(1)) await node.close();
    await app.close();
  });
  const drainAll = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.automation.drain()));
    await app.automation.drain();
  };

  it('start one run for one event, and run it once', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: from('Once'),
      steps: [
        { id: 'cool', type: 'delay', for: 'PT1H' },
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
      ],
    });
    await Promise.all(Array.from({ length: 40 }, () => app.createLead({ source: 'Once' })));
    await drainAll();
    await app.passTime();
    await drainAll();
    const runs = await app.query<{ status: string; count: number }>(
      'SELECT status, count(*)::int AS count FROM automation.runs WHERE workflow_id = $1 GROUP BY status',
      [workflowId],
    );
    expect(runs).toEqual([{ status: 'succeeded', count: 40 }]);
    expect(await app.query(`SELECT DISTINCT touches FROM crm_leads WHERE source = 'Once'`)).toEqual([{ touches: 1 }]);
  });

  it('share a round robin fairly', async () => {
    await app.publishWorkflow({
      trigger: CREATED,
      conditions: from('Robin'),
      steps: [{ id: 'owner', type: 'assign_owner', with: { strategy: 'round_robin', userIds: ['u-1', 'u-2', 'u-3'] } }],
    });
    await Promise.all(Array.from({ length: 90 }, () => app.createLead({ source: 'Robin' })));
    await drainAll();
    const owners = await app.query<{ count: number }>(
      `SELECT "ownerId", count(*)::int AS count FROM crm_leads WHERE source = 'Robin' GROUP BY "ownerId" ORDER BY "ownerId"`,
    );
    const counts = owners.map(({ count }) => count);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(90);
    const [{ tracks } = { tracks: 0 }] = await app.query<{ tracks: number }>('SELECT count(*)::int AS tracks FROM automation.rotations');
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(tracks);
    // At most one a transaction that was open at the same time.
    expect(tracks).toBeLessThanOrEqual(nodes.length);
  });

  it('retry a failed run once when two people ask at the same time', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: from('Retry'),
      steps: [
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
        { id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } },
      ],
    });
    const lead = await app.createLead({ source: 'Retry', name: 'Nowhere' });
    await app.automation.drain();
    const [failed] = await app.runsOf({ workflowId });
    expect(failed?.status).toBe('failed');
    await app.source.manager.update(Lead, { id: lead.id }, { name: 'Won' });
    const answers = await Promise.allSettled(
      nodes.map((node) => node.runs.retry(failed?.id ?? '', { from: 'failed_step', reason: 'stage exists now' }, ADMIN)),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await drainAll();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(run?.steps.map(({ path, attempt, status, superseded }) => [path, attempt, status, superseded])).toEqual([
      ['touch', 1, 'succeeded', false],
      ['stage', 1, 'failed', true],
      ['stage', 2, 'succeeded', false],
    ]);
    expect(run?.retries).toMatchObject([{ by: { id: 'admin' }, from: 'failed_step', reason: 'stage exists now' }]);
    expect(await app.query('SELECT touches, stage FROM crm_leads WHERE id = $1', [lead.id])).toEqual([{ touches: 1, stage: 'Won' }]);
  });

  it('retry from the start as a new run, on the same or the newest version', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: from('Restart'),
      steps: [{ id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } }],
    });
    await app.createLead({ source: 'Restart', name: 'Nowhere' });
    await app.automation.drain();
    const [failed] = await app.runsOf({ workflowId });
    const workflow = await app.workflows.get(workflowId, ADMIN);
    await app.workflows.update(
      workflowId,
      {
        revision: workflow.revision,
        definition: { trigger: CREATED, conditions: from('Restart'), steps: [{ id: 'stage', type: 'move_stage', with: { stage: 'Won' } }] },
      },
      ADMIN,
    );
    await app.workflows.publish(workflowId, ADMIN);
    await app.runs.retry(failed?.id ?? '', { from: 'start', version: 'newest' }, ADMIN);
    await app.automation.drain();
    const runs = await app.runsOf({ workflowId });
    expect(runs.map(({ status, version }) => [status, version])).toEqual([
      ['failed', 1],
      ['succeeded', 2],
    ]);
    await expect(app.runs.retry(failed?.id ?? '', { from: 'start' }, ADMIN)).rejects.toMatchObject({ code: 'run_already_retried' });
  });
});

describe('a burst of 3,000 events', () => {
  it('queues, and every event gets its run', async () => {
    const app = await startAutomationApp();
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } }],
    });
    await app.query(
      `INSERT INTO crm_leads (id, "workspaceId", name, source) SELECT 'burst-' || n, 'acme', 'Lead ' || n, 'Burst' FROM generate_series(1, 3000) AS n`,
    );
    for (let at = 1; at <= 3_000; at += 500) {
      const events = Array.from({ length: 500 }, (_, index) => ({
        workspaceId: 'acme',
        module: 'leads',
        event: 'created',
        record: { id: `burst-${at + index}`, name: `Lead ${at + index}`, source: 'Burst' },
      }));
      await app.automation.publish(events);
    }
    await app.automation.drain();
    expect(
      await app.query('SELECT status, count(*)::int AS count FROM automation.runs WHERE workflow_id = $1 GROUP BY status', [workflowId]),
    ).toEqual([{ status: 'succeeded', count: 3_000 }]);
    expect(await app.query('SELECT count(DISTINCT "recordId")::int AS leads, count(*)::int AS tasks FROM crm_tasks')).toEqual([
      { leads: 3_000, tasks: 3_000 },
    ]);
    const item = await app.workflows.get(workflowId, ADMIN);
    expect(item.runCount).toBe(3_000);
    await app.close();
  });
});
