import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { domainToASCII } from 'node:url';
import type { SendMailOptions, TransportConfig, Transporter } from 'nodemailer';
import { AutomationError } from '../../core/errors.js';
import type { JsonObject } from '../../core/json.js';
import { once } from '../../core/libraries.js';
import { nodemailer } from '../libraries.js';
import type { AddressGuard } from '../outbound/address-guard.js';
import { type MailAddress, MOST_RECIPIENTS, parseAddresses } from './addresses.js';
import { heldTransport } from './held-transport.js';
import { asMailError, type SendProgress } from './smtp-errors.js';
import { EmailTemplates } from './templates.js';

/** Options of the {@link Mailer}. */
export interface MailOptions {
  /**
   * How mail leaves: the URL of an SMTP server (`smtp://user:password@host:587`), nodemailer's transport options, or a
   * nodemailer transporter. For the first two the timeouts are 10 s to connect, 10 s to the greeting, 30 s of silence,
   * unless the options say otherwise; in a step with a `timeout` of its own all three are that, but for a pool's
   * (`pool: true`), whose connections many mails share. Undefined or empty, as `process.env.SMTP_URL` may be: there is no mail, and sending
   * fails with `mail_not_configured`.
   */
  transport: string | TransportConfig | Transporter | undefined;
  /** The sender: `CRM <crm@acme.test>`. */
  from: string;
  /** Where answers go when a step does not say. Default: the sender. */
  replyTo?: string;
  /** Folders with templates of the host's own, searched before the shipped ones; relative ones from the working directory. */
  templateDirs?: string | readonly string[];
  /** Reads the template files anew for every mail, so that edits show at once. For development. */
  reloadTemplates?: boolean;
  /**
   * Holds the SMTP host to public addresses and the guard's allow-list, and the transport to options that can do no harm
   * (see {@link heldTransport}). For hosts that let others set their mail server.
   */
  guard?: AddressGuard;
}

const TIMEOUTS = ['dnsTimeout', 'connectionTimeout', 'greetingTimeout', 'socketTimeout'] as const;
/** Timeouts for which a transporter is kept. */
const MOST_TIMED = 20;

/** One message, ready to be sent. */
export interface MailContent {
  to: MailAddress[];
  cc?: MailAddress[];
  bcc?: MailAddress[];
  /** Default: that of the options. */
  replyTo?: MailAddress[];
  subject: string;
  text: string;
  html?: string;
}

/** What the mail server said. */
export interface SentMail {
  messageId: string;
  /** Addresses that the server took. */
  accepted: string[];
  /** Addresses that it refused while it took others. */
  rejected: string[];
}

/** A message that tells how far it came; read by our plugin, unknown to nodemailer. */
type TrackedMail = SendMailOptions & { automationProgress?: SendProgress };

/**
 * Sends the mail of workflows. The module provides one, made of its `mail` option; without that option every mail fails
 * with `mail_not_configured`.
 */
export class Mailer {
  readonly templates: EmailTemplates;
  private readonly settings: MailSettings | null;
  private readonly ownsTransporter: boolean;
  /** Whether mail was sent, and a transport of ours may hold connections. */
  private isUsed = false;
  /** Transporters like the configured one with other timeouts, by these. */
  private readonly timed = new Map<number, Transporter>();

  /** Throws `mail_config_invalid` when the options cannot be used. */
  constructor(options: MailOptions | null | undefined) {
    const folders = [options?.templateDirs ?? []].flat();
    checkFolders(folders);
    this.templates = new EmailTemplates(folders, { reload: options?.reloadTemplates ?? false });
    const transport = options?.transport || null;
    this.ownsTransporter = transport !== null && !isTransporter(transport);
    this.settings = options && transport ? settingsOf(options, transport) : null;
  }

