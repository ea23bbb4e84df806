import { Inject, Injectable } from '@nestjs/common';
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

/**
 * Opens secrets of workspaces for the calls that use them. Nothing is kept: one that was changed is used from then on. Calls
 * that need the same one before it is read share the reading.
 */
@Injectable()
export class SecretVault {
  private readonly queued = new Map<string, Promise<ReadSecret | null>>();

  constructor(
    private readonly database: AutomationDatabase,
    @Inject(KEY_RING) private readonly ring: KeyRing | null,
  ) {}

  /** What one attempt of a step in this workspace may use. */
  forAttempt(workspaceId: string): StepSecrets {
    return new AttemptSecrets((reference, goesTo) => this.open(workspaceId, reference, goesTo));
  }

  /** The value of a secret that callers are checked by, and that is sent nowhere. Throws `secret_not_found`, `secret_unreadable`. */
  reveal(workspaceId: string, reference: SecretReference): Promise<string> {
    return this.open(workspaceId, reference, []).then(({ value }) => `${reference.prefix ?? ''}${value}`);
  }

  private async open(workspaceId: string, { $secret: name }: SecretReference, goesTo: readonly string[]): Promise<OpenSecret> {
    const found = await this.read(workspaceId, name);
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
        return findSecret(manager, workspaceId, name);
      })
      .then((row) => (row ? new ReadSecret(row) : null))
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
