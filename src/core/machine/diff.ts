import { type DefinitionDiff, diffDefinitions } from '../definition/diff.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';

/**
 * Compares two definitions of machines: states and transitions by their codes (`transitions.submit.conditions.value`), the steps
 * of transitions by their ids. Another order of the transitions, which is the order in which they are asked, is a value of its
 * own at `transitions`. Drafts with problems can be compared too.
 */
export function diffMachines(from: JsonObject, to: JsonObject): DefinitionDiff {
  const [before, after] = [byCode(from), byCode(to)];
  const diff = diffDefinitions(before, after);
  const orders = reordered(from.transitions, to.transitions);
  if (!orders) return diff;
  return { ...diff, isSame: false, values: [...diff.values, { path: 'transitions', change: 'changed', ...orders }] };
}

function byCode(definition: JsonObject): JsonObject {
  const { states, transitions } = definition;
  return { ...definition, ...keyed('states', states), ...keyed('transitions', transitions) };
}

/** The parts by their codes; a list of which one has none, or the same as another one, stays a list. */
function keyed(name: string, parts: Json | undefined): JsonObject {
  const codes = codesOf(parts);
  if (codes === null) return {};
  return { [name]: Object.fromEntries(codes.map((code, index) => [code, (parts as Json[])[index] as Json])) };
}

function codesOf(parts: Json | undefined): string[] | null {
  if (!Array.isArray(parts)) return null;
  const codes = parts.flatMap((part) => (isJsonObject(part) && typeof part.code === 'string' ? [part.code] : []));
  return codes.length === parts.length && new Set(codes).size === codes.length ? codes : null;
}

/** The codes that both have, where they do not stand in the same order. */
function reordered(from: Json | undefined, to: Json | undefined): { from: string[]; to: string[] } | null {
  const [before, after] = [codesOf(from) ?? [], codesOf(to) ?? []];
  const orders = { from: before.filter((code) => after.includes(code)), to: after.filter((code) => before.includes(code)) };
  return orders.from.every((code, index) => orders.to[index] === code) ? null : orders;
}
