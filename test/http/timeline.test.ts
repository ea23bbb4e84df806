import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { ChangeTimelineItem, EventTimelineItem, TimelineItem } from '../../src/admin/timeline-items.js';
import { timeOfUuid } from '../../src/store/query-parts.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, rows, seedEvent, seedRun } from './support/seed.js';

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
    expect(items.map((item) => (item.kind === 'event' ? item.event.event : item.by.path))).toEqual([
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
    expect(event).toMatchObject({
      event: { source: 'publish', actor: ADA, recordId: 'one' },
      by: null,
      changes: null,
      moreLooks: 0,
      silent: 0,
    });
    expect(event?.looks).toEqual([
      expect.objectContaining({ workflowId: workflow.id, workflowName: 'Seeded', version: 1, status: 'succeeded', reason: null }),
      expect.objectContaining({ workflowId: other.id, status: 'skipped', reason: 'conditions' }),
    ]);
    const runId = event?.looks[0]?.id;
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
      event: { event: 'stage_changed', actor: { type: 'workflow', id: first.id } },
      by: { workflowId: first.id, workflowName: 'Seeded', runId: created?.looks[0]?.id, path: 'stage' },
      changes: { stage: { from: 'New', to: 'Contacted' } },
      looks: [{ status: 'succeeded' }],
    });
    await rows(real.database, "DELETE FROM automation.events WHERE source = 'workflow'");
    expect(changesIn((await timeline('two')).items).map(({ by }) => by.path)).toEqual(['call', 'stage', 'touch']);
  });

  it('shows nothing for steps that changed nothing, failed, decided, only read, or acted outside', async () => {
    await publish(
      on('created', 'Web', [
        { id: 'stage', type: 'move_stage', with: { stage: 'New' } },
        { id: 'same', type: 'change_field', with: { field: 'source', value: 'Web' } },
        { id: 'several', type: 'change_field', with: { fields: { source: 'Web', touches: 0 } } },
        { id: 'empty', type: 'change_field', with: { field: 'email', clear: true } },
        { id: 'nobody', type: 'assign_owner', with: { userId: "{{lower 'nobody'}}" }, onError: 'continue' },
        { id: 'found', type: 'find_records', with: { module: 'leads' } },
        { id: 'other', type: 'update_related', with: { record: { module: 'leads', id: '{{record.id}}' }, fields: { touches: 0 } } },
        { id: 'mail', type: 'send_email', with: { to: '{{record.name}}', subject: 'Hi', text: 'Hi' }, onError: 'continue' },
        { id: 'way', type: 'branch', branches: [{ name: 'yes', when: { field: 'touches', operator: 'equals', value: 0 }, steps: [] }] },
      ]),
    );
    await createLead('three', 'Web');
    const { items } = await timeline('three');
    expect(changesIn(items)).toEqual([]);
    expect(eventsIn(items)[0]?.looks).toMatchObject([{ status: 'succeeded' }]);
    await rows(real.database, "UPDATE automation.step_executions SET status = 'succeeded' WHERE type = 'send_email'");
    expect(changesIn((await timeline('three')).items)).toEqual([]);
    for (const [type, member] of Object.entries({ add_tag: 'added', remove_tag: 'removed' })) {
      const tagged = (tags: string[]) =>
        rows(real.database, "UPDATE automation.step_executions SET type = $1, output = $2 WHERE path = 'found'", [
          type,
          { [member]: tags },
        ]);
      await tagged([]);
      expect(changesIn((await timeline('three')).items)).toEqual([]);
      await tagged(['vip']);
      expect(changesIn((await timeline('three')).items)).toMatchObject([{ type, by: { path: 'found' } }]);
    }
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
    const moment = new Date().toISOString().replace('Z', '456Z');
    await rows(real.database, 'UPDATE automation.events SET occurred_at = $1', [moment]);
    await rows(real.database, 'UPDATE automation.step_executions SET finished_at = $1', [moment]);
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

  it('reads of a long life what a page needs, though the clocks of processes differ from that of the database', async () => {
    const HOUR_MS = 3_600_000;
    const now = Date.now();
    // An event every half an hour for two days, captured by processes whose clocks are up to an hour wrong.
    for (let n = 0; n < 96; n += 1) {
      const at = now - n * (HOUR_MS / 2);
      const id = uuidv7({ msecs: at + ([0, HOUR_MS, -HOUR_MS][n % 3] ?? 0) });
      await seedEvent(real.database, { id, record_id: 'long', occurred_at: new Date(at) });
    }
    const query = jest.spyOn(EntityManager.prototype, 'query');
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const { items, nextCursor } = await timeline('long', `?limit=10${next && `&cursor=${next}`}`);
      seen.push(...items.map(({ at }) => at));
      next = nextCursor;
    }
    const bounds = query.mock.calls.flatMap(([statement, parameters]) =>
      /AS moment, e.key/.test(statement) ? [(parameters as string[]).slice(6, 8) as [string, string]] : [],
    );
    query.mockRestore();
    expect(seen).toHaveLength(96);
    expect(seen).toEqual([...seen].sort().reverse());
    expect(bounds).toHaveLength(10);
    // Ten events are five hours, and the clocks' difference; never all of the two days, but where it ends.
    const [begin, end] = bounds[3] as [string, string];
    expect(timeOfUuid(end) - timeOfUuid(begin)).toBeLessThan(13 * HOUR_MS);
  });

  it('is bound to the workspace, the module and the record', async () => {
    await publish(on('created', 'Web', [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }]));
    await createLead('five', 'Web');
    expect((await timeline('five')).items).toHaveLength(2);
    expect(await timeline('five', '', 'rival')).toEqual({
      record: { module: 'leads', id: 'five', title: null, url: null },
      items: [],
      nextCursor: null,
      eventsKeptSince: expect.any(String),
      nothing: expect.stringMatching(/^The CRM has no record "five" in leads, and no event of one is kept\. Events are kept since /),
    });
    expect((await timeline('six')).items).toEqual([]);
    const accounts = await real.call('get', '/automation/records/accounts/five/timeline').expect(200);
    expect(accounts.body.items).toEqual([]);
  });

  it('says of each event which workflows were not active then, how many listen to something else, and why others skipped it', async () => {
    const stop = [{ id: 'end', type: 'stop' }];
    const skipping = await publish(on('created', 'Phone', stop));
    const paused = await publish(on('created', 'Web', stop));
    await publish(on('updated', 'Web', stop));
    const withdrawn = await publish(on('created', 'Web', stop));
    const act = (id: string, action: string) => real.call('post', `/automation/workflows/${id}/${action}`).send({}).expect(200);
    await act(paused.id, 'pause');
    await act(withdrawn.id, 'unpublish');
    await createLead('seven', 'Web');
    const late = await publish(on('created', 'Web', stop));
    const [event] = eventsIn((await timeline('seven')).items);
    expect(event?.looks).toMatchObject([
      {
        workflowId: skipping.id,
        summary: 'Skipped: Source was "Web", and the condition asks for: Source is "Phone".',
        explanation: { seen: 'Web' },
      },
    ]);
    expect(event?.inactive).toEqual([
      { workflowId: paused.id, workflowName: 'Seeded', was: 'paused', summary: expect.stringMatching(/^It was paused by Ada on /) },
      { workflowId: withdrawn.id, workflowName: 'Seeded', was: 'draft', summary: expect.stringContaining('withdrawn by Ada') },
      { workflowId: late.id, workflowName: 'Seeded', was: 'unborn', summary: expect.stringMatching(/^It did not exist yet/) },
    ]);
    expect(event?.silent).toBe(1);
    const [ofOne] = eventsIn((await timeline('seven', `?workflowId=${paused.id}`)).items);
    expect(ofOne).toMatchObject({ looks: [], moreLooks: 0, inactive: [{ workflowId: paused.id }], silent: null });
  });

  it('asks of an event that nobody has looked at, or that names its workflow, about no other', async () => {
    const workflow = await publish({ trigger: { type: 'manual' }, steps: [{ id: 'end', type: 'stop' }] });
    const waiting = await publish(on('created', 'Web', [{ id: 'end', type: 'stop' }]));
    await real.call('post', `/automation/workflows/${waiting.id}/pause`).send({}).expect(200);
    await seedEvent(real.database, { record_id: 'eight', target: { workflowId: workflow.id } });
    await seedEvent(real.database, { record_id: 'eight', routed_at: null });
    const items = eventsIn((await timeline('eight')).items);
    expect(items).toMatchObject([
      { inactive: [], silent: null },
      { inactive: [], silent: null },
    ]);
    await real.automation.drain();
  });

  it('shows twenty looks of an event, what failed first, and how many more there are', async () => {
    const eventId = await seedEvent(real.database, { record_id: 'nine' });
    const of = (status: string, count: number) =>
      rows(
        real.database,
        `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, module, record_id, status, actor, event_id, finished_at)
         SELECT 'acme', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 'leads', 'nine', $1, '{"type":"system","id":null}', $2, now()
         FROM generate_series(1, $3)`,
        [status, eventId, count],
      );
    await of('skipped', 15);
    await of('succeeded', 5);
    await of('failed', 3);
    const [event] = eventsIn((await timeline('nine')).items);
    expect([event?.looks.length, event?.moreLooks]).toEqual([20, 3]);
    expect(event?.looks.map(({ status }) => status).slice(0, 9)).toEqual([
      ...['failed', 'failed', 'failed'],
      ...['succeeded', 'succeeded', 'succeeded', 'succeeded', 'succeeded'],
      'skipped',
    ]);
  });

  it('names the record, by its newest event or by the CRM, and says why there is nothing', async () => {
    await seedEvent(real.database, { record_id: 'ten', record: { id: 'ten', name: 'Old' } });
    await seedEvent(real.database, { record_id: 'ten', record: { id: 'ten', name: 'Ann Example' } });
    await seedEvent(real.database, { record_id: 'ten', record: null });
    expect(await timeline('ten')).toMatchObject({ record: { module: 'leads', id: 'ten', title: 'Ann Example' }, nothing: null });
    await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name) VALUES ('eleven', 'acme', 'Bea')`);
    expect(await timeline('eleven')).toMatchObject({
      record: { title: 'Bea' },
      nothing: expect.stringMatching(
        /^Nothing of "Bea" has come in: it was not changed since, or what changes it does not publish events\. Events are kept/,
      ),
    });
    const { eventsKeptSince } = (await timeline('eleven')) as unknown as { eventsKeptSince: string };
    expect(Date.now() - Date.parse(eventsKeptSince)).toBeGreaterThan(29 * 86_400_000);
  });

  it('is told where a version or a definition cannot be read any more', async () => {
    const { id, versionId } = await publish(on('created', 'Web', [{ id: 'end', type: 'stop' }]));
    await rows(real.database, `UPDATE automation.workflow_versions SET definition = definition || '{"steps": 5}' WHERE id = $1`, [
      versionId,
    ]);
    await rows(real.database, `UPDATE automation.workflows SET draft = '5', trigger = '5', problems = '[]' WHERE id = $1`, [id]);
    await createLead('twelve', 'Web');
    const [event] = eventsIn((await timeline('twelve')).items);
    expect(event?.looks).toMatchObject([{ workflowId: id, status: 'failed', reason: 'version_unreadable' }]);
  });

  it.each([
    ['a workflow that is no id', 'leads/1/timeline?workflowId=x', 400, 'invalid_request'],
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

it.each([
  ['https://crm.test/leads/42', 'https://crm.test/leads/42'],
  ['/leads/42', '/leads/42'],
  ['javascript:alert(1)', null],
  ['//elsewhere.test/42', null],
  ['/\\\\elsewhere.test', null],
  [null, null],
])('links to the record where the host says it is seen: %s', async (said, url) => {
  const asked: object[] = [];
  const recordUrl = (record: object) => {
    asked.push(record);
    return said;
  };
  const real = await startRealApp({ recordUrl });
  const { body } = await real.call('get', '/automation/records/leads/42/timeline').expect(200);
  expect([body.record.url, asked]).toEqual([url, [{ workspaceId: 'acme', module: 'leads', id: '42' }]]);
  const workflow = await publishedWorkflow(real as never, on('created', 'Web', [{ id: 'end', type: 'stop' }]));
  const id = await seedRun(real.database, workflow);
  await seedRun(real.database, workflow, { module: null, record_id: null });
  const { items } = (await real.call('get', '/automation/runs').expect(200)).body;
  expect(items.map((run: { recordUrl: string | null }) => run.recordUrl).sort()).toEqual([url, null].sort());
  expect((await real.call('get', `/automation/runs/${id}`).expect(200)).body.recordUrl).toBe(url);
  await real.close();
});

it('tells what happened without a link where the host fails to make it', async () => {
  const recordUrl = () => {
    throw new Error('no pages today');
  };
  const real = await startRealApp({ recordUrl });
  const { body } = await real.call('get', '/automation/records/leads/42/timeline').expect(200);
  expect(body.record.url).toBeNull();
  await real.close();
});
