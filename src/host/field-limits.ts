import type { FieldDescription } from '../core/catalog.js';
import type { ErrorCode } from '../core/error-codes.js';
import { AutomationError } from '../core/errors.js';
import type { Json } from '../core/json.js';
import { shownValue } from './shown-value.js';

/** The part of a field's description that limits its values. */
export type FieldLimits = Pick<FieldDescription, 'maxLength' | 'maxDecimals' | 'minimum' | 'maximum'>;

/**
 * Throws `value_too_long`, `value_out_of_range` or `value_rounded` for a value (in its field's canonical form) that the column
 * would refuse or change. Rounding is refused, too: an amount must not change between the step that set it and the record.
 */
export function checkLimits(module: string, field: FieldLimits & Pick<FieldDescription, 'name'>, value: Json): void {
  const { name, maxLength, maxDecimals, minimum, maximum } = field;
  const fail = (code: ErrorCode, what: string, hint: string, limits: FieldLimits): never => {
    const message = `${shownValue(value)} ${what} the field '${name}' of ${module}`;
    throw new AutomationError(code, message, { hint, details: { module, field: name, ...limits } });
  };
  if (maxLength !== undefined) {
    const longest = [value].flat().find((text) => typeof text === 'string' && isLongerThan(text, maxLength));
    if (longest !== undefined) {
      fail(
        'value_too_long',
        `is longer than the ${maxLength} characters of`,
        'Shorten the value, or have the CRM give the field more room.',
        {
          maxLength,
        },
      );
    }
  }
  if (maxDecimals === undefined && minimum === undefined && maximum === undefined) return;
  const number = typeof value === 'number' || typeof value === 'string' ? asDecimal(value) : null;
  if (!number) return;
  if (maxDecimals !== undefined && number.fraction.length > maxDecimals) {
    fail(
      'value_rounded',
      maxDecimals === 0 ? 'is no whole number, so it would be rounded in' : `would be rounded to ${maxDecimals} decimals in`,
      'Round the value where it comes from, or have the CRM give the field more decimals.',
      { maxDecimals },
    );
  }
  const isBelow = minimum !== undefined && compared(number, asDecimal(minimum)) < 0;
  if (isBelow || (maximum !== undefined && compared(number, asDecimal(maximum)) > 0)) {
    const limits = { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
    fail(
      'value_out_of_range',
      `is ${isBelow ? 'less' : 'more'} than fits`,
      'Correct the value in the workflow, or what it is made from.',
      limits,
    );
  }
}

/** Whether a number has more decimals than the field keeps. */
export function hasMoreDecimals(value: number, maxDecimals: number | undefined): boolean {
  return maxDecimals !== undefined && (asDecimal(value)?.fraction.length ?? 0) > maxDecimals;
}

/** Postgres counts characters, JavaScript their halves. */
function isLongerThan(text: string, length: number): boolean {
  return text.length > length && [...text].length > length;
}

/** A number digit by digit, without zeros that say nothing. */
interface Decimal {
  negative: boolean;
  whole: string;
  fraction: string;
}

/** More digits than a column with a precision can have: exponents beyond need no exact look. */
const MOST_DIGITS = 2_000;

function asDecimal(value: number | string): Decimal | null {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(String(value).trim());
  if (!parts) return null;
  const [, sign, before = '', after = ''] = parts;
  const exponent = Math.max(-MOST_DIGITS, Math.min(MOST_DIGITS, Number(parts[4] ?? 0)));
  const digits = before + after;
  const point = before.length + exponent;
  const whole = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const fraction = point >= digits.length ? '' : digits.slice(Math.max(0, point)).padStart(digits.length - point, '0');
  return { negative: sign === '-', whole: whole.replace(/^0+/, ''), fraction: fraction.replace(/0+$/, '') };
}

function compared(left: Decimal, right: Decimal | null): number {
  if (!right) return 0;
  const isZero = ({ whole, fraction }: Decimal): boolean => whole === '' && fraction === '';
  const negative = left.negative && !isZero(left);
  if (negative !== (right.negative && !isZero(right))) return negative ? -1 : 1;
  const size = left.whole.length - right.whole.length || order(left.whole, right.whole) || order(left.fraction, right.fraction);
  return negative ? -size : size;
}

function order(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
