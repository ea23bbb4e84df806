import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { domainToASCII } from 'node:url';
import { AutomationError } from '../../core/errors.js';
import type { JsonObject } from '../../core/json.js';
import type { AddressGuard } from '../outbound/address-guard.js';
import { type MailAddress, MOST_RECIPIENTS, parseAddresses } from './addresses.js';
import { type MailTransport, MailTransports, type TrackedMail, type TransportOfWorkspace } from './mail-transports.js';
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
   *
   * Or a function of the workspace, asked for each mail, where workspaces have mail servers of their own; what it answers is
   * kept open until it answers otherwise. What it throws fails the step, which is tried again.
   */
  transport: MailTransport | TransportOfWorkspace | undefined;
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
   * (see `heldTransport`). For hosts that let others set their mail server.
   */
  guard?: AddressGuard;
}

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

/** What {@link Mailer.send} is told beside the message. */
export interface SendOptions {
  /** Whose transport; needed where each workspace has its own. */
  workspaceId?: string;
  idempotencyKey: string;
  /**
   * What mails share that mail programs are to show together: each refers to the same one that was never sent, as it may be the
   * first or a later one.
   */
  thread?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
}

/** What the mail server said. */
export interface SentMail {
  messageId: string;
  /** Addresses that the server took. */
  accepted: string[];
  /** Addresses that it refused while it took others. */
  rejected: string[];
}

/**
 * Sends the mail of workflows. The module provides one, made of its `mail` option; without that option every mail fails
 * with `mail_not_configured`.
 */
export class Mailer {
  readonly templates: EmailTemplates;
  private readonly settings: MailSettings | null;
  private readonly transports: MailTransports;

  /** Throws `mail_config_invalid` when the options cannot be used. */
  constructor(options: MailOptions | null | undefined) {
    const folders = [options?.templateDirs ?? []].flat();
    checkFolders(folders);
    this.templates = new EmailTemplates(folders, { reload: options?.reloadTemplates ?? false });
    this.transports = new MailTransports(options?.transport, options?.guard);
    this.settings = options && this.transports.areSet ? settingsOf(options) : null;
  }

  /** Whether there is mail, in some workspace at least. */
  get isSetUp(): boolean {
    return this.settings !== null;
  }

  /**
   * Sends one message by the transport of the workspace. The Message-ID is made of `idempotencyKey`, so that every attempt
   * carries the same. With `timeoutMs` that is every timeout of a transport that was made here; it is `signal` that ends the call as a whole.
   * Throws `mail_not_configured`, `mail_invalid`, or one of the `smtp_…` errors, each permanent or transient.
   */
  async send(content: MailContent, options: SendOptions): Promise<SentMail> {
    const addressed = this.addressed(content);
    const { from } = addressed;
    const transport = await this.transports.of(options.workspaceId);
    if (transport === null) throw notConfigured('this workspace');
    const transporter = transport.transporter(options.timeoutMs);
    const recipients = recipientsOf(content);
    const messageId = messageIdFor(options.idempotencyKey, from.address);
    const progress: SendProgress = { handedOver: false };
    const message: TrackedMail = {
      messageId,
      ...(options.thread === undefined ? {} : inThread(messageIdFor(options.thread, from.address))),
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

  private addressed(content: MailContent) {
    if (this.settings === null) throw notConfigured('this application');
    const { from, replyTo } = this.settings;
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

  /** Closes the connections of transports that were made here; a transporter of the host is left to the host. */
  close(): void {
    this.transports.close();
  }
}

function inThread(root: string): Pick<TrackedMail, 'references' | 'inReplyTo'> {
  return { references: root, inReplyTo: root };
}

/** What to do where there is no mail. */
export const SET_UP_MAIL = 'The developer of the host application must give the automation module its mail option: { transport, from }.';

function notConfigured(where: string): AutomationError {
  return new AutomationError('mail_not_configured', `Mail is not set up in ${where}`, { hint: SET_UP_MAIL });
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

/** What the options come to, beside the transport. */
interface MailSettings {
  from: MailAddress;
  replyTo: MailAddress[];
}

function settingsOf(options: MailOptions): MailSettings {
  const [from, ...others] = parseAddresses(options.from, 'from');
  if (!from || others.length > 0) {
    throw new AutomationError('mail_config_invalid', 'The from option of mail must be one address', {
      hint: 'For example: CRM <crm@acme.test>',
    });
  }
  return { from, replyTo: parseAddresses(options.replyTo, 'replyTo') };
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
