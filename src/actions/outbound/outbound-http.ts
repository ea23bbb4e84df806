import type { Socket } from 'node:net';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { buildConnector } from 'undici';
import { AutomationError } from '../../core/errors.js';
import { undici } from '../libraries.js';
import { AddressGuard, type AddressGuardOptions } from './address-guard.js';
import { type CallConnector, Exchange, type OutboundResponse } from './exchange.js';
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

export type { OutboundResponse } from './exchange.js';

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

/** Ports for which a connector is kept. */
const MOST_CONNECTORS = 100;

/**
 * Calls addresses that admins write into workflows. Only http and https, only public addresses (see
 * {@link AddressGuard}), no redirects, no proxies, bounded in time and size. Responses are never decompressed.
 */
export class OutboundHttp {
  readonly guard: AddressGuard;
  private readonly connect: CallConnector;
  /** Those under way. */
  private readonly open = new Set<Exchange>();
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
    const { signal } = call;
    if (signal?.aborted) throw timedOut(url.host, signal.reason, true);
    const exchange = new Exchange(url.origin, this.connect, this.maxResponseBytes);
    let isLate = false;
    const giveUp = (): void => {
      isLate = true;
      exchange.giveUp(new Error('The time of the call is over'));
    };
    const timer = setTimeout(giveUp, call.timeoutMs ?? this.timeoutMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    this.open.add(exchange);
    try {
      return await exchange.perform({ method: call.method, path: url.pathname + url.search, headers, body: call.body ?? null });
    } catch (error) {
      if (!isLate) throw asOutboundError(error, url.host);
      throw timedOut(url.host, signal?.aborted ? signal.reason : error, !exchange.isConnected);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      this.open.delete(exchange);
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
    for (const exchange of this.open) exchange.giveUp(new Error('The application is closing'));
  }

  private connector(ca: OutboundOptions['ca']): CallConnector {
    // made once: reading the well-known certificates takes milliseconds
    const trust = ca === undefined ? {} : { secureContext: createSecureContext({ ca: [...rootCertificates, ...[ca].flat()] }) };
    // One for each port, as the guard's rules may be about ports. Made once, it resumes TLS sessions: calls to a host that
    // was called before cost neither side a full handshake. No word to keep a connection alive: it is for one call, with a clock.
    const connectors = new Map<number, buildConnector.connector>();
    const connectorFor = (port: number): buildConnector.connector => {
      const known = connectors.get(port);
      if (known) return known;
      const made = undici().buildConnector({ lookup: this.guard.lookupFor(port), timeout: 0, keepAlive: false, ...trust });
      // Admins choose the ports; there are seldom more than two.
      if (connectors.size >= MOST_CONNECTORS) connectors.clear();
      connectors.set(port, made);
      return made;
    };
    return (options, callback) => {
      const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
      const host = options.hostname.replace(/^\[(.*)\]$/, '$1');
      try {
        this.guard.check(host, port);
      } catch (refused) {
        callback(refused as Error, null);
        return null;
      }
      // undici's types keep silent about the socket that it answers with
      return connectorFor(port)({ ...options, hostname: host }, callback) as unknown as Socket;
    };
  }
}

/** Reads an address to call. Throws `outbound_url_invalid` when it is none, not http(s), or carries a user or password. */
export function outboundUrl(text: string): URL {
  const refuse = (reason: string) =>
    new AutomationError('outbound_url_invalid', `The address cannot be called: ${reason}`, {
      hint: 'Give a complete address such as https://hooks.example.com/path, without a user name in it.',
    });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse('it is not a complete URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refuse(`${url.protocol.replace(/:$/, '')} is not http or https`);
  }
  if (url.username || url.password) {
    throw refuse('it carries a user name or password');
  }
  url.hash = '';
  return url;
}
