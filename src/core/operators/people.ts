import type { ModuleDescription } from '../catalog.js';
import type { ParsedPath } from '../scope.js';
import { foldCase } from './letter-case.js';
import { comparing, EMPTY_NOTE, type Judge, mismatch, type Operator, type TestSetup, unfitValue } from './operator.js';

const OWNER_UNKNOWN = 'the module has no field that names the owner';

/** The operators for fields that hold a user's id, and for the actor: who made the event happen. */
export const PEOPLE_OPERATORS: readonly Operator[] = [
  { name: 'is_actor', label: 'is the one who did it', types: ['text', 'number'], value: 'none', kind: 'text', judge: () => isActor },
  {
    name: 'is_owner',
    label: 'is the owner of the record',
    types: ['text', 'number'],
    value: 'none',
    kind: 'text',
    fits: hasOwner,
    judge: isOwner,
  },
  { name: 'has_role', label: 'has the role', types: 'any', value: 'one', kind: 'text', fits: isActorField, judge: hasRole },
];

/** Ids are compared as written; some hosts have numbers for ids, and actors have texts. */
function isSameId(seen: string | number, id: string | number): boolean {
  return String(seen) === String(id);
}

const isActor: Judge = (seen, { actor }) => {
  if (seen === null) return EMPTY_NOTE;
  if (typeof seen !== 'string' && typeof seen !== 'number') return mismatch(seen, 'the id of a user');
  return actor.id !== null && isSameId(seen, actor.id);
};

function hasOwner(_path: ParsedPath, module: ModuleDescription | null): string | null {
  return module !== null && module.ownerField === undefined ? `Module "${module.name}" has no field that names the owner.` : null;
}

function isOwner({ module, reader }: TestSetup): Judge {
  if (module?.ownerField === undefined) return () => OWNER_UNKNOWN;
  const ownerOf = reader({ root: 'record', segments: [module.ownerField] });
  return (seen, subject) => {
    if (seen === null) return EMPTY_NOTE;
    if (typeof seen !== 'string' && typeof seen !== 'number') return mismatch(seen, 'the id of a user');
    const owner = ownerOf(subject) ?? null;
    return (typeof owner === 'string' || typeof owner === 'number') && isSameId(seen, owner);
  };
}

/** Roles are known only of the actor. */
function isActorField({ root, segments }: ParsedPath): string | null {
  const fits = root === 'actor' && (segments.length === 0 || (segments.length === 1 && (segments[0] === 'id' || segments[0] === 'roles')));
  return fits ? null : 'Roles are known only of the actor: test the field "actor".';
}

function hasRole({ value }: TestSetup): Judge {
  return comparing(value, (role) => {
    if (typeof role !== 'string') return unfitValue(role, 'a text');
    const wanted = foldCase(role);
    return (_seen, { actor }) => actor.roles?.some((have) => foldCase(have) === wanted) ?? false;
  });
}
