import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import request from 'supertest';
import { SecretVault } from '../../src/engine/secrets/secret-vault.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { Lead } from '../support/sample-crm.js';
import { rows } from './support/seed.js';

const RECORD = { match: { email: '{{trigger.body.email}}' } };
const SECRET = { header: 'X-Secret', value: 'a-long-secret' };

const transition = (code: string, from: string, to: string, trigger: object, more: object = {}) => ({
  code,
  from,
  to,
  trigger: { type: 'webhook', record: RECORD, ...trigger },
  ...more,
});

/** NEW → SENT → PAID, by a partner's deliveries. */
const machineOf = (...transitions: object[]) => ({
  for: { module: 'leads' },
  states: [{ code: 'NEW', initial: true }, { code: 'SENT' }, { code: 'PAID', final: true }, { code: 'LOST', final: true }],
  transitions: [...transitions, { code: 'give_up', from: 'any', to: 'LOST', trigger: { type: 'manual' } }],
});

describe('the URL of a machine', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp({ publicUrl: 'https://crm.acme.test/', secret: 'a secret of no less than 32 characters' });
  });
  afterAll(() => real?.close());

  const post = (path: string) => request(real.app.getHttpServer()).post(path);
  const publish = async (id: string) => real.call('post', `/automation/machines/${id}/publish`).expect(200);
  const rotate = async (id: string, body: object = {}): Promise<string> =>
    (await real.call('post', `/automation/machines/${id}/rotate-token`).send(body).expect(200)).body.path;
  const created = async (code: string, definition: object): Promise<string> => {
    const { body } = await real.call('post', '/automation/machines').send({ code, definition }).expect(201);
    expect(body.problems).toEqual([]);
    return body.id;
  };
  /** A published machine, its URL's path, and a lead of its own. */
  const published = async (code: string, ...transitions: object[]) => {
    const id = await created(code, machineOf(...transitions));
    await publish(id);
    const email = `${code}@lead.test`;
    await real.database.dataSource.getRepository(Lead).insert({ id: code, workspaceId: 'acme', name: code, email, source: 'Web' });
    return { id, path: await rotate(id), email };
  };
  const save = async (id: string, definition: object) => {
    const { body } = await real.call('get', `/automation/machines/${id}`).expect(200);
    await real.call('patch', `/automation/machines/${id}`).send({ revision: body.revision, definition }).expect(200);
    await publish(id);
  };
  /** Where the machine's only instance is, and what it has been through, the oldest first. */
  const instanceOf = async (machineId: string) => {
    await real.automation.drain();
    const { body } = await real.call('get', `/automation/instances?machineId=${machineId}`).expect(200);
    const [instance] = body.items;
    if (!instance) return null;
    const history = (await real.call('get', `/automation/instances/${instance.id}/history`).expect(200)).body.items.reverse();
    return { instance, history };
  };
  const eventsOf = async (machineId: string) => {
    await real.automation.drain();
    const found = await rows(real.database, `SELECT id FROM automation.events WHERE target->>'workflowId' = $1 ORDER BY id`, [machineId]);
    const answers = await Promise.all(found.map(({ id }) => real.call('get', `/automation/events/${id}`).expect(200)));
    return answers.map(({ body }) => body);
  };

  it('is made and replaced as those of workflows are, by whoever may manage, and told in the audit log', async () => {
    const { id, path } = await published('rotated', transition('send', 'NEW', 'SENT', {}));
    const { body } = await real.call('post', `/automation/machines/${id}/rotate-token`).send({ grace: 'PT1H', note: 'Leaked' }).expect(200);
    expect(body).toEqual({ url: `https://crm.acme.test${body.path}`, path: body.path, oldValidUntil: expect.any(String) });
    await post(path).send({ email: 'nobody@lead.test' }).expect(202, { received: true });
    const state = (await real.call('get', `/automation/machines/${id}/trigger-url`, 'viewer').expect(200)).body;
    expect(state).toMatchObject({ current: { lastUsedAt: null }, old: [{ isValid: true, lastUsedAt: expect.any(String) }] });
    const audit = (await real.call('get', `/automation/audit?target=${id}`).expect(200)).body.items;
    expect(audit.slice(0, 2)).toMatchObject([{ action: 'machine.url_rotated', note: 'Leaked' }, { action: 'machine.url_created' }]);
    await rotate(id);
    await post(path).send({ email: 'rotated@lead.test' }).expect(202, { received: true });
    expect(await instanceOf(id)).toBeNull();
    expect((await eventsOf(id)).at(-1).trigger).toMatchObject({ body: null, refused: { reason: 'old_url' } });
  });

  it('is none of a machine that no delivery moves, and none of a workflow', async () => {
    const id = await created('unreached', machineOf());
    const { body } = await real.call('post', `/automation/machines/${id}/rotate-token`).expect(409);
    expect(body).toMatchObject({ code: 'trigger_url_missing', hint: expect.stringContaining('webhook') });
    await real.call('post', `/automation/workflows/${id}/rotate-token`).expect(404);
    await real.call('get', `/automation/workflows/${id}/trigger-url`).expect(404);
    const { id: left } = await published('left', transition('send', 'NEW', 'SENT', {}));
    const { body: before } = await real.call('get', `/automation/machines/${left}`);
    await real.call('patch', `/automation/machines/${left}`).send({ revision: before.revision, definition: machineOf() }).expect(200);
    // The published version is still reached by it.
    await rotate(left);
  });

  it('moves the instance of the record that the body tells of, once for each key, with the delivery in its history', async () => {
    const task = { id: 'thank', type: 'create_task', with: { title: 'Thank {{record.name}} for {{trigger.body.amount}}' } };
    const { id, path, email } = await published(
      'moved',
      transition('send', 'NEW', 'SENT', {}),
      transition('pay', 'SENT', 'PAID', {}, { conditions: { field: 'source', operator: 'equals', value: 'Web' }, steps: [task] }),
    );
    await post(path).set('Idempotency-Key', 'one').send({ email }).expect(202, { received: true });
    expect(await instanceOf(id)).toMatchObject({ instance: { state: 'SENT', recordId: 'moved', lastTrigger: 'webhook' } });
    await post(path).set('Idempotency-Key', 'one').send({ email }).expect(202);
    expect(await instanceOf(id)).toMatchObject({ instance: { state: 'SENT' } });
    await post(path).send({ email, amount: 90 }).expect(202);
    expect(await instanceOf(id)).toMatchObject({
      instance: { state: 'PAID', lastTransition: 'pay' },
      history: [
        { kind: 'created' },
        { kind: 'fired', transition: 'send', trigger: 'webhook', from: 'NEW', to: 'SENT', runId: null },
        { kind: 'fired', transition: 'pay', trigger: 'webhook', from: 'SENT', to: 'PAID', runId: expect.any(String) },
      ],
    });
    expect(await rows(real.database, `SELECT title FROM crm_tasks WHERE title = 'Thank moved for 90'`)).toHaveLength(1);
    // Nothing leads on from here: the history says so, the caller learns nothing.
    await post(path).send({ email }).expect(202, { received: true });
    expect((await instanceOf(id))?.history.at(-1)).toMatchObject({
      kind: 'not_fired',
      trigger: 'webhook',
      explanation: [{ reason: 'state' }],
    });
  });

  it('takes what one of its transitions takes, and fires only those whose own secret and schema are met', async () => {
    const paid = { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } };
    const { id, path, email } = await published(
      'guarded',
      transition('pay', 'NEW', 'PAID', { secret: SECRET, schema: paid }),
      transition('send', 'NEW', 'SENT', { secret: { header: 'X-Other', value: 'another-secret' }, headers: ['X-Secret', 'X-Source'] }),
    );
    await post(path).send({ email, amount: 90 }).expect(401);
    await post(path).set('X-Secret', 'a-wrong-secret').send({ email, amount: 90 }).expect(401);
    const { body } = await post(path).set('X-Secret', SECRET.value).send({ email, amount: 'much' }).expect(400);
    expect(body.problems).toMatchObject([{ path: 'body.amount' }]);
    expect(await instanceOf(id)).toBeNull();
    expect(await eventsOf(id)).toEqual([]);
    await post(path).set('X-Other', 'another-secret').set('X-Secret', 'half-right').set('X-Source', 'shop').send({ email }).expect(202);
    expect(await instanceOf(id)).toMatchObject({
      instance: { state: 'SENT' },
      history: [
        { kind: 'created' },
        { kind: 'fired', transition: 'send', explanation: { notFired: [{ transition: 'pay', reason: 'trigger' }] } },
      ],
    });
    const [event] = await eventsOf(id);
    expect(event.trigger.headers).toMatchObject({ 'x-source': 'shop' });
    expect(JSON.stringify(event)).not.toMatch(/half-right|another-secret/);
  });

  it('takes secrets of the workspace by their names, each of which a delivery opens once for all transitions', async () => {
    await real.call('put', '/automation/secrets/partner').send({ value: 'a-long-secret', hosts: [] }).expect(200);
    const secret = { header: 'X-Secret', value: { $secret: 'partner' } };
    const paid = { type: 'object', required: ['paid'] };
    const { id, path, email } = await published(
      'named',
      transition('send', 'NEW', 'SENT', { secret }),
      transition('pay', 'SENT', 'PAID', { secret, schema: paid }),
    );
    const reveal = jest.spyOn(SecretVault.prototype, 'reveal');
    await post(path).set('X-Secret', 'another-secret').send({ email }).expect(401);
    await post(path).set('X-Secret', 'a-long-secret').send({ email }).expect(202);
    expect(reveal).toHaveBeenCalledTimes(2);
    reveal.mockRestore();
    expect(await instanceOf(id)).toMatchObject({ instance: { state: 'SENT' } });
  });

  it('holds deliveries for instances on earlier versions against what is published now', async () => {
    const send = transition('send', 'NEW', 'SENT', {});
    const { id, path, email } = await published('earlier', send, transition('pay', 'SENT', 'PAID', { secret: SECRET }));
    await post(path).send({ email }).expect(202);
    expect(await instanceOf(id)).toMatchObject({ instance: { state: 'SENT', version: 1 } });
    await save(id, machineOf(transition('pay', 'SENT', 'PAID', { secret: { ...SECRET, value: 'a-newer-secret' } })));
    await post(path).set('X-Secret', SECRET.value).send({ email }).expect(401);
    await post(path).set('X-Secret', 'a-newer-secret').send({ email }).expect(202);
    expect(await instanceOf(id)).toMatchObject({ instance: { state: 'PAID', version: 1 } });
  });

  it('asks the first transition that can tell which record is meant, and those that mean the same', async () => {
    const other = { record: { match: { name: '{{trigger.body.order.name}}' } } };
    const { id, path } = await published('two-kinds', transition('send', 'NEW', 'SENT', {}), transition('pay', 'NEW', 'PAID', other));
    await post(path)
      .send({ order: { name: 'two-kinds' } })
      .expect(202);
    expect(await instanceOf(id)).toMatchObject({
      instance: { state: 'PAID' },
      history: [{ kind: 'created' }, { transition: 'pay', explanation: { notFired: [{ transition: 'send', reason: 'trigger' }] } }],
    });
  });

  it('answers the same when nothing is met, and the event says why', async () => {
    const { id, path, email } = await published('unmet', transition('pay', 'SENT', 'PAID', {}));
    await post(path).send({ email: 'nobody@lead.test' }).expect(202, { received: true });
    await post(path).send({ email: '' }).expect(202, { received: true });
    await post(path).send({ email }).expect(202, { received: true });
    const refusals = (await eventsOf(id)).map(({ trigger }) => trigger.refused);
    expect(refusals).toEqual([
      { reason: 'record', explanation: { rule: `There is no record in leads with email 'nobody@lead.test'.` } },
      { reason: 'record', explanation: { rule: 'There is nothing to find the record by: email is empty.' } },
      { reason: 'record', explanation: { rule: 'The machine has no instance for leads unmet, and none begins by such a delivery.' } },
    ]);
    expect(await instanceOf(id)).toBeNull();
  });

  it('answers like an unknown one while the machine is disabled or not published', async () => {
    const { id, path, email } = await published('disabled', transition('send', 'NEW', 'SENT', { secret: SECRET }));
    await real.call('post', `/automation/machines/${id}/disable`).expect(200);
    await post(path).send({ email }).expect(202, { received: true });
    expect(await instanceOf(id)).toBeNull();
    expect((await eventsOf(id))[0].trigger).toMatchObject({ body: null, refused: { reason: 'paused' } });
    await real.call('post', `/automation/machines/${id}/enable`).expect(200);
    await post(path).set('X-Secret', SECRET.value).send({ email }).expect(202);
    // Captured, and disabled before it is looked at.
    await real.call('post', `/automation/machines/${id}/disable`).expect(200);
    expect(await instanceOf(id)).toBeNull();
    expect((await eventsOf(id))[1].trigger).toMatchObject({ refused: { reason: 'paused' } });
    const draft = await created('never', machineOf(transition('send', 'NEW', 'SENT', {})));
    await post(await rotate(draft))
      .send({ email })
      .expect(202, { received: true });
    expect(await eventsOf(draft)).toMatchObject([{ error: { code: 'machine_not_published' } }]);
    await post('/automation/hooks/nobody-has-this-token').send({ email }).expect(202, { received: true });
  });

  it('is asked again when a transition that was under way is over', async () => {
    const needs = (name: string) => ({ schema: { type: 'object', required: [name] } });
    const { id, path, email } = await published(
      'deferred',
      transition('send', 'NEW', 'SENT', needs('send'), { steps: [{ id: 'wait', type: 'delay', for: 'PT1H' }] }),
      transition('pay', 'NEW', 'PAID', needs('pay')),
    );
    await post(path).send({ email, send: true }).expect(202);
    const runId = (await instanceOf(id))?.instance.transitioning.runId;
    await post(path).send({ email, pay: true }).expect(202);
    expect(await instanceOf(id)).toMatchObject({ instance: { state: 'NEW', transitioning: { transition: 'send', runId } } });
    await real.call('post', `/automation/runs/${runId}/cancel`).expect(200);
    expect(await instanceOf(id)).toMatchObject({ instance: { state: 'PAID', lastTransition: 'pay', lastTrigger: 'webhook' } });
  });

  it('finds no record of another workspace', async () => {
    const { id, path } = await published('strangers', transition('send', 'NEW', 'SENT', {}));
    const email = 'theirs@lead.test';
    await real.database.dataSource
      .getRepository(Lead)
      .insert({ id: 'theirs', workspaceId: 'globex', name: 'Theirs', email, source: 'Web' });
    await post(path).send({ email }).expect(202, { received: true });
    expect(await instanceOf(id)).toBeNull();
    expect((await eventsOf(id))[0]).toMatchObject({ recordId: null, trigger: { refused: { reason: 'record' } } });
  });

  it('moves the instance of the integration’s run that the body tells of', async () => {
    const id = await created('of-runs', {
      ...machineOf(),
      for: { integration: 'shop' },
      transitions: [{ code: 'send', from: 'NEW', to: 'SENT', trigger: { type: 'webhook', run: '{{trigger.body.run}}' } }],
    });
    await publish(id);
    const path = await rotate(id);
    await post(path).send({ run: 'r-1' }).expect(202);
    await post(path).send({ other: 'r-1' }).expect(202);
    expect(await instanceOf(id)).toMatchObject({ instance: { state: 'SENT', runKey: 'r-1' } });
    expect((await eventsOf(id))[1].trigger).toMatchObject({ refused: { reason: 'record' } });
  });

  it('asks who calls also where this process cannot read the published version', async () => {
    const { id, path, email } = await published('unreadable', transition('send', 'NEW', 'SENT', { secret: SECRET }));
    await rows(
      real.database,
      `UPDATE automation.workflow_versions SET definition = definition || '{"of": "a newer release"}' WHERE workflow_id = $1 RETURNING id`,
      [id],
    );
    await post(path).send({ email }).expect(401);
    await post(path).set('X-Secret', SECRET.value).send({ email }).expect(202);
    expect(await instanceOf(id)).toBeNull();
    expect((await eventsOf(id))[0].trigger).toMatchObject({ body: { email }, refused: { reason: 'record' } });
  });
});
