import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import request from 'supertest';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { rows } from './support/seed.js';

const TASK = { id: 'call', type: 'create_task', with: { title: 'Call {{trigger.body.name}}' } };

describe('a trigger URL', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp({
      publicUrl: 'https://crm.acme.test/',
      hooks: { bodyTimeoutMs: 200 },
      secret: 'a secret of no less than 32 characters',
    });
  });
  afterAll(() => real?.close());

  const post = (path: string) => request(real.app.getHttpServer()).post(path);

  /** A published workflow with such a trigger, and its URL's path. */
  const published = async (trigger: object = {}, steps: object[] = [TASK]) => {
    const definition = { trigger: { type: 'webhook', ...trigger }, steps };
    const created = await real.call('post', '/automation/workflows').send({ name: 'By URL', definition });
    expect(created.body.problems).toEqual([]);
    const id = created.body.id as string;
    await real.call('post', `/automation/workflows/${id}/publish`).expect(200);
    return { id, path: await rotate(id) };
  };
  const rotate = async (id: string, body: object = {}): Promise<string> => {
    const answer = await real.call('post', `/automation/workflows/${id}/rotate-token`).send(body).expect(200);
    return answer.body.path;
  };
  const runsOf = async (workflowId: string) => {
    await real.automation.drain();
    return (await real.call('get', `/automation/runs?workflowId=${workflowId}`)).body.items as {
      id: string;
      eventId: string;
      status: string;
      reason: string;
    }[];
  };

  it('starts a run with body, allowed headers and query, captured before the answer 202', async () => {
    const { id, path } = await published({ headers: ['X-Source'] });
    const answer = await post(`${path}?campaign=spring&tag=a&tag=b`)
      .set('X-Source', 'form')
      .set('X-Other', 'secret')
      .set('User-Agent', 'tester')
      .send({ name: 'Nora' });
    expect([answer.status, answer.body]).toEqual([202, { received: true }]);
    const [event] = await rows(real.database, `SELECT trigger FROM automation.events WHERE target->>'workflowId' = '${id}'`);
    expect(event?.trigger).toEqual({
      type: 'webhook',
      body: { name: 'Nora' },
      headers: { 'content-type': 'application/json', 'user-agent': 'tester', 'x-source': 'form' },
      query: { campaign: 'spring', tag: ['a', 'b'] },
    });
    expect(await runsOf(id)).toMatchObject([{ status: 'succeeded' }]);
    expect(await rows(real.database, `SELECT title FROM crm_tasks WHERE title = 'Call Nora'`)).toHaveLength(1);
  });

  it('is one of a kind, shown once, and kept as its hash alone', async () => {
    const { id, path } = await published();
    const answer = await real.call('post', `/automation/workflows/${id}/rotate-token`).send({ note: 'It stood in a mail.' }).expect(200);
    expect(answer.body).toEqual({
      url: `https://crm.acme.test${answer.body.path}`,
      path: expect.stringMatching(/^\/automation\/hooks\/[\w-]{43}$/),
      oldValidUntil: null,
    });
    expect(answer.body.path).not.toBe(path);
    const token = String(answer.body.path).split('/').at(-1) as string;
    await post(answer.body.path).send({}).expect(202);
    await real.automation.drain();
    const everything = JSON.stringify([
      await rows(real.database, 'SELECT t::text FROM automation.trigger_tokens t'),
      await rows(real.database, 'SELECT e::text FROM automation.events e'),
      await rows(real.database, 'SELECT r::text FROM automation.runs r'),
      await rows(real.database, 'SELECT a::text FROM automation.audit_log a'),
      (await real.call('get', `/automation/workflows/${id}/trigger-url`)).body,
      real.logged(),
    ]);
    expect(everything).not.toContain(token);
    const { body: audit } = await real.call('get', `/automation/audit?target=${id}`);
    expect(audit.items.map(({ action, note }: { action: string; note: string }) => [action, note]).slice(0, 2)).toEqual([
      ['workflow.url_rotated', 'It stood in a mail.'],
      ['workflow.url_created', null],
    ]);
  });

  it('says when and from where it was used last', async () => {
    const { id, path } = await published();
    const state = async () => (await real.call('get', `/automation/workflows/${id}/trigger-url`).expect(200)).body;
    expect(await state()).toMatchObject({ current: { lastUsedAt: null, lastUsedFrom: null, createdBy: { id: 'u-admin' } }, old: [] });
    await post(path).send({}).expect(202);
    expect((await state()).current).toMatchObject({
      lastUsedAt: expect.any(String),
      lastUsedFrom: expect.stringMatching(/127\.0\.0\.1|::1/),
    });
  });

  it('ends at once when it is rotated, and what still comes is in the history of its workflow', async () => {
    const { id, path } = await published();
    const next = await rotate(id);
    await post(path).send({ name: 'Late' }).expect(202, { received: true });
    const late = await runsOf(id);
    expect(late).toMatchObject([{ status: 'skipped', reason: 'old_url' }]);
    // That it came, not what it said: who knows an old URL must not fill the table.
    const { body } = await real.call('get', `/automation/events/${late[0]?.eventId}`).expect(200);
    expect(body.trigger).toMatchObject({ type: 'webhook', body: null });
    await post(next).send({ name: 'Right' }).expect(202);
    expect((await runsOf(id))[0]).toMatchObject({ status: 'succeeded' });
  });

  it('is what it is now, however lately it was used: with another version, paused, active again, deleted', async () => {
    const { id, path } = await published();
    const answers: number[] = [];
    const send = async (): Promise<void> => {
      answers.push((await post(path).send({ name: 'Nora' })).status);
    };
    await send();
    const { body } = await real.call('get', `/automation/workflows/${id}`);
    const definition = {
      ...body.definition,
      trigger: { type: 'webhook', secret: { header: 'X-Secret', value: 'a-long-secret' } },
    };
    await real.call('patch', `/automation/workflows/${id}`).send({ name: 'By URL', revision: body.revision, definition }).expect(200);
    await send();
    await real.call('post', `/automation/workflows/${id}/publish`).expect(200);
    // What is not taken is no use of the URL.
    await rows(real.database, `UPDATE automation.trigger_tokens SET last_used_at = NULL WHERE workflow_id = '${id}'`);
    await send();
    expect(await rows(real.database, `SELECT last_used_at FROM automation.trigger_tokens WHERE workflow_id = '${id}'`)).toEqual([
      { last_used_at: null },
    ]);
    await real.call('post', `/automation/workflows/${id}/pause`).expect(200);
    await send();
    await real.call('post', `/automation/workflows/${id}/activate`).expect(200);
    await send();
    expect(answers).toEqual([202, 202, 401, 202, 401]);
    expect((await runsOf(id)).map(({ status, reason }) => reason ?? status).sort()).toEqual(['paused', 'succeeded', 'succeeded']);
    await real.call('delete', `/automation/workflows/${id}`).expect(204);
    await send();
    expect(answers.at(-1)).toBe(202);
  });

  it('goes on for a grace that the admin chooses', async () => {
    const { id, path } = await published();
    const { body } = await real.call('post', `/automation/workflows/${id}/rotate-token`).send({ grace: 'PT1H' }).expect(200);
    expect(Date.parse(body.oldValidUntil)).toBeGreaterThan(Date.now() + 3_000_000);
    await post(path).send({ name: 'Graced' }).expect(202);
    expect(await runsOf(id)).toMatchObject([{ status: 'succeeded' }]);
    // Rotating once more, at once, ends the grace too.
    await rotate(id);
    await post(path).send({ name: 'Graced' }).expect(202);
    expect((await runsOf(id))[0]).toMatchObject({ status: 'skipped', reason: 'old_url' });
    const state = (await real.call('get', `/automation/workflows/${id}/trigger-url`)).body;
    expect([state.current.isValid, state.old.map(({ isValid }: { isValid: boolean }) => isValid)]).toEqual([true, [false, false]]);
  });

  it.each(['P91D', 'P1X', '-PT1H'])('takes no grace such as %s', async (grace) => {
    const { id } = await published();
    const { body } = await real.call('post', `/automation/workflows/${id}/rotate-token`).send({ grace }).expect(400);
    expect(body.problems).toMatchObject([{ path: 'grace' }]);
  });

  it('is refused to workflows that nothing starts by URL', async () => {
    const definition = { trigger: { type: 'manual' }, steps: [TASK] };
    const { body } = await real.call('post', '/automation/workflows').send({ name: 'By hand', definition });
    const answer = await real.call('post', `/automation/workflows/${body.id}/rotate-token`).send({}).expect(409);
    expect(answer.body.code).toBe('trigger_url_missing');
  });

  it('starts nothing while the workflow is paused, and what came then stays so when it is active again', async () => {
    const { id, path } = await published({ secret: { header: 'x-key', value: 'a-long-secret' } });
    await real.call('post', `/automation/workflows/${id}/pause`).expect(200);
    // Who calls is not checked then: the answer must not tell.
    await post(path).send({ name: 'Paused' }).expect(202, { received: true });
    await real.call('post', `/automation/workflows/${id}/activate`).expect(200);
    expect(await runsOf(id)).toMatchObject([{ status: 'skipped', reason: 'paused' }]);
  });

  it('of a workflow that is not published starts nothing, and the delivery says why', async () => {
    const { id, path } = await published();
    await real.call('post', `/automation/workflows/${id}/unpublish`).expect(200);
    await post(path).send({ name: 'Nobody' }).expect(202, { received: true });
    expect(await runsOf(id)).toEqual([]);
    const [event] = await rows(real.database, `SELECT id FROM automation.events WHERE target->>'workflowId' = '${id}'`);
    const { body } = await real.call('get', `/automation/events/${event?.id}`).expect(200);
    expect(body.error).toMatchObject({ code: 'workflow_not_published' });
    // The same URL works again.
    await real.call('post', `/automation/workflows/${id}/publish`).expect(200);
    await post(path).send({ name: 'Back' }).expect(202);
    expect(await runsOf(id)).toMatchObject([{ status: 'succeeded' }]);
  });

  it('of a workflow whose published version starts otherwise starts nothing', async () => {
    const { id, path } = await published();
    await real
      .call('patch', `/automation/workflows/${id}`)
      .send({ revision: 1, definition: { trigger: { type: 'manual' }, steps: [TASK] } });
    await real.call('post', `/automation/workflows/${id}/publish`).expect(200);
    await post(path).send({ name: 'Old' }).expect(202);
    expect(await runsOf(id)).toMatchObject([{ status: 'skipped', reason: 'old_url' }]);
  });

  describe('with a schema', () => {
    const schema = {
      type: 'object',
      required: ['email', 'items'],
      properties: {
        email: { type: 'string', format: 'email' },
        items: { type: 'array', items: { type: 'object', properties: { sku: { type: 'string', pattern: '^(a+)+$' } } } },
      },
      additionalProperties: false,
    };

    it('answers 400 with the path of each problem, and captures nothing', async () => {
      const { id, path } = await published({ schema });
      const { body } = await post(path)
        .send({ email: 'nora', items: [{ sku: 'a' }, { sku: 7 }], extra: 1 })
        .expect(400);
      expect(body.code).toBe('invalid_request');
      expect(body.problems.map((problem: { path: string }) => problem.path).sort()).toEqual(['body', 'body.email', 'body.items[1].sku']);
      expect(JSON.stringify(body.problems)).toContain('extra');
      await post(path).send({ email: 'nora@example.com' }).expect(400);
      expect(await runsOf(id)).toEqual([]);
      await post(path).send({ email: 'nora@example.com', items: [] }).expect(202);
    });

    it('takes patterns in linear time, and tells of a large body the first problem alone', async () => {
      const { path } = await published({ schema });
      await post(path)
        .send({ email: 'nora@example.com', items: [{ sku: `${'a'.repeat(5_000)}!` }] })
        .expect(400);
      const { body } = await post(path)
        .send({ email: 'nora@example.com', items: Array.from({ length: 10_000 }, () => ({ sku: 7 })) })
        .expect(400);
      expect(body.problems).toHaveLength(1);
    });
  });

  describe('that asks who calls', () => {
    const secret = `whsec_${Buffer.from('the secret of a sender of hooks').toString('base64')}`;
    const body = '{ "name" : "Signed" }';
    const send = (path: string, headers: Record<string, string>) =>
      post(path).set('Content-Type', 'application/json').set(headers).send(body);
    const seconds = (ago = 0) => String(Math.floor(Date.now() / 1000) - ago);

    it('answers 401 alike to no secret and to a wrong one', async () => {
      const { id, path } = await published({ secret: { header: 'X-Key', value: 'correct-horse' } });
      const [none, wrong, longer] = [
        await send(path, {}),
        await send(path, { 'x-key': 'correct-hors3' }),
        await send(path, { 'x-key': 'correct-horse-2' }),
      ];
      expect([none.status, wrong.status, longer.status]).toEqual([401, 401, 401]);
      expect(new Set([none.text, wrong.text, longer.text]).size).toBe(1);
      expect(await runsOf(id)).toEqual([]);
      await send(path, { 'x-key': 'correct-horse' }).expect(202);
      expect(await runsOf(id)).toMatchObject([{ status: 'succeeded' }]);
    });

    it('holds Standard Webhooks to their signature, of the very bytes, and to their time', async () => {
      const { id, path } = await published({ signature: { type: 'standard_webhooks', secret } });
      const signed = (at: Date, of = body) => ({
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign('msg_1', at, of),
      });
      await send(path, {}).expect(401);
      await send(path, signed(new Date(), '{"name":"Signed"}')).expect(401);
      await send(path, signed(new Date(Date.now() - 6 * 60_000))).expect(401);
      await send(path, signed(new Date())).expect(202);
      // The sender repeats himself with the same id, signed anew.
      await send(path, signed(new Date())).expect(202);
      expect(await runsOf(id)).toHaveLength(1);
    });

    it('takes a secret of the workspace by its name, as it is when the call comes', async () => {
      const keep = (value: string) => real.call('put', '/automation/secrets/partner').send({ value, hosts: [] });
      await keep('correct-horse').expect(200);
      const named = { $secret: 'partner' };
      const signature = { type: 'hmac_sha256', secret: named, header: 'x-signature' };
      const { id, path } = await published({ secret: { header: 'authorization', value: { ...named, prefix: 'Bearer ' } }, signature });
      const { body: read } = await real.call('get', `/automation/workflows/${id}`);
      expect(read.definition.trigger.signature).toEqual(signature);
      const known = (value: string) => ({
        authorization: `Bearer ${value}`,
        'x-signature': createHmac('sha256', value).update(body).digest('hex'),
      });
      await send(path, { ...known('correct-horse'), authorization: 'correct-horse' }).expect(401);
      await send(path, known('battery-staple')).expect(401);
      await send(path, known('correct-horse')).expect(202);
      await keep('battery-staple').expect(200);
      await send(path, known('correct-horse')).expect(401);
      await send(path, known('battery-staple')).expect(202);
      expect(await runsOf(id)).toHaveLength(2);
      await real.call('delete', '/automation/secrets/partner').expect(409);
    });

    it('tells strangers nothing of a secret that cannot be read, and takes nothing', async () => {
      await real.call('put', '/automation/secrets/weak').send({ value: 'no base64!', hosts: [] }).expect(200);
      const { id, path } = await published({ signature: { type: 'standard_webhooks', secret: { $secret: 'weak' } } });
      const answer = await send(path, {}).expect(503);
      expect(answer.body.code).toBe('caller_uncheckable');
      expect(answer.headers['retry-after']).toBe('60');
      expect(JSON.stringify(answer.body)).not.toMatch(/weak|base64/);
      await rows(real.database, `DELETE FROM automation.secrets WHERE name = 'weak' RETURNING 1`);
      expect((await send(path, {}).expect(503)).body).toEqual(answer.body);
      expect(await runsOf(id)).toEqual([]);
      const definition = { trigger: { type: 'webhook', secret: { header: 'x', value: { $secret: 'weak' } } }, steps: [TASK] };
      const created = await real.call('post', '/automation/workflows').send({ name: 'By URL', definition });
      const refused = await real.call('post', `/automation/workflows/${created.body.id}/publish`).expect(422);
      expect(refused.body.problems).toEqual([{ path: 'trigger.secret.value', message: expect.stringContaining('no secret "weak"') }]);
    });

    it.each(['hex', 'base64'] as const)('holds an HMAC-SHA256 in %s to the bytes of the body', async (encoding) => {
      const signature = { type: 'hmac_sha256', secret: 'a-long-secret', header: 'X-Hub-Signature-256' };
      const { path } = await published({ signature });
      const mac = (of: string) => createHmac('sha256', 'a-long-secret').update(of).digest(encoding);
      for (const wrong of ['', 'sha256=', 'sha256=00', mac(`${body} `), 'é'])
        expect((await send(path, { 'x-hub-signature-256': encodeURIComponent(wrong) })).status).toBe(401);
      await send(path, { 'x-hub-signature-256': `sha256=${mac(body)}` }).expect(202);
      await send(path, { 'x-hub-signature-256': mac(body) }).expect(202);
    });

    it('holds a signature with a timestamp to five minutes', async () => {
      const signature = { type: 'hmac_sha256', secret: 'a-long-secret', header: 'x-signature', timestampHeader: 'x-timestamp' };
      const { path } = await published({ signature });
      const signed = (at: string) => ({
        'x-timestamp': at,
        'x-signature': createHmac('sha256', 'a-long-secret').update(`${at}.${body}`).digest('hex'),
      });
      await send(path, signed(seconds(400))).expect(401);
      await send(path, signed(seconds(-400))).expect(401);
      await send(path, signed('soon')).expect(401);
      await send(path, { ...signed(seconds()), 'x-timestamp': seconds(1) }).expect(401);
      await send(path, signed(seconds())).expect(202);
    });
  });

  describe('with an Idempotency-Key', () => {
    it('captures a repetition once, and refuses another body under the same key', async () => {
      const { id, path } = await published();
      const send = (body: object) => post(path).set('Idempotency-Key', 'order-4711').send(body);
      await send({ name: 'Once', total: 1.0 }).expect(202);
      const again = await Promise.all([send({ total: 1, name: 'Once' }), send({ name: 'Once', total: 1 })]);
      expect(again.map(({ status }) => status)).toEqual([202, 202]);
      const other = await send({ name: 'Another' }).expect(409);
      expect(other.body.code).toBe('idempotency_key_reused');
      expect(await runsOf(id)).toHaveLength(1);
    });

    it('starts two workflows by one key, and is heard again by the right URL after an old one', async () => {
      const [one, two] = [await published(), await published()];
      for (const { path } of [one, two]) await post(path).set('Idempotency-Key', 'k').send({ name: 'Both' }).expect(202);
      expect([(await runsOf(one.id)).length, (await runsOf(two.id)).length]).toEqual([1, 1]);
      const next = await rotate(one.id);
      for (const path of [one.path, next]) await post(path).set('Idempotency-Key', 'k2').send({ name: 'Again' }).expect(202);
      expect((await runsOf(one.id)).map(({ status }) => status)).toEqual(['succeeded', 'skipped', 'succeeded']);
    });

    it.each(['', 'x'.repeat(201), 'two words'])('refuses a key that is none: %j', async (key) => {
      const { path } = await published();
      await post(path).set('Idempotency-Key', key).send({ name: 'Odd' }).expect(400);
    });
  });

  describe('and what is not JSON', () => {
    const unknown = `/automation/hooks/${'x'.repeat(43)}`;
    it.each([
      ['no JSON', 'application/json', '{"a":', 400, 'invalid_json'],
      ['nothing', 'application/json', '', 400, 'invalid_json'],
      ['nesting of 33 levels', 'application/json', `${'['.repeat(33)}${']'.repeat(33)}`, 400, 'invalid_request'],
      ['names that reach prototypes', 'application/json', '{"a":{"__proto__":{}}}', 400, 'invalid_request'],
      ['U+0000', 'application/json', '{"a":"\\u0000"}', 400, 'invalid_request'],
      ['more than 256 KB', 'application/json', JSON.stringify('x'.repeat(257 * 1024)), 413, 'payload_too_large'],
      ['a form', 'application/x-www-form-urlencoded', 'a=1', 415, 'unsupported_media_type'],
      ['UTF-16', 'application/json; charset=utf-16', '{}', 415, 'unsupported_media_type'],
      ['a text', 'text/plain', '{}', 415, 'unsupported_media_type'],
    ])('%s is refused, whatever the token', async (_what, type, body, status, code) => {
      const { path } = await published();
      for (const to of [path, unknown]) {
        const answer = await post(to).set('Content-Type', type).send(body);
        expect([answer.status, answer.body.code]).toEqual([status, code]);
      }
    });

    it('bytes that are no UTF-8 are refused', async () => {
      const { path } = await published();
      const { port } = (real.app.getHttpServer() as import('node:http').Server).address() as { port: number };
      const body = Buffer.from([0x22, 0xff, 0x22]);
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid_json' }]);
    });

    it('takes any JSON of 32 levels and 250 KB', async () => {
      const { path } = await published({}, [{ id: 'end', type: 'stop' }]);
      for (const body of [`${'['.repeat(32)}${']'.repeat(32)}`, '"text"', '7', 'null', 'true', JSON.stringify('x'.repeat(250 * 1024))])
        expect((await post(path).set('Content-Type', 'application/json').send(body)).status).toBe(202);
    });

    it('a body that is compressed is refused', async () => {
      const { path } = await published();
      await post(path).set('Content-Type', 'application/json').set('Content-Encoding', 'gzip').send('{}').expect(415);
    });
  });

  it('cuts off whoever sends slowly', async () => {
    const { path } = await published();
    const { port } = (real.app.getHttpServer() as import('node:http').Server).address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    const answer = await new Promise<string>((done) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('close', () => done(text));
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":`);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"request_timed_out"');
  });

  it.each(['get', 'head'] as const)('takes no %s', async (method) => {
    const { id, path } = await published();
    const answer = await request(real.app.getHttpServer())[method](path);
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    expect(answer.text ?? '').not.toContain(path.split('/').at(-1));
    expect(await runsOf(id)).toEqual([]);
  });

  it('keeps its secrets: masked when read, kept when sent back, told apart in the log of changes', async () => {
    const trigger = {
      headers: ['x-event'],
      secret: { header: 'x-key', value: 'a-long-secret' },
      signature: { type: 'hmac_sha256', secret: 'another-long-secret', header: 'x-signature' },
    };
    const { id } = await published(trigger);
    const read = (await real.call('get', `/automation/workflows/${id}`)).body;
    expect(read.definition.trigger).toEqual({
      type: 'webhook',
      headers: ['x-event'],
      secret: { header: 'x-key', value: '••••••' },
      signature: { type: 'hmac_sha256', secret: '••••••', header: 'x-signature' },
    });
    const edited = { ...read.definition, trigger: { ...read.definition.trigger, headers: ['x-other'] } };
    const saved = await real.call('patch', `/automation/workflows/${id}`).send({ revision: 1, definition: edited }).expect(200);
    expect(saved.body.problems).toEqual([]);
    const [row] = await rows(real.database, `SELECT draft->'trigger' AS trigger FROM automation.workflows WHERE id = '${id}'`);
    expect(row?.trigger).toEqual({ type: 'webhook', ...trigger, headers: ['x-other'] });
    const other = { ...edited, trigger: { ...edited.trigger, signature: { type: 'standard_webhooks', secret: '••••••' } } };
    const lost = await real.call('patch', `/automation/workflows/${id}`).send({ revision: 2, definition: other }).expect(200);
    expect(lost.body.problems).toEqual([{ path: 'trigger.signature.secret', message: expect.stringContaining('Give it again') }]);
    const everything = JSON.stringify([
      read,
      saved.body,
      (await real.call('get', `/automation/audit?target=${id}`)).body,
      (await real.call('get', `/automation/workflows/${id}/export`)).body,
    ]);
    expect(everything).not.toMatch(/a-long-secret|another-long/);
  });
});
