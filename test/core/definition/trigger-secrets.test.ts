import { describe, expect, it } from '@jest/globals';
import { CHANGED } from '../../../src/core/definition/mask.js';
import { keepSecrets, MASK, maskChange, maskSecrets, secretProblems } from '../../../src/core/definition/secrets.js';
import type { JsonObject } from '../../../src/core/json.js';

const ACTIONS = new Map([['webhook', { secret: ['secret', 'headers'] }]]);
const SECRET = { header: 'x-key', value: 'a-long-secret' };
const SIGNATURE = { type: 'hmac_sha256', secret: 'another-secret', header: 'x-sig', timestampHeader: 'x-time' };
const definition = (trigger: unknown): JsonObject => ({ trigger, steps: [] }) as unknown as JsonObject;
const FULL = definition({ signature: SIGNATURE, type: 'webhook', headers: ['a'], secret: SECRET });

describe('the secrets of a trigger', () => {
  it('are masked, in their places and their order, and all else is shown', () => {
    expect(JSON.stringify(maskSecrets(FULL, ACTIONS))).toBe(
      JSON.stringify(
        definition({
          signature: { ...SIGNATURE, secret: MASK },
          type: 'webhook',
          headers: ['a'],
          secret: { header: 'x-key', value: MASK },
        }),
      ),
    );
  });

  it.each<[unknown, unknown]>([
    ['text', 'text'],
    [null, null],
    [
      { type: 'webhook', secret: 'plain', signature: ['x'], with: { secret: 'x' }, token: 'x', record: { module: 'leads' } },
      { type: 'webhook', secret: MASK, signature: MASK, with: { secret: MASK }, token: MASK, record: { module: 'leads' } },
    ],
    [
      { type: 'webhook', secret: { value: { a: 'x' }, other: 'x' } },
      { type: 'webhook', secret: { value: { a: MASK }, other: MASK } },
    ],
    [
      { type: 'event', secret: SECRET, with: { url: 'x' } },
      { type: 'event', secret: { header: 'x-key', value: MASK }, with: { url: MASK } },
    ],
    [[{ type: 'webhook', with: { secret: 'x', url: 'u' } }], [{ type: 'webhook', with: { secret: MASK, url: 'u' } }]],
  ])('of a draft that may be anything are masked too: %j', (trigger, expected) => {
    expect(maskSecrets(definition(trigger), ACTIONS)).toEqual(definition(expected));
  });

  it('are shown where they are names of secrets of the workspace, also of changes', () => {
    const named = definition({ type: 'webhook', secret: { header: 'x-key', value: { $secret: 'partner' } } });
    expect(maskSecrets(named, ACTIONS)).toEqual(named);
    expect(keepSecrets(maskSecrets(named, ACTIONS), named, ACTIONS)).toEqual(named);
    expect(maskChange(FULL, named, ACTIONS).after).toEqual(named);
    expect(maskChange(named, definition({ type: 'webhook', secret: SECRET }), ACTIONS).after.trigger).toEqual({
      type: 'webhook',
      secret: { header: 'x-key', value: CHANGED },
    });
    const misshapen = definition({ type: 'webhook', secret: { header: 'x-key', value: { $secret: 'partner', other: 'x' } } });
    expect(JSON.stringify(maskSecrets(misshapen, ACTIONS))).not.toContain('partner');
  });

  it('come back with an edit that leaves them as they were', () => {
    const edited = maskSecrets(definition({ ...(FULL.trigger as object), headers: ['b'] }), ACTIONS);
    expect(keepSecrets(edited, FULL, ACTIONS)).toEqual(definition({ ...(FULL.trigger as object), headers: ['b'] }));
    expect(secretProblems(FULL, ACTIONS)).toEqual([]);
  });

  it('have to be given again where there was none, or one of another type', () => {
    const masked = definition({
      type: 'webhook',
      secret: { header: 'x', value: MASK },
      signature: { type: 'standard_webhooks', secret: MASK },
    });
    for (const stored of [FULL, definition(null), definition({ type: 'webhook', secret: { header: 'x' }, signature: 'x' })]) {
      const kept = keepSecrets(masked, stored, ACTIONS);
      expect(secretProblems(kept, ACTIONS).map(({ path }) => path)).toContain('trigger.signature.secret');
    }
    expect(secretProblems(masked, ACTIONS).map(({ path }) => path)).toEqual(['trigger.secret.value', 'trigger.signature.secret']);
  });

  it('say in the log of changes when they are others', () => {
    const other = definition({ type: 'webhook', secret: { ...SECRET, value: 'changed-secret' }, signature: SIGNATURE });
    const { before, after } = maskChange(FULL, other, ACTIONS);
    expect(after.trigger).toEqual({
      type: 'webhook',
      secret: { header: 'x-key', value: `${MASK} (changed)` },
      signature: { ...SIGNATURE, secret: MASK },
    });
    expect(JSON.stringify([before, after])).not.toMatch(/secret"?:"?(a-long|another|changed)/);
    expect(maskChange(definition(null), other, ACTIONS).after.trigger).toMatchObject({ secret: { value: MASK } });
    expect(maskChange(FULL, definition({ type: 'webhook', secret: 'x' }), ACTIONS).after.trigger).toEqual({
      type: 'webhook',
      secret: MASK,
    });
  });
});

describe('the triggers of a machine', () => {
  const machine = (value: string, code = 'answer') => ({
    transitions: [5, {}, { code, trigger: { type: 'webhook', secret: { header: 'x-key', value } } }],
  });

  it('are masked, kept and told apart by the codes of their transitions', () => {
    expect(maskSecrets(machine('secret-one'), ACTIONS)).toEqual(machine(MASK));
    expect(keepSecrets(machine(MASK), machine('secret-one'), ACTIONS)).toEqual(machine('secret-one'));
    expect(keepSecrets(machine(MASK, 'else'), machine('secret-one'), ACTIONS)).toEqual(machine(MASK, 'else'));
    expect(keepSecrets(machine(MASK), {}, ACTIONS)).toEqual(machine(MASK));
    expect(secretProblems(machine(MASK), ACTIONS)).toMatchObject([{ path: 'transitions[2].trigger.secret.value' }]);
    expect(maskChange(machine('secret-one'), machine('secret-two'), ACTIONS).after).toEqual(machine(CHANGED));
    expect(maskChange(machine('secret-one'), machine('secret-one'), ACTIONS).after).toEqual(machine(MASK));
  });
});
