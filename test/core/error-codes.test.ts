import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES, type ErrorCode, statusOfCode } from '../../src/core/error-codes.js';
import { AutomationError, HostError } from '../../src/core/errors.js';

const CODES = Object.entries(ERROR_CODES) as [ErrorCode, number][];

describe('the codes of errors', () => {
  it('are words in lower case, each with the status of an error', () => {
    expect(CODES.length).toBeGreaterThan(100);
    for (const [code, status] of CODES) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect([400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 501, 502, 503, 504]).toContain(status);
      expect(statusOfCode(code)).toBe(status);
    }
  });

  it.each(['sms_refused', '', 'constructor', '__proto__', 'toString'])('have no status for %j, which is not one of them', (code) => {
    expect(statusOfCode(code)).toBeNull();
  });

  it('may be a host’s own, on the same class', () => {
    const error = new HostError('sms_refused', 'The gateway refused the number.', { hint: 'Correct it.' });
    expect(error).toBeInstanceOf(AutomationError);
    expect(error).toMatchObject({ code: 'sms_refused', message: 'The gateway refused the number.', hint: 'Correct it.' });
  });
});
