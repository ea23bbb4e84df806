import { describe, expect, it } from '@jest/globals';
import { refuse } from '../../src/actions/rules.js';
import { compileCondition } from '../../src/core/condition/condition.js';
import type { AutomationError } from '../../src/core/errors.js';

describe('the hint of a run that failed by a mistake in its workflow', () => {
  it.each<[string, () => unknown]>([
    ['a condition', () => compileCondition({ field: '', operator: 'equals' } as never, null)],
    ['arguments', () => refuse([{ path: 'to', message: 'is missing' }])],
  ])('says that correcting %s is not enough: only a retry with the newest version is', (_, fail) => {
    let error: AutomationError | undefined;
    try {
      fail();
    } catch (thrown) {
      error = thrown as AutomationError;
    }
    expect(error?.hint).toMatch(/retry the run from the start with `version: newest`/);
  });
});
