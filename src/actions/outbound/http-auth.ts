import type { Problem } from '../../core/errors.js';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.js';
import { didYouMean } from '../../core/nearest.js';
import { REFERENCE_SCHEMA, referenceProblem, type SecretReference } from '../../core/secrets/secret-reference.js';
import { hasExpression } from '../../core/template/template.js';
import type { ExternalStep } from '../action.js';
import type { AddressGuard } from './address-guard.js';
import { headerProblems } from './headers.js';
import { basicAuth, OAuthTokens, type TokenRequest } from './oauth-tokens.js';
import { urlProblems } from './url-problems.js';

/** How a call says who makes it. */
export type HttpAuth =
  | { type: 'basic'; username: string; password: SecretReference }
  | { type: 'bearer'; token: SecretReference }
  | { type: 'api_key'; header: string; value: SecretReference }
  | ({ type: 'oauth2'; clientSecret: SecretReference } & Pick<TokenRequest, 'tokenUrl' | 'clientId' | 'scope' | 'audience' | 'clientAuth'>);

type Member = 'text' | 'secret' | { enum: readonly string[] };
/** What each kind has; names with `?` may be left out. */
const KINDS: Readonly<Record<HttpAuth['type'], Readonly<Record<string, Member>>>> = {
  basic: { username: 'text', password: 'secret' },
  bearer: { token: 'secret' },
  api_key: { header: 'text', value: 'secret' },
  oauth2: {
    tokenUrl: 'text',
    clientId: 'text',
    clientSecret: 'secret',
    'scope?': 'text',
    'audience?': 'text',
    'clientAuth?': { enum: ['basic', 'body'] },
  },
};
const LONGEST = 2_000;

/** The kinds in JSON Schema. */
export const AUTH_SCHEMA: JsonObject = { oneOf: Object.entries(KINDS).map(([type, members]) => schemaOf(type, members)) };

/** What is wrong with the authentication of a call, by its path. */
export function authProblems(auth: Json | undefined, guard?: AddressGuard): Problem[] {
  if (auth === undefined || auth === null) return [];
  const members =
    isJsonObject(auth) && typeof auth.type === 'string' && Object.hasOwn(KINDS, auth.type) ? KINDS[auth.type as HttpAuth['type']] : null;
  if (!isJsonObject(auth) || !members) {
    return [{ path: 'auth', message: `auth must be an object whose "type" is one of: ${Object.keys(KINDS).join(', ')}` }];
  }
  const names = Object.keys(members).map((name) => name.replace('?', ''));
  const problems: Problem[] = Object.keys(auth)
    .filter((name) => name !== 'type' && !names.includes(name))
    .map((name) => ({
      path: `auth.${name}`,
      message: `${name} is not known here.${didYouMean(name, names)} Known are: ${names.join(', ')}`,
    }));
  for (const [written, member] of Object.entries(members)) {
    const name = written.replace('?', '');
    const value = auth[name];
    if (value === undefined && written.endsWith('?')) continue;
    const message = memberProblem(value, member);
    if (message !== null) problems.push({ path: `auth.${name}`, message: `${name} ${message}` });
  }
  if (auth.type === 'api_key' && typeof auth.header === 'string') {
    problems.push(...headerProblems({ [auth.header]: '' }).map(({ message }) => ({ path: 'auth.header', message })));
  }
  if (auth.type === 'oauth2' && typeof auth.tokenUrl === 'string') {
    // Between other text a record's value could lead the client's secret astray.
    const templated = { path: 'auth.tokenUrl', message: 'tokenUrl must be written out, without templates' };
    problems.push(...(hasExpression(auth.tokenUrl) ? [templated] : urlProblems(auth.tokenUrl, 'auth.tokenUrl', guard)));
  }
  return problems;
}

/** The name of the header that the authentication sets, in small letters; null without one. */
export function authHeader(auth: HttpAuth | undefined | null): string | null {
  if (!auth) return null;
  return auth.type === 'api_key' ? auth.header.toLowerCase() : 'authorization';
}

/** The headers that say who calls, and what to do when they were not accepted: null where trying again would say the same. */
export interface Credentials {
  headers: Record<string, string>;
  renew: (() => Promise<Credentials>) | null;
}

/** Reveals what the call says of who makes it. All of it is kept out of logs. */
export async function credentialsOf(auth: HttpAuth | undefined | null, url: string, step: ExternalStep): Promise<Credentials> {
  if (!auth) return { headers: {}, renew: null };
  const { secrets } = step;
  switch (auth.type) {
    case 'basic': {
      const header = basicAuth(auth.username, await secrets.reveal(auth.password, [url]));
      secrets.conceal(header.slice('Basic '.length));
      return { headers: { authorization: header }, renew: null };
    }
    case 'bearer':
      return { headers: { authorization: `Bearer ${await secrets.reveal(auth.token, [url])}` }, renew: null };
    case 'api_key':
      return { headers: { [auth.header]: await secrets.reveal(auth.value, [url]) }, renew: null };
    case 'oauth2': {
      const { type: _, ...client } = auth;
      // What is got by a secret goes only where the secret itself may go.
      const clientSecret = await secrets.reveal(auth.clientSecret, [auth.tokenUrl, url]);
      return withToken({ ...client, clientSecret, workspaceId: step.workspaceId }, step, true);
    }
  }
}

async function withToken(request: TokenRequest, step: ExternalStep, mayRenew: boolean): Promise<Credentials> {
  const tokens = step.inject(OAuthTokens);
  const { clientId, clientSecret } = request;
  step.secrets.conceal(basicAuth(encodeURIComponent(clientId), encodeURIComponent(clientSecret)).slice('Basic '.length));
  const token = await tokens.tokenFor(request, step.signal);
  step.secrets.conceal(token);
  const renew = (): Promise<Credentials> => {
    tokens.forget(request, token);
    return withToken(request, step, false);
  };
  return { headers: { authorization: `Bearer ${token}` }, renew: mayRenew ? renew : null };
}

function memberProblem(value: Json | undefined, member: Member): string | null {
  if (member === 'secret') return referenceProblem(value);
  if (member === 'text')
    return typeof value === 'string' && value !== '' && value.length <= LONGEST ? null : `must be a text of 1 to ${LONGEST} characters`;
  return typeof value === 'string' && member.enum.includes(value) ? null : `must be one of: ${member.enum.join(', ')}`;
}

function schemaOf(type: string, members: Readonly<Record<string, Member>>): JsonObject {
  const schema = (member: Member): JsonObject =>
    member === 'secret'
      ? REFERENCE_SCHEMA
      : member === 'text'
        ? { type: 'string', minLength: 1, maxLength: LONGEST }
        : { enum: [...member.enum] };
  const properties = Object.fromEntries(Object.entries(members).map(([name, member]) => [name.replace('?', ''), schema(member)]));
  const required = ['type', ...Object.keys(members).filter((name) => !name.endsWith('?'))];
  return { type: 'object', properties: { type: { const: type }, ...properties }, required, additionalProperties: false };
}
