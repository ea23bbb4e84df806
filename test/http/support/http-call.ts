import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { isDeepStrictEqual } from 'node:util';

/** What an application answered. */
export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Read as JSON where it is that; otherwise an empty object. */
  // biome-ignore lint/suspicious/noExplicitAny: looked at by what each test expects of it
  body: any;
}

/** Where and how a request goes. */
interface Destination {
  port: number;
  agent: Agent;
  method: string;
  path: string;
}

/**
 * One request, sent when it is awaited. It is told what supertest is told, as far as our tests do: of the 56 s of the processor
 * that the 12,000 requests of test/security/admin-api took, supertest was 17.
 */
export class HttpCall implements PromiseLike<HttpAnswer> {
  private readonly headers: Record<string, string> = {};
  private readonly checks: ((answer: HttpAnswer) => void)[] = [];
  private payload: string | Buffer | undefined;

  constructor(private readonly to: Destination) {}

  set(name: string, value: string): this;
  set(headers: Record<string, string>): this;
  set(given: string | Record<string, string>, value = ''): this {
    for (const [name, one] of typeof given === 'string' ? [[given, value] as const] : Object.entries(given)) {
      this.headers[name.toLowerCase()] = one;
    }
    return this;
  }

  /** Texts and bytes as they are, everything else as JSON; nothing where there is nothing. */
  send(body?: unknown): this {
    if (body === undefined) return this;
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    this.payload = isRaw ? body : JSON.stringify(body);
    if (!isRaw) this.headers['content-type'] ??= 'application/json';
    return this;
  }

  /** The promise rejects where the answer is another one. */
  expect(status: number, body?: unknown): this {
    // Begun here, so that its trace names the line of the test.
    const failure = new Error();
    this.checks.push((answer) => {
      if (answer.status === status && (body === undefined || isDeepStrictEqual(answer.body, body))) return;
      failure.message = `${this.to.method} ${this.to.path}: expected ${status}${body === undefined ? '' : ` ${JSON.stringify(body)}`}, got ${answer.status} ${answer.text}`;
      throw failure;
    });
    return this;
  }

  // biome-ignore lint/suspicious/noThenProperty: awaited like a promise, and changed until then
  then<A = HttpAnswer, B = never>(
    done?: ((answer: HttpAnswer) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.answer().then(done, failed);
  }

  private async answer(): Promise<HttpAnswer> {
    const answer = await sent(this.to, this.headers, this.payload);
    for (const check of this.checks) check(answer);
    return answer;
  }
}

function sent(to: Destination, headers: Record<string, string>, payload: string | Buffer | undefined): Promise<HttpAnswer> {
  return new Promise((done, failed) => {
    const { port, agent, method } = to;
    // What is no part of a URL is encoded; an attack's own encoding stays as it is.
    const path = to.path.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
    // Node itself frames no body of a DELETE.
    const framed = payload === undefined ? headers : { ...headers, 'content-length': Buffer.byteLength(payload) };
    const outgoing = request({ host: '127.0.0.1', port, agent, method, path, headers: framed });
    outgoing.on('error', failed);
    outgoing.on('response', (incoming) => void read(incoming).then(done, failed));
    outgoing.end(payload);
  });
}

function read(incoming: IncomingMessage): Promise<HttpAnswer> {
  return new Promise((done, failed) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', failed);
    incoming.on('end', () => {
      const { statusCode: status = 0, headers } = incoming;
      const text = Buffer.concat(chunks).toString();
      const isJson = text !== '' && /^application\/([\w.-]+\+)?json\b/.test(headers['content-type'] ?? '');
      try {
        done({ status, headers, text, body: isJson ? JSON.parse(text) : {} });
      } catch (error) {
        failed(error);
      }
    });
  });
}
