import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { TEST_CERTIFICATE, TEST_KEY } from './tls.js';

/** One request as a receiver got it. */
export interface Received {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Something that listens on loopback and is closed after the test. */
export interface Peer {
  port: number;
  close(): Promise<void>;
}

/** A real HTTP or HTTPS receiver that keeps what it gets. */
export async function httpPeer(
  answer: (request: Received, response: ServerResponse, raw: IncomingMessage) => void,
  options: { secure?: boolean } = {},
): Promise<Peer & { received: Received[] }> {
  const received: Received[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const got = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks).toString(),
      };
      received.push(got);
      answer(got, response, request);
    });
  };
  const server = options.secure ? createHttpsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, listener) : createHttpServer(listener);
  return { ...(await listening(server)), received };
}

/** A peer that speaks bytes, to misbehave in ways no server would. */
export async function tcpPeer(onConnection: (socket: Socket) => void): Promise<Peer & { connections: number }> {
  const state = { connections: 0 };
  const server = createServer((socket) => {
    state.connections += 1;
    // a reset by the far side is what some tests are about
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  const peer = await listening(server);
  return Object.defineProperty(peer as Peer & { connections: number }, 'connections', { get: () => state.connections });
}

/** Answers each line of a client with what the script says, in the ways of SMTP. `data` is asked with the text of the message. */
export function smtpScript(
  script: {
    greeting?: string;
    replies?: Record<string, string>;
    onData?: (socket: Socket) => void;
    afterDot?: (socket: Socket) => void;
  } = {},
): (socket: Socket) => void {
  return (socket) => {
    let inMessage = false;
    let taken = false;
    let buffer = '';
    socket.write(script.greeting ?? '220 test ESMTP\r\n');
    socket.on('data', (chunk) => {
      if (taken) {
        return;
      }
      buffer += chunk.toString('latin1');
      if (inMessage) {
        if (buffer.endsWith('\r\n.\r\n')) {
          inMessage = false;
          buffer = '';
          (script.afterDot ?? ((to) => to.write('250 queued\r\n')))(socket);
        }
        return;
      }
      for (let end = buffer.indexOf('\r\n'); end >= 0 && !inMessage; end = buffer.indexOf('\r\n')) {
        const verb = buffer.slice(0, end).split(/[ :]/)[0]?.toUpperCase() ?? '';
        buffer = buffer.slice(end + 2);
        const reply = script.replies?.[verb] ?? (verb === 'DATA' ? '354 go on\r\n' : verb === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
        if (verb === 'DATA' && script.onData) {
          taken = true;
          script.onData(socket);
          return;
        }
        inMessage = verb === 'DATA' && reply.startsWith('354');
        socket.write(reply);
      }
    });
  };
}

/** One message as a real SMTP server took it. */
export interface CaughtMail {
  raw: string;
  parsed: ParsedMail;
  from: string;
  to: string[];
}

/** A real SMTP server that keeps what it gets. */
export async function smtpPeer(options: SMTPServerOptions = {}): Promise<Peer & { mails: CaughtMail[] }> {
  const mails: CaughtMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString();
        const envelope = session.envelope;
        simpleParser(raw).then((parsed) => {
          mails.push({
            raw,
            parsed,
            from: envelope.mailFrom ? envelope.mailFrom.address : '',
            to: envelope.rcptTo.map((recipient) => recipient.address),
          });
          done();
        }, done);
      });
    },
    ...options,
  });
  server.on('error', () => {
    // clients that go away are part of the tests
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    mails,
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The files of one test, closed together. */
export class Peers {
  private readonly open: { close(): unknown }[] = [];

  add<T extends { close(): unknown }>(peer: T): T {
    this.open.push(peer);
    return peer;
  }

  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map((peer) => peer.close()));
  }
}

async function listening(server: HttpServer | Server): Promise<Peer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) {
          socket.destroy();
        }
        server.close(() => resolve());
      }),
  };
}

/** The error that a promise rejects with; fails when it does not. */
export async function rejection<E extends Error>(promise: Promise<unknown>): Promise<E> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: E) => ({ error }),
  );
  if ('error' in outcome) {
    return outcome.error;
  }
  throw new Error(`expected a rejection, got ${JSON.stringify(outcome.value)}`);
}
