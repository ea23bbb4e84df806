import type { AddressInfo } from 'node:net';
import { type AddressObject, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';

/** A mail as it arrived. */
export interface CaughtMail {
  messageId: string | null;
  from: string;
  to: string[];
  cc: string[];
  replyTo: string[];
  /** Whom the envelope named, blind copies included. */
  recipients: string[];
  subject: string;
  text: string | null;
  html: string | null;
  receivedAt: string;
}

/** How the mail server is broken: it refuses every mail for good, does not answer at all, or not broken. */
export type Outage = 'reject' | 'offline' | 'off';

const KEPT = 500;

/** An SMTP server that keeps what it gets, newest first, and can be broken on request. */
export class MailServer {
  private mode: Outage = 'off';
  private server: SMTPServer | null = null;
  private mails: CaughtMail[] = [];

  private constructor(private portNumber: number) {}

  /** Starts on 127.0.0.1; port 0 takes any free one. */
  static async start(port = 0): Promise<MailServer> {
    const mailServer = new MailServer(port);
    await mailServer.listen();
    return mailServer;
  }

  get port(): number {
    return this.portNumber;
  }

  get outage(): Outage {
    return this.mode;
  }

  mailbox(): readonly CaughtMail[] {
    return this.mails;
  }

  empty(): void {
    this.mails = [];
  }

  /** Breaks or repairs the server. The port stays the same. */
  async setOutage(mode: Outage): Promise<void> {
    this.mode = mode;
    if (mode === 'offline') await this.close();
    else if (this.server === null) await this.listen();
  }

  async close(): Promise<void> {
    const { server } = this;
    if (server === null) return;
    this.server = null;
    await new Promise<void>((done) => server.close(done));
  }

  private async listen(): Promise<void> {
    const server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      // Sessions that idle in a sender's pool need not hold up the end.
      closeTimeout: 500,
      logger: false,
      onRcptTo: (address, _session, done) => {
        if (this.mode !== 'reject') return done();
        const refusal = new Error(`Mailbox ${address.address} is unavailable: this mail server has been told to refuse all mail`);
        return done(Object.assign(refusal, { responseCode: 550 }));
      },
      onData: (stream, session, done) => {
        const recipients = session.envelope.rcptTo.map((address) => address.address);
        this.keep(stream, recipients).then(() => done(), done);
      },
    });
    // A client that hangs up in the middle is not a reason to end the process.
    server.on('error', (error) => console.warn(`mail server: ${error.message}`));
    await new Promise<void>((done, failed) => {
      server.server.once('error', failed);
      server.listen(this.portNumber, '127.0.0.1', done);
    });
    this.portNumber = (server.server.address() as AddressInfo).port;
    this.server = server;
  }

  private async keep(stream: SMTPServerDataStream, recipients: string[]): Promise<void> {
    const mail = await simpleParser(stream);
    this.mails.unshift({
      messageId: mail.messageId ?? null,
      from: mail.from?.text ?? '',
      to: addresses(mail.to),
      cc: addresses(mail.cc),
      replyTo: addresses(mail.replyTo),
      recipients,
      subject: mail.subject ?? '',
      text: mail.text ?? null,
      html: mail.html === false ? null : mail.html,
      receivedAt: new Date().toISOString(),
    });
    this.mails.length = Math.min(this.mails.length, KEPT);
  }
}

function addresses(field: AddressObject | AddressObject[] | undefined): string[] {
  const fields = field === undefined ? [] : Array.isArray(field) ? field : [field];
  return fields.flatMap((one) => one.value.map((address) => address.address ?? address.name));
}
