import { describe, expect, it } from '@jest/globals';
import { checkLimits, type FieldLimits } from '../../src/host/field-limits.js';

const FITS = 'fits';

describe('the limits of a field', () => {
  const verdict = (limits: FieldLimits, value: string | number | boolean | null | string[]): string => {
    try {
      checkLimits('deals', { name: 'amount', ...limits }, value);
      return FITS;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  // Each limit alone: a column may have decimals without bounds, or one bound.
  it.each<[FieldLimits, string | number, string]>([
    [{ maxDecimals: 2 }, 1.25, FITS],
    [{ maxDecimals: 2 }, 1.255, 'value_rounded'],
    [{ maxDecimals: 2 }, '1.2500', FITS],
    [{ maxDecimals: 0 }, 1.5, 'value_rounded'],
    [{ minimum: 0 }, 0, FITS],
    [{ minimum: 0 }, -0, FITS],
    [{ minimum: 0 }, -0.01, 'value_out_of_range'],
    [{ minimum: -5 }, '-5', FITS],
    [{ minimum: -5 }, '-5.1', 'value_out_of_range'],
    [{ maximum: 10 }, 10, FITS],
    [{ maximum: 10 }, 9, FITS],
    [{ maximum: 10 }, 10.01, 'value_out_of_range'],
    [{ maximum: 10 }, '1e2', 'value_out_of_range'],
    [{ maxLength: 3 }, 'abc', FITS],
    [{ maxLength: 3 }, '👋👋👋', FITS],
    [{ maxLength: 3 }, 'abcd', 'value_too_long'],
    [{}, 'x'.repeat(10_000), FITS],
  ])('%j, for %j: %s', (limits, value, expected) => {
    expect(verdict(limits, value)).toBe(expected);
  });

  it('say nothing of what is no text and no number', () => {
    for (const value of [null, true, 'soon']) expect(verdict({ maxDecimals: 0, minimum: 0, maximum: 1 }, value)).toBe(FITS);
    expect(verdict({ maxLength: 3 }, ['abc', 'ab'])).toBe(FITS);
  });
});
