import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { StepSecrets } from '../../actions/define-action.js';
import { outboundUrl } from '../../actions/outbound/outbound-http.js';
import { MASK } from '../../core/definition/mask.js';
import { AutomationError } from '../../core/errors.js';
import { isJsonObject } from '../../core/json.js';
import { mayGoTo } from '../../core/secrets/secret-hosts.js';
import type { SecretReference } from '../../core/secrets/secret-reference.js';
import { AutomationDatabase } from '../../store/database.js';
import { findSecret, type SecretRow } from '../../store/secrets.js';
import { KEY_RING, type KeyRing } from './key-ring.js';
import { openSecret } from './sealed-secret.js';

/** Secrets as they were when the intent of a call was written, by name; null where there was none. */
type ReadSecrets = ReadonlyMap<string, ReadSecret | null>;

const NOTHING_READ: ReadSecrets = new Map();

/**
 * Opens secrets of workspaces for the calls that use them. Nothing is kept: one that was changed is used from then on. Calls
 * whose intents one transaction writes share the reading, and so do others that need the same one before it is read.
 */
@Injectable()
export class SecretVault {
  private readonly queued = new Map<string, Promise<ReadSecret | null>>();
  private readonly within = new WeakMap<EntityManager, Map<string, Promise<ReadSecret | null>>>();

  constructor(
    private readonly database: AutomationDatabase,
    @Inject(KEY_RING) private readonly ring: KeyRing | null,
  ) {}

  /** What one attempt of a step in this workspace may use; `read`: what of it is known. */
  forAttempt(workspaceId: string, read: ReadSecrets = NOTHING_READ): StepSecrets {
    return new AttemptSecrets((reference, goesTo) => this.open(workspaceId, reference, goesTo, read));
  }

  /**
   * Reads secrets in the transaction that writes the intent of the call that needs them, each once for all its calls: in one of
   * its own the reading took three statements more, a tenth of those that a run with one call takes.
   */
  async readWithin(manager: EntityManager, workspaceId: string, names: readonly string[]): Promise<ReadSecrets> {
    const known = this.within.get(manager) ?? new Map<string, Promise<ReadSecret | null>>();
    this.within.set(manager, known);
    const read = new Map<string, ReadSecret | null>();
    for (const name of names) {
      const key = JSON.stringify([workspaceId, name]);
      const reading = known.get(key) ?? readSecret(manager, workspaceId, name);
      known.set(key, reading);
      try {
        read.set(name, await reading);
      } catch (error) {
        // What comes after the savepoint that the transaction goes back to reads it anew.
        known.delete(key);
        throw error;
      }
    }
    return read;
  }

  /** The value of a secret that callers are checked by, and that is sent nowhere. Throws `secret_not_found`, `secret_unreadable`. */
  reveal(workspaceId: string, reference: SecretReference): Promise<string> {
    return this.open(workspaceId, reference, []).then(({ value }) => `${reference.prefix ?? ''}${value}`);
  }

  private async open(
    workspaceId: string,
    { $secret: name }: SecretReference,
    goesTo: readonly string[],
    read = NOTHING_READ,
  ): Promise<OpenSecret> {
    const known = read.get(name);
    const found = known === undefined ? await this.read(workspaceId, name) : known;
    if (!found) {
      throw new AutomationError('secret_not_found', `The workspace has no secret "${name}".`, {
        hint: 'Store it under this name, or correct the step, then retry the run.',
      });
    }
    const { hosts } = found.row;
    const refused = goesTo.map(outboundUrl).find((url) => !mayGoTo(hosts, url));
    if (refused) {
      throw new AutomationError('secret_host_refused', `The secret "${name}" must not be sent to ${refused.origin}.`, {
        hint: `It may go to: ${hosts.join(', ') || 'no host'}. Store it anew with this host, if it belongs there.`,
      });
    }
    return found.open(this.ring);
  }

  /** Runs of one batch make their calls at one moment: that is one reading, not one for each. */
  private read(workspaceId: string, name: string): Promise<ReadSecret | null> {
    const key = JSON.stringify([workspaceId, name]);
    const queued = this.queued.get(key);
    if (queued) return queued;
    const forget = (): void => {
      if (this.queued.get(key) === reading) this.queued.delete(key);
    };
    const reading = this.database
      .statement((manager) => {
        // Who comes from here on might miss a change.
        forget();
        return readSecret(manager, workspaceId, name);
      })
      .finally(forget);
    this.queued.set(key, reading);
    return reading;
  }
}

/** A secret's value, and the texts in which it may come back in an answer or an error that quotes what was sent. */
interface OpenSecret {
  readonly value: string;
  readonly forms: readonly string[];
}

/** A secret as one reading found it: those who share the reading share what it takes to open it. */
class ReadSecret {
  private opened: OpenSecret | null = null;

  constructor(readonly row: SecretRow) {}

  /** Throws `secrets_not_configured`, `secret_unreadable`. */
  open(ring: KeyRing | null): OpenSecret {
    if (this.opened) return this.opened;
    const value = openSecret(assertConfigured(ring), this.row);
    this.opened = { value, forms: formsOf(value) };
    return this.opened;
  }
}

async function readSecret(manager: EntityManager, workspaceId: string, name: string): Promise<ReadSecret | null> {
  const row = await findSecret(manager, workspaceId, name);
  return row && new ReadSecret(row);
}

function formsOf(text: string): string[] {
  return text === '' ? [] : [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(Buffer.from(text).toString())];
}

/** Returns the host's keys. Throws `secrets_not_configured` where it gives none. */
export function assertConfigured(ring: KeyRing | null): KeyRing {
  if (ring) return ring;
  throw new AutomationError('secrets_not_configured', 'The application has no key to encrypt secrets with.', {
    hint: 'Set the option `secret` of AutomationModule (AUTOMATION_SECRET, 32 characters or more), or `encryptionKeys`.',
  });
}

/** Good enough to sign with, so that a preview takes the same way as a call. */
const STAND_IN = 'c2VjcmV0IG9mIHRoZSB3b3Jrc3BhY2U=';

/** What a preview has in place of secrets: nothing of them is read for it. */
export const PREVIEWED_SECRETS: StepSecrets = {
  reveal: (reference) => Promise.resolve(`${reference.prefix ?? ''}${STAND_IN}`),
  conceal: () => undefined,
  redact: (value) => value,
};

class AttemptSecrets implements StepSecrets {
  private readonly texts = new Set<string>();

  constructor(private readonly open: (reference: SecretReference, goesTo: readonly string[]) => Promise<OpenSecret>) {}

  async reveal(reference: SecretReference, goesTo: readonly string[]): Promise<string> {
    const { value, forms } = await this.open(reference, goesTo);
    this.hide(forms);
    return `${reference.prefix ?? ''}${value}`;
  }

  conceal(text: string): void {
    this.hide(formsOf(text));
  }

  private hide(forms: readonly string[]): void {
    for (const form of forms) this.texts.add(form);
  }

  redact<T>(value: T): T {
    if (this.texts.size === 0) return value;
    // The longest first: one may be a part of another.
    const texts = [...this.texts].sort((one, other) => other.length - one.length);
    return redacted(value, (text) => texts.reduce((rest, secret) => rest.replaceAll(secret, MASK), text)) as T;
  }
}

function redacted(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((one) => redacted(one, redact));
  if (!isJsonObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [redact(name), redacted(member, redact)]));
}
