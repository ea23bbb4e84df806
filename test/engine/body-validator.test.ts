import { expect, it } from '@jest/globals';
import { BodyValidator } from '../../src/engine/hooks/body-validator.js';

it('a schema is compiled once, however many deliveries come before that is done', async () => {
  const validator = new BodyValidator();
  const checks = await Promise.all(Array.from({ length: 5 }, () => validator.of('version', { type: 'object' })));
  expect(new Set(checks).size).toBe(1);
  expect(checks[0]?.([])).toMatchObject([{ path: 'body' }]);
});
