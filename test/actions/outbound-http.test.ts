import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { createGzip } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { asOutboundError } from '../../src/actions/outbound/outbound-errors.js';
import { OutboundHttp, type OutboundOptions } from '../../src/actions/outbound/outbound-http.js';
import type { AutomationError } from '../../src/core/errors.js';
import { eventually } from '../support/eventually.js';
import { httpPeer, Peers, rejection, tcpPeer } from './support/peers.js';
import { TEST_CERTIFICATE } from './support/tls.js';

const peers = new Peers();
afterEach(() => peers.close());

const outbound = (options: OutboundOptions = {}) => peers.add(new OutboundHttp({ allow: ['127.0.0.1'], ...options }));
const get = (port: number, path = '/') => ({ method: 'GET' as const, url: `http://127.0.0.1:${port}${path}` });
const MEGABYTE = Buffer.alloc(1024 * 1024, 'x');

describe('calls', () => {
  it('send method, headers and body, and bring back status, headers and body', async () => {
    const peer = peers.add(
      await httpPeer((_request, response) => {
        response.writeHead(418, { 'content-type': 'text/plain', 'x-list': ['a', 'b'] });
        response.end('short and stout');
      }),
    );
    const response = await outbound().send({
      method: 'PUT',
      url: `http://127.0.0.1:${peer.port}/tea?x=1#top`,
      headers: { 'X-Count': 3, 'x-flag': true },
      body: '{"tea":"grün"}',
    });
    expect(response).toMatchObject({ status: 418, truncated: false, headers: { 'content-type': 'text/plain', 'x-list': 'a, b' } });
    expect(response.body.toString()).toBe('short and stout');
    expect(peer.received).toMatchObject([
      {
        method: 'PUT',
        url: '/tea?x=1',
        body: '{"tea":"grün"}',
        headers: { 'x-count': '3', 'x-flag': 'true', 'accept-encoding': 'identity' },
      },
    ]);
  });

  it('open a connection of their own each, so that none dies on one that the far side is closing', async () => {
    const peer = peers.add(await httpPeer((_request, response) => response.end('ok')));
    const http = outbound();
    await http.send(get(peer.port));
    await http.send(get(peer.port));
    expect(peer.received.map((request) => request.headers.connection)).toEqual(['close', 'close']);
  });

  it('go over TLS to a host by its name, with the certificate checked', async () => {
    const peer = peers.add(await httpPeer((_request, response) => response.end('safe'), { secure: true }));
    const toLoopback = {
      lookup: (_host: string, _options: unknown, done: (error: null, found: { address: string; family: number }[]) => void) =>
        done(null, [{ address: '127.0.0.1', family: 4 }]),
    } as OutboundOptions;
    const url = `https://hooks.acme.test:${peer.port}/`;
    const trusting = outbound({ ...toLoopback, allow: ['hooks.acme.test'], ca: TEST_CERTIFICATE });
    expect((await trusting.send({ method: 'GET', url })).body.toString()).toBe('safe');

    const strict = outbound({ ...toLoopback, allow: ['hooks.acme.test', 'other.acme.test'] });
    expect(await rejection(strict.send({ method: 'GET', url }))).toMatchObject({
      code: 'outbound_tls_failed',
      retry: { kind: 'permanent' },
    });

    const misnamed = outbound({ ...toLoopback, allow: ['other.acme.test'], ca: TEST_CERTIFICATE });
    expect(await rejection(misnamed.send({ method: 'GET', url: url.replace('hooks', 'other') }))).toMatchObject({
      code: 'outbound_tls_failed',
      details: { reason: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    expect(peer.received).toHaveLength(1);
  });

  it('resume the TLS session of an earlier call, on a connection of their own all the same', async () => {
    const resumed: boolean[] = [];
    const answer = (_request: unknown, response: ServerResponse, raw: IncomingMessage) => {
      resumed.push((raw.socket as TLSSocket).isSessionReused());
      response.end('ok');
    };
    const peer = peers.add(await httpPeer(answer, { secure: true }));
    const http = outbound({ ca: TEST_CERTIFICATE });
    for (let call = 0; call < 2; call += 1) await http.send({ method: 'GET', url: `https://127.0.0.1:${peer.port}/` });
    expect(resumed).toEqual([false, true]);
  });

  it('say so when the far side does not speak TLS', async () => {
    const peer = peers.add(await tcpPeer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const error = await rejection(outbound().send({ method: 'GET', url: `https://127.0.0.1:${peer.port}/` }));
    expect(error).toMatchObject({ code: 'outbound_tls_failed', retry: { kind: 'transient' } });
  });
});

describe('what a request may carry', () => {
  it.each([
    ['text that is not Latin-1', { 'x-name': 'Жук' }],
    ['an empty name', { '': 'a' }],
    ['a list', { 'x-name': ['a', 'b'] }],
    ['nothing', { 'x-name': null }],
    ['too many headers', Object.fromEntries(Array.from({ length: 51 }, (_each, index) => [`x-${index}`, '1']))],
    ['too large headers', { 'x-name': 'x'.repeat(9_000) }],
  ])('%s is refused', async (_what, headers) => {
    const error = await rejection<AutomationError>(outbound().send({ ...get(8080), headers }));
    expect(error).toMatchObject({ code: 'outbound_headers_invalid', retry: { kind: 'permanent' } });
    expect(error.problems?.length).toBeGreaterThan(0);
  });

  it('a body beyond the limit is refused', async () => {
    const error = await rejection(outbound({ maxRequestBytes: 10 }).send({ ...get(8080), method: 'POST', body: 'grüße grüße' }));
    expect(error).toMatchObject({ code: 'outbound_body_too_large' });
  });
});

describe('what an exception of a call means', () => {
  const coded = (code: string) => Object.assign(new Error(code), { code });

  it.each([
    ['a name service that fails', coded('EAI_AGAIN'), 'outbound_dns_failed', 'transient'],
    ['a connection that takes too long', coded('UND_ERR_CONNECT_TIMEOUT'), 'outbound_timeout', 'transient'],
    ['a certificate that has run out', coded('CERT_HAS_EXPIRED'), 'outbound_tls_failed', 'permanent'],
    ['a handshake that fails', coded('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), 'outbound_tls_failed', 'transient'],
    [
      'several addresses that all refuse',
      new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]),
      'outbound_connection_failed',
      'transient',
    ],
    ['a cause inside', new TypeError('fetch failed', { cause: coded('ENOTFOUND') }), 'outbound_dns_failed', 'transient'],
    ['anything else', new Error('odd'), 'outbound_connection_failed', 'ambiguous'],
    ['no error at all', undefined, 'outbound_connection_failed', 'ambiguous'],
  ])('%s', (_what, error, code, kind) => {
    expect(asOutboundError(error, 'acme.test')).toMatchObject({ code, retry: { kind } });
  });
});

describe('receivers that misbehave', () => {
  it('have 64 KB of a gigabyte kept and the connection dropped', async () => {
    let sent = 0;
    let dropped: () => void = () => undefined;
    const isDropped = new Promise<void>((resolve) => {
      dropped = resolve;
    });
    const peer = peers.add(
      await httpPeer((_request, response) => {
        response.on('close', dropped);
        const more = () => {
          while (sent < 1024 && !response.destroyed) {
            sent += 1;
            if (!response.write(MEGABYTE)) {
              response.once('drain', more);
              return;
            }
          }
        };
        more();
      }),
    );
    const response = await outbound().send(get(peer.port));
    expect(response.body).toHaveLength(64 * 1024);
    expect(response.truncated).toBe(true);
    await isDropped;
    expect(sent).toBeLessThan(64);
  });

  it('do not get a gzip bomb unpacked', async () => {
    const peer = peers.add(
      await httpPeer((_request, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        const gzip = createGzip();
        gzip.pipe(response);
        for (let megabytes = 0; megabytes < 20; megabytes += 1) {
          gzip.write(MEGABYTE);
        }
        gzip.end();
      }),
    );
    const response = await outbound().send(get(peer.port));
    expect(response.body.length).toBeLessThanOrEqual(64 * 1024);
    expect(response.headers['content-encoding']).toBe('gzip');
  });

  it('are left when they hang', async () => {
    const peer = peers.add(await tcpPeer(() => undefined));
    const error = await rejection(outbound({ timeoutMs: 50 }).send(get(peer.port)));
    expect(error).toMatchObject({ code: 'outbound_timeout', retry: { kind: 'ambiguous' } });
  });

  it('get as long as the call says, whatever is usual: to be found, to be connected to, to answer, to say all', async () => {
    const steps: (() => void)[] = [];
    /** Goes on with the call when a usual one, that began after it, has run out of time. */
    const later = (goOn: () => void) => void steps.push(goOn);
    const peer = peers.add(
      await httpPeer((_request, response) =>
        later(() => {
          response.writeHead(200).write('be');
          later(() => response.end('gun'));
        }),
      ),
    );
    const silent = peers.add(await tcpPeer(() => undefined));
    const lookup = ((_host: string, _options: unknown, done: (error: null, found: { address: string; family: number }[]) => void) =>
      later(() => done(null, [{ address: '127.0.0.1', family: 4 }]))) as OutboundOptions['lookup'];
    const http = outbound({ timeoutMs: 50, lookup, allow: ['127.0.0.1', 'slow.acme.test'] });
    const answer = http.send({ method: 'GET', url: `http://slow.acme.test:${peer.port}/`, timeoutMs: 60_000 });
    for (let phase = 0; phase < 3; phase += 1) {
      await eventually(() => expect(steps).toHaveLength(1));
      expect(await rejection(http.send(get(silent.port)))).toMatchObject({ code: 'outbound_timeout' });
      steps.shift()?.();
    }
    expect((await answer).body.toString()).toBe('begun');
  });

  it('have got nothing when the time is over before a connection is made, which is then given up', async () => {
    let dropped = 0;
    const mute = peers.add(await tcpPeer((socket) => void socket.resume().on('close', () => (dropped += 1))));
    const error = await rejection(
      outbound({ timeoutMs: 60_000 }).send({ method: 'POST', url: `https://127.0.0.1:${mute.port}/`, timeoutMs: 50 }),
    );
    expect(error).toMatchObject({
      code: 'outbound_timeout',
      retry: { kind: 'transient' },
      hint: expect.stringContaining('nothing was sent'),
    });
    await eventually(() => expect(dropped).toBe(1));
  });

  it('are let go when the module closes', async () => {
    const peer = peers.add(await httpPeer(() => undefined));
    const http = outbound();
    const failure = rejection(http.send(get(peer.port)));
    await eventually(() => expect(peer.received).toHaveLength(1));
    await http.close();
    expect(await failure).toMatchObject({ code: 'outbound_connection_failed', retry: { kind: 'ambiguous' } });
  });

  it('are left when they send a byte now and then, at the moment the step has to end', async () => {
    const step = new AbortController();
    const peer = peers.add(
      await httpPeer((_request, response) => {
        response.writeHead(200);
        const timer = setInterval(() => {
          response.write('x');
          step.abort();
        }, 5);
        response.on('close', () => clearInterval(timer));
      }),
    );
    const error = await rejection(outbound().send({ ...get(peer.port), signal: step.signal }));
    expect(error).toMatchObject({ code: 'outbound_timeout', retry: { kind: 'ambiguous' } });
  });

  it('are not called when the step has ended before', async () => {
    const peer = peers.add(await httpPeer((_request, response) => response.end()));
    const error = await rejection(outbound().send({ ...get(peer.port), signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'outbound_timeout' });
    expect(peer.received).toEqual([]);
  });

  it('are a lost connection when they close or reset it', async () => {
    const closing = peers.add(await tcpPeer((socket) => socket.once('data', () => socket.end())));
    const resetting = peers.add(await tcpPeer((socket) => socket.once('data', () => socket.resetAndDestroy())));
    const midway = peers.add(
      await tcpPeer((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'))),
    );
    for (const peer of [closing, resetting, midway]) {
      const error = await rejection(outbound().send(get(peer.port)));
      expect(error).toMatchObject({ code: 'outbound_connection_failed', retry: { kind: 'ambiguous' } });
    }
  });

  it('are a refused connection when nobody listens', async () => {
    const peer = await tcpPeer(() => undefined);
    await peer.close();
    const error = await rejection(outbound().send(get(peer.port)));
    expect(error).toMatchObject({ code: 'outbound_connection_failed', details: { reason: 'ECONNREFUSED' }, retry: { kind: 'transient' } });
  });

  it.each([
    [
      'a thousand long headers',
      `HTTP/1.1 200 OK\r\n${Array.from({ length: 1000 }, (_each, index) => `x-header-number-${index}: value\r\n`).join('')}\r\n`,
    ],
    ['another protocol', '220 mail.acme.test ESMTP\r\n'],
    ['a line break inside the status', 'HTTP/1.1 2\r\n00 OK\r\n\r\n'],
  ])('are told apart when they answer with %s', async (_what, answer) => {
    const peer = peers.add(await tcpPeer((socket) => socket.once('data', () => socket.end(answer))));
    const error = await rejection(outbound().send(get(peer.port)));
    expect(error).toMatchObject({ code: 'outbound_response_invalid', retry: { kind: 'permanent' } });
  });

  it('cannot smuggle a member of Object into the headers', async () => {
    const peer = peers.add(
      await tcpPeer((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y\r\ncontent-length: 0\r\n\r\n')),
      ),
    );
    const response = await outbound().send(get(peer.port));
    expect(Object.getPrototypeOf(response.headers)).toBe(Object.prototype);
    expect(response.headers).not.toHaveProperty('polluted');
  });
});
