import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { httpPeer, Peers } from '../actions/support/peers.js';
import { DEFINITION } from '../http/support/admin-app.js';
import { rows } from '../http/support/seed.js';
import { type RealApp, startRealApp } from './support/real-app.js';
import { type Ids, pathOf, TARGETS } from './support/routes.js';

// What a webhook keeps secret (its signing secret, its headers) and what the host does (the mail server's password), looked
// for everywhere that people and programs can read.

const SIGNING = `whsec_${Buffer.from('the signing secret of a receiver').toString('base64')}`;
const TOKEN = 'Bearer token-of-the-receiver';
const BROKEN = 'a secret that cannot sign !!!';
const PASSWORD = 'password-of-the-mail-server';
const SECRETS = {
  'the signing secret': SIGNING,
  'a header': TOKEN,
  'a secret that cannot sign': BROKEN,
  'the password of the mail server': PASSWORD,
};

const webhook = (id: string, url: string, secret: string) => ({
  id,
  type: 'webhook',
  with: { url, secret, headers: { authorization: TOKEN } },
  onError: 'continue',
  retry: { maxAttempts: 1 },
});

describe('a secret', () => {
  const peers = new Peers();
  let real: RealApp;
  let ids: Ids;
  let runs: string;
  const answers = new Map<string, string>();

  beforeAll(async () => {
    const taking = peers.add(await httpPeer((_request, response) => response.end('ok')));
    const refusing = peers.add(await httpPeer((_request, response) => response.writeHead(500).end('no')));
    real = await startRealApp({
      outbound: { allow: ['127.0.0.1'] },
      mail: { transport: `smtp://crm:${PASSWORD}@127.0.0.1:1`, from: 'crm@acme.test' },
    });
    const origin = ({ port }: { port: number }) => `http://127.0.0.1:${port}/`;
    const steps = [
      webhook('taken', origin(taking), SIGNING),
      webhook('refused', origin(refusing), SIGNING),
      webhook('inside', 'http://{{default context.none "10.0.0.1"}}/', SIGNING),
      webhook('broken', origin(taking), `{{default context.none "${BROKEN}"}}`),
      { id: 'mail', type: 'send_email', with: { to: 'a@b.test', subject: 'x', text: 'x' }, onError: 'continue', retry: { maxAttempts: 1 } },
    ];
    const created = await real.call('post', '/automation/workflows').send({ name: 'Secrets', definition: { ...DEFINITION, steps } });
    expect(created.body.problems).toEqual([]);
    await real.call('post', `/automation/workflows/${created.body.id}/publish`).expect(200);
    await real
      .call('patch', `/automation/workflows/${created.body.id}`)
      .send({ revision: 1, definition: { ...DEFINITION, steps: steps.slice(1) } });
    await real.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'created',
      record: { id: 'l-1', source: 'Web', name: 'Ann' },
    });
    await real.automation.drain();
    const run = (await real.call('get', '/automation/runs')).body.items[0];
    ids = { workflows: created.body.id, runs: run.id, events: (await real.call('get', '/automation/events')).body.items[0].id };
    for (const target of TARGETS.filter(({ method }) => method === 'get')) {
      const answer = await real.call('get', pathOf(target, ids)).expect(200);
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

  const places = TARGETS.filter(({ method, name }) => method === 'get' && name !== 'get /automation/workflows/:id').map(({ name }) => name);
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

  // Known defects: a definition is kept, shown and audited as it was written, secrets in clear. Once these pass, jest says so.
  it.failing.each([
    ['the signing secret', SIGNING],
    ['a header', TOKEN],
  ])('%s is not in the answer of GET workflows/:id', (_what, secret) => {
    expect(answers.get('get /automation/workflows/:id')).not.toContain(secret);
  });

  it.failing.each([
    ['the signing secret', SIGNING],
    ['a header', TOKEN],
  ])('%s is not in the audit log', async (_what, secret) => {
    const audit = await rows(real.database, 'SELECT a::text FROM automation.audit_log a');
    expect(JSON.stringify(audit)).not.toContain(secret);
  });
});
