import { AutomationError } from '../errors.js';
import type { Json } from '../json.js';
import { luxon } from '../libraries.js';
import { percentEncoded } from '../percent-encoding.js';
import { momentOf, parseDate } from '../time/dates.js';
import { isTimezone } from '../time/zones.js';

/** What a helper is called with: the values in order, and the options by name. */
export interface HelperCall {
  values: Json[];
  options: Readonly<Record<string, Json>>;
  /** The zone for dates where no option names one. */
  timezone: string;
}

/** One function of the template language. */
export interface TemplateHelper {
  /** How many values it takes, at least and at most. */
  values: readonly [number, number];
  /** Options that may also be given by position, after the values. */
  positional: readonly string[];
  /** Its options, each with a check that says what is wrong with a value; null when nothing is. */
  options: Readonly<Record<string, (value: Json) => string | null>>;
  /** True when values may be paths that do not exist: they are passed as null. */
  acceptsMissing: boolean;
  /** What one call counts against the limit of work. */
  cost: number;
  /** @throws AutomationError `template_value_invalid` */
  call(call: HelperCall): Json;
}

/** The helper whose result is a part of a URL already. */
export const URL_HELPER = 'url';

const LOCALE = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?$/;
const LONGEST_FORMAT = 200;

const checkLocale = (value: Json) =>
  typeof value === 'string' && LOCALE.test(value) && Intl.NumberFormat.supportedLocalesOf(value).length > 0
    ? null
    : 'locale must be a language tag such as "en-GB"';
const checkZone = (value: Json) =>
  typeof value === 'string' && isTimezone(value) ? null : 'zone must be an IANA time zone such as "Europe/Berlin"';
const checkFormat = (value: Json) =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_FORMAT
    ? null
    : 'format must be a text of luxon tokens such as "d LLL yyyy"';
const checkDecimals = (value: Json) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 20 ? null : 'decimals must be a whole number from 0 to 20';
const checkCurrency = (value: Json) =>
  typeof value === 'string' && /^[A-Z]{3}$/.test(value) ? null : 'currency must be a code such as "EUR"';

const plain = { positional: [], options: {}, acceptsMissing: false, cost: 1 } as const;

/** Every helper by its name. Blocks (`if`, `unless`, `each`, `with`) belong to the language itself. */
export const TEMPLATE_HELPERS: ReadonlyMap<string, TemplateHelper> = new Map<string, TemplateHelper>([
  [
    'date',
    {
      ...plain,
      values: [1, 1],
      positional: ['format', 'zone'],
      options: { format: checkFormat, zone: checkZone, locale: checkLocale },
      cost: 20,
      call: formatDate,
    },
  ],
  [
    'number',
    {
      ...plain,
      values: [1, 1],
      positional: ['decimals'],
      options: { decimals: checkDecimals, locale: checkLocale },
      cost: 20,
      call: formatNumber,
    },
  ],
  [
    'money',
    {
      ...plain,
      values: [1, 1],
      positional: ['currency'],
      options: { currency: checkCurrency, decimals: checkDecimals, locale: checkLocale },
      cost: 20,
      call: formatMoney,
    },
  ],
  [
    'default',
    {
      ...plain,
      values: [2, 10],
      acceptsMissing: true,
      call: ({ values }) => values.find((value) => value !== null && value !== '') ?? last(values),
    },
  ],
  ['upper', { ...plain, values: [1, 1], call: ({ values }) => templateText(values[0]).toUpperCase() }],
  ['lower', { ...plain, values: [1, 1], call: ({ values }) => templateText(values[0]).toLowerCase() }],
  [URL_HELPER, { ...plain, values: [1, 1], call: ({ values }) => percentEncoded(templateText(values[0])) }],
  ['eq', { ...plain, values: [2, 2], call: ({ values }) => equal('eq', values) }],
  ['ne', { ...plain, values: [2, 2], call: ({ values }) => !equal('ne', values) }],
  ['gt', { ...plain, values: [2, 2], call: ({ values }) => order('gt', values) > 0 }],
  ['lt', { ...plain, values: [2, 2], call: ({ values }) => order('lt', values) < 0 }],
  ['and', { ...plain, values: [1, 10], acceptsMissing: true, call: ({ values }) => values.every((value) => isTruthy(value)) }],
  ['or', { ...plain, values: [1, 10], acceptsMissing: true, call: ({ values }) => values.some((value) => isTruthy(value)) }],
  ['not', { ...plain, values: [1, 1], acceptsMissing: true, call: ({ values }) => !isTruthy(values[0]) }],
]);

