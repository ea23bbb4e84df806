import type { Catalog, ModuleDescription } from '../catalog.js';
import type { Trigger } from '../definition/types.js';
import type { Problem } from '../errors.js';
import { isJsonObject, type JsonObject } from '../json.js';
import { didYouMean, mustBeOneOf } from '../nearest.js';
import { connector } from './connector.js';
import { date } from './date.js';
import { event } from './event.js';
import { machineEntered } from './machine-entered.js';
import { manual } from './manual.js';
import { schedule } from './schedule.js';
import type { CompiledTrigger, TriggerKind } from './trigger-kind.js';
import { TriggerReader } from './trigger-reader.js';
import { webhook } from './webhook.js';

export type { CompiledTrigger, TriggeringEvent } from './trigger-kind.js';

/** Every kind of trigger. */
const KINDS: readonly TriggerKind<Trigger>[] = [
  event,
  webhook,
  schedule,
  date,
  manual,
  machineEntered,
  connector,
] as unknown as readonly TriggerKind<Trigger>[];
const BY_TYPE: ReadonlyMap<unknown, TriggerKind<Trigger>> = new Map(KINDS.map((kind) => [kind.type, kind]));

/** One kind of trigger, as a catalog shows it. */
export interface TriggerDescription {
  type: string;
  label: string;
  description: string;
  /** JSON Schema of the whole trigger. */
  schema: JsonObject;
}

/** Every kind of trigger, with what it is made of. */
export function describeTriggers(): TriggerDescription[] {
  return describeKinds(KINDS);
}

/** Describes kinds of triggers. */
export function describeKinds(kinds: readonly AnyKind[]): TriggerDescription[] {
  return kinds.map(({ type, label, description, members, required }) => ({
    type,
    label,
    description,
    schema: {
      type: 'object',
      properties: { type: { const: type }, ...members },
      required: ['type', ...required],
      additionalProperties: false,
    },
  }));
}

/**
 * Everything that is wrong with a trigger, each with its path below `path`. Without a catalog, modules, events and
 * fields are not looked up. Never throws, whatever the input.
 */
export function triggerProblems(trigger: unknown, path: string, catalog: Catalog | null): Problem[] {
  return problemsAmong(KINDS, trigger, path, catalog);
}

/** What is known of a kind of trigger before there is one of it. */
type AnyKind = Omit<TriggerKind<Trigger>, 'type' | 'compile'> & { type: string };

/** The same where other kinds of triggers are known than workflows have. */
export function problemsAmong(kinds: readonly AnyKind[], trigger: unknown, path: string, catalog: Catalog | null): Problem[] {
  if (!isJsonObject(trigger)) return [{ path, message: 'A trigger must be an object with a "type".' }];
  const reader = new TriggerReader(trigger);
  const kind = kinds.find(({ type }) => type === trigger.type);
  if (kind === undefined)
    reader.problem(
      'type',
      `"type" ${mustBeOneOf(
        trigger.type,
        kinds.map(({ type }) => type),
      )}`,
    );
  else {
    noteUnknownMembers(reader, kind);
    kind.check(reader, catalog);
  }
  return reader.problems.map((problem) => ({ path: path === '' ? problem.path : `${path}.${problem.path}`, message: problem.message }));
}

function noteUnknownMembers(reader: TriggerReader, kind: AnyKind): void {
  const known = ['type', ...Object.keys(kind.members)];
  for (const name of Object.keys(reader.json)) {
    if (!known.includes(name)) reader.problem(name, `This is not known here.${didYouMean(name, known)} Known are: ${known.join(', ')}.`);
  }
}

/** The module of the records that a trigger's runs are about; null when it names none. Also for drafts, whose trigger may be anything. */
export function moduleOfTrigger(trigger: unknown): string | null {
  if (!isJsonObject(trigger)) return null;
  const { module = isJsonObject(trigger.record) ? trigger.record.module : null } = trigger;
  return typeof module === 'string' ? module : null;
}

/** Compiles a trigger that `triggerProblems` has passed. */
export function compileTrigger(trigger: Trigger, module: ModuleDescription | null = null): CompiledTrigger {
  return BY_TYPE.get(trigger.type)?.compile?.(trigger, module) ?? startedByName(trigger.type);
}

/** Of triggers that no event starts: whatever they wait for, the start names the workflow. */
function startedByName(type: string): CompiledTrigger {
  const reason = `A trigger of type "${type}" is not started by events.`;
  return { matches: () => false, explain: () => ({ matched: false, reason }), key: null };
}
