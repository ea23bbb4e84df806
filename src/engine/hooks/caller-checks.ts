import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { standardwebhooks } from '../../actions/libraries.js';
import { AutomationError } from '../../core/errors.js';
import type { SecretReference } from '../../core/secrets/secret-reference.js';
import type { WebhookTrigger } from '../../core/trigger/webhook.js';
import { type CallerSecret, type CallSignature, STANDARD_SECRET } from '../../core/trigger/webhook-auth.js';
import type { IncomingDelivery } from './incoming-delivery.js';

/** How old, or how far ahead of our clock, a signature may be: as Standard Webhooks has it. */
const TOLERANCE_S = 5 * 60;

type Caller = Pick<IncomingDelivery, 'headers' | 'raw'>;
type Known<Rule, Member extends string> = Rule extends unknown ? Omit<Rule, Member> & Record<Member, string> : never;
type KnownSignature = Known<CallSignature, 'secret'>;

/** What a caller has to know, with the secrets of the workspace in the place of their names. */
export interface CallerRules {
  secret?: Known<CallerSecret, 'value'>;
  signature?: KnownSignature;
}

/** What a trigger asks of its callers. `reveal` opens a secret of the workspace; its errors pass through. */
export async function callerRules(
  { secret, signature }: Pick<WebhookTrigger, 'secret' | 'signature'>,
  reveal: (reference: SecretReference) => Promise<string>,
): Promise<CallerRules> {
  const known = async (text: string | SecretReference): Promise<string> => (typeof text === 'string' ? text : reveal(text));
  return {
    ...(secret && { secret: { ...secret, value: await known(secret.value) } }),
    ...(signature && { signature: { ...signature, secret: await known(signature.secret) } }),
  };
}

/** Throws `unauthenticated` unless the caller knows what the trigger asks for; nobody is told which of it was wrong. */
export function checkCaller({ secret, signature }: CallerRules, caller: Caller, now: Date): void {
  const isSecretRight = secret === undefined || isSame(caller.headers[secret.header.toLowerCase()] ?? '', secret.value);
  const isSigned = signature === undefined || isSignatureRight(signature, caller, now);
  if (isSecretRight && isSigned) return;
  throw new AutomationError('unauthenticated', 'The delivery does not carry the secret or the signature that this URL asks for.');
}

/** Through hashes, so that neither the place of the first difference nor the length shows in the time it takes. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

function isSignatureRight(signature: KnownSignature, { headers, raw }: Caller, now: Date): boolean {
  if (raw === null) {
    throw new AutomationError('raw_body_missing', 'The application does not keep the bytes of bodies, so no signature can be checked.', {
      hint: 'Create it with `NestFactory.create(…, { rawBody: true })`.',
    });
  }
  if (signature.type === 'standard_webhooks') {
    if (!STANDARD_SECRET.test(signature.secret)) {
      throw new AutomationError(
        'webhook_secret_invalid',
        'The secret cannot check signatures: it must be base64, with or without whsec_ before it',
      );
    }
    try {
      new (standardwebhooks().Webhook)(signature.secret).verify(raw, headers);
      return true;
    } catch {
      return false;
    }
  }
  const mac = createHmac('sha256', signature.secret);
  if (signature.timestampHeader !== undefined) {
    const sent = headers[signature.timestampHeader.toLowerCase()] ?? '';
    const isRecent = /^\d{1,12}$/.test(sent) && Math.abs(now.getTime() / 1000 - Number(sent)) <= TOLERANCE_S;
    if (!isRecent) return false;
    mac.update(`${sent}.`);
  }
  const given = bytesOf(headers[signature.header.toLowerCase()] ?? '');
  const expected = mac.update(raw).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Hexadecimal or base64, with or without `sha256=` before it. */
function bytesOf(header: string): Buffer {
  const text = header.trim().replace(/^sha256=/i, '');
  return /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
}
