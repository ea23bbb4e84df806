import type { Socket } from 'node:net';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { buildConnector, Client, Dispatcher } from 'undici';
import { AutomationError } from '../../core/errors.js';
import { undici } from '../libraries.js';
import { AddressGuard, type AddressGuardOptions } from './address-guard.js';
import { checkedHeaders } from './headers.js';
import { asOutboundError, timedOut } from './outbound-errors.js';

/** Options of {@link OutboundHttp}. */
export interface OutboundOptions extends AddressGuardOptions {
  /** How long a call may take that does not say so itself, from the lookup to the last byte that is read, in milliseconds. Default 15,000. */
  timeoutMs?: number;
  /** How much of a response is kept; the rest is not read. In bytes, default 65,536. */
  maxResponseBytes?: number;
  /** How much may be sent in one request. In bytes, default 262,144. */
  maxRequestBytes?: number;
  /** Certificates (PEM) to trust beside the well-known ones; for receivers with a certificate authority of their own. */
  ca?: string | Buffer | (string | Buffer)[];
}

export type OutboundMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One call. */
export interface OutboundRequest {
  method: OutboundMethod;
  url: string;
  headers?: Readonly<Record<string, unknown>>;
  body?: string;
  /** The call ends when this aborts. */
  signal?: AbortSignal;
  /** How long this call may take, in milliseconds. Default: that of the options. */
  timeoutMs?: number;
}

/** What came back, whatever its status. */
export interface OutboundResponse {
  status: number;
  /** By name in small letters. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  /** True when there was more than is kept. */
  truncated: boolean;
}

/** Connects one call, until its clock ends. */
type CallConnector = (options: buildConnector.Options, clock: AbortSignal, callback: buildConnector.Callback) => void;

/** Bytes of response headers that are read before the call is given up. */
const MAX_HEADER_BYTES = 16 * 1024;
/** What a client is told that has done its call: nobody hears of it, and an error of its own for each costs what a small query does. */
const ENDED = new Error('The call has ended');
/** Ports for which a connector is kept. */
const MOST_CONNECTORS = 100;

/**
 * Calls addresses that admins write into workflows. Only http and https, only public addresses (see
 * {@link AddressGuard}), no redirects, no proxies, bounded in time and size. Responses are never decompressed.
 */
export class OutboundHttp {
  readonly guard: AddressGuard;
  private readonly connect: CallConnector;
  /** Those of the calls under way. */
  private readonly clients = new Set<Client>();
  private readonly timeoutMs: number;
  private readonly maxResponseBytes: number;
  private readonly maxRequestBytes: number;

  constructor(options: OutboundOptions = {}) {
    this.guard = new AddressGuard(options);
    this.timeoutMs = options.timeoutMs ?? 15_000;
    this.maxResponseBytes = options.maxResponseBytes ?? 64 * 1024;
    this.maxRequestBytes = options.maxRequestBytes ?? 256 * 1024;
    this.connect = this.connector(options.ca);
  }

  /**
   * Sends a request and reads the beginning of what comes back. Any status is an answer; an error means that there was
   * none: `outbound_url_invalid`, `outbound_port_refused`, `outbound_address_refused`, `outbound_headers_invalid`,
   * `outbound_body_too_large`, `outbound_dns_failed`, `outbound_connection_failed`, `outbound_tls_failed`,
   * `outbound_timeout`, `outbound_response_invalid`.
   */
  async send(call: OutboundRequest): Promise<OutboundResponse> {
    const { url, headers } = this.prepared(call);
    const clock = new AbortController();
    const stop = () => clock.abort();
    const timer = setTimeout(stop, call.timeoutMs ?? this.timeoutMs);
    call.signal?.addEventListener('abort', stop, { once: true });
    const progress = { isConnected: false };
    const client = this.clientFor(url, clock.signal, progress);
    try {
      if (call.signal?.aborted) {
        stop();
      }
      const response = await undici().request(url, {
        dispatcher: client,
        method: call.method,
        headers,
        body: call.body ?? null,
        signal: clock.signal,
      });
      return await this.read(response);
    } catch (error) {
      if (!clock.signal.aborted) throw asOutboundError(error, url.host);
      throw timedOut(url.host, call.signal?.aborted ? call.signal.reason : error, !progress.isConnected);
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', stop);
      this.clients.delete(client);
      await client.destroy(ENDED);
      // a connection that is still being made is not the client's yet
      if (!progress.isConnected) stop();
    }
  }

