import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { RunService } from '../../src/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { adminOf, type Call, createLead, type DumpApp, passTime, startDumpApp } from '../support/dumps/dump-app.js';
import { atPresent, loadDump } from '../support/dumps/sql-dump.js';

type RunDetail = Awaited<ReturnType<RunService['get']>>;

/** Made by release 0.1.0: see test/support/dumps/make.ts. What each lead there is called is what became of it. */
const DUMP = join('test', 'support', 'dumps', '0.1.0.sql');
const ACME = adminOf('acme');

/** The state of each run that was not skipped, as 0.1.0 left it. */
const LEFT = {
  branched: ['succeeded'],
  cancelled: ['cancelled'],
  exhausted: ['failed'],
  failed: ['failed'],
  'failed-too': ['failed'],
  'left-by-its-workflow': ['succeeded'],
  lost: ['running'],
  'lost-too': ['running'],
  'mended-from-start': ['failed', 'succeeded'],
  'mended-from-step': ['succeeded'],
  once: ['succeeded'],
  'queued-1': ['queued'],
  'queued-2': ['queued'],
  'queued-3': ['queued'],
  'queued-from-start': ['failed', 'queued'],
  'queued-from-step': ['queued'],
  succeeded: ['succeeded', 'succeeded'],
  'waits-for-its-delay': ['waiting'],
  'waits-for-its-retry': ['waiting'],
};

/** Loads the dump into a database of a test's own and starts this release on it, which migrates. */
async function startOnDump(): Promise<{ app: DumpApp; database: TestDatabase; calls: Call[] }> {
  const database = await createTestDatabase();
  await loadDump(database.url, await readFile(DUMP, 'utf8'));
  const calls: Call[] = [];
  const app = await startDumpApp(database.url, {
    async answer(call) {
      calls.push(call);
      return { answer: 'taken by this release' };
    },
  });
  return { app, database, calls };
}

/** Every run of a workspace, the oldest first, as support reads it. */
async function allRuns(app: DumpApp, workspaceId = 'acme'): Promise<RunDetail[]> {
  const caller = adminOf(workspaceId);
  const runs: RunDetail[] = [];
  for (let before: string | undefined; ; ) {
    const { items, nextCursor } = await app.runs.list({}, { limit: 50, ...(before === undefined ? {} : { before }) }, caller);
    for (const { id } of items) runs.push(await app.runs.get(id, caller));
    if (nextCursor === null) return runs.reverse();
    before = nextCursor;
  }
}

const attempts = (run: RunDetail | undefined): string[] =>
  (run?.steps ?? []).map(({ path, attempt, status, superseded }) => `${path} ${attempt} ${superseded ? 'superseded' : status}`);

