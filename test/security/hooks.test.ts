import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import request from 'supertest';
import { rows } from '../http/support/seed.js';
import { eventually } from '../support/eventually.js';
import { type RealApp, startRealApp } from './support/real-app.js';

// Attacks on trigger URLs: what anybody may send to, without a caller and without a permission.

const STOP = [{ id: 'end', type: 'stop' }];
const unknown = (at = 0) => `/automation/hooks/${String(at).padStart(43, 'x')}`;

/** A published workflow with a trigger URL; answers its id and the URL's path. */
async function published(real: RealApp, trigger: object = {}, token = 'admin'): Promise<{ id: string; path: string }> {
  const definition = { trigger: { type: 'webhook', ...trigger }, steps: STOP };
  const { body } = await real.call('post', '/automation/workflows', token).send({ name: 'By URL', definition }).expect(201);
  await real.call('post', `/automation/workflows/${body.id}/publish`, token).expect(200);
  return { id: body.id, path: await rotated(real, body.id, token) };
}

async function rotated(real: RealApp, id: string, token = 'admin'): Promise<string> {
  return (await real.call('post', `/automation/workflows/${id}/rotate-token`, token).send({}).expect(200)).body.path;
}

/** One URL of each kind, the first of them one that works. */
async function everyKind(real: RealApp): Promise<Record<string, string>> {
  const [good, old, paused, withdrawn, archived, deleted] = await Promise.all(Array.from({ length: 6 }, () => published(real)));
  await rotated(real, old?.id as string);
  await real.call('post', `/automation/workflows/${paused?.id}/pause`).expect(200);
  await real.call('post', `/automation/workflows/${withdrawn?.id}/unpublish`).expect(200);
  await real.call('post', `/automation/workflows/${archived?.id}/archive`).expect(200);
  await real.call('delete', `/automation/workflows/${deleted?.id}`).expect(204);
  return {
    good: good?.path as string,
    old: old?.path as string,
    paused: paused?.path as string,
    withdrawn: withdrawn?.path as string,
    archived: archived?.path as string,
    deleted: deleted?.path as string,
    unknown: unknown(),
    'no token at all': '/automation/hooks/x',
    'bytes of no text': '/automation/hooks/%ff%00',
    'a name of every object': '/automation/hooks/__proto__',
    'a long one': `/automation/hooks/${'a'.repeat(4_000)}`,
    SQL: `/automation/hooks/${encodeURIComponent("' OR 1=1; --")}`,
  };
}

