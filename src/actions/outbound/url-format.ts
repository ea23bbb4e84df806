import { AutomationError } from '../../core/errors.js';
import { percentEncoded } from '../../core/percent-encoding.js';
import type { TemplatePiece, TextFormat } from '../../core/template/template.js';

/** Scheme and authority with what ends them. Only slashes that every reader of URLs takes for the same. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#\\]+[/?#]/i;
/** Readers of URLs drop them wherever they stand. */
const DROPPED = /[\t\r\n]/g;

/**
 * URLs with expressions in them. What an expression inserts is percent-encoded and stays the part of the path or the query
 * that it stands in: scheme, host, port and the structure of the path are the author's. What the helper `url` made is
 * encoded already. A text that is one expression may be any URL; whoever calls it checks it.
 */
export function urlFormat(argument: string): TextFormat {
  return {
    single: (value) => value,
    mixed: (pieces) => composeUrl(pieces, argument),
    problem: (outline) => {
      const first = outline.indexOf(null);
      return first < 0 || ORIGIN.test(outline.slice(0, first).join('').replace(DROPPED, '')) ? null : NO_ORIGIN;
    },
  };
}

const NO_ORIGIN =
  'an expression may stand in the path or the query of a URL, not in front of them: write scheme and host out (https://hooks.example.com/…), or make the whole URL one expression';

function composeUrl(pieces: readonly TemplatePiece[], argument: string): string {
  const parts: TemplatePiece[] = [];
  let url = '';
  for (const { text, from } of pieces) {
    if (from !== 'author' && !ORIGIN.test(url)) throw refused(argument, NO_ORIGIN);
    const part = { text: from === 'author' ? text.replace(DROPPED, '') : from === 'expression' ? percentEncoded(text) : text, from };
    parts.push(part);
    url += part.text;
  }
  for (const { text, isInserted } of pathSegments(parts)) {
    if (!isInserted) continue;
    if (text === '')
      throw refused(argument, 'an expression gives nothing for a part of the path, which would be the path of something else');
    if (climbs(text))
      throw refused(argument, `an expression gives ${JSON.stringify(text)} for a part of the path, which would lead out of it`);
  }
  return url;
}

/** The parts between the slashes, up to the query; the first ones are those of the origin. */
function pathSegments(parts: readonly TemplatePiece[]): { text: string; isInserted: boolean }[] {
  let segment = { text: '', isInserted: false };
  const segments = [segment];
  for (const { text, from } of parts) {
    if (from !== 'author') {
      segment.text += text;
      segment.isInserted = true;
      continue;
    }
    const end = text.search(/[?#]/);
    const [first = '', ...further] = (end < 0 ? text : text.slice(0, end)).split(/[/\\]/);
    segment.text += first;
    for (const next of further) {
      segment = { text: next, isInserted: false };
      segments.push(segment);
    }
    if (end >= 0) break;
  }
  return segments;
}

/** Whether it holds `.` or `..` as a part of its own: for readers of URLs, and for servers that decode slashes before they look. */
function climbs(segment: string): boolean {
  return segment
    .replace(/%2e/gi, '.')
    .split(/%2f|%5c/i)
    .some((part) => part === '.' || part === '..');
}

function refused(argument: string, reason: string): AutomationError {
  return new AutomationError('outbound_url_invalid', `'${argument}' cannot be called: ${reason}`, {
    hint: 'Correct the URL in the step, or the value on the record that it takes in. {{default …}} gives a value where there is none.',
    problems: [{ path: argument, message: reason }],
  });
}
