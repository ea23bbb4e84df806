import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { MASK } from '../../src/core/definition/mask.js';
import { httpPeer, Peers } from '../actions/support/peers.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { rows } from './support/seed.js';

const SIGNING = `whsec_${Buffer.from('the signing secret of a receiver').toString('base64')}`;
const TOKEN = 'token-of-the-receiver "quoted"';
const TRIGGER = { type: 'event', module: 'leads', event: 'created' };

describe('secrets of a workspace', () => {
  const peers = new Peers();
  let real: RealApp;
  let receiver: Awaited<ReturnType<typeof httpPeer>>;
  let origin: string;
  const put = (name: string, body: object, token?: string) => real.call('put', `/automation/secrets/${name}`, token).send(body);
  const create = (steps: object[]) =>
    real.call('post', '/automation/workflows').send({ name: 'Calls', definition: { trigger: TRIGGER, steps } });

  beforeAll(async () => {
    // It says what it was sent, as some servers do.
    receiver = peers.add(
      await httpPeer((request, response) => {
        response.writeHead(request.url === '/refuse' ? 500 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ echo: request.headers, text: `got ${String(request.headers.authorization)}` }));
      }),
    );
    origin = `http://127.0.0.1:${receiver.port}`;
    real = await startRealApp({ outbound: { allow: ['127.0.0.1'] } });
  });
  afterAll(async () => {
    await real?.close();
    await peers.close();
  });

  it('go in and never come out: names, hosts, who and when', async () => {
    const made = await put('receiver', { value: TOKEN, hosts: [origin], note: 'For the demo.' }).expect(200);
    const by = { type: 'user', id: 'u-admin', name: 'Ada' };
    const shown = {
      id: expect.any(String),
      name: 'receiver',
      hosts: [origin],
      createdAt: expect.any(String),
      createdBy: by,
      changedAt: expect.any(String),
      changedBy: by,
    };
    expect(made.body).toEqual(shown);
    expect((await real.call('get', '/automation/secrets/receiver', 'only:view').expect(200)).body).toEqual(shown);
    expect((await real.call('get', '/automation/secrets', 'only:view').expect(200)).body).toEqual({ items: [shown] });
    const again = await put('receiver', { value: TOKEN, hosts: [origin, 'api.example.com'] }).expect(200);
    expect(again.body).toMatchObject({ id: made.body.id, createdAt: made.body.createdAt, hosts: [origin, 'api.example.com'] });
    const audit = await real.call('get', `/automation/audit?target=${made.body.id}`).expect(200);
    expect(audit.body.items).toMatchObject([
      {
        action: 'secret.changed',
        target: { type: 'secret', id: made.body.id, workflowId: null },
        before: { name: 'receiver', hosts: [origin] },
        after: { hosts: [origin, 'api.example.com'] },
      },
      { action: 'secret.created', before: null, after: { name: 'receiver', hosts: [origin] }, note: 'For the demo.' },
    ]);
    const stored = JSON.stringify(
      await rows(
        real.database,
        `SELECT s.*, encode(sealed, 'escape') AS text, a::text AS audit FROM automation.secrets s, automation.audit_log a`,
      ),
    );
    expect(stored + JSON.stringify([made.body, again.body, audit.body])).not.toContain('token-of-the-receiver');
  });

  it('are of one workspace', async () => {
    await real.call('get', '/automation/secrets/receiver', 'rival').expect(404);
    await real.call('delete', '/automation/secrets/receiver', 'rival').expect(404);
    expect((await real.call('get', '/automation/secrets', 'rival').expect(200)).body).toEqual({ items: [] });
  });

  it.each([
    ['a%20b', { value: TOKEN, hosts: [] }, 'name'],
    ['x', { value: 'short', hosts: [] }, 'value'],
    ['x', { value: TOKEN }, 'hosts'],
    ['x', { value: TOKEN, hosts: ['api.example.com/v1'] }, 'hosts[0]'],
    ['x', { hosts: [] }, 'value'],
  ])('are refused where they are malformed: %s %j', async (name, body, path) => {
    const answer = await put(name, body).expect(400);
    expect(answer.body.problems).toMatchObject([{ path }]);
    expect(answer.text).not.toContain('token-of-the-receiver');
  });

  it('sign and authenticate the calls of webhooks, and are masked wherever the answer repeats them', async () => {
    await put('signing', { value: SIGNING, hosts: [origin] }).expect(200);
    const step = (id: string, path: string) => ({
      id,
      type: 'webhook',
      with: {
        url: origin + path,
        secret: { $secret: 'signing' },
        headers: { authorization: { $secret: 'receiver', prefix: 'Bearer ' } },
        body: { a: 1 },
      },
      retry: { maxAttempts: 1 },
      onError: 'continue',
    });
    const steps = [step('taken', '/take'), step('refused', '/refuse')];
    const made = await create(steps).expect(201);
    expect(made.body.problems).toEqual([]);
    expect(made.body.definition.steps).toEqual(steps.map((one) => expect.objectContaining({ with: one.with })));
    const path = `/automation/workflows/${made.body.id}`;
    await real.call('post', `${path}/publish`).expect(200);
    await real.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: { id: 'l-1', name: 'Ann' } });
    await real.automation.drain();
    const [taken] = receiver.received;
    expect(taken?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(() => new Webhook(SIGNING).verify(taken?.body ?? '', taken?.headers ?? {})).not.toThrow();
    const { items } = (await real.call('get', '/automation/runs')).body;
    const run = await real.call('get', `/automation/runs/${items[0].id}`).expect(200);
    expect(run.body.steps).toMatchObject([
      {
        status: 'succeeded',
        input: { headers: { authorization: { $secret: 'receiver', prefix: 'Bearer ' } }, secret: { $secret: 'signing' } },
        output: { body: { text: `got Bearer ${MASK}` } },
      },
      { status: 'failed', error: { code: 'webhook_unavailable', details: { body: expect.stringContaining(MASK) } } },
    ]);
    const preview = await real
      .call('post', `${path}/test`)
      .send({ subject: { sample: {} } })
      .expect(200);
    expect(preview.text).toContain(MASK);
    const everything = [
      run.text,
      preview.text,
      (await real.call('get', path)).text,
      (await real.call('get', `${path}/export`)).text,
      real.logged(),
    ];
    everything.push(JSON.stringify(await rows(real.database, 'SELECT s::text FROM automation.step_executions s')));
    for (const text of everything) expect(text).not.toMatch(/token-of-the-receiver|whsec_/);
  });

  it('that active workflows use are not deleted, and others are', async () => {
    const refused = await real.call('delete', '/automation/secrets/signing').expect(409);
    expect(refused.body).toMatchObject({ code: 'secret_in_use', message: 'Workflows use the secret "signing": Calls.' });
    await put('unused', { value: TOKEN, hosts: [] }).expect(200);
    await real.call('delete', '/automation/secrets/unused').expect(204);
    await real.call('get', '/automation/secrets/unused').expect(404);
    const deleted = await real.call('get', '/automation/audit?action=secret.deleted').expect(200);
    expect(deleted.body.items).toMatchObject([{ before: { name: 'unused' }, after: null }]);
  });

  it('keep a workflow from being published that names one that is not there, or sends it elsewhere', async () => {
    const made = await create([
      { id: 'a', type: 'webhook', with: { url: 'https://elsewhere.test/', secret: { $secret: 'signing' } } },
      { id: 'b', type: 'webhook', with: { url: '{{record.name}}', headers: { 'x-key': { $secret: 'gone' } } } },
    ]).expect(201);
    const problems = [
      { path: 'steps[0].with.secret', message: expect.stringContaining('must not be sent to https://elsewhere.test') },
      { path: 'steps[1].with.headers.x-key', message: expect.stringContaining('no secret "gone"') },
    ];
    expect(made.body.problems).toEqual(problems);
    const path = `/automation/workflows/${made.body.id}`;
    expect((await real.call('post', `${path}/publish`).expect(422)).body).toMatchObject({ code: 'definition_invalid', problems });
    expect((await real.call('get', `${path}/publish-preview`).expect(200)).body.problems).toEqual(problems);
    const body = await create([
      { id: 'a', type: 'webhook', with: { url: 'https://elsewhere.test/', body: { $secret: 'signing' } } },
    ]).expect(201);
    expect(body.body.problems).toEqual([{ path: 'steps[0].with.body', message: expect.stringContaining('cannot be used here') }]);
  });

  it('go nowhere that a rendered address leads to, unless it is one of their hosts', async () => {
    const made = await create([
      { id: 'a', type: 'webhook', with: { url: '{{record.name}}', secret: { $secret: 'signing' } }, retry: { maxAttempts: 1 } },
    ]).expect(201);
    await real.call('post', `/automation/workflows/${made.body.id}/publish`).expect(200);
    const other = peers.add(await httpPeer((_request, response) => response.end()));
    await real.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'created',
      record: { id: 'l-2', name: `http://127.0.0.1:${other.port}/` },
    });
    await real.automation.drain();
    const { items } = (await real.call('get', `/automation/runs?workflowId=${made.body.id}`)).body;
    expect(items[0]).toMatchObject({ status: 'failed', error: { code: 'secret_host_refused' } });
    expect(other.received).toEqual([]);
  });
});

describe('without a key of the host', () => {
  it('no secret is taken, and the answer says what is missing', async () => {
    const real = await startRealApp({ secret: undefined });
    try {
      const answer = await real.call('put', '/automation/secrets/x').send({ value: TOKEN, hosts: [] }).expect(500);
      expect(answer.body).toMatchObject({ code: 'secrets_not_configured' });
      expect(answer.text).not.toContain('token-of-the-receiver');
    } finally {
      await real.close();
    }
  });
});
