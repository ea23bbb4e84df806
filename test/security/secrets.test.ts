import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { MASK } from '../../src/core/definition/secrets.js';
import { httpPeer, Peers } from '../actions/support/peers.js';
import { DEFINITION, MACHINE } from '../http/support/admin-app.js';
import { rows } from '../http/support/seed.js';
import { type RealApp, startRealApp } from './support/real-app.js';
import { type Ids, pathOf, TARGETS } from './support/routes.js';

// What a webhook keeps secret (its signing secret, its headers) and what the host does (the mail server's password), looked
// for everywhere that people and programs can read.

const SIGNING = `whsec_${Buffer.from('the signing secret of a receiver').toString('base64')}`;
const TOKEN = 'Bearer token-of-the-receiver';
const BROKEN = 'a secret that cannot sign !!!';
const PASSWORD = 'password-of-the-mail-server';
const STORED = 'sk_live_of_the_workspace';
const SECRETS = {
  'the signing secret': SIGNING,
  'a header': TOKEN,
  'a secret that cannot sign': BROKEN,
  'the password of the mail server': PASSWORD,
  'a secret of the workspace': STORED,
};

const webhook = (id: string, url: string, secret: string) => ({
  id,
  type: 'webhook',
  with: { url, secret, headers: { authorization: TOKEN } },
  onError: 'continue',
  retry: { maxAttempts: 1 },
});

const MISSING = [
  'get /automation/events/:id/explain',
  'get /automation/start-batches/:id',
  'get /automation/tasks/:id',
  'get /automation/queues/:name',
  'get /automation/integrations/:code',
  'get /automation/instances/:id',
  'get /automation/instances/:id/history',
  'get /automation/instances/:id/transitions',
];

