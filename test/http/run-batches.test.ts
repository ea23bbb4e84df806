import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { type AdminApp, startAdminApp } from './support/admin-app.js';
import { publishedWorkflow, rows, seedEvent, seedRun, seedStep } from './support/seed.js';

const UNKNOWN = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';

describe('many runs at once', () => {
  let admin: AdminApp;
  let workflow: { id: string; versionId: string };
  beforeAll(async () => {
    admin = await startAdminApp();
  });
  beforeEach(async () => {
    await rows(
      admin.database,
      'TRUNCATE automation.runs, automation.run_batches, automation.step_executions, automation.events, automation.workflow_stats, automation.audit_log',
    );
    workflow = await publishedWorkflow(admin);
  });
  afterAll(() => admin?.close());

  const bulk = async (what: 'retry' | 'cancel', body: object, token = 'support') =>
    (
      await admin
        .call('post', `/automation/runs/${what}`, token)
        .send({ ...(what === 'retry' && { from: 'failed_step' }), ...body })
        .expect(200)
    ).body;
  const seedMany = async (count: number, row: object = {}): Promise<string[]> => {
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) ids.push(await seedRun(admin.database, workflow, { ...row }));
    return ids;
  };
  const failAgain = (ids: readonly string[]) =>
    rows(
      admin.database,
      `UPDATE automation.runs SET status = 'failed', reason = 'again', finished_at = now(), due_at = NULL WHERE id = ANY($1::uuid[])`,
      [ids],
    );
  const inBatch = async (batchId: string, token = 'viewer'): Promise<string[]> =>
    (await admin.call('get', `/automation/runs?batchId=${batchId}`, token).expect(200)).body.items.map(({ id }: { id: string }) => id);

  it('are retried and cancelled with few of their histories at hand at a time', async () => {
    const ids = await seedMany(120);
    await rows(
      admin.database,
      `INSERT INTO automation.step_executions (workspace_id, run_id, path, attempt, position, type, status, error, started_at, finished_at)
       SELECT 'acme', id, 'call', 1, 0, 'create_task', 'failed', '{"code": "x", "message": "x"}', now(), now() FROM unnest($1::uuid[]) AS id`,
      [ids],
    );
    const query = jest.spyOn(EntityManager.prototype, 'query');
    const atOnce = () =>
      query.mock.calls
        .filter(([statement]) => /SELECT run_id, path.+FROM automation.step_executions/s.test(statement))
        .map(([, parameters]) => JSON.parse(String((parameters as unknown[])[0])).length);
    expect(await bulk('retry', { filter: {} })).toMatchObject({ retried: 120 });
    expect(atOnce()).toEqual([50, 50, 20]);
    const [superseded] = await rows(admin.database, 'SELECT count(*)::integer AS n FROM automation.step_executions WHERE superseded');
    expect(superseded).toEqual({ n: 120 });
    query.mockClear();
    expect(await bulk('cancel', { filter: {} })).toMatchObject({ cancelled: 120 });
    expect(atOnce()).toEqual([50, 50, 20]);
    query.mockRestore();
  });

  it('are retried in a batch that runs can be filtered by, each once, though some fail again', async () => {
    const ids = await seedMany(5);
    const first = await bulk('retry', { filter: {}, limit: 2 });
    expect(first).toMatchObject({ dryRun: false, batchId: expect.any(String), matched: 5, retried: 2, skipped: 0, remaining: 3 });
    await failAgain(ids.slice(0, 2));
    const second = await bulk('retry', { filter: {}, limit: 2, batchId: first.batchId });
    expect(second).toMatchObject({ batchId: first.batchId, matched: 3, retried: 2, remaining: 1 });
    expect(await bulk('retry', { filter: {}, batchId: first.batchId })).toMatchObject({ matched: 1, retried: 1, remaining: 0 });
    expect(await bulk('retry', { filter: {}, batchId: first.batchId })).toMatchObject({ matched: 0, retried: 0, remaining: 0 });
    expect(await inBatch(first.batchId)).toEqual([...ids].reverse());
    expect(await inBatch(first.batchId, 'rival')).toEqual([]);
    const counts = (await admin.call('get', `/automation/runs/counts?batchId=${first.batchId}&status=failed,queued`).expect(200)).body
      .counts;
    expect(counts.map(({ runs }: { runs: number }) => runs)).toEqual([3, 2]);
    const audit = await rows(
      admin.database,
      `SELECT DISTINCT after->>'batchId' AS batch, actor->>'id' AS by FROM automation.audit_log WHERE action = 'run.retried'`,
    );
    expect(audit).toEqual([{ batch: first.batchId, by: 'u-support' }]);
  });

  it('are taken up with those last that a person has sent back before', async () => {
    const ids = await seedMany(3);
    await bulk('retry', { filter: { ids: ids.slice(0, 2) } });
    await failAgain(ids.slice(0, 2));
    const { batchId } = await bulk('retry', { filter: {}, limit: 2 });
    expect(await inBatch(batchId)).toEqual([ids[2], ids[0]]);
  });

  it('are repeated from the start in a batch of the runs that go on', async () => {
    const ids = await seedMany(2);
    const { batchId, retried } = await bulk('retry', { from: 'start', filter: {}, batchId: UNKNOWN });
    expect([batchId, retried]).toEqual([UNKNOWN, 2]);
    const goOn = await inBatch(batchId);
    const repeats = await rows(
      admin.database,
      'SELECT retried_as FROM automation.runs WHERE id = ANY($1::uuid[]) ORDER BY retried_as DESC',
      [ids],
    );
    expect(goOn).toEqual(repeats.map(({ retried_as }) => retried_as));
    await failAgain(goOn);
    expect(await bulk('retry', { from: 'start', filter: {}, batchId })).toMatchObject({ matched: 0, retried: 0 });
  });

  it('are shown before they are retried: in groups, with what may happen twice and what cannot be done', async () => {
    const error = { code: 'smtp', message: 'No.', step: 'mail' };
    const ids = await seedMany(3, { reason: 'smtp', error });
    await seedStep(admin.database, ids[0] as string, { path: 'mail', status: 'lost', type: 'send_email' });
    await seedStep(admin.database, ids[1] as string, { path: 'task', status: 'lost', type: 'create_task' });
    const [expired] = await seedMany(1, { event_id: UNKNOWN });
    await seedMany(1, { retried_as: UNKNOWN });
    const gone = await publishedWorkflow(admin);
    const orphan = await seedRun(admin.database, gone);
    await admin.call('delete', `/automation/workflows/${gone.id}`).expect(204);
    await seedMany(1, { status: 'succeeded' });

    const preview = await bulk('retry', { filter: {}, dryRun: true });
    expect(preview).toMatchObject({ dryRun: true, batchId: null, matched: 3, matchedIsExact: true, remaining: 3, retried: 0 });
    expect(preview.groups).toEqual([
      expect.objectContaining({ workflowId: workflow.id, step: 'mail', reason: 'smtp', runs: 3, mayRepeat: 0, sampleRunId: ids[2], error }),
    ]);
    expect(preview.refusals).toEqual(
      expect.arrayContaining([
        { code: 'event_expired', runs: 1, sampleRunId: expired },
        { code: 'workflow_deleted', runs: 1, sampleRunId: orphan },
        { code: 'run_already_retried', runs: 1, sampleRunId: expect.any(String) },
      ]),
    );
    expect(preview.refusals).toHaveLength(3);
    expect(preview.sample).toHaveLength(3);
    expect(await rows(admin.database, `SELECT 1 FROM automation.runs WHERE status = 'queued'`)).toEqual([]);
    expect(await rows(admin.database, 'SELECT 1 FROM automation.run_batches')).toEqual([]);
  });

  it('are judged one by one where they are named by their ids', async () => {
    const failed = await seedMany(2);
    const [done] = await seedMany(1, { status: 'succeeded' });
    const rival = await seedRun(admin.database, workflow, { workspace_id: 'rival' });
    const filter = { ids: [...failed, done, rival, UNKNOWN, UNKNOWN] };
    expect((await bulk('retry', { filter, dryRun: true })).refusals).toEqual([
      { code: 'run_not_failed', runs: 1, sampleRunId: done },
      { code: 'run_not_found', runs: 2, sampleRunId: null },
    ]);
    expect(await bulk('retry', { filter })).toMatchObject({ matched: 2, retried: 2 });
    expect(await rows(admin.database, 'SELECT status FROM automation.runs WHERE id = $1', [rival])).toEqual([{ status: 'failed' }]);
  });

  it('say that there is no version to repeat them on', async () => {
    const [id] = await seedMany(1);
    await admin.call('post', `/automation/workflows/${workflow.id}/unpublish`).expect(200);
    const { groups, refusals } = await bulk('retry', { from: 'start', version: 'newest', filter: {}, dryRun: true });
    expect([groups, refusals]).toEqual([[], [{ code: 'workflow_not_published', runs: 1, sampleRunId: id }]]);
  });

  it('are cancelled, each counted and told of once: preview, batches, reason', async () => {
    const waits = JSON.stringify([{ path: 'cool', reason: 'delay', until: null }]);
    const waiting = await seedMany(3, { status: 'waiting', waiting: waits });
    const [running] = await seedMany(1, { status: 'running', fence: 4 });
    await seedStep(admin.database, running as string, { path: 'call', status: 'running' });
    const [failed] = await seedMany(1);
    await seedRun(admin.database, workflow, { workspace_id: 'rival', status: 'waiting' });

    const preview = await bulk('cancel', { filter: { status: ['waiting'] }, dryRun: true });
    expect(preview).toMatchObject({ matched: 3, cancelled: 0, refusals: [] });
    expect(preview.groups).toEqual([expect.objectContaining({ status: 'waiting', step: 'cool', reason: 'delay', runs: 3 })]);
    const named = await bulk('cancel', { filter: { ids: [failed, UNKNOWN] }, dryRun: true });
    expect(named.refusals).toEqual([
      { code: 'run_finished', runs: 1, sampleRunId: failed },
      { code: 'run_not_found', runs: 1, sampleRunId: null },
    ]);

    const first = await bulk('cancel', { filter: {}, limit: 1, reason: 'The campaign is off.' });
    expect(first).toMatchObject({ matched: 4, cancelled: 1, skipped: 0, remaining: 3 });
    expect(await bulk('cancel', { filter: {}, batchId: first.batchId })).toMatchObject({ matched: 3, cancelled: 3, remaining: 0 });
    expect(await inBatch(first.batchId)).toEqual([running, ...[...waiting].reverse()]);
    expect(
      await rows(admin.database, `SELECT DISTINCT status, reason FROM automation.runs WHERE id = ANY($1::uuid[])`, [[running, ...waiting]]),
    ).toEqual([{ status: 'cancelled', reason: 'cancelled_by_user' }]);
    const { body } = await admin.call('get', `/automation/runs/${running}`).expect(200);
    expect(body).toMatchObject({ summary: 'Cancelled by a person.', steps: [{ status: 'lost' }], cancelled: { by: { id: 'u-support' } } });
    expect((await admin.call('get', `/automation/workflows/${workflow.id}`).expect(200)).body.counts.cancelled).toBe(4);
    const notes = await rows(
      admin.database,
      `SELECT note, count(*)::int FROM automation.audit_log WHERE action = 'run.cancelled' GROUP BY note ORDER BY note`,
    );
    expect(notes).toEqual([
      { note: 'The campaign is off.', count: 1 },
      { note: null, count: 3 },
    ]);
    expect(await rows(admin.database, `SELECT status FROM automation.runs WHERE workspace_id = 'rival'`)).toEqual([{ status: 'waiting' }]);
  });

  it('are left to whoever has them in hand right now, and said to be', async () => {
    const ids = await seedMany(3, { status: 'waiting' });
    await admin.database.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM automation.runs WHERE id = $1 FOR UPDATE', [ids[0]]);
      expect(await bulk('cancel', { filter: {} })).toMatchObject({ matched: 3, cancelled: 2, skipped: 1, remaining: 1 });
    });
    expect(await bulk('cancel', { filter: {} })).toMatchObject({ matched: 1, cancelled: 1, remaining: 0 });
  });

  it('are forgotten by their batch when retention takes them', async () => {
    const eventId = await seedEvent(admin.database);
    const [id] = await seedMany(1, { event_id: eventId, status: 'waiting' });
    await bulk('cancel', { filter: {} });
    await rows(admin.database, `UPDATE automation.runs SET finished_at = now() - interval '10 years' WHERE id = $1`, [id]);
    const { removeOldRuns } = await import('../../src/store/retention-store.js');
    const limits = { runsMs: 1_000, skippedRunsMs: 1_000, eventsMs: 1_000, batchSize: 10 };
    await admin.database.transaction((manager) => removeOldRuns(manager, limits, '-infinity'));
    expect(await rows(admin.database, 'SELECT 1 FROM automation.run_batches')).toEqual([]);
  });

  it.each([
    ['retry', { filter: { status: ['failed'] } }],
    ['retry', { filter: { ids: [] } }],
    ['retry', { filter: { ids: Array.from({ length: 1_001 }, () => uuidv7()) } }],
    ['retry', { filter: {}, batchId: 'x' }],
    ['cancel', { filter: { status: ['failed'] } }],
    ['cancel', { filter: { status: [] } }],
    ['cancel', {}],
    ['cancel', { filter: {}, limit: 1_001 }],
  ] as const)('are not taken up by a request that is wrong: %s %j', async (what, body) => {
    await admin
      .call('post', `/automation/runs/${what}`)
      .send({ ...(what === 'retry' && { from: 'start' }), ...body })
      .expect(400);
  });
});
