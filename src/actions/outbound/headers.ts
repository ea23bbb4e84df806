import { AutomationError, type Problem } from '../../core/errors.js';

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
/** Visible ASCII, Latin-1, space and tab: what fits into a header as it is. CR, LF and NUL would start another one. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Decided by the connection itself; setting them is request smuggling. */
const REFUSED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'proxy-authorization',
  'proxy-connection',
]);
const MOST_HEADERS = 50;
const MOST_BYTES = 8 * 1024;

/** What is wrong with headers that a request is to carry; `path` goes in front of each name. */
export function headerProblems(headers: Readonly<Record<string, unknown>>, path = 'headers', reserved: readonly string[] = []): Problem[] {
  const problems: Problem[] = [];
  const names = Object.keys(headers);
  let bytes = 0;
  for (const name of names) {
    const text = headerText(headers[name]);
    bytes += name.length + (text?.length ?? 0) + 4;
    const message = headerProblem(name, text, reserved);
    if (message !== null) problems.push({ path: NAME.test(name) ? `${path}.${name}` : path, message });
  }
  if (names.length > MOST_HEADERS || bytes > MOST_BYTES) {
    problems.push({ path, message: `at most ${MOST_HEADERS} headers of ${MOST_BYTES} bytes together can be sent` });
  }
  return problems;
}

function headerProblem(name: string, text: string | null, reserved: readonly string[]): string | null {
  if (!NAME.test(name)) return `${JSON.stringify(name.slice(0, 60))} is not the name of a header`;
  const lower = name.toLowerCase();
  if (REFUSED.has(lower) || reserved.includes(lower)) return `the header ${name} is set by the call itself and cannot be given`;
  if (text === null) return `the header ${name} takes a text, a number or a boolean`;
  return VALUE.test(text) ? null : `the header ${name} holds a line break or another character that headers cannot carry`;
}

/** The headers as they are sent: names in small letters, values as text. Throws `outbound_headers_invalid` with the problems. */
export function checkedHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const problems = headerProblems(headers);
  if (problems.length > 0) {
    throw new AutomationError('outbound_headers_invalid', `The request's headers cannot be sent: ${problems[0]?.message}`, {
      hint: 'Check what the templates in the headers give: line breaks in a value are refused.',
      problems,
    });
  }
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), headerText(value) ?? '']));
}

function headerText(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}
