import { isJsonObject, type Json, type JsonObject } from '../json.js';

/** The member that makes an object a reference: a name that no other system's JSON is likely to use. */
export const REFERENCE = '$secret';

/** Stands in a definition where a secret of the workspace is to be used: `{ "$secret": "stripe" }`. */
export interface SecretReference {
  $secret: string;
  /** Goes in front of it: `Bearer `. */
  prefix?: string;
}

/**
 * Where an action takes references, and which of its arguments say where the secret is sent: `{ 'headers.*': ['url'] }`. A
 * place is a path into the arguments; `*` stands for any name.
 */
export type SecretPlaces = Readonly<Record<string, readonly string[]>>;

/** Those of an action that takes none. */
export const NO_PLACES: SecretPlaces = Object.freeze({});

/** What names of secrets look like. */
export const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
export const SECRET_NAME_RULE = 'a name begins with a letter or a digit and holds letters, digits, _, . and - only, 64 at the most';
const LONGEST_PREFIX = 40;
const PREFIX = new RegExp(`^[\\x20-\\x7e]{1,${LONGEST_PREFIX}}$`);

/** Whether a value claims to be a reference, however wrong it is. */
export function claimsSecret(value: Json | undefined): value is JsonObject {
  return isJsonObject(value) && Object.hasOwn(value, REFERENCE);
}

/** Whether a value is a reference and nothing but one, so that all of it may be shown. */
export function isSecretReference(value: unknown): value is SecretReference {
  return isJsonObject(value) && referenceProblem(value) === null;
}

/** What is wrong with a value as a reference; null when it is one. */
export function referenceProblem(value: Json | undefined): string | null {
  if (!claimsSecret(value)) return `must name a secret of the workspace: { "${REFERENCE}": "its name" }`;
  const { [REFERENCE]: name, prefix, ...rest } = value;
  if (typeof name !== 'string' || !SECRET_NAME.test(name)) return `"${REFERENCE}" must be the name of a secret: ${SECRET_NAME_RULE}`;
  // A template there would be filled in with whatever a record says.
  if (prefix !== undefined && (typeof prefix !== 'string' || !PREFIX.test(prefix) || prefix.includes('{{')))
    return `"prefix" must be a text of 1 to ${LONGEST_PREFIX} plain characters, without templates`;
  const [unknown] = Object.keys(rest);
  return unknown === undefined ? null : `a reference has no "${unknown}": it is { "${REFERENCE}": "name" }, with a "prefix" if needed`;
}

/** What a reference is in JSON Schema. */
export const REFERENCE_SCHEMA: JsonObject = {
  type: 'object',
  description: 'A secret of the workspace.',
  'x-control': 'secret',
  properties: { [REFERENCE]: { type: 'string', pattern: SECRET_NAME.source }, prefix: { type: 'string' } },
  required: [REFERENCE],
  additionalProperties: false,
};

/** Returns the place that a path into the arguments is at, if it is one. */
export function placeOf(places: SecretPlaces, path: readonly string[]): string | undefined {
  return partsOf(places).find(
    ({ parts }) => parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]),
  )?.place;
}

/** Whether a place lies inside the value at a path. */
export function holdsPlace(places: SecretPlaces, path: readonly string[]): boolean {
  return partsOf(places).some(
    ({ parts }) => parts.length > path.length && path.every((part, index) => parts[index] === '*' || parts[index] === part),
  );
}

const known = new WeakMap<SecretPlaces, readonly { place: string; parts: readonly string[] }[]>();

/** The places of an action, taken apart once: they are asked for with each argument of each attempt. */
function partsOf(places: SecretPlaces): readonly { place: string; parts: readonly string[] }[] {
  const parts = known.get(places) ?? Object.keys(places).map((place) => ({ place, parts: place.split('.') }));
  known.set(places, parts);
  return parts;
}
