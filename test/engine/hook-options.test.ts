import { expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { type AutomationOptions, resolveSettings } from '../../src/automation.options.js';
import { checkCaller } from '../../src/engine/hooks/caller-checks.js';
import { sampleCrm } from '../support/sample-crm.js';

const options = (more: Partial<AutomationOptions>): AutomationOptions => ({
  dataSource: new DataSource({ type: 'postgres' }),
  crm: sampleCrm(),
  ...more,
});

it('what trigger URLs take has defaults, and can be told', () => {
  expect(resolveSettings(options({})).hooks).toEqual({
    unknown: 'accept',
    perMinute: 1_200,
    workspacePerMinute: 6_000,
    queue: 10_000,
    bodyMs: 10_000,
  });
  expect(resolveSettings(options({ hooks: { unknown: 'not_found', queue: 5 } })).hooks).toMatchObject({ unknown: 'not_found', queue: 5 });
});

it.each<[Partial<AutomationOptions>, string]>([
  [{ hooks: { unknown: 'hide' as never } }, 'hooks.unknown'],
  [{ hooks: { perMinute: 0 } }, 'hooks.perMinute'],
  [{ hooks: { bodyTimeoutMs: 1 } }, 'hooks.bodyTimeoutMs'],
  [{ hooks: { limit: 1 } as never }, 'hooks.limit'],
  [{ publicUrl: 'crm.acme.test' }, 'publicUrl'],
  [{ publicUrl: 'https://crm.acme.test/?a=1' }, 'publicUrl'],
  [{ publicUrl: 7 as never }, 'publicUrl'],
])('%j is refused', (more, path) => {
  expect(() => resolveSettings(options(more))).toThrow(expect.objectContaining({ problems: [expect.objectContaining({ path })] }));
});

it('signatures are not checked where the application keeps no bytes, and it is said how it keeps them', () => {
  const rules = { signature: { type: 'hmac_sha256', header: 'x-signature', secret: 's' } } as const;
  expect(() => checkCaller(rules, { headers: { 'x-signature': '00' }, raw: null }, new Date())).toThrow(
    expect.objectContaining({ code: 'raw_body_missing', hint: expect.stringContaining('rawBody: true') }),
  );
});
