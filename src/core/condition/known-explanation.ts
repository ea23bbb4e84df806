import type { Catalog } from '../catalog.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { parsePath } from '../scope.js';
import { findField } from './field-types.js';

/** In place of the value of a field that the catalog does not know (any more). */
const HIDDEN_NOTE = 'the field is not shown any more';
/** Variables that hold what was in records. */
const OF_RECORDS: readonly string[] = ['record', 'previous', 'changes'];

/**
 * An explanation that was stored some time ago, without the values of fields that the host has hidden since, and of a module
 * that has left the catalog without any value of a record.
 */
export function knownExplanation(catalog: Catalog, moduleName: string | null, explanation: Json): Json {
  if (!isJsonObject(explanation)) return explanation;
  for (const group of ['all', 'any', 'none']) {
    const children = explanation[group];
    if (Array.isArray(children)) return { ...explanation, [group]: children.map((child) => knownExplanation(catalog, moduleName, child)) };
  }
  return isShown(catalog, moduleName, explanation) ? explanation : { ...explanation, seen: null, expected: null, note: HIDDEN_NOTE };
}

function isShown(catalog: Catalog, moduleName: string | null, { field }: JsonObject): boolean {
  const path = typeof field === 'string' ? parsePath(field) : null;
  if (path === null || moduleName === null || !OF_RECORDS.includes(path.root)) return true;
  const module = catalog.modules.get(moduleName);
  return module !== undefined && !('problem' in findField(path, module, catalog));
}
