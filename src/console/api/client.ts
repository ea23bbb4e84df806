import { type QueryValues, queryOf } from '../model/route.js';

/** What the API answers when it does not do as asked. */
export interface ErrorBody {
  statusCode: number;
  code: string;
  message: string;
  hint?: string;
  problems?: { path: string; message: string; hint?: string }[];
  details?: Record<string, unknown>;
}

/** A call that was not answered as hoped: by the API, by something before it, or not at all. */
export class ApiError extends Error {
  constructor(
    readonly body: ErrorBody,
    /** In how many milliseconds to ask again; null where nobody says. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(body.message);
  }

  get status(): number {
    return this.body.statusCode;
  }

  get code(): string {
    return this.body.code;
  }
}

/** Returns what is to be told of an error. */
export function errorBodyOf(error: unknown): ErrorBody {
  return error instanceof ApiError ? error.body : { statusCode: 0, code: 'unknown', message: String(error) };
}

export interface CallOptions {
  query?: QueryValues;
  body?: unknown;
  signal?: AbortSignal;
}

/** The console stands beside the API, wherever both are mounted. */
const api = new URL('..', document.baseURI);
const TOKEN = `automation-token ${api.pathname}`;

let token = sessionStorage.getItem(TOKEN);
let unauthenticated: () => void = () => undefined;

/** Keeps the bearer token of this tab; null forgets it. */
export function keepToken(text: string | null): void {
  token = text;
  if (text === null) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, text);
}

/** True when this tab signs in by a token, and not by the host's cookie alone. */
export function hasToken(): boolean {
  return token !== null;
}

/** Calls the function whenever the API does not know who is calling. */
export function onUnauthenticated(listener: () => void): void {
  unauthenticated = listener;
}

/** Calls the API. Throws {@link ApiError}. */
export async function call<Answer>(
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const url = new URL(path, api);
  url.search = queryOf(options.query ?? {}).toString();
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  // Every write says that it is JSON: a form of another site cannot.
  if (method !== 'GET') headers['content-type'] = 'application/json';
  const body = options.body === undefined ? null : JSON.stringify(options.body);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { method, headers, body, credentials: 'same-origin', signal: options.signal ?? null });
    // It may break off in the midst of the answer, too.
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError({ statusCode: 0, code: 'unreachable', message: 'The server cannot be reached.', hint: 'Is the connection up?' });
  }
  if (response.ok) return (text === '' ? null : answerOf(text)) as Answer;
  const error = errorOf(response, text);
  if (error.status === 401) unauthenticated();
  throw error;
}

/** A proxy that asks to sign in answers 200 and a page: that is no answer of the API. */
function answerOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError({
      statusCode: 502,
      code: 'not_json',
      message: 'What came back is not from the API.',
      hint: 'Something between this page and the server has answered: load the page again.',
    });
  }
}

/** What goes wrong before the API (a proxy, the host's own guard) has another form. */
function errorOf(response: Response, text: string): ApiError {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : null;
  const body = parsed(text);
  if (typeof body.code === 'string' && typeof body.message === 'string') {
    return new ApiError({ ...(body as unknown as ErrorBody), statusCode: response.status }, retryAfterMs);
  }
  const message = typeof body.message === 'string' ? body.message : `The server answered ${response.status} ${response.statusText}`.trim();
  return new ApiError({ statusCode: response.status, code: `http_${response.status}`, message }, retryAfterMs);
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
