import type { ActionDescription } from '../catalog.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { holdsPlace, isSecretReference, NO_PLACES, placeOf } from '../secrets/secret-reference.js';

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

/**
 * The arguments of an action as people may read them. References to secrets of the workspace are shown where the action
 * takes them; what stands there instead of one is masked. `mask` is told where in the arguments a secret stands.
 */
export function maskedArguments(
  args: JsonObject,
  { secret = [], takesSecrets = NO_PLACES }: Pick<ActionDescription, 'secret' | 'takesSecrets'>,
  mask: (value: Json, path: readonly string[]) => Json = masked,
): JsonObject {
  const walk = (value: Json, path: readonly string[], isSecret: boolean): Json => {
    const isPlace = placeOf(takesSecrets, path) !== undefined;
    if (isPlace && isSecretReference(value)) return value as unknown as Json;
    const holdsPlaces = holdsPlace(takesSecrets, path);
    if (!(isSecret || isPlace || holdsPlaces)) return value;
    if (!isJsonObject(value)) return mask(value, path);
    return Object.fromEntries(
      Object.entries(value).map(([name, member = null]) => [name, walk(member, [...path, name], isSecret || isPlace)]),
    );
  };
  return Object.fromEntries(Object.entries(args).map(([name, value = null]) => [name, walk(value, [name], secret.includes(name))]));
}
