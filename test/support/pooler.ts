import { createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';

/** What PgBouncer takes at the start of a connection; another parameter ends it. */
const STARTUP = ['user', 'database', 'client_encoding', 'application_name', 'datestyle', 'timezone', 'standard_conforming_strings'];
/** Fewer than the clients of two nodes. */
const SERVERS = 8;
const SSL_REQUEST = 80_877_103;

/** A connection to the server, as raw messages. */
interface ServerConnection {
  stream: Socket;
  /** Who is served; null while it waits for somebody. */
  client: Served | null;
}

/** A client between its first message of a transaction and the end of it. */
interface Served {
  socket: Socket;
  /** Queries and Syncs that the server has not answered yet. */
  unanswered: number;
}

/** A pooler in front of a database, and what was said through it. */
export interface Pooler {
  /** The database behind the pooler. */
  url: string;
  /** Every statement, in the order in which they came. */
  statements: string[];
  /** Names of prepared statements: the next transaction would not find them. */
  preparedNames: string[];
  close(): Promise<void>;
}

/**
 * Starts what PgBouncer is in transaction mode, as far as a client notices: each transaction goes to the server connection
 * that has waited longest, seldom the one of the transaction before.
 */
export async function startPooler(databaseUrl: string): Promise<Pooler> {
  const servers = await Promise.all(Array.from({ length: SERVERS }, () => connectServer(databaseUrl)));
  const idle = [...servers];
  const waiting: ((server: ServerConnection) => void)[] = [];
  const sockets = new Set<Socket>();
  const statements: string[] = [];
  const preparedNames: string[] = [];

  const release = (server: ServerConnection): void => {
    server.client = null;
    const next = waiting.shift();
    if (next) next(server);
    else idle.push(server);
  };
  for (const server of servers) {
    onMessages(server.stream, false, (message) => {
      const { client } = server;
      if (!client) return;
      client.socket.write(message);
      if (message[0] !== ord('Z')) return;
      client.unanswered -= 1;
      if (client.unanswered === 0 && message[5] === ord('I')) release(server);
    });
  }

  const listener: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    let server: ServerConnection | null = null;
    let queue: Buffer[] = [];
    let isAsking = false;
    const send = (to: ServerConnection, message: Buffer): void => {
      if (message[0] === ord('Q') || message[0] === ord('S')) (to.client as Served).unanswered += 1;
      to.stream.write(message);
    };
    onMessages(socket, true, (message, isStartup) => {
      if (isStartup) return answerStartup(socket, message);
      if (message[0] === ord('X')) return void socket.end();
      if (message[0] === ord('Q')) statements.push(textAt(message, 5));
      if (message[0] === ord('P')) {
        const name = textAt(message, 5);
        statements.push(textAt(message, 6 + Buffer.byteLength(name)));
        if (name !== '') preparedNames.push(name);
      }
      if (server?.client?.socket === socket) return send(server, message);
      queue.push(message);
      if (isAsking) return;
      isAsking = true;
      const begin = (got: ServerConnection): void => {
        isAsking = false;
        server = got;
        got.client = { socket, unanswered: 0 };
        const messages = queue;
        queue = [];
        for (const one of messages) send(got, one);
      };
      const first = idle.shift();
      if (first) begin(first);
      else waiting.push(begin);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(listener.address() as { port: number }).port}`;
  return {
    url: url.href,
    statements,
    preparedNames,
    async close() {
      for (const socket of sockets) socket.destroy();
      for (const { stream } of servers) stream.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** pg logs in; from then on the messages are ours. */
async function connectServer(url: string): Promise<ServerConnection> {
  const client = new pg.Client(url);
  await client.connect();
  client.on('error', () => undefined);
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  return { stream, client: null };
}

function answerStartup(socket: Socket, message: Buffer): void {
  if (message.readInt32BE(4) === SSL_REQUEST) return void socket.write('N');
  const words = message.subarray(8).toString().split('\0');
  const refused = words.filter((word, at) => at % 2 === 0 && word !== '' && !STARTUP.includes(word.toLowerCase()));
  if (refused.length > 0) {
    const text = `SFATAL\0C08P01\0Munsupported startup parameter: ${refused[0]}\0\0`;
    return void socket.end(framed('E', Buffer.from(text)));
  }
  const key = Buffer.alloc(8, 1);
  const parameter = (name: string, value: string): Buffer => framed('S', Buffer.from(`${name}\0${value}\0`));
  socket.write(
    Buffer.concat([
      framed('R', Buffer.alloc(4)),
      parameter('server_version', '18.0'),
      parameter('client_encoding', 'UTF8'),
      // A process of the pooler's, as PgBouncer does: the server's changes with each transaction.
      framed('K', key),
      framed('Z', Buffer.from('I')),
    ]),
  );
}

/** Calls `take` with each whole message. A client's first ones have no letter in front. */
function onMessages(socket: Socket, isClient: boolean, take: (message: Buffer, isStartup: boolean) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  let isStartup = isClient;
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = isStartup ? 0 : 1;
      if (rest.length < head + 4) return;
      const end = head + rest.readInt32BE(head);
      if (rest.length < end) return;
      const message = rest.subarray(0, end);
      rest = rest.subarray(end);
      const first = isStartup;
      if (first && message.readInt32BE(4) !== SSL_REQUEST) isStartup = false;
      take(message, first);
    }
  });
}

function framed(letter: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function textAt(message: Buffer, start: number): string {
  return message.subarray(start, message.indexOf(0, start)).toString();
}

function ord(letter: string): number {
  return letter.charCodeAt(0);
}
