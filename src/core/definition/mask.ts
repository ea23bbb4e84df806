import { isJsonObject, type Json } from '../json.js';

/** What people read in place of a secret. Sent back, it means: as it was. No argument that is secret takes it as a value. */
export const MASK = '••••••';

/** What the audit log says of a secret that was given anew. */
export const CHANGED = `${MASK} (changed)`;

/** A value with its secrets masked: of an object the names stay, null and the empty text are no secrets. */
export function masked(value: Json): Json {
  if (value === null || value === '') return value;
  if (!isJsonObject(value)) return MASK;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, masked(member ?? null)]));
}
