import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { retryAfter } from '../../src/actions/outbound/answer.js';
import { OutboundHttp } from '../../src/actions/outbound/outbound-http.js';
import { describeAction, maskArguments, prepareArguments } from '../../src/actions/prepare-arguments.js';
import { webhook } from '../../src/actions/webhook.js';
import type { AutomationError } from '../../src/core/errors.js';
import type { JsonObject } from '../../src/core/json.js';
import { eventually } from '../support/eventually.js';
import { httpPeer, Peers, type Received, rejection } from './support/peers.js';
import { externalStep, LEADS, NOW, scopeOf } from './support/steps.js';

const SECRET = `whsec_${Buffer.from('a secret of more than 24 bytes').toString('base64')}`;

const peers = new Peers();
afterEach(() => peers.close());

async function call(args: JsonObject, answer: (response: ServerResponse, request: Received) => void = (response) => response.end()) {
  const peer = peers.add(await httpPeer((request, response) => answer(response, request)));
  const step = externalStep([peers.add(new OutboundHttp({ allow: ['127.0.0.1'] }))]);
  const prepared = prepareArguments(webhook, { url: `http://127.0.0.1:${peer.port}/hook`, ...args }, step.scope);
  return { outcome: webhook.execute(prepared, step), received: peer.received };
}

const answering =
  (status: number, headers: Record<string, string> = {}, body = '') =>
  (response: ServerResponse) => {
    response.writeHead(status, headers).end(body);
  };

describe('what a webhook sends', () => {
  it('is a POST of JSON with the values of the record, their types kept', async () => {
    const { outcome, received } = await call({
      body: { name: '{{record.name}}', amount: '{{record.amount}}', text: 'is {{record.amount}}' },
    });
    await outcome;
    expect(received).toMatchObject([{ method: 'POST', url: '/hook', headers: { 'content-type': 'application/json' } }]);
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({ name: 'Ann <b>Lee</b>', amount: 10.1, text: 'is 10.1' });
  });

  it('is a text as it is, and has the headers and method of the step', async () => {
    const { outcome, received } = await call({
      method: 'PATCH',
      body: 'plain {{record.id}}',
      headers: { 'X-Amount': '{{record.amount}}', Accept: 'text/csv' },
    });
    await outcome;
    expect(received).toMatchObject([
      {
        method: 'PATCH',
        body: 'plain l-1',
        headers: { 'x-amount': '10.1', accept: 'text/csv', 'content-type': 'text/plain; charset=utf-8' },
      },
    ]);
  });

  it('is a content type of the step where it gives one, and no body where it gives none', async () => {
    const typed = await call({ body: { a: 1 }, headers: { 'Content-Type': 'application/cloudevents+json' } });
    await typed.outcome;
    expect(typed.received[0]?.headers['content-type']).toBe('application/cloudevents+json');
    const empty = await call({ method: 'GET' });
    await empty.outcome;
    expect(empty.received[0]?.body).toBe('');
    expect(empty.received[0]?.headers).not.toHaveProperty('content-type');
  });

  it('carries the idempotency key, and a signature that the receiver can verify', async () => {
    const { outcome, received } = await call({ body: { id: '{{record.id}}' }, secret: SECRET });
    await outcome;
    const [request] = received;
    expect(request?.headers['webhook-id']).toBe('run-1.hello');
    expect(new Webhook(SECRET).verify(request?.body ?? '', request?.headers ?? {})).toEqual({ id: 'l-1' });
    expect(() => new Webhook(SECRET).verify(`${request?.body} `, request?.headers ?? {})).toThrow();
  });

  it('carries the key without a secret, too, and signs an empty body', async () => {
    const unsigned = await call({});
    await unsigned.outcome;
    expect(unsigned.received[0]?.headers).toMatchObject({ 'webhook-id': 'run-1.hello' });
    expect(unsigned.received[0]?.headers).not.toHaveProperty('webhook-signature');
    const signed = await call({ method: 'GET', secret: SECRET });
    await signed.outcome;
    expect(() => new Webhook(SECRET).verify('', signed.received[0]?.headers ?? {})).not.toThrow();
  });

  it('is nothing when a header of the record would break out or forge the id', async () => {
    const broken = await call({ headers: { 'x-name': 'a\r\nx-evil: {{record.id}}' } });
    expect(await rejection(broken.outcome)).toMatchObject({ code: 'arguments_invalid' });
    const forged = await call({ headers: { 'Webhook-Id': 'x' } });
    expect(await rejection(forged.outcome)).toMatchObject({ code: 'arguments_invalid' });
    expect([...broken.received, ...forged.received]).toEqual([]);
  });

  it('may take as long as the step says, whatever is usual', async () => {
    const answers: (() => void)[] = [];
    const peer = peers.add(await httpPeer((_request, response) => void answers.push(() => response.end())));
    const http = peers.add(new OutboundHttp({ allow: ['127.0.0.1'], timeoutMs: 50 }));
    const [patient, usual] = [externalStep([http], { timeoutMs: 60_000 }), externalStep([http])];
    const args = prepareArguments(webhook, { url: `http://127.0.0.1:${peer.port}/hook` }, usual.scope);
    const outcome = webhook.execute(args, patient);
    await eventually(() => expect(answers).toHaveLength(1));
    // a usual call, that began later, is over before the receiver answers
    expect(await rejection(webhook.execute(args, usual) as Promise<unknown>)).toMatchObject({ code: 'outbound_timeout' });
    answers[0]?.();
    expect(await outcome).toMatchObject({ status: 200 });
  });

  it('has what the record holds encoded for its place in the URL', async () => {
    const peer = peers.add(await httpPeer((_request, response) => response.end()));
    const step = externalStep([peers.add(new OutboundHttp({ allow: ['127.0.0.1'] }))]);
    const url = `http://127.0.0.1:${peer.port}/{{record.name}}/x?n={{record.name}}&m={{url record.name}}`;
    await webhook.execute(prepareArguments(webhook, { url }, step.scope), step);
    const name = 'Ann%20%3Cb%3ELee%3C%2Fb%3E';
    expect(peer.received.map((request) => request.url)).toEqual([`/${name}/x?n=${name}&m=${name}`]);
  });

  it('is nothing when the secret cannot sign', async () => {
    const { outcome, received } = await call({ secret: 'not base64!' });
    expect(await rejection(outcome)).toMatchObject({ code: 'webhook_secret_invalid', retry: { kind: 'permanent' } });
    expect(received).toEqual([]);
  });
});

