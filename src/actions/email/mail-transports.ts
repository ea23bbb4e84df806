import { isDeepStrictEqual } from 'node:util';
import type { SendMailOptions, TransportConfig, Transporter } from 'nodemailer';
import { AutomationError } from '../../core/errors.js';
import { once } from '../../core/libraries.js';
import { nodemailer } from '../libraries.js';
import type { AddressGuard } from '../outbound/address-guard.js';
import { heldTransport } from './held-transport.js';
import type { SendProgress } from './smtp-errors.js';

/** How mail leaves: the URL of an SMTP server, nodemailer's transport options, or a transporter of nodemailer's. */
export type MailTransport = string | TransportConfig | Transporter;
type NoTransport = '' | null | undefined;
/** How the mail of a workspace leaves; nothing where it has no mail. */
export type TransportOfWorkspace = (workspaceId: string) => MailTransport | NoTransport | Promise<MailTransport | NoTransport>;

/** A message that tells how far it came; read by our plugin, unknown to nodemailer. */
export type TrackedMail = SendMailOptions & { automationProgress?: SendProgress };

const TIMEOUTS = ['dnsTimeout', 'connectionTimeout', 'greetingTimeout', 'socketTimeout'] as const;
/** Timeouts for which a transporter is kept. */
const MOST_TIMED = 20;
/** Workspaces whose transport is kept. */
const MOST_WORKSPACES = 500;

/** The transports of the `mail` option: one for everybody, or each workspace's own. */
export class MailTransports {
  private readonly one: KeptTransport | null;
  private readonly ofWorkspace: TransportOfWorkspace | null;
  private readonly byWorkspace = new Map<string, KeptTransport>();

  /** Throws `mail_config_invalid` when what is given cannot be used. */
  constructor(
    given: MailTransport | TransportOfWorkspace | NoTransport,
    private readonly guard: AddressGuard | undefined,
  ) {
    this.ofWorkspace = typeof given === 'function' ? given : null;
    this.one = given && typeof given !== 'function' ? new KeptTransport(given, guard) : null;
  }

  /** Whether there is mail, in some workspace at least. */
  get areSet(): boolean {
    return this.one !== null || this.ofWorkspace !== null;
  }

  /** Returns the workspace's transport; null where it has none. It is kept for as long as the host answers the same. */
  async of(workspaceId: string | undefined): Promise<KeptTransport | null> {
    if (this.ofWorkspace === null) return this.one;
    if (workspaceId === undefined) {
      throw new AutomationError('mail_config_invalid', 'Each workspace has a mail transport of its own, and this mail names none', {
        hint: "Give Mailer.send the workspaceId; a step's is step.workspaceId.",
      });
    }
    const given = await this.ofWorkspace(workspaceId);
    const known = this.byWorkspace.get(workspaceId);
    if (known && isDeepStrictEqual(known.given, given)) return known;
    known?.close();
    this.byWorkspace.delete(workspaceId);
    if (!given) return null;
    if (this.byWorkspace.size >= MOST_WORKSPACES) this.close();
    const kept = new KeptTransport(given, this.guard);
    this.byWorkspace.set(workspaceId, kept);
    return kept;
  }

  /** Closes the connections of transports that were made here; a transporter of the host is left to the host. */
  close(): void {
    this.one?.close();
    for (const transport of this.byWorkspace.values()) transport.close();
    this.byWorkspace.clear();
  }
}

/** A transport with the transporter that is made of it for the first mail, and those like it with other timeouts. */
export class KeptTransport {
  private readonly isOwn: boolean;
  private readonly make: () => Transporter;
  private isMade = false;
  private readonly timed = new Map<number, Transporter>();

  constructor(
    readonly given: MailTransport,
    guard: AddressGuard | undefined,
  ) {
    this.isOwn = !isTransporter(given);
    const make = isTransporter(given) ? () => given : ownTransporter(given, guard);
    this.make = once(() => {
      const made = make();
      this.isMade = true;
      trackProgress(made);
      return made;
    });
  }

  /** Returns the transporter. One that was made here has `timeoutMs` in the place of its own timeouts. */
  transporter(timeoutMs: number | undefined): Transporter {
    const usual = this.make();
    const { transporter: transport } = usual as Transporter & { transporter: { name: string; options: TransportConfig } };
    // a pool goes by another name
    if (!this.isOwn || timeoutMs === undefined || transport.name !== 'SMTP') return usual;
    const known = this.timed.get(timeoutMs);
    if (known) return known;
    const made = nodemailer().createTransport(withTimeouts(transport.options, timeoutMs)) as Transporter;
    trackProgress(made);
    // Admins choose the timeouts; there are seldom more than two.
    if (this.timed.size >= MOST_TIMED) this.timed.clear();
    this.timed.set(timeoutMs, made);
    return made;
  }

  close(): void {
    if (this.isOwn && this.isMade) this.make().close();
  }
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

function isTransporter(transport: MailTransport): transport is Transporter {
  return typeof transport === 'object' && 'sendMail' in transport && typeof transport.sendMail === 'function';
}

/** The options of a transport as it read them, its URL included, with these timeouts in the place of its own. */
function withTimeouts(options: TransportConfig, timeoutMs: number): TransportConfig {
  return { ...options, ...Object.fromEntries(TIMEOUTS.map((name) => [name, timeoutMs])) } as TransportConfig;
}

/** Transporters that tell how far a message came: the host may give the same one for many workspaces. */
const tracked = new WeakSet<Transporter>();

/** Lets a message tell how far it came. */
function trackProgress(transporter: Transporter): void {
  if (tracked.has(transporter)) return;
  tracked.add(transporter);
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
