import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';
import { Arrivals } from './arrivals.js';

/** One message, whole: the final dot has come, nothing has been answered yet. */
export interface ArrivedMail {
  /** The idempotency key: the Message-ID without its domain. */
  key: string;
  raw: string;
  recipients: string[];
}

/** Decides on a message: resolves to take it; an error with a `responseCode` refuses it; never settling keeps the sender waiting. */
export type SmtpScript = (mail: ArrivedMail) => void | Promise<void>;

/** The far side of mail: a real SMTP server that counts what it is handed by Message-ID. For misbehaviour below that, see smtpScript of the peers. */
export interface SmtpReceiver {
  /** `smtp://127.0.0.1:1234` */
  url: string;
  /** By idempotency key: `<run>.<step path>`. A message counts when all of it is here, whatever is answered then. */
  arrivals: Arrivals;
  /** From now on; without an argument: everything is taken. */
  answer(script?: SmtpScript): void;
  close(): Promise<void>;
}

const TAKE: SmtpScript = () => undefined;

export async function startSmtpReceiver(): Promise<SmtpReceiver> {
  const arrivals = new Arrivals();
  let script = TAKE;
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 200,
    logger: false,
    onData: (stream, session, done) => {
      textOf(stream)
        .then((raw) => {
          const key = /^message-id:\s*<([^@>]*)@/im.exec(raw)?.[1] ?? '';
          arrivals.add(key);
          return script({ key, raw, recipients: session.envelope.rcptTo.map(({ address }) => address) });
        })
        .then(() => done(), done);
    },
  });
  // Senders that are killed in the middle of a message are what this is for.
  server.on('error', () => undefined);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    arrivals,
    answer: (next = TAKE) => {
      script = next;
    },
    close: () => new Promise((done) => server.close(() => done())),
  };
}

async function textOf(stream: SMTPServerDataStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
