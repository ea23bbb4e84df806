import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits: nobody finds one by trying. */
const TOKEN_BYTES = 32;

/** Returns a new token, as it stands in a URL. It is shown once, and kept as its hash alone. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** Returns what is kept of a token, hexadecimal: whoever reads the table cannot call the URL. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
