import { createHmac, hkdfSync } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AutomationError } from '../../core/errors.js';
import type { AnswerAddress } from '../../store/runs/inbox.js';
import type { WaitPurpose, WaitTokenRow } from '../../store/wait-tokens.js';
import { hashOf } from '../hooks/hook-token.js';

/** What links to waits are made from. */
export interface LinkSettings {
  /** What their tokens are derived from; null: the host gave none. */
  secret: string | null;
  /** The address under which our routes are reached from outside, without a slash at its end; null: the host gave none. */
  base: string | null;
}

/** Injection token of {@link LinkSettings}. */
export const LINK_SETTINGS = Symbol('LINK_SETTINGS');

/** A token with what is kept of it. */
export interface IssuedToken {
  token: string;
  /** To be written before the token leaves the house. */
  row: WaitTokenRow;
}

/** What a deployment lacks for links; null where it lacks nothing. */
export function lackForLinks({ secret, base }: LinkSettings): string | null {
  const lacking = [...(base === null ? ['publicUrl'] : []), ...(secret === null ? ['secret'] : [])];
  return lacking.length === 0 ? null : `the option${lacking.length > 1 ? 's' : ''} ${lacking.map((name) => `"${name}"`).join(' and ')}`;
}

/**
 * Tokens for the links by which strangers answer waits. Derived from the host's secret, never drawn: whenever it is told again,
 * in a mail or a request that is repeated by another process, it is the same.
 */
@Injectable()
export class WaitTokens {
  private readonly keys = new Map<WaitPurpose, Buffer>();

  constructor(@Inject(LINK_SETTINGS) private readonly settings: LinkSettings) {}

  /** Whether links can be made at all. */
  get isConfigured(): boolean {
    return lackForLinks(this.settings) === null;
  }

  /** The token of one attempt of a step that waits, for one purpose and one person. Throws `links_not_configured`. */
  issue({ workspaceId, runId, path, attempt }: AnswerAddress, purpose: WaitPurpose, who: string | null = null): IssuedToken {
    // As JSON, so that no two addresses are the same text.
    const subject = JSON.stringify([workspaceId, runId, path, attempt, who]);
    const token = createHmac('sha256', this.keyOf(purpose)).update(subject).digest('base64url');
    return { token, row: { workspaceId, runId, path, attempt, purpose, who, hash: hashOf(token) } };
  }

  /** A link below our routes, made from what the host says and never from what a request says. Throws `links_not_configured`. */
  linkTo(route: string, token: string): string {
    if (this.settings.base === null) throw this.lacking();
    return `${this.settings.base}/${route}/${token}`;
  }

  /** One for each purpose, so that a token of one is none of another. */
  private keyOf(purpose: WaitPurpose): Buffer {
    const { secret } = this.settings;
    if (secret === null) throw this.lacking();
    const known = this.keys.get(purpose);
    if (known) return known;
    const key = Buffer.from(hkdfSync('sha256', secret, '', `nestjs-crm-automation wait ${purpose}`, 32));
    this.keys.set(purpose, key);
    return key;
  }

  private lacking(): AutomationError {
    return new AutomationError('links_not_configured', `No link can be made: the application lacks ${lackForLinks(this.settings)}.`);
  }
}
