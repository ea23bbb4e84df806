import type { SecretRow } from '../../store/secrets.js';
import type { KeyRing, Sealed } from './key-ring.js';

/** What says where a secret belongs: whoever moves it to another row, or gives it other hosts in the table, makes it unreadable. */
type Place = Pick<SecretRow, 'workspaceId' | 'name' | 'hosts'>;

/** Returns a secret as its row keeps it. */
export function sealSecret(ring: KeyRing, place: Place, value: string): Sealed {
  return ring.seal(value, boundTo(place));
}

/** Throws `secret_unreadable`. */
export function openSecret(ring: KeyRing, secret: Place & { sealed: Sealed }): string {
  return ring.open(secret.sealed, boundTo(secret));
}

function boundTo({ workspaceId, name, hosts }: Place): string[] {
  return ['secret', workspaceId, name, ...hosts];
}