/** A value as it stands inside a text: null is empty, a list of plain values is joined by commas, other structures are JSON. */
export function templateText(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== 'object')) {
    return value.map((item) => templateText(item)).join(', ');
  }
  return JSON.stringify(value);
}

/** What counts as yes in `if`: all but null, false, 0, an empty text and an empty list. */
export function isTruthy(value: Json | undefined): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** The error for a value that a helper or block cannot work with. */
export function invalidValue(message: string): AutomationError {
  return new AutomationError('template_value_invalid', message, {
    hint: 'Correct the template, or test it against a record like the one of this run.',
  });
}

function formatDate({ values: [value], options, timezone }: HelperCall): Json {
  if (value === null || value === '') return '';
  const zone = (options.zone ?? timezone) as string;
  const date = isTimezone(timezone) ? parseDate(value as Json) : null;
  if (date === null) throw invalidValue(`date cannot read ${shown(value)} as a date.`);
  // A date without a time begins in the zone it is shown in, so that it never moves to the day before.
  const at = luxon().DateTime.fromMillis(momentOf(date, date.form === 'day' ? zone : timezone), { zone });
  const format = options.format ?? (date.form === 'day' ? 'yyyy-MM-dd' : 'yyyy-MM-dd HH:mm');
  return at.toFormat(format as string, { locale: (options.locale ?? 'en-US') as string });
}

function formatNumber({ values: [value], options: { decimals, locale } }: HelperCall): Json {
  if (value === null) return '';
  if (typeof value !== 'number') throw invalidValue(`number needs a number, not ${shown(value)}.`);
  return formatter(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals } as Intl.NumberFormatOptions).format(value);
}

function formatMoney({ values: [value], options: { currency, decimals, locale } }: HelperCall): Json {
  if (value === null) return '';
  if (typeof value !== 'number') throw invalidValue(`money needs a number, not ${shown(value)}.`);
  // Without a currency there is no telling how many decimals it has; two is what records are kept in.
  const digits = decimals ?? (currency === undefined ? 2 : undefined);
  const style = currency === undefined ? {} : { style: 'currency', currency };
  return formatter(locale, { ...style, minimumFractionDigits: digits, maximumFractionDigits: digits } as Intl.NumberFormatOptions).format(
    value,
  );
}

const MOST_FORMATTERS = 200;
const formatters = new Map<string, Intl.NumberFormat>();

/** Building a formatter is what costs, so they are kept; a template can ask for only so many before they are dropped. */
function formatter(locale: Json | undefined, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const tag = (locale ?? 'en-US') as string;
  const key = `${tag} ${options.currency} ${options.maximumFractionDigits}`;
  let found = formatters.get(key);
  if (found === undefined) {
    if (formatters.size >= MOST_FORMATTERS) formatters.clear();
    found = new Intl.NumberFormat(tag, options);
    formatters.set(key, found);
  }
  return found;
}

function equal(name: string, [left, right]: Json[]): boolean {
  if (isStructure(left) || isStructure(right)) throw invalidValue(`${name} compares texts, numbers and booleans, not lists or objects.`);
  return left === right;
}

/** Below, at or above zero as the left value is less than, equal to or greater than the right one; NaN, which is neither, for null. */
function order(name: string, [left, right]: Json[]): number {
  if (left === null || right === null) return Number.NaN;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : Number(left > right);
  throw invalidValue(`${name} cannot compare ${shown(left)} with ${shown(right)}: both must be numbers, or both texts.`);
}

function isStructure(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null;
}

function last(values: Json[]): Json {
  return values[values.length - 1] as Json;
}

function shown(value: Json | undefined): string {
  if (Array.isArray(value)) return 'a list';
  if (isStructure(value)) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
