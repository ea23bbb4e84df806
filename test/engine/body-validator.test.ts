import { expect, it } from '@jest/globals';
import { BodyValidator } from '../../src/engine/hooks/body-validator.js';

it('a schema is compiled once, however many deliveries come before that is done', async () => {
  const validator = new BodyValidator();
  const checks = await Promise.all(Array.from({ length: 5 }, () => validator.of('version', { type: 'object' })));
  expect(new Set(checks).size).toBe(1);
  expect(checks[0]?.([])).toMatchObject([{ path: 'body' }]);
});

it('a body is told all that is wrong with it, and of a large one the first thing', async () => {
  const check = await new BodyValidator().of('version', { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } });
  expect(check({ a: 1, b: 2 }).map(({ path }) => path)).toEqual(['body.a', 'body.b']);
  expect(check({ a: 1, b: 2, more: 'x'.repeat(17_000) }).map(({ path }) => path)).toEqual(['body.a']);
});