  /**
   * Sends one message. The Message-ID is made of `idempotencyKey`, so that every attempt carries the same. With `timeoutMs`
   * that is every timeout of a transport that was made here; it is `signal` that ends the call as a whole.
   * Throws `mail_not_configured`, `mail_invalid`, or one of the `smtp_…` errors, each permanent or transient.
   */
  async send(content: MailContent, options: { idempotencyKey: string; signal?: AbortSignal; timeoutMs?: number }): Promise<SentMail> {
    const settings = this.configured();
    const addressed = this.addressed(content);
    const { from } = addressed;
    this.isUsed = true;
    const transporter = this.transporterFor(settings.transporter(), options.timeoutMs);
    const recipients = recipientsOf(content);
    const messageId = messageIdFor(options.idempotencyKey, from.address);
    const progress: SendProgress = { handedOver: false };
    const message: TrackedMail = {
      messageId,
      ...addressed,
      text: content.text,
      ...(content.html === undefined ? {} : { html: content.html }),
      // said outright: nothing in the headers can add a recipient
      envelope: { from: from.address, to: recipients },
      // asks vacation responders not to answer
      headers: { 'Auto-Submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
      automationProgress: progress,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    try {
      const sent = await transporter.sendMail(message);
      return { messageId, accepted: sent.accepted ?? recipients, rejected: sent.rejected ?? [] };
    } catch (error) {
      throw asMailError(error, progress);
    }
  }

  /** Returns the message that {@link send} would send, by the same checks. */
  preview(content: MailContent): JsonObject {
    const { text, html = null } = content;
    return { ...this.addressed(content), text, html } as unknown as JsonObject;
  }

  private configured(): NonNullable<Mailer['settings']> {
    if (this.settings) return this.settings;
    throw new AutomationError('mail_not_configured', 'Mail is not set up in this application', {
      hint: 'The developer of the host application must give the automation module its mail option: { transport, from }.',
    });
  }

  private addressed(content: MailContent) {
    const { from, replyTo } = this.configured();
    checkRecipients(recipientsOf(content));
    return {
      from,
      to: content.to,
      cc: content.cc ?? [],
      bcc: content.bcc ?? [],
      replyTo: content.replyTo?.length ? content.replyTo : replyTo,
      subject: oneLine(content.subject),
    };
  }

  /** Closes the connections of a transport that was made here; a transporter of the host is left to the host. */
  close(): void {
    if (this.ownsTransporter && this.isUsed) {
      this.settings?.transporter().close();
    }
  }

  private transporterFor(usual: Transporter, timeoutMs: number | undefined): Transporter {
    const { transporter: transport } = usual as Transporter & { transporter: { name: string; options: TransportConfig } };
    // a pool goes by another name
    if (!this.ownsTransporter || timeoutMs === undefined || transport.name !== 'SMTP') return usual;
    const known = this.timed.get(timeoutMs);
    if (known) return known;
    const made = nodemailer().createTransport(withTimeouts(transport.options, timeoutMs)) as Transporter;
    trackProgress(made);
    // Admins choose the timeouts; there are seldom more than two.
    if (this.timed.size >= MOST_TIMED) this.timed.clear();
    this.timed.set(timeoutMs, made);
    return made;
  }
}

/** `<key@domain>`, with a loop's `each[3]` as `each.3`: brackets are not allowed in a Message-ID. */
export function messageIdFor(idempotencyKey: string, fromAddress: string): string {
  const local = idempotencyKey.replace(/\[(\d+)\]/g, '.$1').replace(/[^A-Za-z0-9._-]/g, '-');
  return `<${local}@${domainToASCII(fromAddress.slice(fromAddress.lastIndexOf('@') + 1)) || 'localhost'}>`;
}

/** A folder that is missing would fail every mail with a template, at its time: better tell at start. */
function checkFolders(folders: readonly string[]): void {
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined) {
    throw new AutomationError('mail_config_invalid', `The folder of e-mail templates ${resolve(missing)} does not exist`, {
      hint: 'Correct templateDirs in the mail option, or leave it out: the shipped templates are there in any case.',
    });
  }
}

/** What the options come to. */
interface MailSettings {
  /** Made for the first mail. */
  transporter: () => Transporter;
  from: MailAddress;
  replyTo: MailAddress[];
}

function settingsOf(options: MailOptions, transport: NonNullable<MailOptions['transport']>): MailSettings {
  const [from, ...others] = parseAddresses(options.from, 'from');
  if (!from || others.length > 0) {
    throw new AutomationError('mail_config_invalid', 'The from option of mail must be one address', {
      hint: 'For example: CRM <crm@acme.test>',
    });
  }
  const make = isTransporter(transport) ? () => transport : ownTransporter(transport, options.guard);
  const transporter = once(() => {
    const made = make();
    trackProgress(made);
    return made;
  });
  return { transporter, from, replyTo: parseAddresses(options.replyTo, 'replyTo') };
}

/** Checks the options; what it returns makes the transporter, and loads what that takes. */
function ownTransporter(transport: string | TransportConfig, guard: AddressGuard | undefined): () => Transporter {
  if (typeof transport === 'string' && !/^smtps?:\/\//i.test(transport)) {
    throw new AutomationError('mail_config_invalid', 'The transport of mail is not the URL of an SMTP server', {
      hint: 'It must start with smtp:// or smtps://: smtp://user:password@mail.example.com:587',
    });
  }
  const defaults = {
    // nodemailer's own go up to ten minutes, longer than a run keeps its lease
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    // a pool would send again by itself after a lost connection, and perhaps twice; retries are the run's to make
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  const own = guard ? heldTransport(transport) : typeof transport === 'string' ? { url: transport } : transport;
  const config = { ...defaults, ...own, ...(guard ? { getSocket: guardedSocket(guard) } : {}) } as TransportConfig;
  return () => nodemailer().createTransport(config) as Transporter;
}

type GetSocket = (
  options: { host?: string; port?: number; secure?: boolean; connectionTimeout?: number },
  callback: (error: Error | null, socket?: { connection: unknown }) => void,
) => void;

function guardedSocket(guard: AddressGuard): GetSocket {
  return ({ host = 'localhost', port, secure = false, connectionTimeout = 10_000 }, callback) => {
    guard.open(host, Number(port) || (secure ? 465 : 587), connectionTimeout).then(
      (connection) => callback(null, { connection }),
      (error: Error) => callback(error),
    );
  };
}

function isTransporter(transport: NonNullable<MailOptions['transport']>): transport is Transporter {
  return typeof transport === 'object' && 'sendMail' in transport && typeof transport.sendMail === 'function';
}

/** The options of a transport as it read them, its URL included, with these timeouts in the place of its own. */
function withTimeouts(options: TransportConfig, timeoutMs: number): TransportConfig {
  return { ...options, ...Object.fromEntries(TIMEOUTS.map((name) => [name, timeoutMs])) } as TransportConfig;
}

/** Lets a message tell how far it came. */
function trackProgress(transporter: Transporter): void {
  transporter.use('stream', (mail, done) => {
    const progress = (mail.data as TrackedMail).automationProgress;
    if (progress && mail.message) {
      watchEnd(mail.message, progress);
    }
    done();
  });
}

/**
 * Notes when the transport has taken in all of the message. Only the end of the very stream that the transport reads tells:
 * whatever comes before it (signing, encoding) may run ahead and buffer.
 */
function watchEnd(message: { createReadStream(...args: never[]): NodeJS.ReadableStream }, progress: SendProgress): void {
  const createReadStream = message.createReadStream.bind(message);
  message.createReadStream = (...args) => {
    const stream = createReadStream(...args);
    stream.once('end', () => {
      progress.handedOver = true;
    });
    return stream;
  };
}

function recipientsOf({ to, cc, bcc }: MailContent): string[] {
  return [...to, ...(cc ?? []), ...(bcc ?? [])].map((mailbox) => mailbox.address);
}

function checkRecipients(recipients: readonly string[]): void {
  const problem =
    recipients.length === 0
      ? 'it has no recipient'
      : recipients.length > MOST_RECIPIENTS
        ? `it has more than ${MOST_RECIPIENTS} recipients`
        : null;
  if (problem) {
    throw new AutomationError('mail_invalid', `The message cannot be sent: ${problem}`, {
      hint: 'Check to, cc and bcc of the step: the field of the record that they name may be empty.',
      details: { recipients: recipients.length },
    });
  }
}

/** A subject is one line whatever a record's field holds. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').trim();
}
