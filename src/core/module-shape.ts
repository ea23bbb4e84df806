import type { FieldDescription, ModuleDescription } from './catalog.js';
import { isForbiddenKey } from './storable-json.js';

/** A module's fields, by where their values lie in a record. */
export interface ModuleShape {
  /** Every field by its name, members (`address.city`) included. */
  fields: ReadonlyMap<string, FieldDescription>;
  /** The fields that lie in the record itself. */
  own: readonly FieldDescription[];
  /** The fields that lie inside one of those, by its name: `address` -> `address.city`, … An object with such members has no others. */
  members: ReadonlyMap<string, readonly FieldDescription[]>;
  /** The names of {@link own}, and `id`. */
  names: ReadonlySet<string>;
}

/** Descriptions do not change while the process runs. */
const shapes = new WeakMap<ModuleDescription, ModuleShape>();

/** The shape of a module's records, worked out once. */
export function shapeOf(module: ModuleDescription): ModuleShape {
  const known = shapes.get(module) ?? makeShape(module);
  shapes.set(module, known);
  return known;
}

/** Where the value of a field lies in a record: `[address, city]` for the member `address.city`, else the name itself. */
export function placeOf(module: ModuleDescription, name: string): readonly string[] {
  return shapeOf(module).names.has(name) ? [name] : name.split('.');
}

/**
 * The field of this name: one that the catalog lists, or a member of one of type json of whose members nothing is known
 * (`settings.theme`), which may hold whatever JSON can.
 */
export function fieldAt(module: ModuleDescription, name: string): FieldDescription | null {
  const { fields, members, names } = shapeOf(module);
  const known = fields.get(name);
  if (known) return known;
  const path = name.split('.');
  const holder = fields.get(path[0] as string);
  if (holder?.type !== 'json' || members.has(holder.name) || !names.has(holder.name)) return null;
  if (path.some((part) => part === '' || isForbiddenKey(part))) return null;
  const { writable } = holder;
  return { name, label: name, type: 'json', nullable: true, writable };
}

/** The fields that workflows have to give a new record beside those that are given. */
export function fieldsMissing(module: ModuleDescription, given: readonly string[]): string[] {
  return module.fields
    .filter(({ name, required, writable }) => required === true && writable && !given.includes(name))
    .map(({ name }) => name);
}

function holderOf(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? name : name.slice(0, dot);
}

function makeShape(module: ModuleDescription): ModuleShape {
  const fields = new Map(module.fields.map((field) => [field.name, field]));
  const own: FieldDescription[] = [];
  const members = new Map<string, FieldDescription[]>();
  for (const field of module.fields) {
    const holder = holderOf(field.name);
    // A dot alone makes no member: a host may call a field like that.
    if (holder === field.name || !fields.has(holder)) own.push(field);
    else members.set(holder, [...(members.get(holder) ?? []), field]);
  }
  const names = new Set(['id', ...own.map(({ name }) => name)]);
  return { fields, own, members, names };
}
