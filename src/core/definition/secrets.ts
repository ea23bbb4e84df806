import type { ActionDescription } from '../catalog.js';
import { sameJson } from '../derive-events.js';
import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isForbiddenKey } from '../storable-json.js';
import { CHANGED, MASK, masked, maskedArguments } from './mask.js';
import { memberPath, ProblemList } from './problem-list.js';
import { hasOwnMask, keepTriggerSecrets, markTriggerChange, maskTrigger, triggerSecretProblems } from './trigger-secrets.js';

export { MASK };

type Actions = ReadonlyMap<string, Pick<ActionDescription, 'secret' | 'secretsGoTo' | 'takesSecrets'>>;

/** Where a definition has triggers: a workflow, and each transition of a machine. */
const TRIGGER_PATH = /^(transitions\[\d+\]\.)?trigger$/;

/** A step as far as a draft has one: drafts may be anything that is JSON. */
interface RawStep {
  path: string;
  id: Json | undefined;
  /** Its id, and of several with one id its turn among them. */
  key: string;
  type: string;
  args: JsonObject;
}

/**
 * A definition as people may read it: whatever its steps keep secret is {@link MASK}. Also for drafts with problems: of
 * an action that is not known here every argument is masked. Objects and lists are copied, never changed.
 */
export function maskSecrets(definition: JsonObject, actions: Actions): JsonObject {
  const mask = ({ type, args }: RawStep) => {
    const action = actions.get(type);
    return action === undefined ? mapArguments(args, (_, value) => masked(value)) : maskedArguments(allowed(args), action);
  };
  return maskMisplaced(mapSteps(maskTrigger(definition), mask, masked), actions);
}

/** Somebody may have written a secret next to `with` instead of into it: a problem of the draft, and a secret all the same. */
function maskMisplaced(definition: JsonObject, actions: Actions): JsonObject {
  const { trigger, transitions } = definition;
  const inside = Array.isArray(transitions) ? transitions.map((one) => (isJsonObject(one) ? one.trigger : undefined)) : [];
  const triggers = new Set([trigger, ...inside]);
  const walk = (value: Json): Json => {
    if (triggers.has(value) && hasOwnMask(value)) return value;
    if (Array.isArray(value)) return value.map(walk);
    if (!isJsonObject(value)) return value;
    const secret = (typeof value.type === 'string' && actions.get(value.type)?.secret) || [];
    return mapArguments(value, (name, member) => (secret.includes(name) ? masked(member) : name === 'with' ? member : walk(member)));
  };
  return walk(definition) as JsonObject;
}

/**
 * An edit of a definition with the secrets that it leaves as they were, taken from the definition that is stored: of the
 * step of the same id and type, as long as what they are sent to is the same. Otherwise whoever may edit but not read
 * could have them sent to an address of their own; and an address that is rendered may come from anywhere in the
 * definition, which must then be the same throughout. What is not found stays masked: see {@link secretProblems}.
 */
export function keepSecrets(edited: JsonObject, stored: JsonObject, actions: Actions): JsonObject {
  const known = new Map<Json, RawStep | null>();
  mapSteps(stored, (step) => {
    // Of two steps with one id nobody can say which is meant.
    if (typeof step.id === 'string') known.set(step.id, known.has(step.id) ? null : step);
    return step.args;
  });
  const isUnchanged = sameJson(maskSecrets(edited, actions), maskSecrets(stored, actions));
  return mapSteps(keepTriggerSecrets(edited, stored), (step) => {
    const before = typeof step.id === 'string' ? known.get(step.id) : undefined;
    if (!before || before.type !== step.type) return step.args;
    const isSecret = secretsOf(step.type, actions);
    const goTo = actions.get(step.type)?.secretsGoTo;
    if (goTo !== undefined && !isUnchanged) {
      const address = step.args[goTo];
      if (!sameJson(before.args[goTo], address) || JSON.stringify(address ?? null).includes('{{')) return step.args;
    }
    return mapArguments(step.args, (name, value) => (isSecret(name) ? kept(value, before.args[name]) : value));
  });
}

