import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { didYouMean } from '../nearest.js';
import { claimsSecret, referenceProblem, type SecretReference } from '../secrets/secret-reference.js';
import type { TriggerReader } from './trigger-reader.js';

/** A header that the caller of a trigger URL sends with a value that only he knows. */
export interface CallerSecret {
  header: string;
  /** Or the name of a secret of the workspace, which is used as it is when a call comes. */
  value: string | SecretReference;
}

/** How the caller of a trigger URL signs what he sends. */
export type CallSignature =
  /** standardwebhooks.com: `webhook-id`, `webhook-timestamp`, `webhook-signature`. */
  | { type: 'standard_webhooks'; secret: string | SecretReference }
  /** HMAC-SHA256 of the body, hex or base64, with or without `sha256=` before it. */
  | {
      type: 'hmac_sha256';
      secret: string | SecretReference;
      header: string;
      /** Of the moment of sending, in seconds since 1970: then `<timestamp>.<body>` is what is signed. */
      timestampHeader?: string;
    };

/** What names of headers look like. */
export const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** Headers that carry credentials, whoever sends them. */
export const HELD_BACK: readonly string[] = ['authorization', 'cookie', 'proxy-authorization', 'webhook-signature'];

/** What secrets of Standard Webhooks look like. */
export const STANDARD_SECRET = /^(whsec_)?[A-Za-z0-9+/]{22,1000}={0,2}$/;
const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  standard_webhooks: ['type', 'secret'],
  hmac_sha256: ['type', 'secret', 'header', 'timestampHeader'],
};
const LONGEST_SECRET = 1_000;

/** Notes what is wrong with the member `secret` of a trigger. */
export function checkSecret(reader: TriggerReader): void {
  const { secret } = reader.json;
  if (secret === undefined) return;
  if (!isJsonObject(secret)) {
    reader.problem('secret', '"secret" must be an object with "header" and "value".');
    return;
  }
  known(reader, secret, 'secret', ['header', 'value']);
  headerName(reader, secret, 'secret', 'header');
  secretText(reader, secret.value, 'secret.value');
}

/** Notes what is wrong with the member `signature` of a trigger. */
export function checkSignature(reader: TriggerReader): void {
  const { signature } = reader.json;
  if (signature === undefined) return;
  const members = isJsonObject(signature) && typeof signature.type === 'string' ? SIGNATURES[signature.type] : undefined;
  if (!isJsonObject(signature) || members === undefined) {
    reader.problem('signature', `"signature" must be an object whose "type" is one of: ${Object.keys(SIGNATURES).join(', ')}.`);
    return;
  }
  known(reader, signature, 'signature', members);
  secretText(reader, signature.secret, 'signature.secret');
  if (signature.type === 'hmac_sha256') {
    headerName(reader, signature, 'signature', 'header');
    if (signature.timestampHeader !== undefined) headerName(reader, signature, 'signature', 'timestampHeader');
  } else if (typeof signature.secret === 'string' && !STANDARD_SECRET.test(signature.secret)) {
    reader.problem('signature.secret', 'The secret of Standard Webhooks must be base64, with or without whsec_ before it.');
  }
}

function known(reader: TriggerReader, json: JsonObject, path: string, names: readonly string[]): void {
  for (const name of Object.keys(json)) {
    if (!names.includes(name))
      reader.problem(`${path}.${name}`, `This is not known here.${didYouMean(name, names)} Known are: ${names.join(', ')}.`);
  }
}

function headerName(reader: TriggerReader, json: JsonObject, path: string, name: string): void {
  const value = json[name];
  if (typeof value !== 'string' || !HEADER_NAME.test(value)) reader.problem(`${path}.${name}`, `"${name}" must be the name of a header.`);
}

function secretText(reader: TriggerReader, value: Json | undefined, path: string): void {
  if (claimsSecret(value)) {
    const problem = referenceProblem(value);
    if (problem !== null) reader.problem(path, `This ${problem}.`);
    return;
  }
  if (typeof value !== 'string' || value.length < 8 || value.length > LONGEST_SECRET)
    reader.problem(path, `This must be a text of 8 to ${LONGEST_SECRET} characters.`);
  else if (/[^\x21-\x7e]/.test(value)) reader.problem(path, 'This must be made of letters, digits and signs of ASCII, without blanks.');
}
