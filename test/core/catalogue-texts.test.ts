import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES, type ErrorCode } from '../../src/core/error-codes.js';
import { hintOf } from '../../src/core/error-hints.js';
import { SCOPE_ROOTS } from '../../src/core/scope.js';
import { SKIP_REASONS } from '../../src/core/start/skip-reasons.js';
import { describeHelpers, TEMPLATE_ROOTS } from '../../src/core/template/describe.js';
import { TEMPLATE_HELPERS } from '../../src/core/template/helpers.js';
import { templateProblems } from '../../src/core/template/template.js';

const SENTENCE = /^[A-Z].*[^.]\.$/;

describe('what the catalogue says in words', () => {
  it('is what to do, for every code of an error', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[])
      expect([code, hintOf(code)]).toEqual([code, expect.stringMatching(SENTENCE)]);
    expect(hintOf('code_taken')).toBe('Choose another code.');
    expect(hintOf('busy')).toBe('Try again after the time in `Retry-After`.');
  });

  it('is what it means, for every reason of a skipped run', () => {
    for (const description of Object.values(SKIP_REASONS)) expect(description).toMatch(SENTENCE);
  });

  it('is what it is good for, with an example that holds, for every function and variable of templates', () => {
    expect(TEMPLATE_ROOTS.map(({ name }) => name)).toEqual([...SCOPE_ROOTS]);
    const helpers = describeHelpers();
    expect(helpers.map(({ name }) => name)).toEqual([...TEMPLATE_HELPERS.keys()]);
    for (const { name, description, example, options, values } of helpers) {
      expect(description).toMatch(SENTENCE);
      expect(example).toContain(name);
      expect(templateProblems(example, name)).toEqual([]);
      expect(new Set(options).size).toBe(options.length);
      expect(values[0]).toBeLessThanOrEqual(values[1]);
    }
  });
});
