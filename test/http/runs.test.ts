import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type AdminApp, DEFINITION, startAdminApp } from './support/admin-app.js';
import { publishedWorkflow, rows, seedEvent, seedRun, seedStep } from './support/seed.js';

type Item = { id: string } & Record<string, unknown>;

const UNKNOWN = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';
const task = (id: string, more: object = {}) => ({ id, type: 'create_task', with: { title: id }, ...more });

describe('runs over HTTP', () => {
  let admin: AdminApp;
  let workflow: { id: string; versionId: string };
  beforeAll(async () => {
    admin = await startAdminApp();
  });
  beforeEach(async () => {
    await rows(admin.database, 'TRUNCATE automation.runs, automation.step_executions, automation.events, automation.workflow_stats');
    workflow = await publishedWorkflow(admin);
  });
  afterAll(() => admin?.close());

  const list = async (query = '', token = 'admin'): Promise<{ items: Item[]; nextCursor: string | null }> =>
    (await admin.call('get', `/automation/runs?${query}`, token).expect(200)).body;
  const retry = (id: string, body: object, token = 'support') => admin.call('post', `/automation/runs/${id}/retry`, token).send(body);
  const runRow = async (id: string) => (await rows(admin.database, 'SELECT * FROM automation.runs WHERE id = $1', [id]))[0] ?? {};
  const superseded = async (id: string) =>
    (
      await rows(
        admin.database,
        'SELECT path, attempt FROM automation.step_executions WHERE run_id = $1 AND superseded ORDER BY path, attempt',
        [id],
      )
    ).map((row) => `${row.path}#${row.attempt}`);

  it('lists runs newest first, page by page, without gaps when new ones come in between', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push(await seedRun(admin.database, workflow));
    const first = await list('limit=2');
    expect(first.items.map((run) => run.id)).toEqual([ids[4], ids[3]]);
    await seedRun(admin.database, workflow);
    const second = await list(`limit=2&cursor=${first.nextCursor}`);
    expect(second.items.map((run) => run.id)).toEqual([ids[2], ids[1]]);
    const third = await list(`limit=2&cursor=${second.nextCursor}`);
    expect(third).toMatchObject({ items: [{ id: ids[0] }], nextCursor: null });
  });

  it('lists the runs of one workflow, whatever their status, newest first, page by page', async () => {
    const other = await publishedWorkflow(admin);
    const ids: string[] = [];
    for (const status of ['queued', 'succeeded', 'skipped', 'failed', 'succeeded', 'waiting', 'cancelled', 'running', 'skipped']) {
      ids.unshift(await seedRun(admin.database, workflow, { status }));
      await seedRun(admin.database, other, { status });
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await list(`workflowId=${workflow.id}&limit=2${cursor}`);
      seen.push(...page.items.map((run) => run.id));
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    expect(seen).toEqual(ids);
  });

  it('filters by workflow, status, module, record, reason and time', async () => {
    const other = await publishedWorkflow(admin);
    const old = await seedRun(admin.database, other, {
      status: 'succeeded',
      record_id: '7',
      created_at: '2020-01-05T10:00:00Z',
      id: '016f7530-e100-7000-8000-000000000001',
    });
    const skipped = await seedRun(admin.database, workflow, { status: 'skipped', reason: 'conditions', module: 'accounts' });
    const failed = await seedRun(admin.database, workflow);
    const idsOf = async (query: string) => (await list(query)).items.map((run) => run.id);
    expect(await idsOf(`workflowId=${other.id}`)).toEqual(['016f7530-e100-7000-8000-000000000001']);
    expect(await idsOf('status=skipped')).toEqual([skipped]);
    expect(await idsOf('module=accounts')).toEqual([skipped]);
    expect(await idsOf('module=leads&recordId=42')).toEqual([failed]);
    expect(await idsOf('recordId=42')).toEqual([failed]);
    expect(await idsOf('reason=conditions')).toEqual([skipped]);
    expect(await idsOf('from=2020-01-05&to=2020-01-06')).toEqual(['016f7530-e100-7000-8000-000000000001']);
    expect(await idsOf('from=2020-01-05T12:00:00%2B02:00&to=2020-01-05T10:00:00.001Z')).toHaveLength(1);
    expect(await idsOf('to=2020-01-05T10:00:00Z')).toEqual([]);
    expect(await idsOf('from=2021-01-01T00:00:00Z')).toEqual([failed, skipped]);
    expect(old).not.toBe('');
  });

  it('shows an item with its workflow, version, reason, error and times', async () => {
    await seedRun(admin.database, workflow, { started_at: '2025-01-01T10:00:00Z', finished_at: '2025-01-01T10:00:01.250Z' });
    const { items } = await list();
    expect(items[0]).toMatchObject({
      workflowId: workflow.id,
      workflowName: 'Seeded',
      version: 1,
      status: 'failed',
      module: 'leads',
      recordId: '42',
      reason: 'task_refused',
      error: { code: 'task_refused', message: 'No.' },
      startedAt: '2025-01-01T10:00:00.000Z',
      finishedAt: '2025-01-01T10:00:01.250Z',
      durationMs: 1250,
    });
  });

  it('counts the duration of a run that was sent back from then on, and leaves its start as it was', async () => {
    await seedRun(admin.database, workflow, {
      started_at: '2025-01-01T10:00:00Z',
      resumed_at: '2025-01-02T10:00:00Z',
      finished_at: '2025-01-02T10:00:02Z',
    });
    expect((await list()).items[0]).toMatchObject({
      startedAt: '2025-01-01T10:00:00.000Z',
      resumedAt: '2025-01-02T10:00:00.000Z',
      durationMs: 2000,
    });
  });

  it('shows where each step stands: in a run that is over nothing runs or waits, whatever its row says', async () => {
    for (const [status, standings] of [
      ['failed', ['abandoned', 'abandoned', 'failed', 'succeeded']],
      ['running', ['running', 'waiting', 'retrying', 'succeeded']],
    ] as const) {
      const id = await seedRun(admin.database, workflow, { status });
      await seedStep(admin.database, id, { path: 'a', position: 0, status: 'running' });
      await seedStep(admin.database, id, { path: 'b', position: 1, status: 'waiting', wake_at: '2100-01-01T00:00:00Z' });
      await seedStep(admin.database, id, { path: 'c', position: 2, status: 'failed', wake_at: '2100-01-01T00:00:00Z' });
      await seedStep(admin.database, id, { path: 'd', position: 3, status: 'succeeded' });
      const { body } = await admin.call('get', `/automation/runs/${id}`, 'viewer').expect(200);
      expect(body.steps.map(({ standing }: { standing: string }) => standing)).toEqual(standings);
    }
  });

  it('shows the step that started a run, and the runs that a run has started', async () => {
    const parent = await seedRun(admin.database, workflow, { status: 'succeeded', failed_steps: 2 });
    const from = { runId: parent, path: 'onboard', attempt: 1, waits: true };
    const children: string[] = [];
    for (const status of ['succeeded', 'skipped']) children.push(await seedRun(admin.database, workflow, { status, parent: from }));
    await seedRun(admin.database, workflow, { workspace_id: 'rival', parent: from });
    const { body } = await admin.call('get', `/automation/runs/${parent}`, 'viewer').expect(200);
    expect(body).toMatchObject({ parent: null, failedSteps: 2 });
    expect(body.children.map((run: Item) => [run.id, run.parent])).toEqual(children.map((id) => [id, from]));
    expect((await list('status=skipped')).items[0]).toMatchObject({ parent: from, failedSteps: 0 });
  });

  it('shows a run whole: steps in order, the event with its record, the explanation', async () => {
    const eventId = await seedEvent(admin.database, { previous: { source: 'Fair' }, changes: { source: { from: 'Fair', to: 'Web' } } });
    const explanation = { result: true, field: 'source', operator: 'equals', seen: 'Web', expected: 'Web' };
    const id = await seedRun(admin.database, workflow, { event_id: eventId, explanation });
    await seedStep(admin.database, id, { path: 'call', attempt: 2, position: 1, status: 'failed', error: { code: 'no', message: 'No.' } });
    await seedStep(admin.database, id, { path: 'call', attempt: 1, position: 0, status: 'failed', input: { title: 'Call' } });
    const { body } = await admin.call('get', `/automation/runs/${id}`, 'viewer').expect(200);
    expect(body).toMatchObject({
      id,
      workflowName: 'Seeded',
      workflowCode: expect.any(String),
      explanation,
      event: {
        id: eventId,
        record: { name: 'Ann' },
        previous: { source: 'Fair' },
        changes: { source: { to: 'Web' } },
        actor: { id: 'u-1' },
      },
      steps: [
        { path: 'call', attempt: 1, position: 0, status: 'failed', input: { title: 'Call' }, superseded: false },
        { path: 'call', attempt: 2, position: 1, error: { code: 'no' } },
      ],
      retries: [],
      cancelled: null,
    });
  });

  it('retries from the failed step: the run is due again, done steps stay done, and the log says who and why', async () => {
    const id = await seedRun(admin.database, workflow, { started_at: '2020-01-01T00:00:00Z', recoveries: 3 });
    await seedStep(admin.database, id, { path: 'call', attempt: 1, status: 'failed' });
    await seedStep(admin.database, id, { path: 'call', attempt: 2, position: 1, status: 'lost' });
    await seedStep(admin.database, id, { path: 'call', attempt: 3, position: 2, status: 'failed' });
    const before = admin.signals();
    const { body } = await retry(id, { from: 'failed_step', reason: 'The server is back.' }).expect(200);
    expect(body).toMatchObject({ id, status: 'queued', reason: null, error: null, finishedAt: null, durationMs: null });
    expect(body.retries).toEqual([
      expect.objectContaining({ by: expect.objectContaining({ id: 'u-support' }), from: 'failed_step', reason: 'The server is back.' }),
    ]);
    const row = await runRow(id);
    expect(row.due_at).not.toBeNull();
    expect(row.recoveries).toBe(0);
    expect((row.resumed_at as Date).getFullYear()).toBeGreaterThan(2020);
    expect(await superseded(id)).toEqual(['call#1', 'call#2', 'call#3']);
    expect(admin.signals()).toBe(before + 1);
  });

  it('sends back the steps that ended the run, in every parallel branch, and none that the run had got over', async () => {
    const definition = {
      ...DEFINITION,
      steps: [
        task('tolerated', { onError: 'continue' }),
        task('done'),
        {
          id: 'fan',
          type: 'parallel',
          join: 'all',
          branches: [
            { name: 'left', steps: [task('a')] },
            { name: 'right', steps: [task('b')] },
          ],
        },
      ],
    };
    const versioned = { ...workflow };
    await rows(admin.database, 'UPDATE automation.workflow_versions SET definition = $2 WHERE id = $1', [
      versioned.versionId,
      JSON.stringify(definition),
    ]);
    const id = await seedRun(admin.database, versioned);
    await seedStep(admin.database, id, { path: 'tolerated', position: 0, status: 'failed' });
    await seedStep(admin.database, id, { path: 'done', position: 1, status: 'failed' });
    await seedStep(admin.database, id, { path: 'done', attempt: 2, position: 2, status: 'succeeded', output: {} });
    await seedStep(admin.database, id, { path: 'fan.left.a', position: 3, status: 'failed' });
    await seedStep(admin.database, id, { path: 'fan.right.b', position: 4, status: 'failed' });
    await retry(id, { from: 'failed_step' }).expect(200);
    expect(await superseded(id)).toEqual(['fan.left.a#1', 'fan.right.b#1']);
  });

  it('retries a run that failed without a failed step, and an attempt whose result never came', async () => {
    const timedOut = await seedRun(admin.database, workflow, { reason: 'run_timed_out', started_at: '2020-01-01T00:00:00Z' });
    expect((await retry(timedOut, { from: 'failed_step' }).expect(200)).body.status).toBe('queued');
    expect(((await runRow(timedOut)).resumed_at as Date).getFullYear()).toBeGreaterThan(2020);

    const givenUp = await seedRun(admin.database, workflow, { reason: 'recoveries_exhausted' });
    await seedStep(admin.database, givenUp, { path: 'call', status: 'running' });
    const { body } = await retry(givenUp, { from: 'failed_step' }).expect(200);
    expect(body.steps).toEqual([
      expect.objectContaining({ path: 'call', status: 'lost', superseded: true, finishedAt: expect.any(String) }),
    ]);
  });

  it.each(['failed_step', 'start'])('retries once when several people ask at once (from %s)', async (from) => {
    const id = await seedRun(admin.database, workflow);
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => retry(id, { from })));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409, 409, 409]);
    const codes = new Set(answers.filter((answer) => answer.status === 409).map((answer) => answer.body.code));
    expect([...codes]).toEqual([from === 'start' ? 'run_already_retried' : 'run_not_failed']);
    expect(await rows(admin.database, 'SELECT 1 FROM automation.runs')).toHaveLength(from === 'start' ? 2 : 1);
    expect(
      await rows(admin.database, `SELECT 1 FROM automation.audit_log WHERE target_id = $1 AND action = 'run.retried'`, [id]),
    ).toHaveLength(1);
  });

  it('repeats a run from the start as a new one, on the same version or the newest', async () => {
    const eventId = await seedEvent(admin.database);
    await admin
      .call('patch', `/automation/workflows/${workflow.id}`)
      .send({ revision: 1, definition: { ...DEFINITION, steps: [task('other')] } })
      .expect(200);
    await admin.call('post', `/automation/workflows/${workflow.id}/publish`).expect(200);
    for (const [version, number] of [
      ['same', 1],
      ['newest', 2],
    ] as const) {
      const id = await seedRun(admin.database, workflow, { status: 'succeeded', ...(number === 1 ? { event_id: eventId } : {}) });
      const { body } = await retry(id, { from: 'start', version }).expect(200);
      expect(body).toMatchObject({
        status: 'queued',
        retryOf: id,
        version: number,
        eventId: number === 1 ? eventId : null,
        recordId: '42',
        steps: [],
      });
      expect(body.id).not.toBe(id);
      const old = await admin.call('get', `/automation/runs/${id}`).expect(200);
      expect(old.body).toMatchObject({ status: 'succeeded', retriedAs: body.id, retries: [{ from: 'start', version, newRunId: body.id }] });
    }
    const detail = await admin.call('get', `/automation/workflows/${workflow.id}`).expect(200);
    expect(detail.body).toMatchObject({ runCount: 2, lastRunAt: expect.any(String) });
  });

  it.each([
    ['succeeded', 'failed_step', 'run_not_failed'],
    ['queued', 'failed_step', 'run_not_failed'],
    ['skipped', 'failed_step', 'run_not_failed'],
    ['skipped', 'start', 'run_skipped'],
    ['running', 'start', 'run_not_finished'],
    ['waiting', 'start', 'run_not_finished'],
  ])('refuses to retry a run that is %s from %s: %s', async (status, from, code) => {
    const id = await seedRun(admin.database, workflow, { status });
    const answer = await retry(id, { from }).expect(409);
    expect(answer.body).toMatchObject({ code, hint: expect.any(String) });
    expect((await runRow(id)).status).toBe(status);
  });

  it('refuses to repeat a run whose event retention has removed', async () => {
    const id = await seedRun(admin.database, workflow, { event_id: UNKNOWN });
    for (const from of ['failed_step', 'start']) expect((await retry(id, { from }).expect(409)).body.code).toBe('event_expired');
  });

  it('previews a bulk retry without doing it, then does it, the oldest first and no more than told', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 12; index += 1) ids.push(await seedRun(admin.database, workflow));
    for (const id of ids) await seedStep(admin.database, id, { path: 'call', status: 'failed' });
    await seedRun(admin.database, workflow, { reason: 'another' });
    await seedRun(admin.database, workflow, { event_id: UNKNOWN });
    await seedRun(admin.database, workflow, { status: 'succeeded' });
    const body = { from: 'failed_step', filter: { workflowId: workflow.id, reason: 'task_refused' } };
    const bulk = (more: object) =>
      admin
        .call('post', '/automation/runs/retry', 'support')
        .send({ ...body, ...more })
        .expect(200);

    const preview = (await bulk({ dryRun: true })).body;
    expect(preview).toMatchObject({ dryRun: true, matched: 12, retried: 0, skipped: 0 });
    expect(preview.sample.map((run: Item) => run.id)).toEqual(ids.slice(2).reverse());
    expect((await list('status=queued')).items).toEqual([]);

    expect((await bulk({ limit: 5, reason: 'Outage is over.' })).body).toEqual({
      dryRun: false,
      matched: 12,
      matchedIsExact: true,
      retried: 5,
      skipped: 0,
      remaining: 7,
      batchId: expect.any(String),
      groups: [],
      refusals: [],
      sample: [],
    });
    expect((await list('status=queued')).items.map((run) => run.id)).toEqual(ids.slice(0, 5).reverse());
    expect(await superseded(ids[0] ?? '')).toEqual(['call#1']);
    expect((await bulk({})).body).toMatchObject({ matched: 7, retried: 7 });
    const audit = await rows(admin.database, `SELECT note FROM automation.audit_log WHERE action = 'run.retried' AND target_id = $1`, [
      ids[0],
    ]);
    expect(audit).toEqual([{ note: 'Outage is over.' }]);
  });

  it('retries each run once when two bulk retries and a single one meet', async () => {
    for (let index = 0; index < 20; index += 1) await seedRun(admin.database, workflow);
    const { items } = await list('limit=1');
    const bulk = () => admin.call('post', '/automation/runs/retry').send({ from: 'start', filter: {} });
    const answers = await Promise.all([bulk(), bulk(), retry(items[0]?.id ?? '', { from: 'start' })]);
    const retried = (answers[0]?.body.retried ?? 0) + (answers[1]?.body.retried ?? 0) + (answers[2]?.status === 200 ? 1 : 0);
    expect(retried).toBe(20);
    expect(await rows(admin.database, `SELECT 1 FROM automation.runs WHERE status = 'queued'`)).toHaveLength(20);
    const [stats] = await rows(admin.database, 'SELECT sum(started)::integer AS started FROM automation.workflow_stats');
    expect(stats?.started).toBe(20);
  });

  it('cancels a run that is not over: its worker is shut out, an attempt in flight is marked lost, it is counted once', async () => {
    const id = await seedRun(admin.database, workflow, { status: 'running', fence: 4 });
    await seedStep(admin.database, id, { path: 'call', status: 'running' });
    const answers = await Promise.all(
      [1, 2, 3].map(() => admin.call('post', `/automation/runs/${id}/cancel`, 'support').send({ reason: 'Wrong lead.' })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409, 409]);
    expect(answers.find((answer) => answer.status === 409)?.body.code).toBe('run_finished');
    const { body } = await admin.call('get', `/automation/runs/${id}`).expect(200);
    expect(body).toMatchObject({
      status: 'cancelled',
      reason: 'cancelled_by_user',
      cancelled: { by: { id: 'u-support' }, reason: 'Wrong lead.' },
      steps: [{ status: 'lost', error: { code: 'run_cancelled' } }],
    });
    expect(await runRow(id)).toMatchObject({ fence: 5, due_at: null });
    const detail = await admin.call('get', `/automation/workflows/${workflow.id}`);
    expect(detail.body.counts.cancelled).toBe(1);
  });

  it('shows what each workflow made of an event: the skipped with their reason, and what repeats a run', async () => {
    const eventId = await seedEvent(admin.database);
    const other = await publishedWorkflow(admin);
    const explanation = { result: false, field: 'source', operator: 'equals', seen: 'Web', expected: 'Phone' };
    const skipped = await seedRun(admin.database, other, { status: 'skipped', reason: 'conditions', explanation, event_id: eventId });
    const failed = await seedRun(admin.database, workflow, { event_id: eventId });
    const repeated = (await retry(failed, { from: 'start' }).expect(200)).body.id;
    const { body } = await admin.call('get', `/automation/events/${eventId}`, 'viewer').expect(200);
    expect(body).toMatchObject({ id: eventId, module: 'leads', event: 'created', recordId: '42', record: { name: 'Ann' } });
    expect(body.runs.map((run: Item) => run.id)).toEqual([skipped, failed, repeated]);
    expect(body.runs[0]).toMatchObject({ status: 'skipped', reason: 'conditions', explanation, workflowName: 'Seeded' });
  });

  it('shows starts that are about no record, with whom they are for and what they carry', async () => {
    const eventId = await seedEvent(admin.database, {
      module: null,
      record_id: null,
      record: null,
      event: 'manual',
      trigger: { type: 'manual', input: { discount: 10 } },
      target: { workflowId: workflow.id },
    });
    const start = { id: eventId, module: null, event: 'manual', recordId: null, target: { workflowId: workflow.id }, parent: null };
    const listed = (await admin.call('get', '/automation/events', 'viewer').expect(200)).body;
    expect(listed.items).toEqual([expect.objectContaining(start)]);
    const trigger = { type: 'manual', input: { discount: 10 } };
    expect((await admin.call('get', `/automation/events/${eventId}`, 'viewer').expect(200)).body).toMatchObject({ ...start, trigger });
    const run = await seedRun(admin.database, workflow, { event_id: eventId, module: null, record_id: null });
    expect((await admin.call('get', `/automation/runs/${run}`, 'viewer').expect(200)).body.event).toMatchObject({ trigger });
  });

  it('lists events by module, event, record and time, newest first', async () => {
    const first = await seedEvent(admin.database, { record_id: '1' });
    const second = await seedEvent(admin.database, { event: 'updated' });
    const third = await seedEvent(admin.database, { module: 'accounts' });
    const idsOf = async (query: string): Promise<string[]> =>
      (await admin.call('get', `/automation/events?${query}`).expect(200)).body.items.map((item: Item) => item.id);
    expect(await idsOf('')).toEqual([third, second, first]);
    expect(await idsOf('module=leads')).toEqual([second, first]);
    expect(await idsOf('recordId=1')).toEqual([first]);
    expect(await idsOf('module=leads&event=updated&recordId=42')).toEqual([second]);
    expect(await idsOf('to=2020-01-01')).toEqual([]);
    const page = await admin.call('get', '/automation/events?limit=2').expect(200);
    expect(page.body.nextCursor).toBe(second);
    expect(await idsOf(`limit=2&cursor=${page.body.nextCursor}`)).toEqual([first]);
  });

  it('answers the catalog: modules, operators, actions with their schemas, kinds of steps', async () => {
    const { body } = await admin.call('get', '/automation/catalog', 'viewer').expect(200);
    expect(body.modules.map((module: { name: string }) => module.name)).toEqual(['leads']);
    expect(body.actions).toEqual([
      expect.objectContaining({ type: 'create_task', effect: 'local', argumentsSchema: expect.objectContaining({ required: ['title'] }) }),
    ]);
    expect(body.operators).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'equals' })]));
    expect(body.stepTypes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'branch', executable: true }),
        expect.objectContaining({ type: 'wait_for_webhook', executable: false }),
      ]),
    );
  });
});