  /** Returns the request that {@link send} would send, without asking anybody: a name is looked up when it is called. */
  preview(call: OutboundRequest): { method: OutboundMethod; url: string; headers: Record<string, string>; body: string | null } {
    const { url, headers } = this.prepared(call);
    this.guard.check(url.hostname.replace(/^\[(.*)\]$/, '$1'), Number(url.port) || (url.protocol === 'https:' ? 443 : 80));
    return { method: call.method, url: url.href, headers, body: call.body ?? null };
  }

  private prepared(call: OutboundRequest): { url: URL; headers: Record<string, string> } {
    const url = outboundUrl(call.url);
    const headers = { 'accept-encoding': 'identity', ...checkedHeaders(call.headers ?? {}) };
    if (call.body !== undefined && Buffer.byteLength(call.body) > this.maxRequestBytes) {
      throw new AutomationError('outbound_body_too_large', `The request to ${url.host} is larger than ${this.maxRequestBytes} bytes`, {
        hint: 'Send less: name the fields that the receiver needs instead of the whole record.',
      });
    }
    return { url, headers };
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    await Promise.all([...this.clients].map((client) => client.destroy()));
  }

  /**
   * A connection for each call: one that the far side closes while it idles would fail a POST that cannot be told from a lost
   * one. The call's own clock is the only one: it ends connecting as it ends waiting and reading.
   */
  private clientFor(url: URL, clock: AbortSignal, progress: { isConnected: boolean }): Client {
    const client = new (undici().Client)(url.origin, {
      connect: (options, callback) =>
        this.connect(options, clock, (...result) => {
          progress.isConnected = result[0] === null;
          callback(...result);
        }),
      pipelining: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.clients.add(client);
    return client;
  }

  private async read(response: Dispatcher.ResponseData): Promise<OutboundResponse> {
    const chunks: Buffer[] = [];
    let size = 0;
    let truncated = false;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      const room = this.maxResponseBytes - size;
      truncated = chunk.length > room;
      chunks.push(truncated ? chunk.subarray(0, room) : chunk);
      size += Math.min(chunk.length, room);
      if (truncated) {
        // leaving the loop destroys the body and with it the connection: the rest is never read
        break;
      }
    }
    return { status: response.statusCode, headers: flatHeaders(response.headers), body: Buffer.concat(chunks), truncated };
  }

  private connector(ca: OutboundOptions['ca']): CallConnector {
    // made once: reading the well-known certificates takes milliseconds
    const trust = ca === undefined ? {} : { secureContext: createSecureContext({ ca: [...rootCertificates, ...[ca].flat()] }) };
    // One for each port, as the guard's rules may be about ports. Made once, it resumes TLS sessions: calls to a host that
    // was called before cost neither side a full handshake.
    const connectors = new Map<number, buildConnector.connector>();
    const connectorFor = (port: number): buildConnector.connector => {
      const known = connectors.get(port);
      if (known) return known;
      const made = undici().buildConnector({ lookup: this.guard.lookupFor(port), timeout: 0, ...trust });
      // Admins choose the ports; there are seldom more than two.
      if (connectors.size >= MOST_CONNECTORS) connectors.clear();
      connectors.set(port, made);
      return made;
    };
    return (options, clock, callback) => {
      const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
      const host = options.hostname.replace(/^\[(.*)\]$/, '$1');
      try {
        this.guard.check(host, port);
      } catch (refused) {
        callback(refused as Error, null);
        return;
      }
      // undici's types keep silent about the socket that it answers with
      const socket = connectorFor(port)({ ...options, hostname: host }, callback) as unknown as Socket;
      // with an error: undici lets a call wait for its connection whatever the call's signal says
      clock.addEventListener('abort', () => socket.destroy(new Error('The time of the call is over')), { once: true });
    };
  }
}

/** Reads an address to call. Throws `outbound_url_invalid` when it is none, not http(s), or carries a user or password. */
export function outboundUrl(text: string): URL {
  const refuse = (reason: string) =>
    new AutomationError('outbound_url_invalid', `The address cannot be called: ${reason}`, {
      hint: 'Give a complete address such as https://hooks.example.com/path, without a user name in it.',
    });
  if (!URL.canParse(text)) {
    throw refuse('it is not a complete URL');
  }
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refuse(`${url.protocol.replace(/:$/, '')} is not http or https`);
  }
  if (url.username || url.password) {
    throw refuse('it carries a user name or password');
  }
  url.hash = '';
  return url;
}

function flatHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) {
      Object.defineProperty(flat, name, { value: Array.isArray(value) ? value.join(', ') : value, enumerable: true });
    }
  }
  return flat;
}
