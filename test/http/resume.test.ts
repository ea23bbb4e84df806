import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { RetentionRounds } from '../../src/engine/timing/retention-rounds.js';
import { FarSide } from '../engine/support/far-side.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { rows } from './support/seed.js';

const ASK = { id: 'ask', type: 'wait_for_webhook' };
const CALL = { id: 'call', type: 'call', with: { to: '{{steps.ask.resumeUrl}}' } };
const USE = { id: 'use', type: 'create_task', with: { title: 'They said {{steps.ask.output.body.word}}' } };
const PUBLIC = 'https://crm.acme.test/api';

describe('a resume URL', () => {
  let real: RealApp;
  const far = new FarSide();
  beforeAll(async () => {
    real = await startRealApp({
      publicUrl: `${PUBLIC}/`,
      secret: 'a secret of no less than 32 characters',
      hooks: { bodyTimeoutMs: 200, perMinute: 40 },
      actions: [far.action],
      retention: { runs: 'P1D' },
    });
  });
  afterAll(() => real?.close());
  // Else tests that are many would count as one sender.
  afterEach(() => rows(real.database, 'DELETE FROM automation.trigger_rates RETURNING 1'));

  const start = async (steps: object[], token = 'admin') => {
    const definition = { trigger: { type: 'manual' }, steps };
    const created = await real.call('post', '/automation/workflows', token).send({ name: 'Asks', definition });
    expect(created.body.problems).toEqual([]);
    await real.call('post', `/automation/workflows/${created.body.id}/publish`, token).expect(200);
    await real.call('post', `/automation/workflows/${created.body.id}/runs`, token).send({}).expect(202);
    const runId = async (): Promise<string> =>
      (await real.call('get', `/automation/runs?workflowId=${created.body.id}`, token)).body.items[0].id;
    return { runId };
  };
  const started = async (...steps: object[]): Promise<string> => {
    const { runId } = await start(steps);
    await real.automation.drain();
    return runId();
  };
  const run = async (id: string, token = 'admin') => (await real.call('get', `/automation/runs/${id}`, token).expect(200)).body;
  const urlOf = async (id: string): Promise<string> => (await run(id)).waiting[0].resumeUrl;
  const pathOf = (url: string): string => {
    expect(url).toMatch(/^https:\/\/crm\.acme\.test\/api\/automation\/resume\/[\w-]{43}$/);
    return url.slice(PUBLIC.length);
  };
  const post = (path: string, body: object = { word: 'yes' }) => request(real.app.getHttpServer()).post(path).send(body);
  const outputOf = async (id: string) => (await run(id)).steps.find(({ path }: { path: string }) => path.endsWith('ask')).output;
  const due = async (id: string): Promise<void> => {
    await rows(
      real.database,
      `UPDATE automation.step_executions SET wake_at = now() WHERE run_id = '${id}' AND status = 'waiting' RETURNING 1`,
    );
    await rows(real.database, `UPDATE automation.runs SET due_at = now() WHERE id = '${id}' RETURNING 1`);
  };

  it('ends the wait: body, headers that may be seen and query are the output', async () => {
    const id = await started({ ...ASK, headers: ['X-Source'] }, USE);
    expect(await run(id)).toMatchObject({ status: 'waiting', waiting: [{ path: 'ask', reason: 'webhook', until: null }] });
    const path = pathOf(await urlOf(id));
    const answer = await post(`${path}?tag=a&tag=b`).set({ 'X-Source': 'form', 'X-Other': 'secret', 'User-Agent': 'tester' });
    expect([answer.status, answer.body]).toEqual([202, { received: true }]);
    await real.automation.drain();
    expect(await run(id)).toMatchObject({ status: 'succeeded' });
    expect(await outputOf(id)).toEqual({
      body: { word: 'yes' },
      headers: { 'content-type': 'application/json', 'user-agent': 'tester', 'x-source': 'form' },
      query: { tag: ['a', 'b'] },
      expired: false,
    });
    expect(await rows(real.database, `SELECT title FROM crm_tasks WHERE title = 'They said yes'`)).toHaveLength(1);
  });

  it('works once: what is sent after it is told so, and changes nothing', async () => {
    const id = await started(ASK);
    const path = pathOf(await urlOf(id));
    const answers = await Promise.all([post(path, { word: 'one' }), post(path, { word: 'two' }), post(path, { word: 'three' })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'wait_answered' });
    const first = ['one', 'two', 'three'][answers.findIndex(({ status }) => status === 202)];
    await real.automation.drain();
    expect((await outputOf(id)).body).toEqual({ word: first });
    expect((await post(path)).status).toBe(409);
    expect((await outputOf(id)).body).toEqual({ word: first });
  });

  it('is there before its wait: a step before it sends it out, and an answer that comes at once is used when it begins', async () => {
    const { runId } = await start([CALL, ASK, USE]);
    const driving = real.automation.drain();
    const url = await sent();
    const path = pathOf(url);
    // The call is still open, and the wait has not begun.
    expect((await run(await runId())).steps.map(({ path }: { path: string }) => path)).toEqual(['call']);
    await post(path, { word: 'early' }).expect(202);
    await post(path, { word: 'again' }).expect(409);
    far.answer(url, { echo: `you sent ${url}` });
    await driving;
    await real.automation.drain();
    const id = await runId();
    expect(await run(id)).toMatchObject({ status: 'succeeded' });
    expect((await outputOf(id)).body).toEqual({ word: 'early' });
  });

  /** The URL that the far side was called with last. */
  const sent = async (calls = 1): Promise<string> => {
    for (;;) {
      if (far.calls.length >= calls) return far.calls.splice(0).at(-1) as string;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('is the same in every attempt of the step that sends it, and of a branch beside the wait', async () => {
    // It is sent again when the test says so, and not before, however slow the machine is.
    const retried = { ...CALL, retry: { maxAttempts: 2, initialInterval: 'PT10M' } };
    const { runId } = await start([
      {
        id: 'both',
        type: 'parallel',
        branches: [
          { name: 'a', steps: [retried] },
          { name: 'b', steps: [ASK] },
        ],
      },
    ]);
    const driving = real.automation.drain();
    const first = await sent();
    const id = await runId();
    far.refuse(first);
    await driving;
    await real.automation.drain();
    const waiting = (await run(id)).waiting as { reason: string; resumeUrl?: string }[];
    expect(waiting.find(({ reason }) => reason === 'webhook')?.resumeUrl).toBe(first);
    await rows(
      real.database,
      `UPDATE automation.step_executions SET wake_at = now() WHERE run_id = '${id}' AND status = 'failed' RETURNING 1`,
    );
    await rows(real.database, `UPDATE automation.runs SET due_at = now() WHERE id = '${id}' RETURNING 1`);
    const again = real.automation.drain();
    const second = await sent();
    expect(second).toBe(first);
    far.answer(second);
    await again;
    await real.automation.drain();
  });

  it('is another one for each run', async () => {
    const one = await started(ASK);
    const other = await started(ASK);
    expect(await urlOf(one)).not.toBe(await urlOf(other));
  });

  it('stands in no log, list, audit, event or answer but where whoever may operate looks at the run', async () => {
    const { runId } = await start([CALL, { ...USE, id: 'tell', with: { title: 'Far: {{steps.call.output.echo}}' } }, ASK]);
    const driving = real.automation.drain();
    const url = await sent();
    const token = url.split('/').at(-1) as string;
    far.answer(url, { echo: `you sent ${url}` });
    await driving;
    await real.automation.drain();
    const id = await runId();
    const operator = await run(id, 'support');
    expect(operator.waiting).toMatchObject([{ path: 'ask', resumeUrl: url }]);
    const viewer = await run(id, 'viewer');
    expect(viewer.waiting).toEqual([{ path: 'ask', reason: 'webhook', until: null }]);
    await post('/automation/resume/nobody').expect(202);
    await request(real.app.getHttpServer()).post(pathOf(url)).set('Content-Type', 'text/plain').send('yes').expect(415);
    const everything = JSON.stringify([
      viewer,
      operator.steps,
      (await real.call('get', '/automation/runs?limit=100')).body,
      (await real.call('get', '/automation/audit')).body,
      await rows(real.database, 'SELECT t::text FROM automation.wait_tokens t'),
      await rows(real.database, 'SELECT t::text FROM automation.runs t'),
      await rows(real.database, 'SELECT t::text FROM automation.step_executions t'),
      await rows(real.database, 'SELECT t::text FROM automation.events t'),
      await rows(real.database, 'SELECT title FROM crm_tasks'),
      real.logged(),
    ]);
    expect(everything).not.toContain(token);
    expect(everything).toContain('/automation/resume/••••••');
    await post(pathOf(url), { word: 'x' }).expect(202);
    await real.automation.drain();
    expect(JSON.stringify(await run(id))).not.toContain(token);
  });

  it('holds bodies to the schema of its step; whoever sends another may send again', async () => {
    const schema = { type: 'object', required: ['word'], properties: { word: { enum: ['yes', 'no'] } } };
    const id = await started({ ...ASK, schema });
    const path = pathOf(await urlOf(id));
    const refused = await post(path, { word: 'maybe' });
    expect([refused.status, refused.body.problems]).toEqual([400, [{ path: 'body.word', message: expect.any(String) }]]);
    expect((await run(id)).status).toBe('waiting');
    await post(path, { word: 'no' }).expect(202);
    // What is over is told before what is wrong.
    await post(path, { word: 'maybe' }).expect(409);
  });

  it.each([
    ['fail', {}, 'failed', 'wait_expired'],
    ['stop', {}, 'cancelled', 'wait_expired'],
    ['continue', { value: { word: 'nothing' } }, 'succeeded', null],
  ])('is over with its time, also before that was noted: %s', async (onExpiry, more, status, reason) => {
    const id = await started({ ...ASK, expiresIn: 'PT1H', onExpiry, ...more }, USE);
    const path = pathOf(await urlOf(id));
    await due(id);
    expect((await post(path)).body).toMatchObject({ statusCode: 410, code: 'wait_over' });
    await real.automation.drain();
    expect(await run(id)).toMatchObject({ status, reason });
    expect((await post(path)).status).toBe(410);
    if (onExpiry === 'continue') expect(await outputOf(id)).toEqual({ body: { word: 'nothing' }, headers: {}, query: {}, expired: true });
  });

  it('is over with its run; a run that is sent back waits at another one', async () => {
    const id = await started(ASK);
    const path = pathOf(await urlOf(id));
    await real.call('post', `/automation/runs/${id}/cancel`).send({}).expect(200);
    expect((await post(path)).status).toBe(410);
    const failing = await started({ ...ASK, expiresIn: 'PT1H' });
    const first = await urlOf(failing);
    await due(failing);
    await real.automation.drain();
    await real.call('post', `/automation/runs/${failing}/retry`).send({ from: 'failed_step' }).expect(200);
    await real.automation.drain();
    const second = await urlOf(failing);
    expect(second).not.toBe(first);
    expect((await post(pathOf(first))).body).toMatchObject({
      statusCode: 410,
      code: 'wait_over',
      message: expect.stringContaining('waits by a URL of its own'),
    });
    expect((await post(pathOf(second))).status).toBe(202);
  });

  it('that was answered when its run was cancelled keeps the answer in the log, and says that it was not used', async () => {
    const id = await started(ASK);
    await post(pathOf(await urlOf(id)), { word: 'late' }).expect(202);
    await real.call('post', `/automation/runs/${id}/cancel`).send({}).expect(200);
    const [step] = (await run(id)).steps;
    expect(step).toMatchObject({
      status: 'failed',
      output: { body: { word: 'late' } },
      error: { code: 'run_cancelled', message: expect.stringContaining('not used') },
    });
  });

  it('answers unknown tokens like those that were taken, and does nothing', async () => {
    const before = await real.state();
    const answer = await post(`/automation/resume/${'x'.repeat(43)}`);
    expect([answer.status, answer.body]).toEqual([202, { received: true }]);
    expect(await real.state()).toBe(before);
  });

  it('does nothing on GET and HEAD, and tells nothing of itself', async () => {
    const id = await started(ASK);
    const path = pathOf(await urlOf(id));
    const server = real.app.getHttpServer();
    const of = async (method: 'get' | 'head', where: string) => {
      const { status, headers, text } = await request(server)[method](where);
      return [status, headers.allow, text];
    };
    expect(await of('get', path)).toEqual([405, 'POST', expect.not.stringContaining(path)]);
    expect(await of('get', path)).toEqual(await of('get', '/automation/resume/nobody'));
    expect((await of('head', path))[0]).toBe(405);
    expect((await run(id)).status).toBe('waiting');
  });

  it('has the limits of trigger URLs: form, size, depth, rate, and who sends slowly is cut off', async () => {
    const id = await started(ASK);
    const path = pathOf(await urlOf(id));
    await request(real.app.getHttpServer()).post(path).set('Content-Type', 'application/json').send('{"a":').expect(400);
    await post(path, { big: 'x'.repeat(260 * 1024) }).expect(413);
    await request(real.app.getHttpServer())
      .post(path)
      .set('Content-Type', 'application/json')
      .send(`${'['.repeat(45_000)}${']'.repeat(45_000)}`)
      .expect(400);
    expect(await slowly(path)).toContain('408');
    const flood = await Promise.all(Array.from({ length: 60 }, () => post('/automation/resume/nobody')));
    expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([202, 429]));
    await post(path).expect(202);
  });

  const slowly = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = (real.app.getHttpServer() as import('node:http').Server).address() as import('node:net').AddressInfo;
      const socket = connect(port, '127.0.0.1');
      let said = '';
      socket.on('data', (chunk) => {
        said += String(chunk);
      });
      socket.on('close', () => resolve(said));
      socket.on('error', reject);
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{`);
    });

  it('is answered when its answer is durable: a commit that fails is no success', async () => {
    const id = await started(ASK);
    const path = pathOf(await urlOf(id));
    await rows(
      real.database,
      `CREATE FUNCTION automation.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '57014'; END $$`,
    );
    await rows(
      real.database,
      'CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON automation.run_inbox DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION automation.refuse()',
    );
    expect((await post(path)).status).toBeGreaterThanOrEqual(500);
    await rows(real.database, 'DROP FUNCTION automation.refuse() CASCADE');
    expect((await run(id)).status).toBe('waiting');
    await post(path).expect(202);
  });

  it('goes with its run', async () => {
    const id = await started(ASK);
    const url = await urlOf(id);
    await post(pathOf(url)).expect(202);
    await real.automation.drain();
    await rows(real.database, `UPDATE automation.runs SET finished_at = now() - interval '2 days' WHERE id = '${id}' RETURNING 1`);
    await real.app.get(RetentionRounds).round();
    expect(await rows(real.database, `SELECT 1 FROM automation.wait_tokens WHERE run_id = '${id}'`)).toEqual([]);
    await post(pathOf(url)).expect(202);
  });

  it('shows in a preview as what it would be, and opens nothing', async () => {
    const definition = { trigger: { type: 'manual' }, steps: [CALL, ASK] };
    const created = await real.call('post', '/automation/workflows').send({ name: 'Asks', definition });
    const before = await rows(real.database, 'SELECT 1 FROM automation.wait_tokens');
    const { body } = await real.call('post', `/automation/workflows/${created.body.id}/test`).send({ subject: { sample: {} } });
    expect(body.steps.map(({ path, status }: { path: string; status: string }) => [path, status])).toEqual([
      ['call', 'succeeded'],
      ['ask', 'succeeded'],
    ]);
    expect(await rows(real.database, 'SELECT 1 FROM automation.wait_tokens')).toEqual(before);
  });

  it('is published nowhere where the application was not told its address', async () => {
    const bare = await startRealApp();
    try {
      const definition = { trigger: { type: 'manual' }, steps: [ASK] };
      const { body } = await bare.call('post', '/automation/workflows').send({ name: 'Asks', definition });
      const refused = await bare.call('post', `/automation/workflows/${body.id}/publish`).expect(422);
      expect(JSON.stringify(refused.body.problems)).toContain('the application lacks the option \\"publicUrl\\"');
    } finally {
      await bare.close();
    }
  });
});
