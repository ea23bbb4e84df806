import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type KeyRing, keyRingOf } from '../../../src/engine/secrets/key-ring.js';

const SECRET = 'a secret of the host, drawn at random: 4a7d1ed414';
const key = (id: string) => ({ id, key: randomBytes(32).toString('base64') });
const ROW = ['secret', 'acme', 'stripe', 'api.test'];

const opened = (ring: KeyRing | null, sealed: ReturnType<KeyRing['seal']>, row = ROW) => ring?.open(sealed, row);

describe('a key ring', () => {
  it('opens what it has sealed, and never seals twice alike', () => {
    const ring = keyRingOf({ encryptionKeys: [key('a')] })!;
    const [one, other] = [ring.seal('sk_live ✓', ROW), ring.seal('sk_live ✓', ROW)];
    expect(one.keyId).toBe('a');
    expect(one.bytes.equals(other.bytes)).toBe(false);
    expect(one.bytes.includes('sk_live')).toBe(false);
    expect(opened(ring, one)).toBe('sk_live ✓');
    // nonce and tag
    expect(one.bytes).toHaveLength(12 + 16 + Buffer.byteLength('sk_live ✓'));
  });

  it.each([
    ['another workspace', ['secret', 'rival', 'stripe', 'api.test']],
    ['another name', ['secret', 'acme', 'other', 'api.test']],
    ['another host', ['secret', 'acme', 'stripe', 'evil.test']],
    ['one host more', [...ROW, 'evil.test']],
    ['another kind of row', ['token', 'acme', 'stripe', 'api.test']],
  ])('does not open for %s what was sealed for a row', (_, row) => {
    const ring = keyRingOf({ encryptionKeys: [key('a')] })!;
    expect(() => opened(ring, ring.seal('sk_live', ROW), row)).toThrow(expect.objectContaining({ code: 'secret_unreadable' }));
  });

  it('does not open what was changed, anywhere, or cut', () => {
    const ring = keyRingOf({ encryptionKeys: [key('a')] })!;
    const { keyId, bytes } = ring.seal('sk_live', ROW);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ 1;
      expect(() => ring.open({ keyId, bytes: changed }, ROW)).toThrow(expect.objectContaining({ code: 'secret_unreadable' }));
      expect(() => ring.open({ keyId, bytes: bytes.subarray(0, at) }, ROW)).toThrow(expect.objectContaining({ code: 'secret_unreadable' }));
    }
  });

  it('seals with its first key, opens with all, and says which one is missing', () => {
    const [old, young] = [key('2025'), key('2026')];
    const sealed = keyRingOf({ encryptionKeys: [old] })!.seal('sk_live', ROW);
    const both = keyRingOf({ encryptionKeys: [young, old] })!;
    expect(both.newest).toBe('2026');
    expect(opened(both, sealed)).toBe('sk_live');
    expect(() => opened(keyRingOf({ encryptionKeys: [young] }), sealed)).toThrow(/the key "2025"/);
    // the same id, another key
    expect(() => opened(keyRingOf({ encryptionKeys: [{ ...young, id: '2025' }] }), sealed)).toThrow(/not what was sealed/);
  });

  it('is derived from the secret of the host where it gives no keys, and still opens with it when it does', () => {
    const derived = keyRingOf({ secret: SECRET })!;
    const sealed = derived.seal('sk_live', ROW);
    expect(sealed.keyId).toMatch(/^derived-[0-9a-f]{8}$/);
    const own = keyRingOf({ secret: SECRET, encryptionKeys: [key('2026')] })!;
    expect([own.newest, opened(own, sealed)]).toEqual(['2026', 'sk_live']);
    expect(() => opened(keyRingOf({ secret: `${SECRET}!` }), sealed)).toThrow(new RegExp(`the key "${sealed.keyId}"`));
    expect(keyRingOf({})).toBeNull();
  });

  it('takes 32 bytes in base64 or hexadecimal', () => {
    const bytes = randomBytes(32);
    const sealed = keyRingOf({ encryptionKeys: [{ id: 'a', key: bytes.toString('hex') }] })!.seal('sk_live', ROW);
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      expect(opened(keyRingOf({ encryptionKeys: [{ id: 'a', key: bytes.toString(encoding) }] }), sealed)).toBe('sk_live');
    }
  });

  it.each([
    [{ secret: 'too short' }, 'secret'],
    [{ secret: 7 as unknown as string }, 'secret'],
    [{ encryptionKeys: 'a' as unknown as [] }, 'encryptionKeys'],
    [{ encryptionKeys: [null] as unknown as [] }, 'encryptionKeys[0].id'],
    [{ encryptionKeys: [{ ...key('a'), id: 'a b' }] }, 'encryptionKeys[0].id'],
    [{ encryptionKeys: [key('a'), key('a')] }, 'encryptionKeys[1].id'],
    [{ encryptionKeys: [{ id: 'a', key: randomBytes(16).toString('base64') }] }, 'encryptionKeys[0].key'],
    [{ encryptionKeys: [{ id: 'a', key: 'x'.repeat(64) }] }, 'encryptionKeys[0].key'],
  ])('refuses other keys by their path: %#', (source, path) => {
    expect(() => keyRingOf(source)).toThrow(
      expect.objectContaining({ code: 'options_invalid', problems: expect.arrayContaining([expect.objectContaining({ path })]) }),
    );
  });
});
