import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AutomationError, type Problem } from '../../core/errors.js';

/** A key of the host's, by the id that rows name it by. */
export interface EncryptionKey {
  /** Letters, digits, `_` and `-`. */
  id: string;
  /** 32 bytes in base64 or hexadecimal. */
  key: string;
}

/** What keys are made of: a ring of the host's own, the newest key first, and the secret that one is derived from otherwise. */
export interface KeySource {
  secret?: string | undefined;
  encryptionKeys?: readonly EncryptionKey[] | undefined;
}

/** A text as it is stored, and the key that opens it. */
export interface Sealed {
  keyId: string;
  bytes: Buffer;
}

/** Injection token of the {@link KeyRing}; null where the host gives no key. */
export const KEY_RING = Symbol('KEY_RING');

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
/** The size that GCM is made for; drawn anew for each text. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID = /^[A-Za-z0-9_-]{1,40}$/;
const LEAST_SECRET = 32;

/** Encrypts with the newest key, and opens what any of its keys has sealed. */
export class KeyRing {
  constructor(
    private readonly keys: ReadonlyMap<string, Buffer>,
    /** The key that seals. */
    readonly newest: string,
  ) {}

  /** `row` says where the text is kept: elsewhere, or with anything of it changed, it cannot be opened. */
  seal(text: string, row: readonly string[]): Sealed {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key(this.newest), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(this.newest, row));
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return { keyId: this.newest, bytes: Buffer.concat([nonce, cipher.getAuthTag(), encrypted]) };
  }

  /** Throws `secret_unreadable` when the key is missing, or when this is not what was sealed for the row. */
  open({ keyId, bytes }: Sealed, row: readonly string[]): string {
    const key = this.key(keyId);
    try {
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(keyId, row));
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new AutomationError('secret_unreadable', 'A stored secret is not what was sealed for its row.', {
        hint: 'Somebody has changed the row, or its key is another one by the same id. Give the secret anew.',
        cause,
      });
    }
  }

  private key(id: string): Buffer {
    const key = this.keys.get(id);
    if (key) return key;
    throw new AutomationError('secret_unreadable', `A stored secret was sealed with the key "${id}", which this process does not have.`, {
      hint: 'Put the key back into `encryptionKeys` (or the former `secret` back), then re-encrypt before you take it away: npx nestjs-crm-automation reencrypt.',
    });
  }
}

/**
 * The ring of a host; null when it gives nothing to make one of. A key derived from `secret` is part of every ring, so that a
 * host may begin with one variable and go over to keys of its own: it seals only where there are none. Throws
 * `options_invalid`.
 */
export function keyRingOf({ secret, encryptionKeys = [] }: KeySource): KeyRing | null {
  const problems = keyProblems({ secret, encryptionKeys });
  if (problems.length > 0) {
    const list = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
    throw new AutomationError('options_invalid', `The keys are not valid: ${list}.`, { problems });
  }
  const given = encryptionKeys.map(({ id, key }) => [id, keyBytes(key) as Buffer] as const);
  const all = [...given, ...(secret === undefined ? [] : [derived(secret)])];
  const [newest] = all;
  return newest ? new KeyRing(new Map(all), newest[0]) : null;
}

/** What is wrong with the host's keys. */
export function keyProblems({ secret, encryptionKeys = [] }: KeySource): Problem[] {
  const problems: Problem[] = [];
  if (secret !== undefined && (typeof secret !== 'string' || secret.length < LEAST_SECRET))
    problems.push({ path: 'secret', message: `must be a text of ${LEAST_SECRET} characters at least, drawn at random` });
  if (!Array.isArray(encryptionKeys))
    return [...problems, { path: 'encryptionKeys', message: 'must be a list of { id, key }, the newest first' }];
  const ids = encryptionKeys.map((one) => (one as Partial<EncryptionKey> | null)?.id);
  encryptionKeys.forEach((one: Partial<EncryptionKey> | null, index) => {
    const path = `encryptionKeys[${index}]`;
    if (typeof one?.id !== 'string' || !KEY_ID.test(one.id))
      problems.push({ path: `${path}.id`, message: 'must be made of letters, digits, _ and -' });
    else if (ids.indexOf(one.id) !== index) problems.push({ path: `${path}.id`, message: 'is that of another key' });
    if (typeof one?.key !== 'string' || keyBytes(one.key) === null)
      problems.push({
        path: `${path}.key`,
        message: `must be ${KEY_BYTES} bytes in base64 or hexadecimal, such as openssl rand -base64 32 prints`,
      });
  });
  return problems;
}

function keyBytes(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : null;
  return bytes?.length === KEY_BYTES ? bytes : null;
}

/** By an id that tells one secret from another without saying anything of it, so that a changed secret is told as a missing key. */
function derived(secret: string): readonly [string, Buffer] {
  const bytes = (purpose: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `nestjs-crm-automation/${purpose}`, length));
  return [`derived-${bytes('encryption-key-id', 4).toString('hex')}`, bytes('encryption-key', KEY_BYTES)];
}

function boundTo(keyId: string, row: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify([keyId, ...row]));
}
