import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { TEST_KEY } from '../../actions/support/tls.js';
import { Arrivals } from '../support/arrivals.js';
import { EXPIRED_CERTIFICATE, OTHER_HOSTS_CERTIFICATE, UNTRUSTED_CERTIFICATE, UNTRUSTED_KEY } from './bad-certificates.js';

const MEGABYTE = Buffer.alloc(1024 * 1024, 'x');

/** What a path answers the first time; afterwards it answers 200. */
const TROUBLES: Record<string, (response: ServerResponse, canary: string) => unknown> = {
  '500': (response) => response.writeHead(500).end('broken'),
  '429': (response) => response.writeHead(429, { 'retry-after': '3' }).end('slow down'),
  '410': (response) => response.writeHead(410).end('gone'),
  hang: () => undefined,
  'slow-body': (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    everySecond(response, () => response.write('x'));
  },
  'slow-head': (response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\nx-slow: ');
    everySecond(response, () => response.socket?.write('x'));
  },
  redirect: (response, canary) => response.writeHead(302, { location: canary }).end(),
  'redirect-307': (response, canary) => response.writeHead(307, { location: canary }).end(),
  gigabyte: (response) => void pour(response, 1024),
  'gigabyte-of-an-error': (response) => {
    response.statusCode = 400;
    void pour(response, 1024);
  },
  headers: (response) => {
    for (let number = 0; number < 1_000; number += 1) response.setHeader(`x-header-${number}`, 'a value of some length');
    response.writeHead(200).end();
  },
  'gzip-bomb': (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    void pipeline(megabytes(1024), createGzip(), response).catch(() => undefined);
  },
  reset: (response) => response.socket?.resetAndDestroy(),
  'reset-in-body': (response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('some of it');
    setTimeout(() => response.socket?.resetAndDestroy(), 50);
  },
};

export const HTTP_TROUBLES = Object.keys(TROUBLES);

/** A receiver in every kind of trouble, and servers whose certificates must not be accepted. */
export interface HttpTroublemaker {
  /** `http://127.0.0.1:1234`; the path names the trouble. */
  url: string;
  expired: string;
  otherHost: string;
  untrusted: string;
  /** `host:port` of each, for allow-lists. */
  hosts: string[];
  /** Not on the list: nobody may come here. */
  canary: { url: string; connections(): number };
  /** By idempotency key. */
  arrivals: Arrivals;
  close(): Promise<void>;
}

export async function httpTroublemaker(): Promise<HttpTroublemaker> {
  const arrivals = new Arrivals();
  const troubled = new Set<string>();
  let visits = 0;
  const canary = await listen(createHttpServer((_, response) => response.end('internal')).on('connection', () => (visits += 1)));
  const canaryUrl = `http://127.0.0.1:${canary.port}/secret`;
  const http = await listen(
    createHttpServer((request, response) => {
      request.resume().on('end', () => {
        arrivals.add(String(request.headers['webhook-id'] ?? ''));
        const trouble = TROUBLES[(request.url ?? '').slice(1)];
        if (trouble === undefined || troubled.has(request.url ?? '')) return response.writeHead(200).end('{}');
        troubled.add(request.url ?? '');
        trouble(response, canaryUrl);
        return response;
      });
    }),
  );
  const secure = (cert: string, key: string) =>
    listen(
      createHttpsServer({ cert, key }, (request, response) => {
        arrivals.add(String(request.headers['webhook-id'] ?? ''));
        response.end('{}');
      }),
    );
  const expired = await secure(EXPIRED_CERTIFICATE, TEST_KEY);
  const otherHost = await secure(OTHER_HOSTS_CERTIFICATE, TEST_KEY);
  const untrusted = await secure(UNTRUSTED_CERTIFICATE, UNTRUSTED_KEY);
  const all = [http, expired, otherHost, untrusted];
  return {
    url: `http://127.0.0.1:${http.port}`,
    expired: `https://127.0.0.1:${expired.port}`,
    otherHost: `https://127.0.0.1:${otherHost.port}`,
    untrusted: `https://127.0.0.1:${untrusted.port}`,
    hosts: all.map(({ port }) => `127.0.0.1:${port}`),
    canary: { url: canaryUrl, connections: () => visits },
    arrivals,
    async close() {
      await Promise.all([...all, canary].map((one) => one.close()));
    },
  };
}

function everySecond(response: ServerResponse, write: () => unknown): void {
  const timer = setInterval(write, 1_000);
  response.once('close', () => clearInterval(timer));
}

async function pour(response: ServerResponse, count: number): Promise<void> {
  // Whoever has enough hangs up: that is what is tested.
  await pipeline(megabytes(count), response).catch(() => undefined);
}

function megabytes(count: number): PassThrough {
  const stream = new PassThrough();
  void pipeline(function* () {
    for (let number = 0; number < count; number += 1) yield MEGABYTE;
  }, stream).catch(() => undefined);
  return stream;
}

async function listen(server: Server): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  // A client that refuses our certificate.
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
}
