import type { Json } from '../../core/json.js';
import { offsetWords } from './time.js';

const GROUPED = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 20 });

/** Returns a number as people write it: `1,204`. */
export function numberWords(value: number): string {
  return GROUPED.format(value);
}

/** Returns so many of something: `1 run`, `1,204 runs`, `2 branches` (with `many` where an s is not enough). */
export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${numberWords(count)} ${count === 1 ? one : many}`;
}

/** Returns a list in a sentence: `a, b and c`. */
export function listWords(items: readonly string[], last: 'and' | 'or' = 'and'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`;
}

/** Returns a name of the machine as words: `http_request` and `httpRequest` are `Http request`. */
export function nameWords(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim()
    .toLowerCase();
  return words === '' ? name : words.charAt(0).toUpperCase() + words.slice(1);
}

const ISO_TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z$/;

/** Returns a value as it stands in a sentence, cut to about 80 characters: texts as they are, nothing as `empty`. */
export function valueWords(value: Json | undefined): string {
  if (value === null || value === undefined || value === '') return 'empty';
  if (typeof value === 'string') return shortened(value.replace(ISO_TIME, '$1 $2 UTC'));
  if (typeof value === 'number') return numberWords(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : shortened(listWords(value.map(valueWords), 'or'));
  if (typeof value.field === 'string') return `the value of ${value.field}`;
  if (typeof value.fromNow === 'string') return momentWords(value.fromNow);
  return shortened(JSON.stringify(value));
}

/** Returns a moment counted from now: `2 days ago`, `in 2 days`. */
export function momentWords(duration: string): string {
  const words = offsetWords(duration);
  if (words === 'on') return 'now';
  return words.endsWith(' before') ? words.replace(/ before$/, ' ago') : `in ${words.replace(/ after$/, '')}`;
}

/** Returns a text in one line, cut where it is long. */
export function shortened(text: string, most = 80): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most - 1).trimEnd()}…` : line;
}
