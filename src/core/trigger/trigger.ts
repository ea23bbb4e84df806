import type { ModuleDescription } from '../catalog.js';
import type { EventTrigger, Trigger } from '../definition/types.js';
import { changeOfField } from '../derive-events.js';
import type { DomainEvent } from '../event.js';
import type { Json } from '../json.js';
import { foldCase } from '../operators/letter-case.js';
import { sameJson } from '../operators/values.js';
import { readMember } from '../scope.js';

export { triggerProblems } from './problems.js';

/** What a trigger looks at of an event. */
export type TriggeringEvent = Pick<DomainEvent, 'module' | 'event' | 'changes' | 'previous' | 'record'>;

/** A trigger that is ready to be asked. */
export interface CompiledTrigger {
  /** Whether the event starts the workflow, its conditions aside. */
  matches(event: TriggeringEvent): boolean;
  /** The same answer, with the reason when it does not. */
  explain(event: TriggeringEvent): { matched: boolean; reason?: string };
  /** `leads.created` for event triggers: only events of that module and name can match. Null for all others. */
  key: string | null;
}

/** The field of stages where neither the event's rule nor the module names one. */
const STAGE_FIELD = 'stage';

/**
 * Compiles a trigger that `triggerProblems` has passed. Only event triggers are started by events; the others match
 * none. `from` and `to` are about the field that the event is declared for, else the module's stage; they ignore case.
 */
export function compileTrigger(trigger: Trigger, module: ModuleDescription | null = null): CompiledTrigger {
  if (trigger.type !== 'event') {
    const reason = `A trigger of type "${trigger.type}" is not started by events.`;
    return { matches: () => false, explain: () => ({ matched: false, reason }), key: null };
  }
  const refusalOf = compileEventTrigger(trigger, module);
  return {
    matches: (event) => refusalOf(event) === null,
    explain(event) {
      const reason = refusalOf(event);
      return reason === null ? { matched: true } : { matched: false, reason };
    },
    key: `${trigger.module}.${trigger.event}`,
  };
}

/** Why an event does not start the workflow; null when it does. */
type Refusal = (event: TriggeringEvent) => string | null;

function compileEventTrigger(trigger: EventTrigger, module: ModuleDescription | null): Refusal {
  const { fields } = trigger;
  const watched = watchedField(trigger, module);
  const isFrom = oneOf(trigger.from);
  const isTo = oneOf(trigger.to);
  return (event) => {
    if (event.module !== trigger.module || event.event !== trigger.event)
      return `The event is ${event.module}.${event.event}, not ${trigger.module}.${trigger.event}.`;
    if (fields !== undefined && !fields.some((field) => changeOf(event, field) !== null)) return `None of ${fields.join(', ')} changed.`;
    if (isFrom === null && isTo === null) return null;
    const change = changeOf(event, watched);
    if (change === null) return `"${watched}" did not change, or what it held before is not known.`;
    if (isFrom !== null && !isFrom(change.from)) return `"${watched}" changed from ${shown(change.from)}.`;
    return isTo === null || isTo(change.to) ? null : `"${watched}" changed to ${shown(change.to)}.`;
  };
}

/** The field that `from` and `to` are about: the one the event is declared for, a single one of `fields`, or the stage. */
function watchedField({ event, fields }: EventTrigger, module: ModuleDescription | null): string {
  const rule = module?.events.find(({ name }) => name === event)?.rule;
  if (rule?.on === 'changed') return rule.field;
  return (fields?.length === 1 ? fields[0] : undefined) ?? module?.stageField ?? STAGE_FIELD;
}

/** Takes a list, or as JSON may have it a single text; null stands for any value. */
function oneOf(values: string[] | string | undefined): ((value: Json) => boolean) | null {
  if (values === undefined) return null;
  const wanted = new Set([values].flat().map(foldCase));
  return (value) => typeof value === 'string' && wanted.has(foldCase(value));
}

function changeOf({ changes, previous, record }: TriggeringEvent, field: string): { from: Json; to: Json } | null {
  if (changes !== null) return changeOfField(changes, field);
  if (previous === null || record === null) return null;
  const place = Object.hasOwn(previous, field) ? [field] : field.split('.');
  const from = readMember(previous, place);
  if (from === undefined) return null;
  const change = { from, to: readMember(record, place) ?? null };
  return sameJson(change.from, change.to) ? null : change;
}

function shown(value: Json): string {
  return typeof value === 'string' ? `"${value}"` : value === null ? 'nothing' : 'something that is no text';
}