describe('a secret', () => {
  const peers = new Peers();
  let real: RealApp;
  let ids: Ids;
  let taking: Awaited<ReturnType<typeof httpPeer>>;
  let runs: string;
  const answers = new Map<string, string>();

  beforeAll(async () => {
    taking = peers.add(await httpPeer((_request, response) => response.end('ok')));
    const refusing = peers.add(await httpPeer((_request, response) => response.writeHead(500).end('no')));
    real = await startRealApp({
      outbound: { allow: ['127.0.0.1'] },
      mail: { transport: `smtp://crm:${PASSWORD}@127.0.0.1:1`, from: 'crm@acme.test' },
    });
    await real
      .call('put', '/automation/secrets/stripe')
      .send({ value: STORED, hosts: ['http://127.0.0.1:1'] })
      .expect(200);
    const origin = ({ port }: { port: number }) => `http://127.0.0.1:${port}/`;
    const steps = [
      webhook('taken', origin(taking), SIGNING),
      webhook('refused', origin(refusing), SIGNING),
      webhook('inside', '{{default context.none "http://10.0.0.1/"}}', SIGNING),
      webhook('broken', origin(taking), `{{default context.none "${BROKEN}"}}`),
      { id: 'mail', type: 'send_email', with: { to: 'a@b.test', subject: 'x', text: 'x' }, onError: 'continue', retry: { maxAttempts: 1 } },
    ];
    const created = await real.call('post', '/automation/workflows').send({ name: 'Secrets', definition: { ...DEFINITION, steps } });
    expect(created.body.problems).toEqual([]);
    await real.call('post', `/automation/workflows/${created.body.id}/publish`).expect(200);
    await real
      .call('patch', `/automation/workflows/${created.body.id}`)
      .send({ revision: 1, definition: { ...DEFINITION, steps: steps.slice(1) } });
    const manual = {
      code: 'tell',
      from: 'NEW',
      to: 'CALLED',
      trigger: { type: 'manual' },
      steps: [webhook('told', origin(taking), SIGNING)],
    };
    const transitions = [manual, ...MACHINE.transitions.slice(1)];
    const machine = await real.call('post', '/automation/machines').send({ code: 'sealed', definition: { ...MACHINE, transitions } });
    expect(machine.body.problems).toEqual([]);
    await real.call('post', `/automation/machines/${machine.body.id}/publish`).expect(200);
    await real.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'created',
      record: { id: 'l-1', source: 'Web', name: 'Ann' },
    });
    await real.automation.drain();
    const run = (await real.call('get', '/automation/runs')).body.items[0];
    ids = {
      workflows: created.body.id,
      machines: machine.body.id,
      runs: run.id,
      events: (await real.call('get', '/automation/events')).body.items[0].id,
    };
    for (const target of TARGETS.filter(({ method }) => method === 'get')) {
      const answer = await real.call('get', pathOf(target, ids));
      // Some ask for what this test has none of.
      expect([target.name, answer.status]).toEqual([target.name, MISSING.includes(target.name) ? 404 : 200]);
      answers.set(target.name, answer.text);
    }
    runs = JSON.stringify(
      await rows(real.database, 'SELECT r::text, s::text FROM automation.runs r JOIN automation.step_executions s ON s.run_id = r.id'),
    );
  });
  afterAll(async () => {
    await real?.close();
    await peers.close();
  });

  it('was used: each step left its trace in the run', () => {
    const { steps } = JSON.parse(answers.get('get /automation/runs/:id') ?? '{}') as {
      steps: { path: string; status: string; error?: { code: string } | null }[];
    };
    expect(steps.map(({ path, status, error }) => [path, status, error?.code])).toEqual([
      ['taken', 'succeeded', undefined],
      ['refused', 'failed', 'webhook_unavailable'],
      ['inside', 'failed', 'outbound_address_refused'],
      ['broken', 'failed', 'webhook_secret_invalid'],
      ['mail', 'failed', 'smtp_unreachable'],
    ]);
  });

  const places = TARGETS.filter(({ method }) => method === 'get').map(({ name }) => name);
  it.each(Object.entries(SECRETS).flatMap(([what, secret]) => places.map((place) => [what, place, secret] as const)))(
    '%s is not in the answer of %s',
    (_what, place, secret) => {
      expect(answers.get(place)?.length).toBeGreaterThan(2);
      expect(answers.get(place)).not.toContain(secret);
    },
  );

  it.each(Object.entries(SECRETS))('%s is not in the rows of runs and steps, nor in what was logged', (_what, secret) => {
    expect(runs).toContain('webhook_secret_invalid');
    expect(runs).not.toContain(secret);
    expect(real.logged()).not.toContain(secret);
  });

  it.each(Object.entries(SECRETS))('%s is not in the error of a definition that is refused', async (_what, secret) => {
    const steps = [
      {
        id: 'one',
        type: 'webhook',
        with: { url: `http://user:${secret}@a.test/`, secret: `${secret} !`, headers: { 'x y': secret, 'x-z': `${secret}\n` } },
      },
    ];
    const saved = await real.call('post', '/automation/workflows').send({ name: 'Wrong', definition: { ...DEFINITION, steps } });
    expect(saved.body.problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(saved.body.problems)).not.toContain(secret);
    const refused = await real.call('post', `/automation/workflows/${saved.body.id}/publish`).expect(422);
    expect(refused.text).not.toContain(secret);
  });

  it.each(Object.entries(SECRETS))('%s is not in the audit log', async (_what, secret) => {
    // Of the workflow that ran: those that were refused have the secrets in an address, where no secret belongs.
    const audit = await rows(real.database, `SELECT a::text FROM automation.audit_log a WHERE target_id = '${ids.workflows}'`);
    expect(audit.length).toBeGreaterThan(2);
    expect(JSON.stringify(audit)).not.toContain(secret);
  });

  it('comes back masked from those who read it, and goes on working', async () => {
    const path = `/automation/workflows/${ids.workflows}`;
    const step = webhook('taken', `http://127.0.0.1:${taking.port}/again`, SIGNING);
    const draft = (await real.call('get', path)).body;
    const given = await real.call('patch', path).send({ revision: draft.revision, definition: { ...DEFINITION, steps: [step] } });
    expect(given.body.definition.steps[0].with).toEqual({ url: step.with.url, secret: MASK, headers: { authorization: MASK } });
    const renamed = await real
      .call('patch', path)
      .send({ revision: given.body.revision, name: 'Again', definition: given.body.definition });
    expect(renamed.body).toMatchObject({ problems: [], name: 'Again' });
    const published = await real.call('post', `${path}/publish`).expect(200);
    expect(published.body.published.definition.steps[0].with.secret).toBe(MASK);
    await real.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'created',
      record: { id: 'l-2', source: 'Web', name: 'Bob' },
    });
    await real.automation.drain();
    const call = taking.received.find(({ url }) => url === '/again');
    expect(call?.headers.authorization).toBe(TOKEN);
    expect(() => new Webhook(SIGNING).verify(call?.body ?? '', call?.headers ?? {})).not.toThrow();
  });

  it('is not sent to another address by somebody who cannot read it', async () => {
    const path = `/automation/workflows/${ids.workflows}`;
    const { revision, definition } = (await real.call('get', path)).body;
    definition.steps[0].with.url = 'https://thief.example/';
    const moved = await real.call('patch', path).send({ revision, definition }).expect(200);
    expect(moved.body.problems.map((problem: { path: string }) => problem.path)).toEqual([
      'steps[0].with.secret',
      'steps[0].with.headers.authorization',
    ]);
    await real.call('post', `${path}/publish`).expect(422);
  });
});
