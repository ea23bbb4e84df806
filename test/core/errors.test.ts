import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { AutomationError } from '../../src/core/errors.js';

describe('an error of the library', () => {
  it('is printed with its code and with what helps, and with nothing else', () => {
    expect(inspect(new AutomationError('options_invalid', 'No.'))).toMatch(/\{\s+code: 'options_invalid'\s+\}$/);
    const full = new AutomationError('busy', 'No.', { hint: 'Later.', retry: { kind: 'transient' }, problems: [], details: { of: 1 } });
    expect(inspect(full)).toMatch(/\{\s+code: 'busy',\s+hint: 'Later\.',\s+details: \{ of: 1 \},\s+problems: \[\]\s+\}$/);
  });

  it('says whether it may pass: it does not, unless it says so', () => {
    expect(new AutomationError('options_invalid', 'No.').retry).toEqual({ kind: 'permanent' });
    expect(new AutomationError('busy', 'No.', { retry: { kind: 'transient' } }).retry).toEqual({ kind: 'transient' });
  });
});
