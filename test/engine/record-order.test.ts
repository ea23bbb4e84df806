import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Router } from '../../src/engine/routing/router.js';
import { Admissions } from '../../src/engine/running/admissions.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const UPDATED = { type: 'event', module: 'leads', event: 'updated' };
const DELAY = { id: 'cool', type: 'delay', for: 'P1D' };
const task = (title: string) => ({ id: 'task', type: 'create_task', with: { title } });
const IN_ORDER = { order: 'per_record' };

describe('a workflow whose runs of one record go in order', () => {
  let app: AutomationApp;
  beforeEach(async () => {
    app = await startAutomationApp();
  });
  afterEach(() => app.close());

  const update = (recordId: string, priority: string) =>
    app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'updated', record: { id: recordId, priority } });
  const statuses = async (workflowId: string, recordId?: string) =>
    (await app.runsOf({ workflowId, ...(recordId === undefined ? {} : { recordId }) })).map(({ status, reason }) => reason ?? status);
  const day = async () => {
    await app.passTime();
    await app.automation.drain();
  };

  it('runs them one after the other, and says of those that wait for what; other records do not wait', async () => {
    const workflowId = await app.publishWorkflow({ trigger: UPDATED, steps: [DELAY, task('{{record.name}}')], settings: IN_ORDER });
    const [one, two] = [await app.createLead(), await app.createLead()];
    for (const priority of ['a', 'b', 'c']) await update(one.id, priority);
    await update(two.id, 'a');
    await app.automation.drain();
    expect(await statuses(workflowId, one.id)).toEqual(['waiting', 'record_order', 'record_order']);
    expect(await statuses(workflowId, two.id)).toEqual(['waiting']);
    const [, second] = await app.runsOf({ workflowId, recordId: one.id });
    expect(second).toMatchObject({ status: 'queued', summary: 'Waits for an earlier run of the workflow on this record.' });
    await day();
    expect(await statuses(workflowId, one.id)).toEqual(['succeeded', 'waiting', 'record_order']);
    await day();
    await day();
    expect(await statuses(workflowId, one.id)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  it('goes on with the next when a run fails or is cancelled, and sends one back behind the one that is under way', async () => {
    const steps = [DELAY, { id: 'no', type: 'stop', outcome: 'failed' }];
    const workflowId = await app.publishWorkflow({ trigger: UPDATED, steps, settings: IN_ORDER });
    const lead = await app.createLead();
    for (const priority of ['a', 'b', 'c']) await update(lead.id, priority);
    await app.automation.drain();
    await day();
    const [first, second] = await app.runsOf({ workflowId });
    expect(await statuses(workflowId)).toEqual([first?.reason, 'waiting', 'record_order']);
    await app.runs.retry(first?.id ?? '', { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['record_order', 'waiting', 'record_order']);
    await app.runs.cancel(second?.id ?? '', null, ADMIN);
    await app.automation.drain();
    // The earlier event goes first.
    expect((await statuses(workflowId)).slice(1)).toEqual(['cancelled_by_user', 'waiting']);
  });

  it('keeps the limit of the workflow besides: the first of each record wait for a place', async () => {
    const settings = { ...IN_ORDER, maxConcurrentRuns: 2 };
    const workflowId = await app.publishWorkflow({ trigger: UPDATED, steps: [DELAY], settings });
    const leads = [await app.createLead(), await app.createLead(), await app.createLead()];
    for (const { id } of leads) for (const priority of ['a', 'b']) await update(id, priority);
    await app.automation.drain();
    const all = async () => Promise.all(leads.map(({ id }) => statuses(workflowId, id)));
    expect(await all()).toEqual([
      ['waiting', 'record_order'],
      ['waiting', 'record_order'],
      ['concurrency_limit', 'record_order'],
    ]);
    await day();
    // Their events came before the third record's.
    expect(await all()).toEqual([
      ['succeeded', 'waiting'],
      ['succeeded', 'waiting'],
      ['concurrency_limit', 'record_order'],
    ]);
    for (let left = 0; left < 3; left += 1) await day();
    expect((await all()).flat()).toEqual(Array.from({ length: 6 }, () => 'succeeded'));
  });

  it('waits for an earlier event of the record that another node is still routing, and for no other record’s', async () => {
    const workflowId = await app.publishWorkflow({ trigger: UPDATED, steps: [task('{{trigger.eventId}}')], settings: IN_ORDER });
    const [lead, other] = [await app.createLead(), await app.createLead()];
    await app.automation.drain();
    await update(lead.id, 'a');
    await update(lead.id, 'b');
    await update(other.id, 'a');
    await app.source.transaction(async (manager) => {
      // As another router does that has claimed the first event.
      await manager.query(`SELECT 1 FROM automation.events WHERE routed_at IS NULL AND record_id = $1 ORDER BY id LIMIT 1 FOR UPDATE`, [
        lead.id,
      ]);
      await app.automation.drain();
      expect(await statuses(workflowId, lead.id)).toEqual(['record_order']);
      expect(await statuses(workflowId, other.id)).toEqual(['succeeded']);
    });
    await app.automation.drain();
    const runs = await app.runsOf({ workflowId, recordId: lead.id });
    const byEvent = [...runs].sort((a, b) => ((a.eventId ?? '') < (b.eventId ?? '') ? -1 : 1));
    expect(byEvent.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    const [earlier, later] = byEvent.map(({ finishedAt, startedAt }) => ({ finishedAt, startedAt }));
    expect((earlier?.finishedAt ?? '') <= (later?.startedAt ?? '')).toBe(true);
  });

  it('lets runs about no record begin at once', async () => {
    const workflowId = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [task('x')], settings: IN_ORDER });
    for (let index = 0; index < 2; index += 1) await app.automation.start({ workspaceId: 'acme', workflow: workflowId });
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['succeeded', 'succeeded']);
  });

  it('looks, told of a run that came or went, at its record alone: thousands of others may wait there', async () => {
    const workflowId = await app.publishWorkflow({ trigger: UPDATED, steps: [task('x')], settings: IN_ORDER });
    const lead = await app.createLead();
    await app.automation.drain();
    await app.query(
      `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, module, record_id, status, reason, actor, admission)
       SELECT w.workspace_id, gen_random_uuid(), w.id, w.published_version_id, 1, 'leads', 'untold', 'queued', 'record_order',
         '{"type": "system", "id": null}', 'record'
       FROM automation.workflows w WHERE w.id = $1`,
      [workflowId],
    );
    for (const priority of ['a', 'b']) await update(lead.id, priority);
    await app.module.get(Router).route();
    expect(await app.module.get(Admissions).round()).toBe(1);
    expect((await statuses(workflowId, lead.id)).sort()).toEqual(['queued', 'record_order']);
    await app.module.get(RunDriver).tick();
    await app.module.get(RunDriver).settled();
    expect(await app.module.get(Admissions).round()).toBe(1);
    expect((await statuses(workflowId, lead.id)).sort()).toEqual(['queued', 'succeeded']);
    expect(await statuses(workflowId, 'untold')).toEqual(['record_order']);
    // Of what nobody told, a look at all finds out.
    await app.automation.drain();
    expect(await statuses(workflowId, 'untold')).not.toContain('record_order');
  });

  it('looks, told of nothing, at a part of the records that wait each time, until it has come round', async () => {
    const workflowId = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [DELAY], settings: IN_ORDER });
    await app.query(
      `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, module, record_id, status, reason, actor, admission)
       SELECT w.workspace_id, gen_random_uuid(), w.id, w.published_version_id, 1, 'leads', 'part' || n, 'queued', 'record_order',
         '{"type": "system", "id": null}', 'record'
       FROM automation.workflows w, generate_series(1, 1100) AS n WHERE w.id = $1`,
      [workflowId],
    );
    const admissions = app.module.get(Admissions);
    const looks: number[] = [];
    for (let look = 0; look < 4; look += 1) {
      admissions.expectUntold();
      looks.push(await admissions.round());
    }
    expect(looks).toEqual([500, 500, 100, 0]);
  });

  it('looks at many records, each by its first run', async () => {
    const workflowId = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [DELAY], settings: IN_ORDER });
    await app.query(
      `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, module, record_id, status, reason, actor, admission)
       SELECT w.workspace_id, gen_random_uuid(), w.id, w.published_version_id, 1, 'leads', 'r' || (n % 1200), 'queued', 'record_order',
         '{"type": "system", "id": null}', 'record'
       FROM automation.workflows w, generate_series(1, 2400) AS n WHERE w.id = $1`,
      [workflowId],
    );
    await app.automation.tick();
    const rows = await app.query(
      `SELECT admission, count(*)::int AS runs, count(DISTINCT record_id)::int AS records FROM automation.runs WHERE workflow_id = $1 GROUP BY 1 ORDER BY 1`,
      [workflowId],
    );
    expect(rows).toEqual([
      { admission: 'admitted', runs: 1200, records: 1200 },
      { admission: 'record', runs: 1200, records: 1200 },
    ]);
  });
});