describe('what a webhook makes of the answer', () => {
  it('keeps JSON as JSON', async () => {
    const { outcome } = await call(
      {},
      answering(201, { 'content-type': 'application/problem+json; charset=utf-8' }, '{"id":7,"__proto__":{"x":1}}'),
    );
    expect(await outcome).toEqual({ status: 201, body: { id: 7 } });
  });

  it('keeps other answers as text that can be stored', async () => {
    const { outcome } = await call({}, answering(200, { 'content-type': 'text/plain' }, 'grüße \0 you'));
    expect(await outcome).toEqual({ status: 200, body: 'grüße \ufffd you' });
    const broken = await call({}, answering(200, { 'content-type': 'application/json' }, '{"id":'));
    expect(await broken.outcome).toEqual({ status: 200, body: '{"id":' });
    const empty = await call({}, answering(204));
    expect(await empty.outcome).toEqual({ status: 204, body: null });
  });

  it('keeps 64 KB, says that there was more, and does not keep what is compressed', async () => {
    const large = await call({}, answering(200, { 'content-type': 'application/json' }, JSON.stringify('x'.repeat(100_000))));
    const output = (await large.outcome) as { body: string; truncated: boolean };
    expect(output.truncated).toBe(true);
    expect(output.body).toHaveLength(64 * 1024);
    const packed = await call({}, answering(200, { 'content-encoding': 'gzip' }, 'not for us'));
    expect(await packed.outcome).toEqual({ status: 200, body: null });
  });

  it('takes the expected statuses as success, and only those', async () => {
    const conflict = await call({ expectedStatus: [200, 409] }, answering(409));
    expect(await conflict.outcome).toMatchObject({ status: 409 });
    const accepted = await call({ expectedStatus: [200, 409] }, answering(202));
    expect(await rejection(accepted.outcome)).toMatchObject({ code: 'webhook_rejected', details: { status: 202 } });
  });

  it.each([
    [500, 'webhook_unavailable'],
    [502, 'webhook_unavailable'],
    [503, 'webhook_unavailable'],
    [408, 'webhook_unavailable'],
    [425, 'webhook_unavailable'],
    [429, 'webhook_rate_limited'],
  ])('takes %d as a failure that may pass', async (status, code) => {
    const { outcome } = await call({}, answering(status, {}, 'try later'));
    expect(await rejection(outcome)).toMatchObject({ code, retry: { kind: 'transient' }, details: { status, body: 'try later' } });
  });

  it.each([400, 401, 403, 404, 410, 422])('takes %d as a failure for good', async (status) => {
    const { outcome } = await call({}, answering(status, { 'content-type': 'application/json' }, '{"error":"no"}'));
    const error = await rejection<AutomationError>(outcome);
    expect(error).toMatchObject({ code: 'webhook_rejected', retry: { kind: 'permanent' }, details: { status, body: '{"error":"no"}' } });
    expect(error.hint).toBeTruthy();
  });

  it('takes a redirect as a failure for good that names the address', async () => {
    const { outcome } = await call({}, answering(301, { location: 'https://new.acme.test/hook' }));
    expect(await rejection(outcome)).toMatchObject({ code: 'webhook_redirected', details: { location: 'https://new.acme.test/hook' } });
    const nowhere = await call({}, answering(304));
    expect(await rejection(nowhere.outcome)).toMatchObject({ code: 'webhook_redirected' });
  });

  it('honours Retry-After on 429 and 503, and there alone', async () => {
    const limited = await call({}, answering(429, { 'retry-after': '120' }));
    expect(await rejection(limited.outcome)).toMatchObject({ retry: { kind: 'transient', retryAfterMs: 120_000 } });
    const down = await call({}, answering(503, { 'retry-after': '5' }));
    expect(await rejection(down.outcome)).toMatchObject({ retry: { retryAfterMs: 5_000 } });
    const broken = await call({}, answering(500, { 'retry-after': '5' }));
    expect((await rejection<AutomationError>(broken.outcome)).retry).toEqual({ kind: 'transient' });
  });

  it.each([
    ['30', 30_000],
    [' 0 ', 0],
    ['Sat, 29 Mar 2025 09:01:00 GMT', 60_000],
    ['Sat, 29 Mar 2025 08:00:00 GMT', 0],
    ['-5', undefined],
    ['soon', undefined],
    ['2025', 2_025_000],
    ['', undefined],
    [undefined, undefined],
  ])('reads Retry-After %j as %j ms', (header, expected) => {
    expect(retryAfter(header, NOW)).toBe(expected);
  });
});