describe('trigger URLs', () => {
  let real: RealApp;
  let kinds: Record<string, string>;
  beforeAll(async () => {
    real = await startRealApp();
    kinds = await everyKind(real);
  });
  afterAll(() => real?.close());

  const post = (path: string, body: object = { name: 'A' }) => request(real.app.getHttpServer()).post(path).send(body);

  it('that are unknown, old, paused, withdrawn, archived or deleted answer like one that works: body and headers', async () => {
    const seen = new Map<string, string>();
    for (const [kind, path] of Object.entries(kinds)) {
      // Not even a path that no router can read is told apart by us; Express itself refuses that one.
      if (kind === 'bytes of no text') continue;
      const { status, text, headers } = await post(path);
      const { date: _, ...others } = headers;
      seen.set(kind, JSON.stringify([status, text, others]));
    }
    expect(seen.get('good')).toContain('[202,"{\\"received\\":true}"');
    expect(new Set(seen.values()).size).toBe(1);
  });

  it('cost the same statements, whatever they are: nobody tells them apart by time', async () => {
    const statements = async (path: string): Promise<string[]> => {
      const { dataSource } = real.database;
      const said: string[] = [];
      const create = dataSource.createQueryRunner.bind(dataSource);
      dataSource.createQueryRunner = (mode) => {
        const runner = create(mode);
        const query = runner.query.bind(runner) as (...call: unknown[]) => Promise<unknown>;
        runner.query = ((text: string, ...more: unknown[]) => {
          said.push(text.trim().split('\n', 1)[0] as string);
          return query(text, ...more);
        }) as typeof runner.query;
        return runner;
      };
      await post(path);
      dataSource.createQueryRunner = create;
      // Whether the queue is full is looked at once a second, and a version is read once: neither is part of each delivery.
      return said.filter((text) => !text.startsWith('SELECT count(*)') && !text.startsWith('SELECT v.workspace_id'));
    };
    // What a token is, is asked once more when that has changed.
    for (const path of Object.values(kinds)) await post(path);
    const good = await statements(kinds.good as string);
    // Looked at, counted and captured at once.
    expect(good).toHaveLength(1);
    for (const kind of ['unknown', 'old', 'paused', 'withdrawn', 'archived', 'deleted', 'no token at all'])
      expect([kind, await statements(kinds[kind] as string)]).toEqual([kind, good]);
  });

  it('start nothing but those that work, and tell the history of their own workspace alone', async () => {
    const rival = await published(real, {}, 'rival');
    await post(rival.path).expect(202);
    await real.automation.drain();
    const { body } = await real.call('get', '/automation/runs?limit=100');
    expect(JSON.stringify(body)).not.toContain(rival.id);
    const started = body.items.filter(({ status }: { status: string }) => status !== 'skipped');
    expect(new Set(started.map(({ workflowId }: { workflowId: string }) => workflowId)).size).toBe(1);
    expect(new Set(body.items.map(({ reason }: { reason: string | null }) => reason))).toEqual(new Set([null, 'old_url', 'paused']));
  });

  it('are not another purpose’s: their tokens open no route of the admin API', async () => {
    const token = String(kinds.good).split('/').at(-1) as string;
    await real.call('get', '/automation/workflows', token).expect(401);
  });

  it('take nobody’s word for whose they are: workspace, workflow and actor in body, query and headers are data', async () => {
    const { id, path } = await published(real);
    await request(real.app.getHttpServer())
      .post(`${path}?workspaceId=rival&__proto__=x&constructor=y`)
      .set({ 'x-workspace-id': 'rival', host: 'evil.example', 'x-forwarded-host': 'evil.example' })
      .send({ workspaceId: 'rival', target: { workflowId: 'other' }, actor: { id: 'u-admin' }, trigger: { refused: { reason: 'paused' } } })
      .expect(202);
    await real.automation.drain();
    const [event] = await rows(
      real.database,
      `SELECT workspace_id, target, actor, trigger FROM automation.events WHERE target->>'workflowId' = '${id}'`,
    );
    expect(event).toMatchObject({
      workspace_id: 'acme',
      target: { workflowId: id },
      actor: { type: 'system', id: null },
      trigger: { query: { workspaceId: 'rival' } },
    });
    expect((await real.call('get', `/automation/runs?workflowId=${id}`)).body.items).toMatchObject([{ status: 'succeeded' }]);
  });

  it('carry the public URL in their links, never what a request says', async () => {
    const { id } = await published(real);
    const { body } = await real.call('post', `/automation/workflows/${id}/rotate-token`).set('X-Forwarded-Host', 'evil.example').send({});
    expect(body.url).toBeNull();
    expect(body.path).toMatch(/^\/automation\/hooks\//);
  });

  it('are made by those alone who may manage', async () => {
    const { id } = await published(real);
    for (const token of ['support', 'viewer', 'nobody'])
      await real.call('post', `/automation/workflows/${id}/rotate-token`, token).send({}).expect(403);
  });

  it('are told nowhere, when something goes wrong either', async () => {
    const { path } = await published(real);
    const token = path.split('/').at(-1) as string;
    await rows(real.database, 'ALTER TABLE automation.trigger_rates RENAME TO gone');
    const answer = await post(path);
    await rows(real.database, 'ALTER TABLE automation.gone RENAME TO trigger_rates');
    expect(answer.status).toBe(500);
    expect(`${answer.text}${real.logged()}`).not.toContain(token);
  });
});

describe('trigger URLs of a host that hides them', () => {
  it('answer one 404 alike, unless they work', async () => {
    const real = await startRealApp({ hooks: { unknown: 'not_found' } });
    const { good, 'bytes of no text': _, ...others } = await everyKind(real);
    await request(real.app.getHttpServer())
      .post(good as string)
      .send({})
      .expect(202);
    const answers = new Set<string>();
    for (const path of Object.values(others)) {
      const { status, text } = await request(real.app.getHttpServer()).post(path).send({});
      answers.add(`${status} ${text}`);
    }
    expect([...answers]).toEqual(['404 {"statusCode":404,"code":"not_found","message":"There is nothing here."}']);
    await real.close();
  });
});

describe('a flood of deliveries', () => {
  let real: RealApp;
  afterEach(async () => {
    jest.restoreAllMocks();
    await real?.close();
  });

  const flood = async (path: string, count: number) => {
    const answers = await Promise.all(Array.from({ length: count }, () => request(real.app.getHttpServer()).post(path).send({})));
    return { accepted: answers.filter(({ status }) => status === 202).length, refused: answers.filter(({ status }) => status === 429) };
  };
  const captured = async (id: string) =>
    (await rows(real.database, `SELECT 1 AS one FROM automation.events WHERE target->>'workflowId' = '${id}'`)).length;

  it('to one URL is answered 429 with Retry-After beyond its limit, and unknown URLs are limited alike', async () => {
    real = await startRealApp({ hooks: { perMinute: 5 } });
    const { id, path } = await published(real);
    for (const to of [path, unknown()]) {
      const { accepted, refused } = await flood(to, 12);
      expect([to === path, accepted, refused.length]).toEqual([to === path, 5, 7]);
      expect(refused[0]?.body).toMatchObject({ code: 'too_many_requests' });
      expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(refused[0]?.headers['retry-after'])).toBeLessThanOrEqual(60);
    }
    expect(await captured(id)).toBe(5);
    // Another URL of the workspace has its own; and the next minute is another one.
    const other = await published(real);
    expect((await flood(other.path, 3)).accepted).toBe(3);
    await rows(real.database, `UPDATE automation.trigger_rates SET since = since - interval '1 minute'`);
    // That there were too many is believed for a moment.
    await eventually(async () => expect((await flood(path, 1)).accepted).toBe(1));
    expect((await flood(path, 6)).accepted).toBe(4);
  });

  it('beyond its limit is refused without a question: nobody looks who calls, or what is sent', async () => {
    real = await startRealApp({ hooks: { perMinute: 2 } });
    const { path } = await published(real, { secret: { header: 'X-Key', value: 'correct-horse' } });
    const send = (key: string) => request(real.app.getHttpServer()).post(path).set('X-Key', key).send({});
    for (const status of [202, 202, 429]) await send('correct-horse').expect(status);
    const asked = jest.spyOn(real.database.dataSource, 'createQueryRunner');
    await eventually(async () => {
      await send('wrong').expect(429);
      asked.mockClear();
      await send('wrong').expect(429);
      expect(asked).not.toHaveBeenCalled();
    });
  });

  it('to all URLs of a workspace together is limited too, across processes, and leaves other workspaces alone', async () => {
    real = await startRealApp({ hooks: { workspacePerMinute: 6 } });
    const [one, two, rival] = [await published(real), await published(real), await published(real, {}, 'rival')];
    // Another process has counted in the same table.
    await rows(real.database, `INSERT INTO automation.trigger_rates VALUES ('acme', 'workspace', now(), 2)`);
    const accepted = [await flood(one.path, 3), await flood(two.path, 3), await flood(rival.path, 3)].map((answer) => answer.accepted);
    expect(accepted).toEqual([3, 1, 3]);
  });

  it('to one URL leaves the others of its workspace what they may have', async () => {
    real = await startRealApp({ hooks: { perMinute: 3, workspacePerMinute: 6 } });
    const [one, two] = [await published(real), await published(real)];
    expect([(await flood(one.path, 20)).accepted, (await flood(two.path, 3)).accepted]).toEqual([3, 3]);
  });

  it('to an old URL takes nothing from the one in its place', async () => {
    real = await startRealApp({ hooks: { perMinute: 3 } });
    const { id, path: old } = await published(real);
    const { body } = await real.call('post', `/automation/workflows/${id}/rotate-token`).send({}).expect(200);
    expect([(await flood(old, 20)).accepted, (await flood(body.path, 5)).accepted]).toEqual([3, 3]);
  });

  it('that nobody processes is answered 429 when the queue is full, and loses nothing that was accepted', async () => {
    real = await startRealApp({ hooks: { queue: 10 } });
    const { id, path } = await published(real);
    const { accepted, refused } = await flood(path, 30);
    expect([accepted, refused.length]).toEqual([10, 20]);
    expect(refused[0]?.body).toMatchObject({ code: 'queue_full' });
    expect(Number(refused[0]?.headers['retry-after'])).toBe(5);
    expect(await captured(id)).toBe(10);
    await real.automation.drain();
    const { body } = await real.call('get', `/automation/runs?workflowId=${id}&limit=100`);
    expect(body.items.map(({ status }: { status: string }) => status)).toEqual(Array(10).fill('succeeded'));
    // It is looked at again in a moment.
    await eventually(async () => expect((await flood(path, 1)).accepted).toBe(1));
  });
});
