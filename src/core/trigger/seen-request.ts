import type { Problem } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { HEADER_NAME, HELD_BACK } from './webhook-auth.js';

/** What runs see of the headers of every request that somebody has posted. */
const USUAL_HEADERS: readonly string[] = ['content-type', 'user-agent'];
const MOST_HEADERS = 20;

/** What the body of a posted request must look like, in a schema. */
export const BODY_SCHEMA: JsonObject = {
  type: 'object',
  description: 'JSON Schema of the body: types, members, lengths, patterns; without references.',
  examples: [{ type: 'object', required: ['email'], properties: { email: { type: 'string', format: 'email' } } }],
};

/** Which headers of a posted request runs see, in a schema. */
export const SEEN_HEADERS: JsonObject = {
  type: 'array',
  items: { type: 'string', pattern: HEADER_NAME.source },
  maxItems: MOST_HEADERS,
  description: 'Headers that runs see, beside content-type and user-agent.',
  examples: [['x-github-event']],
};

/** Why a list of headers that runs are to see cannot be used; paths are those inside it. `secrets`: headers that carry some. */
export function seenHeaderProblems(headers: Json, secrets: readonly string[] = []): Problem[] {
  if (!Array.isArray(headers) || headers.length > MOST_HEADERS) {
    return [{ path: '', message: `"headers" must be a list of at most ${MOST_HEADERS} names of headers.` }];
  }
  const held = new Set([...HELD_BACK, ...secrets.map((name) => name.toLowerCase())]);
  return headers.flatMap((name, index) => {
    const path = `[${index}]`;
    if (typeof name !== 'string' || !HEADER_NAME.test(name)) return [{ path, message: 'This must be the name of a header.' }];
    return held.has(name.toLowerCase()) ? [{ path, message: `"${name}" carries credentials: no run may see it.` }] : [];
  });
}

/** Returns those headers of a request that runs see. Names of the request's are in small letters. */
export function seenHeaders(headers: Readonly<Record<string, string>>, further: readonly string[]): Record<string, string> {
  const seen = [...USUAL_HEADERS, ...further].map((name) => name.toLowerCase()).filter((name) => headers[name] !== undefined);
  return Object.fromEntries(seen.map((name) => [name, headers[name] as string]));
}
