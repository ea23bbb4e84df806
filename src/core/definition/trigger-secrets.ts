import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isSecretReference } from '../secrets/secret-reference.js';
import { CHANGED, MASK, masked } from './mask.js';

/** What the trigger keeps secret, by the member that holds it: where it lies there, and what beside it may be read. */
const HOLDERS: Readonly<Record<string, { secret: string; shown: readonly string[] }>> = {
  secret: { secret: 'value', shown: ['header'] },
  signature: { secret: 'secret', shown: ['type', 'header', 'timestampHeader'] },
};

/** What else a trigger URL has; whatever is no part of it may be a secret at the wrong place. */
const READABLE: readonly string[] = ['type', 'schema', 'headers', 'record'];

/** Whether the trigger is masked here alone: its type is an action's too, whose secrets have the same names. */
export function hasOwnMask(trigger: Json | undefined): boolean {
  return isJsonObject(trigger) && trigger.type === 'webhook';
}

/**
 * The triggers of a definition as people may read them: that of a workflow, those of a machine's transitions; also of a draft
 * whose triggers are anything.
 */
export function maskTrigger(definition: JsonObject): JsonObject {
  const mask = (value: Json, { shown }: Holder): Json =>
    isJsonObject(value)
      ? mapMembers(value, (name, member) => (shown.includes(name) || isSecretReference(member) ? member : masked(member)))
      : masked(value);
  return eachTriggered(definition, (triggered) => {
    const isOwn = hasOwnMask(triggered.trigger);
    return withMembers(triggered, (name, value, holder) => {
      if (holder) return mask(value, holder);
      return isOwn && !READABLE.includes(name) ? masked(value) : value;
    });
  });
}

/**
 * The trigger of an edit, with the secrets that it leaves as they were. They are sent nowhere: whoever edits the trigger
 * learns nothing by keeping them.
 */
export function keepTriggerSecrets(edited: JsonObject, stored: JsonObject): JsonObject {
  return eachTriggered(edited, (triggered, { code }) =>
    withHolders(triggered, (value, { secret }, name) => {
      const before = holderOf(triggeredOf(stored, code), name);
      if (!isJsonObject(value) || value[secret] !== MASK || !before || before.type !== value.type) return value;
      return { ...value, [secret]: before[secret] ?? MASK };
    }),
  );
}

/** Masks in the trigger that stand for nothing: secrets that have to be given. */
export function triggerSecretProblems(definition: JsonObject): Problem[] {
  const problems: Problem[] = [];
  eachTriggered(definition, (triggered, { path }) => {
    for (const [name, { secret }] of Object.entries(HOLDERS)) {
      const value = holderOf(triggered, name)?.[secret];
      if (typeof value !== 'string' || !value.includes(MASK)) continue;
      problems.push({
        path: `${path}trigger.${name}.${secret}`,
        message: 'is not kept: the trigger has no such secret, or is of another type now. Give it again.',
      });
    }
    return triggered;
  });
  return problems;
}

/** The masked trigger of `after`, in which secrets that are others than before say so. */
export function markTriggerChange(before: JsonObject, after: JsonObject): JsonObject {
  return eachTriggered(maskTrigger(after), (triggered, { code }) =>
    withHolders(triggered, (value, { secret }, name) => {
      const [from, to] = [before, after].map((one) => holderOf(triggeredOf(one, code), name)?.[secret]);
      const isChanged = from !== undefined && to !== undefined && JSON.stringify(from) !== JSON.stringify(to);
      return isJsonObject(value) && isChanged && !isSecretReference(value[secret]) ? { ...value, [secret]: CHANGED } : value;
    }),
  );
}

/** What has a trigger: `code` tells the transition of a machine; null is the definition itself. */
interface TriggeredPart {
  path: string;
  code: Json;
}

/** A copy of a definition in which whatever has a trigger is changed. */
function eachTriggered(definition: JsonObject, change: (triggered: JsonObject, part: TriggeredPart) => JsonObject): JsonObject {
  const changed = change(definition, { path: '', code: null });
  const { transitions } = definition;
  if (!Array.isArray(transitions)) return changed;
  const inside = transitions.map((one, index) =>
    isJsonObject(one) ? change(one, { path: `transitions[${index}].`, code: one.code ?? '' }) : one,
  );
  return { ...changed, transitions: inside };
}

/** What of another definition is meant; of two transitions with one code nobody can say, so it is none. */
function triggeredOf(definition: JsonObject, code: Json): JsonObject {
  if (code === null) return definition;
  const { transitions } = definition;
  const found = Array.isArray(transitions) ? transitions.filter(isJsonObject).filter((one) => one.code === code) : [];
  return found.length === 1 ? (found[0] as JsonObject) : {};
}

function holderOf({ trigger }: JsonObject, name: string): JsonObject | undefined {
  const holder = isJsonObject(trigger) ? trigger[name] : undefined;
  return isJsonObject(holder) ? holder : undefined;
}

type Holder = (typeof HOLDERS)[string];

/** A copy of the definition whose trigger has its holders changed; all else, and the order of members, stays. */
function withHolders(definition: JsonObject, change: (value: Json, holder: Holder, name: string) => Json): JsonObject {
  return withMembers(definition, (name, value, holder) => (holder ? change(value, holder, name) : value));
}

function withMembers(definition: JsonObject, change: (name: string, value: Json, holder: Holder | undefined) => Json): JsonObject {
  const { trigger } = definition;
  if (!isJsonObject(trigger)) return definition;
  const changed = mapMembers(trigger, (name, value) => change(name, value, Object.hasOwn(HOLDERS, name) ? HOLDERS[name] : undefined));
  return { ...definition, trigger: changed };
}

function mapMembers(object: JsonObject, change: (name: string, value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value = null]) => [name, change(name, value)]));
}
