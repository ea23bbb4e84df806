import type { Socket } from 'node:net';
import { type Peer, tcpPeer } from '../../actions/support/peers.js';
import { Arrivals } from '../support/arrivals.js';

/** What happens to the first attempt of a mail; the next one finds a server in good health. */
export type SmtpTrouble =
  | 'no greeting'
  | '421 for a greeting'
  | '450 at the recipient'
  | '550 at the recipient'
  | '452 after the dot'
  | '554 after the dot'
  | 'close at DATA'
  | 'close in DATA'
  | 'close after the dot'
  | 'tarpit';

/** Of a recipient: `450-at-the-recipient.retry@lead.test` has that trouble. */
export function addressFor(trouble: SmtpTrouble, variant: string): string {
  return `${trouble.replaceAll(' ', '-').toLowerCase()}.${variant}@lead.test`;
}

/** An SMTP server whose troubles are its recipients' names; those at the greeting, before there is a name, are told to it. */
export interface SmtpTroublemaker extends Peer {
  url: string;
  /** Messages that came whole, by idempotency key, whatever was answered. */
  arrivals: Arrivals;
  /** The next connection has this trouble; resolves when it has come. */
  greetNextWith(trouble: 'no greeting' | '421 for a greeting'): Promise<void>;
}

export async function smtpTroublemaker(): Promise<SmtpTroublemaker> {
  const arrivals = new Arrivals();
  const troubled = new Set<string>();
  const greetings: { trouble: string; came(): void }[] = [];
  const peer = await tcpPeer((socket) => {
    const greeting = greetings.shift();
    greeting?.came();
    if (greeting?.trouble === 'no greeting') return;
    if (greeting?.trouble === '421 for a greeting') {
      socket.end('421 4.3.2 too busy, come back later\r\n');
      return;
    }
    converse(socket, troubled, arrivals);
  });
  return Object.assign(peer, {
    url: `smtp://127.0.0.1:${peer.port}`,
    arrivals,
    greetNextWith: (trouble: string) => new Promise<void>((came) => greetings.push({ trouble, came })),
  });
}

function converse(socket: Socket, troubled: Set<string>, arrivals: Arrivals): void {
  let trouble = '';
  let buffer = '';
  let inMessage = false;
  socket.write('220 trouble.test ESMTP\r\n');
  socket.on('data', (chunk) => {
    buffer += chunk.toString('latin1');
    while (!socket.destroyed) {
      const end = buffer.indexOf(inMessage ? '\r\n.\r\n' : '\r\n');
      if (inMessage && trouble === 'close-in-data') return void socket.resetAndDestroy();
      if (end < 0) return;
      const said = buffer.slice(0, end);
      buffer = buffer.slice(end + (inMessage ? 5 : 2));
      if (inMessage) {
        inMessage = false;
        arrivals.add(/^message-id:\s*<([^@>]*)@/im.exec(said)?.[1] ?? '');
        afterTheDot(socket, trouble);
      } else if (/^RCPT/i.test(said)) {
        trouble = troubleOf(said, troubled);
        atTheRecipient(socket, trouble);
      } else if (/^DATA/i.test(said) && trouble === 'close-at-data') socket.destroy();
      else if (/^DATA/i.test(said)) {
        inMessage = true;
        socket.write('354 go on\r\n');
      } else if (/^QUIT/i.test(said)) socket.end('221 bye\r\n');
      else socket.write('250 ok\r\n');
    }
  });
}

/** Only the first time: what is tried again goes through. */
function troubleOf(said: string, troubled: Set<string>): string {
  const address = /<([^>]*)>/.exec(said)?.[1]?.toLowerCase() ?? '';
  if (troubled.has(address)) return '';
  troubled.add(address);
  return address.split('.')[0] ?? '';
}

function atTheRecipient(socket: Socket, trouble: string): void {
  switch (trouble) {
    case '450-at-the-recipient':
      return void socket.write('450 4.2.1 mailbox busy\r\n');
    case '550-at-the-recipient':
      return void socket.write('550 5.1.1 no such user\r\n');
    case 'tarpit': {
      // Never silent, so that no silence is long enough to be noticed, and never done.
      const timer = setInterval(() => socket.write('250-one moment\r\n'), 500);
      socket.once('close', () => clearInterval(timer));
      return;
    }
    default:
      socket.write('250 ok\r\n');
  }
}

function afterTheDot(socket: Socket, trouble: string): void {
  switch (trouble) {
    case '452-after-the-dot':
      return void socket.write('452 4.3.1 insufficient storage\r\n');
    case '554-after-the-dot':
      return void socket.write('554 5.7.1 this looks like spam\r\n');
    case 'close-after-the-dot':
      return void socket.destroy();
    default:
      socket.write('250 2.0.0 queued\r\n');
  }
}
