import type { Catalog, FieldDescription, FieldType, ModuleDescription } from '../catalog.js';
import { shapeOf } from '../module-shape.js';
import { didYouMean } from '../nearest.js';
import type { ParsedPath } from '../scope.js';

/** What is known of the value at a path: its type, null where nobody has said, and its fixed values; or why there can be no value. */
export type FieldFinding = { type: FieldType | null; options?: readonly string[] } | { problem: string };

const UNKNOWN: FieldFinding = { type: null };

/** What is known of a record in a state machine. */
const OF_MACHINE: Readonly<Record<string, FieldType>> = { state: 'text', since: 'datetime', transition: 'text' };

/** Members of variables whose types are fixed. Others (`trigger`, `context`, `steps`, `item`) hold what was put there. */
const MEMBERS: Readonly<Record<string, Readonly<Record<string, FieldType>>>> = {
  actor: { type: 'text', id: 'text', name: 'text', roles: 'list' },
  workflow: { id: 'text', code: 'text', name: 'text', version: 'number' },
  run: { id: 'text', startedAt: 'datetime' },
};

/**
 * Finds out what a path of a condition leads to. Without a module nothing is known of records; without a catalog
 * nothing of related ones.
 */
export function findField(path: ParsedPath, module: ModuleDescription | null, catalog: Catalog | null): FieldFinding {
  const { root, segments } = path;
  if (segments.length === 0) return root === 'now' ? { type: 'datetime' } : root === 'index' ? { type: 'number' } : UNKNOWN;
  switch (root) {
    case 'record':
    case 'previous':
      return module === null ? UNKNOWN : findOfModule(segments, module, catalog);
    case 'changes':
      return module === null ? UNKNOWN : findChange(segments, module);
    default:
      return findMember(root, segments);
  }
}

function findOfModule([name = '', ...below]: string[], module: ModuleDescription, catalog: Catalog | null): FieldFinding {
  const relation = module.relations.find((candidate) => candidate.name === name);
  if (relation === undefined) return findOfRecord(name, below, module);
  const [field, ...belowField] = below;
  const related = catalog?.modules.get(relation.module);
  // Without a catalog the related module is not at hand; with one that lacks it, the host has not declared it.
  return field === undefined || related === undefined ? UNKNOWN : findOfRecord(field, belowField, related);
}

function findOfRecord(name: string, below: string[], module: ModuleDescription): FieldFinding {
  const { fields, names, members } = shapeOf(module);
  const field = names.has(name) ? fields.get(name) : undefined;
  if (field === undefined) {
    if (name === 'id' && below.length === 0) return UNKNOWN;
    const twoHops = below.length > 0 && module.relations.some((relation) => relation.name === name);
    return {
      problem: twoHops
        ? 'Fields of related records are reached over one relation, not over two.'
        : `Module "${module.name}" has no field "${name}".${didYouMean(name, pathNames(module))}`,
    };
  }
  if (below.length === 0) return ofField(field);
  const known = members.get(name);
  if (known !== undefined) return findMemberOf(module, known, [name, ...below]);
  const hasMembers = field.type === 'json' || field.type === 'list';
  return hasMembers ? UNKNOWN : { problem: `The field "${name}" holds no members: its type is ${field.type}.` };
}

function ofField({ type, options }: FieldDescription): FieldFinding {
  return { type, ...(options && { options }) };
}

/** In an object all of whose members are fields. */
function findMemberOf(module: ModuleDescription, members: readonly FieldDescription[], path: string[]): FieldFinding {
  const wanted = path.join('.');
  const exact = members.find(({ name }) => name === wanted);
  if (exact) return ofField(exact);
  const memberNames = members.map(({ name }) => name);
  // An object on the way to members, or inside of one of type json.
  const isOnTheWay = members.some(({ name, type }) => name.startsWith(`${wanted}.`) || (type === 'json' && wanted.startsWith(`${name}.`)));
  return isOnTheWay ? UNKNOWN : { problem: `Module "${module.name}" has no field "${wanted}".${didYouMean(wanted, memberNames)}` };
}

/** What a path into the module may begin with. */
function pathNames({ fields, relations }: ModuleDescription): string[] {
  return [...fields, ...relations].map(({ name }) => name);
}

function findChange([name = '', side, ...below]: string[], module: ModuleDescription): FieldFinding {
  const field = findOfRecord(name, [], module);
  if ('problem' in field || side === undefined) return 'problem' in field ? field : UNKNOWN;
  if (side !== 'from' && side !== 'to') return { problem: `A change has the members "from" and "to", not "${side}".` };
  return below.length === 0 ? field : UNKNOWN;
}

function findMember(root: string, [name = '', ...below]: string[]): FieldFinding {
  if (root === 'machine') return findOfMachine(name, below);
  const members = MEMBERS[root];
  if (members === undefined) return UNKNOWN;
  const type = Object.hasOwn(members, name) ? members[name] : undefined;
  if (type === undefined || (below.length > 0 && type !== 'list')) {
    const meant = type === undefined ? didYouMean(name, Object.keys(members)) : '';
    return { problem: `There is no "${[root, name, ...below].join('.')}".${meant}` };
  }
  return below.length > 0 ? UNKNOWN : { type };
}

/** Which machines there are, only the workspace knows. */
function findOfMachine(code: string, [name, ...below]: string[]): FieldFinding {
  if (name === undefined) return UNKNOWN;
  const type = Object.hasOwn(OF_MACHINE, name) ? OF_MACHINE[name] : undefined;
  if (type !== undefined && below.length === 0) return { type };
  const meant = type === undefined ? didYouMean(name, Object.keys(OF_MACHINE)) : '';
  return { problem: `There is no "${['machine', code, name, ...below].join('.')}".${meant}` };
}
