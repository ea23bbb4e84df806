import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { QueryParts } from '../../src/store/query-parts.js';
import { type RunFilter, runIds } from '../../src/store/run-filter.js';
import { type AdminApp, startAdminApp } from './support/admin-app.js';
import { publishedWorkflow, rows, seedEvent, seedRun } from './support/seed.js';

type Item = { id: string; summary: string } & Record<string, unknown>;

describe('the runs that one looks for', () => {
  let admin: AdminApp;
  let workflow: { id: string; versionId: string };
  let other: { id: string; versionId: string };
  const ids: Record<string, string> = {};
  let eventId: string;

  beforeAll(async () => {
    admin = await startAdminApp();
    workflow = await publishedWorkflow(admin);
    other = await publishedWorkflow(admin);
    eventId = await seedEvent(admin.database);
    const seed = async (name: string, row: object, of = workflow) => {
      ids[name] = await seedRun(admin.database, of, { ...row });
    };
    const error = { code: 'smtp_rejected', message: 'The mailbox is 100% full.', step: 'each[3].mail' };
    await seed('first', { reason: 'smtp_rejected', error, event_id: eventId });
    await seed('second', { reason: 'smtp_rejected', error: { ...error, step: 'each[4].mail' }, record_id: 'r-2' });
    await seed('cancelled', { status: 'cancelled', reason: 'stopped', error: { code: 'stopped', message: 'Mailbox gone.' }, version: 2 });
    const explanation = { result: false, field: 'source', operator: 'equals', seen: 'Phone', expected: 'Web' };
    await seed('skipped', { status: 'skipped', reason: 'conditions', explanation });
    const waits = [{ path: 'cool', reason: 'delay', until: '2100-01-01T08:00:00.000Z' }];
    await seed('waiting', { status: 'waiting', waiting: JSON.stringify(waits) }, other);
    await seed('succeeded', { status: 'succeeded', record_id: 'mailbox' }, other);
    await seed('repeat', { status: 'queued', event_id: eventId, retry_of: ids.first });
    await seedRun(admin.database, workflow, { workspace_id: 'rival', record_id: 'r-2', error });
  });
  afterAll(() => admin?.close());

  const get = async (path: string, token = 'viewer') => (await admin.call('get', `/automation/runs${path}`, token).expect(200)).body;
  const names = async (query: string): Promise<string> => {
    const { items } = (await get(`?${query}`)) as { items: Item[] };
    return items.map(({ id }) => Object.keys(ids).find((name) => ids[name] === id)).join(' ');
  };

  it('say in one sentence what has become of them, in lists and alone', async () => {
    const { items } = (await get('')) as { items: Item[] };
    const of = (name: string) => items.find(({ id }) => id === ids[name])?.summary;
    expect(of('first')).toBe('Failed at each[3].mail: The mailbox is 100% full.');
    expect(of('skipped')).toBe('Skipped: Source was "Phone", and the condition asks for: Source is "Web".');
    expect(of('waiting')).toBe('Waits at cool until 2100-01-01 08:00 UTC.');
    expect(of('repeat')).toBe('Queued until a worker takes it.');
    expect((await get(`/${ids.skipped}`)).summary).toBe(of('skipped'));
    expect((await get(`/${ids.skipped}`)).explanation).toMatchObject({ seen: 'Phone' });
    expect(items.every((item) => !('skippedFor' in item) && !('explanation' in item))).toBe(true);
    const { runs } = (await admin.call('get', `/automation/events/${eventId}`).expect(200)).body;
    expect(runs[0]).toMatchObject({ id: ids.first, summary: of('first'), explanation: null });
  });

  it.each([
    ['status=failed,waiting', 'waiting second first'],
    ['status=failed', 'second first'],
    ['status=succeeded,queued', 'repeat succeeded'],
    ['workflowIds=W,O', 'repeat succeeded waiting skipped cancelled second first'],
    ['workflowIds=W,O&status=succeeded,cancelled', 'succeeded cancelled'],
    ['workflowIds=O&workflowId=W', ''],
    ['workflowIds=CAPITALS&workflowId=W', 'repeat skipped cancelled second first'],
    ['workflowIds=W,O&workflowId=O&limit=1', 'succeeded'],
    ['workflowId=W&version=2', 'cancelled'],
    ['ids=FIRST,SKIPPED', 'skipped first'],
    ['ids=FIRST,SKIPPED&status=failed', 'first'],
    ['ids=FIRST&workflowId=O', ''],
    ['recordId=r-2&status=failed,queued', 'second'],
    ['reason=smtp_rejected&status=failed,cancelled', 'second first'],
    ['search=FIRST', 'first'],
    ['search=EVENT', 'repeat first'],
    ['search=EVENT&status=queued', 'repeat'],
    ['search=r-2', 'second'],
    ['search=R-2', ''],
    ['search=mailbox', 'succeeded cancelled second first'],
    ['search=mailbox&status=failed', 'second first'],
    ['search=mailbox&status=waiting', ''],
    ['search=mailbox&workflowId=O', 'succeeded'],
    ['search=mailbox&recordId=r-2', 'second'],
    ['search=100%25', 'second first'],
    ['search=1_0', ''],
    ['search=smtp_rej', 'second first'],
    ['search=mailbox&ids=FIRST', 'first'],
    ['search=mailbox&to=2020-01-01', ''],
  ])('are found by %s', async (query, expected) => {
    const known: Record<string, string> = {
      W: workflow.id,
      O: other.id,
      CAPITALS: workflow.id.toUpperCase(),
      FIRST: ids.first as string,
      SKIPPED: ids.skipped as string,
      EVENT: eventId,
    };
    expect(await names(query.replace(/\b(W|O|CAPITALS|FIRST|SKIPPED|EVENT)\b/g, (name) => known[name] as string))).toBe(expected);
  });

  it('are found page by page, whatever they are looked for by', async () => {
    for (const query of [
      'search=mailbox',
      `workflowIds=${workflow.id},${other.id}`,
      'status=failed,cancelled,succeeded',
      `search=${eventId}`,
    ]) {
      const whole = ((await get(`?${query}`)) as { items: Item[] }).items.map(({ id }) => id);
      const paged: string[] = [];
      for (let cursor = ''; ; ) {
        const page = (await get(`?limit=1&${query}${cursor}`)) as { items: Item[]; nextCursor: string | null };
        paged.push(...page.items.map(({ id }) => id));
        if (page.nextCursor === null) break;
        cursor = `&cursor=${page.nextCursor}`;
      }
      expect(paged).toEqual(whole);
    }
  });

  it.each([
    'status=gone',
    'status=failed,gone',
    'status=failed,',
    'ids=1',
    'workflowIds=x,y',
    'version=0',
    `search=${'x'.repeat(201)}`,
    'batchId=1',
    `ids=${Array.from({ length: 101 }, () => uuidv7()).join(',')}`,
  ])('are not looked for by %s', async (query) => {
    await admin.call('get', `/automation/runs?${query}`).expect(400);
  });

  it('are counted by status', async () => {
    const counts = async (query = '', token = 'viewer') =>
      Object.fromEntries(
        ((await get(`/counts?${query}`, token)).counts as { status: string; runs: number }[]).map((one) => [one.status, one.runs]),
      );
    const whole = { queued: 1, running: 0, waiting: 1, succeeded: 1, failed: 2, skipped: 1, cancelled: 1 };
    expect(await counts()).toEqual(whole);
    expect(await counts('status=failed,succeeded')).toEqual({ failed: 2, succeeded: 1 });
    expect(await counts(`workflowId=${other.id}`)).toMatchObject({ succeeded: 1, failed: 0, waiting: 1 });
    expect(await counts('search=mailbox')).toEqual({
      queued: 0,
      running: 0,
      waiting: 0,
      succeeded: 1,
      failed: 2,
      skipped: 0,
      cancelled: 1,
    });
    expect(await counts('', 'rival')).toMatchObject({ failed: 1, succeeded: 0 });
    expect((await get('/counts')).counts[0]).toEqual({ status: 'queued', runs: 1, isExact: true });
  });

  it('are grouped by workflow, step and cause, those that failed unless one says otherwise', async () => {
    const { groups, ...counted } = await get('/groups');
    expect(counted).toEqual({ counted: 2, isExact: true, more: false });
    expect(groups).toEqual([
      {
        workflowId: workflow.id,
        workflowName: 'Seeded',
        version: null,
        status: 'failed',
        step: 'each.mail',
        reason: 'smtp_rejected',
        runs: 2,
        first: expect.stringMatching(/Z$/),
        last: expect.stringMatching(/Z$/),
        sampleRunId: ids.second,
        error: expect.objectContaining({ message: 'The mailbox is 100% full.' }),
      },
    ]);
    const told = async (query: string) =>
      ((await get(`/groups?${query}`)).groups as Record<string, unknown>[])
        .map(({ status, step, reason, version, runs }) => [status, step, reason, version, runs].join(' '))
        .sort();
    expect(await told('status=waiting,skipped')).toEqual(['skipped  conditions  1', 'waiting cool delay  1']);
    expect(await told(`by=version&workflowId=${workflow.id}`)).toEqual([
      'cancelled   2 1',
      'failed   1 2',
      'queued   1 1',
      'skipped   1 1',
    ]);
    expect((await get('/groups', 'rival')).counted).toBe(1);
  });

  it('are found by an index each, however many there are', async () => {
    await rows(
      admin.database,
      `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, module, record_id, status, reason, actor, event_id)
       SELECT 'big', gen_random_uuid(), ('00000000-0000-4000-8000-' || lpad((n % 50)::text, 12, '0'))::uuid, gen_random_uuid(), 1, 'leads', 'r-' || n,
         CASE n % 20 WHEN 0 THEN 'failed' WHEN 1 THEN 'waiting' WHEN 2 THEN 'skipped' ELSE 'succeeded' END,
         CASE n % 20 WHEN 0 THEN 'no' WHEN 2 THEN CASE n % 1000 WHEN 2 THEN 'loop' ELSE 'conditions' END END, '{}', gen_random_uuid() FROM generate_series(1, 30000) n`,
    );
    await rows(
      admin.database,
      `INSERT INTO automation.run_batches
         SELECT workspace_id, id, CASE WHEN row_number() OVER () <= 200 THEN '${eventId}' ELSE gen_random_uuid() END
         FROM automation.runs WHERE workspace_id = 'big' LIMIT 10000`,
    );
    await rows(admin.database, 'ANALYZE automation.runs, automation.run_batches');
    const one = '00000000-0000-4000-8000-000000000001';
    const filters: [RunFilter, string[]][] = [
      [{}, ['runs_pkey']],
      [{ status: ['failed', 'waiting'] }, ['runs_status']],
      [{ workflowIds: [one, eventId], status: ['failed'] }, ['runs_workflow']],
      [{ workflowId: one }, ['runs_workflow']],
      [{ recordId: 'r-7', status: ['failed'] }, ['runs_record']],
      [{ reason: 'loop', status: ['skipped'] }, ['runs_reason']],
      [{ ids: [eventId, one] }, ['runs_pkey']],
      [{ batchId: eventId }, ['run_batches_batch', 'runs_pkey']],
      [{ search: eventId }, ['runs_pkey', 'runs_event', 'runs_event_repeats', 'runs_record']],
      [{ search: 'full' }, ['runs_status', 'runs_record']],
    ];
    const asked = filters.map(([filter, indexes]) => ({ filter, indexes, order: 'newest' as const }));
    // Successes have no index by status alone: where they are counted, they are looked for workflow by workflow.
    const counted = { filter: { status: ['succeeded'] } satisfies RunFilter, indexes: ['runs_workflow'], order: 'any' as const };
    for (const { filter, indexes, order } of [...asked, counted]) {
      const parts = new QueryParts();
      const query = runIds(parts, { workspaceId: 'big', filter, modules: ['leads', 'accounts'] }, { limit: 51, order });
      const plan = (await rows(admin.database, `EXPLAIN ${query}`, parts.parameters)).map((row) => row['QUERY PLAN']).join('\n');
      for (const index of indexes) expect([filter, plan]).toEqual([filter, expect.stringMatching(new RegExp(`(using|on) ${index}\\b`))]);
      expect(plan).not.toContain('Seq Scan on runs');
    }
  });
});
