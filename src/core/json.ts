/** Any value that JSON can carry. Everything that is stored, logged or handed to a template is one of these. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. Members may be undefined in memory; they vanish when written. */
export interface JsonObject {
  [key: string]: Json | undefined;
}

/** True for a JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