describe('a webhook in a definition', () => {
  const problems = (args: JsonObject) => describeAction(webhook).check(args, { module: LEADS });

  it('is checked as far as it is known', () => {
    expect(
      problems({ url: 'https://acme.test/{{record.id}}', secret: '{{context.secret}}', headers: { 'x-a': '{{record.name}}' } }),
    ).toEqual([]);
    expect(problems({ url: 'ftp://acme.test' })).toMatchObject([{ path: 'url' }]);
    expect(problems({ url: 'https://u:p@acme.test' })).toMatchObject([{ path: 'url' }]);
    expect(problems({ url: 'https://acme.test', secret: '***' })).toMatchObject([{ path: 'secret' }]);
    expect(problems({ url: 'https://acme.test', headers: { 'webhook-signature': 'x', 'a b': 'c' } })).toMatchObject([
      { path: 'headers.webhook-signature' },
      { path: 'headers' },
    ]);
    expect(problems({ url: 'https://acme.test', method: 'TRACE', expectedStatus: [99] }).map(({ path }) => path)).toEqual([
      'method',
      'expectedStatus',
    ]);
    expect(problems({})).toMatchObject([{ path: 'url' }]);
  });

  it('does not show its secret and the values of its headers in logs', () => {
    const args = prepareArguments(
      webhook,
      { url: 'https://acme.test', secret: '{{context.secret}}', headers: { authorization: 'Bearer hunter2' } },
      scopeOf(undefined, { context: { secret: SECRET } }),
    );
    const shown = JSON.stringify(maskArguments(webhook, args));
    expect(shown).toContain('authorization');
    expect(shown).not.toContain('hunter2');
    expect(shown).not.toContain(SECRET);
  });
});
