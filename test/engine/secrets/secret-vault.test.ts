import { describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { keyRingOf } from '../../../src/engine/secrets/key-ring.js';
import { sealSecret } from '../../../src/engine/secrets/sealed-secret.js';
import { SecretVault } from '../../../src/engine/secrets/secret-vault.js';

const RING = keyRingOf({ secret: 'the secret of a host, drawn at random' })!;

/** A vault over a table whose statements begin when the test says so. */
function vaultOf(values: string[]) {
  const begin: (() => void)[] = [];
  const row = (value: string) => {
    const { keyId, bytes } = sealSecret(RING, { workspaceId: 'acme', name: 'a', hosts: [] }, value);
    return { workspaceId: 'acme', name: 'a', id: 'i', hosts: [], keyId, sealed: bytes };
  };
  const manager = { query: async () => [row(values.shift() ?? 'none')] } as unknown as EntityManager;
  const statement = <T>(work: (manager: EntityManager) => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => void begin.push(() => void work(manager).then(resolve, reject)));
  return { vault: new SecretVault({ statement } as never, RING), begin, row };
}

describe('secrets that calls need at one moment', () => {
  it('are read once, and again for whoever comes when the reading has begun', async () => {
    const { vault, begin } = vaultOf(['before', 'after']);
    const reveal = () => vault.forAttempt('acme').reveal({ $secret: 'a' }, []);
    const [one, other] = [reveal(), reveal()];
    expect(begin).toHaveLength(1);
    begin[0]?.();
    const later = reveal();
    expect(begin).toHaveLength(2);
    begin[1]?.();
    expect(await Promise.all([one, other, later])).toEqual(['before', 'before', 'after']);
  });
});

describe('secrets that are read with the intents of calls', () => {
  const withinOf = (answers: (() => object[])[]) => {
    const { vault, begin, row } = vaultOf([]);
    const manager = { query: async () => (answers.shift() ?? (() => []))() } as unknown as EntityManager;
    const reveal = async () => vault.forAttempt('acme', await vault.readWithin(manager, 'acme', ['a'])).reveal({ $secret: 'a' }, []);
    return { reveal, begin, row, answers };
  };

  it('are read once for a transaction, and need no statement of their own', async () => {
    const { reveal, begin, row, answers } = withinOf([]);
    answers.push(
      () => [row('then')],
      () => [row('later')],
    );
    expect(await Promise.all([reveal(), reveal()])).toEqual(['then', 'then']);
    expect(begin).toEqual([]);
    expect(answers).toHaveLength(1);
  });

  it('are missed by the call, not by the transaction', async () => {
    await expect(withinOf([]).reveal()).rejects.toMatchObject({ code: 'secret_not_found' });
  });

  it('are read anew after a failure: the transaction may have gone back to a savepoint', async () => {
    const { reveal, row, answers } = withinOf([]);
    const failed = (): never => {
      throw new Error('cut');
    };
    answers.push(failed, () => [row('then')]);
    const both = await Promise.allSettled([reveal(), reveal()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await reveal()).toBe('then');
  });
});

describe('what an attempt has revealed', () => {
  it('is masked in whatever it leaves, also as JSON and URLs write it, and in names', async () => {
    const { vault, begin } = vaultOf(['se"cret value']);
    const secrets = vault.forAttempt('acme');
    const untouched = { text: 'se"cret value' };
    expect(secrets.redact(untouched)).toBe(untouched);
    const revealed = secrets.reveal({ $secret: 'a', prefix: 'Bearer ' }, []);
    begin[0]?.();
    expect(await revealed).toBe('Bearer se"cret value');
    secrets.conceal('token');
    secrets.conceal('');
    const left = {
      'x se"cret value': ['a se"cret value b', JSON.stringify('se"cret value'), `?q=${encodeURIComponent('se"cret value')}`],
      n: 1,
      none: null,
      t: 'a token',
    };
    expect(secrets.redact(left)).toEqual({ 'x ••••••': ['a •••••• b', '"••••••"', '?q=••••••'], n: 1, none: null, t: 'a ••••••' });
  });
});