/** Masks that stand for nothing: secrets that have to be given. */
export function secretProblems(definition: JsonObject, actions: Actions): Problem[] {
  const problems = new ProblemList();
  problems.addAll(triggerSecretProblems(definition));
  mapSteps(definition, (step) => {
    const isSecret = secretsOf(step.type, actions);
    for (const [name, value] of Object.entries(step.args)) {
      if (isSecret(name) && !problems.full) addMasks(value ?? null, memberPath(`${step.path}.with`, name), problems);
    }
    return step.args;
  });
  return problems.toArray();
}

/** Two versions of a definition for the audit log: masked, and what became of the secrets of steps told by their ids. */
export function maskChange(before: JsonObject, after: JsonObject, actions: Actions): { before: JsonObject; after: JsonObject } {
  const earlier = new Map<string, RawStep>();
  mapSteps(before, (step) => {
    earlier.set(step.key, step);
    return step.args;
  });
  const mark = (step: RawStep) => {
    const args = typeof step.id === 'string' ? earlier.get(step.key)?.args : undefined;
    const action = actions.get(step.type) ?? { secret: Object.keys(step.args) };
    return maskedArguments(allowed(step.args), action, (value, path) => markedChange(value, memberAt(args, path)));
  };
  return { before: maskSecrets(before, actions), after: maskMisplaced(mapSteps(markTriggerChange(before, after), mark, masked), actions) };
}

function secretsOf(type: string, actions: Actions): (name: string) => boolean {
  const action = actions.get(type);
  return (name) => action === undefined || (action.secret ?? []).includes(name);
}

function kept(value: Json, before: Json | undefined): Json {
  if (value === MASK) return isJsonObject(before) ? value : (before ?? value);
  if (!isJsonObject(value)) return value;
  const members = isJsonObject(before) ? before : {};
  return mapArguments(value, (name, member) => kept(member, Object.hasOwn(members, name) ? members[name] : undefined));
}

function markedChange(value: Json, before: Json | undefined): Json {
  const shown = masked(value);
  return shown === MASK && before !== undefined && JSON.stringify(before) !== JSON.stringify(value) ? CHANGED : shown;
}

function memberAt(args: JsonObject | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (value, name) => (isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    args,
  );
}

/** Without names that no definition may have: copying them would reach for prototypes. */
function allowed(args: JsonObject): JsonObject {
  return mapArguments(args, (_, value) => value);
}

function addMasks(value: Json, path: string, problems: ProblemList): void {
  // Not as a part of a text either: it would be sent as it is.
  if (typeof value === 'string' && value.includes(MASK)) problems.add(path, NOT_KEPT);
  if (!isJsonObject(value)) return;
  for (const [name, member] of Object.entries(value)) addMasks(member ?? null, memberPath(path, name), problems);
}

const NOT_KEPT = 'is not kept: this step has no such secret, or it has another id, type or address now. Give it again.';

function mapArguments(args: JsonObject, change: (name: string, value: Json) => Json): JsonObject {
  const changed: JsonObject = {};
  for (const [name, value] of Object.entries(args)) {
    if (value !== undefined && !isForbiddenKey(name)) changed[name] = change(name, value);
  }
  return changed;
}

/** A copy in which every step, wherever it stands, has the arguments that `change` returns; `misshapen` is for arguments that are no object. */
function mapSteps(definition: JsonObject, change: (step: RawStep) => JsonObject, misshapen = (value: Json): Json => value): JsonObject {
  const turns = new Map<string, number>();
  const keyOf = ({ id }: JsonObject): string => {
    if (typeof id !== 'string') return '';
    const turn = turns.get(id) ?? 0;
    turns.set(id, turn + 1);
    // No text that is stored holds U+0000.
    return `${id}\0${turn}`;
  };
  const walk = (value: Json, path: string): Json => {
    if (TRIGGER_PATH.test(path) && hasOwnMask(value)) return value;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, `${path}[${index}]`));
    if (!isJsonObject(value)) return value;
    const { id, type } = value;
    // Before what is inside it.
    const key = isJsonObject(value.with) ? keyOf(value) : '';
    return mapArguments(value, (name, member) => {
      if (name !== 'with') return walk(member, memberPath(path, name));
      return isJsonObject(member) ? change({ path, id, key, type: typeof type === 'string' ? type : '', args: member }) : misshapen(member);
    });
  };
  return walk(definition, '') as JsonObject;
}
