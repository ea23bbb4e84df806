import type { DataSource } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import { countSealedOtherwise, nextSealedOtherwise, resealSecrets, type SecretRow } from '../../store/secrets.js';
import type { KeyRing } from './key-ring.js';
import { openSecret, sealSecret } from './sealed-secret.js';

/** So few that whoever puts a secret meanwhile waits for a moment only. */
const AT_ONCE = 200;

/** What became of the secrets that were not under the newest key. */
export interface Reencrypted {
  done: number;
  /** Those that no key opens, as `workspace/name`; they stay as they are. */
  unreadable: string[];
}

/**
 * Puts every secret under the newest key, some at a time, each some in a transaction of its own: it may be stopped at any
 * moment and begun again, and processes that use secrets go on meanwhile, as long as they have both keys. `tell` hears of
 * each step.
 */
export async function reencrypt(source: DataSource, ring: KeyRing, tell: (done: number, all: number) => void): Promise<Reencrypted> {
  const all = await countSealedOtherwise(source.manager, ring.newest);
  const unreadable: string[] = [];
  let done = 0;
  for (let last = { workspaceId: '', name: '' }, isMore = all > 0; isMore; ) {
    const batch = await source.transaction(async (manager) => {
      const found = await nextSealedOtherwise(manager, ring.newest, last, AT_ONCE);
      await resealSecrets(
        manager,
        found.flatMap((secret) => resealed(ring, secret, unreadable)),
      );
      return found;
    });
    last = batch.at(-1) ?? last;
    isMore = batch.length === AT_ONCE;
    done += batch.length;
    tell(done - unreadable.length, all);
  }
  return { done: done - unreadable.length, unreadable };
}

function resealed(ring: KeyRing, secret: SecretRow, unreadable: string[]): SecretRow[] {
  try {
    return [{ ...secret, sealed: sealSecret(ring, secret, openSecret(ring, secret)) }];
  } catch (error) {
    if (!(error instanceof AutomationError)) throw error;
    unreadable.push(`${secret.workspaceId}/${secret.name} (key ${secret.sealed.keyId})`);
    return [];
  }
}
