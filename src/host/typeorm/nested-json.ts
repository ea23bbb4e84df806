import { isJsonObject, type Json, type JsonObject } from '../../core/json.js';

/** Paths to what is not an object in a value given for an embedded entity; the value itself for any other field. */
export function leafPaths(value: Json, known: ReadonlySet<string>, path: string[] = []): string[][] {
  if (known.has(path.join('.')) || !isJsonObject(value)) return [path];
  return Object.entries(value).flatMap(([name, member]) => leafPaths(member ?? null, known, [...path, name]));
}

/** The value at a path of own members; undefined where there is none. */
export function valueAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  let at = value;
  for (const name of path) at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  return at;
}

/** Sets the value at a path, making the objects on the way. */
export function setAt(record: JsonObject, path: readonly string[], value: Json): void {
  let at = record;
  path.forEach((name, index) => {
    if (index === path.length - 1) {
      at[name] = value;
      return;
    }
    const next = at[name];
    const inner: JsonObject = isJsonObject(next) ? next : {};
    at[name] = inner;
    at = inner;
  });
}
