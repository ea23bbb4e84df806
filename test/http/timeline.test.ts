import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChangeTimelineItem, EventTimelineItem, TimelineItem } from '../../src/admin/timeline-service.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, rows, seedEvent } from './support/seed.js';

const on = (event: string, source: string, steps: object[]) => ({
  trigger: { type: 'event', module: 'leads', event },
  conditions: { field: 'source', operator: 'equals', value: source },
  steps,
});
const ADA = { type: 'user' as const, id: 'u-9', name: 'Ada' };

describe('the timeline of a record', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
  });
  beforeEach(() =>
    rows(
      real.database,
      'TRUNCATE automation.events, automation.runs, automation.step_executions, automation.workflows, automation.workflow_versions, crm_leads, crm_tasks CASCADE',
    ),
  );
  afterAll(() => real?.close());

  const publish = (definition: object) => publishedWorkflow(real as never, definition);
  const createLead = async (id: string, source: string): Promise<void> => {
    await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name, source) VALUES ($1, 'acme', 'Ann', $2)`, [id, source]);
    await real.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'created',
      record: { id, name: 'Ann', source },
      actor: ADA,
    });
    await real.automation.drain();
  };
  const timeline = async (id: string, query = '', token = 'viewer'): Promise<{ items: TimelineItem[]; nextCursor: string | null }> =>
    (await real.call('get', `/automation/records/leads/${id}/timeline${query}`, token).expect(200)).body;
  const changesIn = (items: TimelineItem[]) => items.filter((item): item is ChangeTimelineItem => item.kind === 'change');
  const eventsIn = (items: TimelineItem[]) => items.filter((item): item is EventTimelineItem => item.kind === 'event');

  it('tells what happened, who did it, what each workflow made of it, and every change that a workflow made, newest first', async () => {
    const workflow = await publish(
      on('created', 'Web', [
        { id: 'owner', type: 'assign_owner', with: { strategy: 'round_robin', userIds: ['u-1'] } },
        { id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } },
        { id: 'fields', type: 'change_field', with: { fields: { touches: 3, amount: 5 } } },
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
        { id: 'call', type: 'create_task', with: { title: 'Call' } },
      ]),
    );
    const other = await publish(on('created', 'Phone', [{ id: 'end', type: 'stop' }]));
    await createLead('one', 'Web');
    expect(await rows(real.database, "SELECT 1 FROM automation.events WHERE source = 'workflow'")).toEqual([]);

    const { items, nextCursor } = await timeline('one');
    expect(nextCursor).toBeNull();
    expect(items.map((item) => (item.kind === 'event' ? item.event : item.by.path))).toEqual([
      'call',
      'touch',
      'fields',
      'stage',
      'owner',
      'created',
    ]);
    expect(items.map(({ at }) => at)).toEqual(
      items
        .map(({ at }) => at)
        .sort()
        .reverse(),
    );
    const [event] = eventsIn(items);
    expect(event).toMatchObject({ source: 'publish', actor: ADA, by: null, changes: null });
    expect(event?.runs).toEqual([
      expect.objectContaining({ workflowId: workflow.id, workflowName: 'Seeded', version: 1, status: 'succeeded', reason: null }),
      expect.objectContaining({ workflowId: other.id, status: 'skipped', reason: 'conditions' }),
    ]);
    const runId = event?.runs[0]?.id;
    expect(changesIn(items).map(({ type, changes }) => [type, changes])).toEqual([
      ['create_task', null],
      ['change_field', { touches: { from: 3, to: 4 } }],
      ['change_field', { touches: { from: 0, to: 3 }, amount: { from: null, to: 5 } }],
      ['move_stage', { stage: { from: 'New', to: 'Contacted' } }],
      ['assign_owner', { ownerId: { from: null, to: 'u-1' } }],
    ]);
    expect(changesIn(items).at(-1)).toMatchObject({
      actor: { type: 'workflow', id: workflow.id, name: 'Seeded' },
      by: { workflowId: workflow.id, workflowName: 'Seeded', runId, path: 'owner' },
      version: 1,
      output: { ownerId: 'u-1', previousOwnerId: null, strategy: 'round_robin' },
    });
  });

  it('shows a change once where its event was stored, with the workflow, the run and the step behind it', async () => {
    const first = await publish(
      on('created', 'Web', [
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
        { id: 'stage', type: 'move_stage', with: { stage: 'Contacted' } },
      ]),
    );
    await publish(on('stage_changed', 'Web', [{ id: 'call', type: 'create_task', with: { title: 'Call' } }]));
    await createLead('two', 'Web');
    const { items } = await timeline('two');
    expect(changesIn(items).map(({ by }) => by.path)).toEqual(['call', 'touch']);
    const [moved, created] = eventsIn(items);
    expect(moved).toMatchObject({
      event: 'stage_changed',
      actor: { type: 'workflow', id: first.id },
      by: { workflowId: first.id, workflowName: 'Seeded', runId: created?.runs[0]?.id, path: 'stage' },
      changes: { stage: { from: 'New', to: 'Contacted' } },
      runs: [{ status: 'succeeded' }],
    });
    await rows(real.database, "DELETE FROM automation.events WHERE source = 'workflow'");
    expect(changesIn((await timeline('two')).items).map(({ by }) => by.path)).toEqual(['call', 'stage', 'touch']);
  });

  it('shows nothing for steps that changed nothing, failed, decided, or acted outside', async () => {
    await publish(
      on('created', 'Web', [
        { id: 'stage', type: 'move_stage', with: { stage: 'New' } },
        { id: 'same', type: 'change_field', with: { field: 'source', value: 'Web' } },
        { id: 'several', type: 'change_field', with: { fields: { source: 'Web', touches: 0 } } },
        { id: 'empty', type: 'change_field', with: { field: 'email', clear: true } },
        { id: 'nobody', type: 'assign_owner', with: { userId: 'nobody' }, onError: 'continue' },
        { id: 'mail', type: 'send_email', with: { to: '{{record.name}}', subject: 'Hi', text: 'Hi' }, onError: 'continue' },
        { id: 'way', type: 'branch', branches: [{ name: 'yes', when: { field: 'touches', operator: 'equals', value: 0 }, steps: [] }] },
      ]),
    );
    await createLead('three', 'Web');
    const { items } = await timeline('three');
    expect(changesIn(items)).toEqual([]);
    expect(eventsIn(items)[0]?.runs).toMatchObject([{ status: 'succeeded' }]);
    await rows(real.database, "UPDATE automation.step_executions SET status = 'succeeded' WHERE type = 'send_email'");
    expect(changesIn((await timeline('three')).items)).toEqual([]);
  });

  it('is read page by page without gaps or repetitions, also where much happened at one moment', async () => {
    await publish(
      on(
        'created',
        'Web',
        [1, 2, 3].map((n) => ({ id: `s${n}`, type: 'change_field', with: { field: 'touches', increment: n } })),
      ),
    );
    await createLead('four', 'Web');
    for (let index = 0; index < 4; index += 1) await seedEvent(real.database, { record_id: 'four' });
    await rows(real.database, 'UPDATE automation.events SET occurred_at = $1', ['2025-01-01T10:00:00.123456Z']);
    await rows(real.database, 'UPDATE automation.step_executions SET finished_at = $1', ['2025-01-01T10:00:00.123456Z']);
    const whole = (await timeline('four')).items;
    expect(whole).toHaveLength(8);
    const seen: TimelineItem[] = [];
    let query = '?limit=3';
    for (let page = 0; page < 3; page += 1) {
      const { items, nextCursor } = await timeline('four', query);
      seen.push(...items);
      expect(nextCursor === null).toBe(page === 2);
      query = `?limit=3&cursor=${nextCursor}`;
    }
    expect(seen).toEqual(whole);
  });

  it('is bound to the workspace, the module and the record', async () => {
    await publish(on('created', 'Web', [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }]));
    await createLead('five', 'Web');
    expect((await timeline('five')).items).toHaveLength(2);
    expect(await timeline('five', '', 'rival')).toEqual({ items: [], nextCursor: null });
    expect((await timeline('six')).items).toEqual([]);
    const accounts = await real.call('get', '/automation/records/accounts/five/timeline').expect(200);
    expect(accounts.body.items).toEqual([]);
  });

  it.each([
    ['a module that nobody knows', 'ships/1/timeline', 404, 'module_not_found'],
    ['a module named like a member of every object', 'constructor/1/timeline', 404, 'module_not_found'],
    ['an id that cannot be stored', 'leads/%00/timeline', 400, 'invalid_request'],
    ['a cursor of another list', 'leads/1/timeline?cursor=019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11', 400, 'invalid_request'],
    ['a moment that never was', 'leads/1/timeline?cursor=2025-13-01T00:00:00.000000Z~event.0', 400, 'invalid_request'],
    ['a day that never was', 'leads/1/timeline?cursor=2025-02-31T00:00:00.000000Z~event.0', 400, 'invalid_request'],
  ])('is refused for %s', async (_what, path, status, code) => {
    const answer = await real.call('get', `/automation/records/${path}`);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });
});
