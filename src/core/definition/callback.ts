import type { Json, JsonObject } from '../json.js';
import { isSecretReference, type SecretReference } from '../secrets/secret-reference.js';
import { ObjectReader } from './object-reader.js';
import type { ProblemList } from './problem-list.js';

/** Who is told how a run has ended, by a call that is signed where it names a secret of the workspace. */
export interface Callback {
  url: string;
  secret?: SecretReference;
}

const LONGEST_URL = 2_000;

/** The member, in a schema. */
export function callbackSchema(description: string): JsonObject {
  return {
    description,
    anyOf: [
      { type: 'string', maxLength: LONGEST_URL, pattern: '^https?://' },
      {
        type: 'object',
        properties: {
          url: { type: 'string', maxLength: LONGEST_URL, pattern: '^https?://' },
          secret: { type: 'object', description: 'A secret of the workspace, which signs the call as Standard Webhooks does.' },
        },
        required: ['url'],
        additionalProperties: false,
      },
    ],
    examples: [{ url: 'https://ops.example.com/runs', secret: { $secret: 'ops-signing' } }],
  };
}

/** Reads a callback: an address, or an address and what signs the call. */
export function parseCallback(json: Json | undefined, path: string, problems: ProblemList): Callback | undefined {
  if (json === undefined) return undefined;
  const reader = ObjectReader.open(typeof json === 'string' ? { url: json } : json, path, problems, 'A callback');
  if (!reader) return undefined;
  const url = reader.text('url', { max: LONGEST_URL });
  if (url !== '' && !isCallable(url)) reader.problem('url', 'This must be an http or https URL without user name and templates.');
  const secret = reader.raw('secret');
  reader.finish();
  if (secret === undefined) return { url };
  if (isSecretReference(secret)) return { url, secret };
  reader.problem('secret', '"secret" must name a secret of the workspace: { "$secret": "its name" }.');
  return undefined;
}

function isCallable(text: string): boolean {
  if (!URL.canParse(text) || text.includes('{{')) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}