describe('a database of release 0.1.0, before anything goes on', () => {
  let app: DumpApp;
  let database: TestDatabase;
  let runs: RunDetail[];
  beforeAll(async () => {
    ({ app, database } = await startOnDump());
    runs = await allRuns(app);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const runsOf = (recordId: string) => runs.filter((run) => run.recordId === recordId && run.status !== 'skipped');

  it('has every run in the state in which it was left', () => {
    const records = new Set(runs.filter(({ status }) => status !== 'skipped').map(({ recordId }) => recordId ?? ''));
    const states = Object.fromEntries([...records].map((id) => [id, runsOf(id).map(({ status }) => status)]));
    expect(states).toEqual(LEFT);
  });

  it('shows every run and every event over HTTP', async () => {
    const get = (path: string) =>
      request(app.httpServer as never)
        .get(`/automation/${path}`)
        .set('workspace', 'acme');
    expect(runs.length).toBeGreaterThan(100);
    for (const { id, status } of runs) {
      const { body } = await get(`runs/${id}`).expect(200);
      expect(body).toMatchObject({ id, status });
    }
    const { items } = await app.runs.listEvents({}, { limit: 100 }, ACME);
    expect(items.length).toBeGreaterThan(25);
    for (const { id } of items) await get(`events/${id}`).expect(200);
  });

  it('keeps the steps of a run with their input, output and errors, and its secrets unreadable', () => {
    const [run] = runsOf('exhausted');
    expect(attempts(run)).toEqual(['task 1 succeeded', 'call 1 failed', 'call 2 failed', 'call 3 failed']);
    expect(run?.steps[3]).toMatchObject({ input: { to: 'busy@far.test', apiKey: '••••••' }, error: { code: 'far_side_busy' } });
    expect(run).toMatchObject({ reason: 'far_side_busy', error: { step: 'call', message: 'The far side is busy.' } });
    expect(runsOf('branched')[0]?.steps.find(({ path }) => path === 'size')?.output).toEqual({ taken: 'big' });
  });

  it('keeps why others were skipped', () => {
    const reasons = new Set(runs.filter(({ status }) => status === 'skipped').map(({ reason }) => reason));
    expect(reasons).toEqual(new Set(['conditions', 'trigger', 'reentry', 'loop']));
    const unmet = runs.find((run) => run.recordId === 'once' && run.reason === 'conditions');
    expect(unmet?.explanation).toMatchObject({ result: false, all: [{ field: 'source', seen: 'Once', operator: 'equals' }] });
  });

  it('keeps who cancelled and who retried, and which run repeats which', () => {
    expect(runsOf('cancelled')[0]?.cancelled).toMatchObject({ by: { name: 'Admin' }, reason: 'A call that nobody wants any more' });
    const [first, second] = runsOf('mended-from-start');
    expect(first).toMatchObject({
      retriedAs: second?.id,
      retries: [{ from: 'start', newRunId: second?.id, reason: 'The far side is back' }],
    });
    expect(second?.retryOf).toBe(first?.id);
    const [mended] = runsOf('mended-from-step');
    expect(attempts(mended)).toEqual(['task 1 succeeded', 'call 1 superseded', 'call 2 succeeded', 'owner 1 succeeded']);
    expect(mended?.retries).toMatchObject([{ from: 'failed_step', by: { name: 'Admin' } }]);
  });

  it('keeps the event that nobody could route, with the reason', async () => {
    const { items } = await app.runs.listEvents({ recordId: 'unroutable' }, { limit: 10 }, ACME);
    expect(items).toHaveLength(1);
    expect(await app.runs.getEvent(items[0]?.id ?? '', ACME)).toMatchObject({ error: { code: 'database_error' }, runs: [] });
  });

  it('has its workflows in their states, with their versions, and with what is wrong with a draft', async () => {
    const { items } = await app.workflows.list({ sort: { field: 'code', descending: false }, page: 1, limit: 50 }, ACME);
    expect(items.map(({ code, status, version }) => `${code} ${status} ${version}`)).toEqual([
      'branches active 1',
      'broken draft null',
      'calls active 2',
      'echo active 1',
      'once active 1',
      'resting paused 1',
      'shelved archived 1',
      'waits active 1',
    ]);
    const byCode = (code: string) => app.workflows.get(items.find((item) => item.code === code)?.id ?? '', ACME);
    expect((await byCode('broken')).problems).toMatchObject([{ path: 'steps[0].type' }]);
    expect(JSON.stringify(await byCode('calls'))).not.toContain('the-secret-of-acme');
  });
});

describe('a database of release 0.1.0 goes on: it', () => {
  let app: DumpApp;
  let database: TestDatabase;
  let calls: Call[];
  beforeAll(async () => {
    ({ app, database, calls } = await startOnDump());
    // The lease of the process that died is over.
    await app.source.query(`UPDATE automation.runs SET due_at = now() WHERE status = 'running'`);
    await app.automation.drain();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  /** The runs of a record that were not skipped, the oldest first. */
  const runsOf = async (recordId: string, workspaceId = 'acme'): Promise<RunDetail[]> => {
    const caller = adminOf(workspaceId);
    const { items } = await app.runs.list({ recordId }, { limit: 100 }, caller);
    const begun = items.filter(({ status }) => status !== 'skipped').reverse();
    return Promise.all(begun.map(({ id }) => app.runs.get(id, caller)));
  };
  const statuses = async (recordId: string, workspaceId?: string) => (await runsOf(recordId, workspaceId)).map(({ status }) => status);
  const keysOf = (run: RunDetail | undefined): string[] => calls.filter(({ key }) => key.startsWith(`${run?.id}.`)).map(({ key }) => key);
  const tasksOf = async (recordId: string): Promise<number> => {
    const [row] = await app.source.query('SELECT count(*)::int AS tasks FROM crm_tasks WHERE "recordId" = $1', [recordId]);
    return row.tasks;
  };

  it('runs what was queued, with the secrets of its definition', async () => {
    for (const id of ['queued-1', 'queued-2', 'queued-3']) {
      expect(await statuses(id)).toEqual(['succeeded']);
      expect(await tasksOf(id)).toBe(1);
    }
    expect(calls.length).toBeGreaterThan(0);
    expect(new Set(calls.map(({ apiKey }) => apiKey))).toEqual(new Set(['the-secret-of-acme']));
  });

  it('runs what was sent back by a person: from its failed step, and from the start', async () => {
    const [resumed] = await runsOf('queued-from-step');
    expect(resumed?.status).toBe('succeeded');
    expect(attempts(resumed)).toEqual(['task 1 succeeded', 'call 1 superseded', 'call 2 succeeded', 'owner 1 succeeded']);
    const [first, second] = await runsOf('queued-from-start');
    expect(first).toMatchObject({ status: 'failed', retriedAs: second?.id });
    expect(second).toMatchObject({ status: 'succeeded', retryOf: first?.id });
  });

  it('marks the attempt whose process died as lost, and repeats it with the same key', async () => {
    const [run] = await runsOf('lost');
    expect(run?.status).toBe('succeeded');
    expect(attempts(run)).toEqual(['task 1 succeeded', 'call 1 lost', 'call 2 succeeded', 'owner 1 succeeded', 'stage 1 succeeded']);
    expect(keysOf(run)).toEqual([`${run?.id}.call`]);
    expect(await tasksOf('lost')).toBe(1);
    const [other] = await runsOf('lost-too');
    expect(other?.status).toBe('succeeded');
    expect(keysOf(other)).toEqual([`${other?.id}.call`]);
  });

  it('routes the events that nobody had looked at, by the newest version', async () => {
    expect(await runsOf('unrouted')).toMatchObject([{ status: 'succeeded', version: 2 }]);
    expect(await statuses('unrouted-of-rival', 'rival')).toEqual(['succeeded']);
  });

  it('starts nothing for a workflow that is paused, until somebody activates it', async () => {
    expect(await runsOf('unrouted-for-the-paused')).toEqual([]);
    const { items } = await app.workflows.list({ search: 'resting', sort: { field: 'code', descending: false }, page: 1, limit: 5 }, ACME);
    await app.workflows.activate(items[0]?.id ?? '', ACME);
    await createLead(app, { id: 'rested', source: 'Resting' });
    await app.automation.drain();
    expect(await statuses('rested')).toEqual(['succeeded']);
    expect(await runsOf('unrouted-for-the-paused')).toEqual([]);
  });

  it('takes an event of a known key for the one it has', async () => {
    for (const [id, key] of [
      ['succeeded', 'form-1'],
      ['unrouted', 'form-2'],
    ] as const) {
      const before = (await runsOf(id)).length;
      const record = { id, name: id, source: 'Web Form', email: 'ok@far.test' };
      await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record, key });
      await app.automation.drain();
      expect(await runsOf(id)).toHaveLength(before);
    }
  });

  it('knows the record that a workflow has run for, where once is enough', async () => {
    const record = { id: 'once', name: 'once', source: 'Once', email: 'ok@far.test' };
    await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record });
    await app.automation.drain();
    expect(await statuses('once')).toEqual(['succeeded']);
    expect(await tasksOf('once')).toBe(1);
  });

  it('repeats what had failed: from the failed step, and from the start in its own version or the newest', async () => {
    const [failed] = await runsOf('failed');
    await app.runs.retry(failed?.id ?? '', { from: 'failed_step' }, ACME);
    const [exhausted] = await runsOf('exhausted');
    const same = await app.runs.retry(exhausted?.id ?? '', { from: 'start' }, ACME);
    const [other] = await runsOf('failed-too');
    const newest = await app.runs.retry(other?.id ?? '', { from: 'start', version: 'newest' }, ACME);
    await app.automation.drain();
    expect(attempts((await runsOf('failed'))[0])).toEqual([
      'task 1 succeeded',
      'call 1 superseded',
      'call 2 succeeded',
      'owner 1 succeeded',
    ]);
    expect(keysOf(failed)).toEqual([`${failed?.id}.call`]);
    expect(await app.runs.get(same.id, ACME)).toMatchObject({ status: 'succeeded', version: 1, retryOf: exhausted?.id });
    expect(await app.runs.get(newest.id, ACME)).toMatchObject({ status: 'succeeded', version: 2, retryOf: other?.id });
  });

  it('ends waits when they are due, and not before, in the version in which they began', async () => {
    for (const id of ['waits-for-its-delay', 'waits-for-its-retry']) expect(await statuses(id)).toEqual(['waiting']);
    await passTime(app);
    await app.automation.drain();
    const [delayed] = await runsOf('waits-for-its-delay');
    expect(delayed?.status).toBe('succeeded');
    expect(attempts(delayed)).toEqual(['before 1 succeeded', 'pause 1 succeeded', 'after 1 succeeded']);
    const [retried] = await runsOf('waits-for-its-retry');
    expect(retried).toMatchObject({ status: 'succeeded', version: 1 });
    expect(attempts(retried)).toEqual(['task 1 succeeded', 'call 1 failed', 'call 2 succeeded', 'owner 1 succeeded']);
    expect(keysOf(retried)).toEqual([`${retried?.id}.call`]);
  });

  it('leaves nothing behind that is not over', async () => {
    await passTime(app);
    await app.automation.drain();
    for (const status of ['queued', 'running', 'waiting'] as const) {
      const { items } = await app.runs.list({ status: [status] }, { limit: 100 }, ACME);
      expect(items.map(({ recordId }) => recordId)).toEqual([]);
    }
  });
});

describe('a dump that was made long ago', () => {
  it('is loaded as if it had been made a moment ago, ids included', () => {
    const dump = `-- made at 2026-01-01T00:00:00Z\n('019b76da-a800-7000-8000-000000000001', '2026-01-01T00:00:30.123456Z', '{"until": "2026-01-03T00:00:00.500Z"}')`;
    const later = atPresent(dump, Date.parse('2031-01-01T00:00:00Z'));
    expect(later).toContain(`'2031-01-01T00:00:30.123456Z', '{"until": "2031-01-03T00:00:00.500Z"}'`);
    expect(Number.parseInt(/'([0-9a-f]{8})-/.exec(later)?.[1] ?? '', 16)).toBe(Math.floor(Date.parse('2031-01-01T00:00:00Z') / 2 ** 16));
    expect(later).toContain('-7000-8000-000000000001');
  });
});
