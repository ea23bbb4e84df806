import type { EventDescription, ModuleDescription } from '../catalog.js';
import { outsideProblem } from '../condition/value-problems.js';
import { changeOfField } from '../derive-events.js';
import type { Json, JsonObject } from '../json.js';
import { didYouMean } from '../nearest.js';
import { foldCase } from '../operators/letter-case.js';
import { sameJson } from '../operators/values.js';
import { readMember } from '../scope.js';
import { isIntegrationEvent } from './integration-events.js';
import type { TriggeringEvent, TriggerKind } from './trigger-kind.js';
import { isTextList, type TriggerReader } from './trigger-reader.js';

/** Starts on a CRM event. */
export interface EventTrigger {
  type: 'event';
  module: string;
  event: string;
  /** For `updated`: any of these fields changed. */
  fields?: string[];
  /** For `stage_changed`: the stage before; one or several. */
  from?: string[];
  /** For `stage_changed`: the stage after; one or several. */
  to?: string[];
}

/** The field of stages where neither the event's rule nor the module names one. */
const STAGE_FIELD = 'stage';
const TEXTS = { type: 'array', items: { type: 'string' }, minItems: 1 };
const STAGES = { anyOf: [{ type: 'string' }, TEXTS] };

/** `from` and `to` are about the field that the event is declared for, else the module's stage; they ignore case. */
export const event = {
  type: 'event',
  label: 'CRM event',
  description: 'Starts when something happens to a record.',
  members: {
    module: { type: 'string', description: 'A module of the catalog.' },
    event: { type: 'string', description: 'One of the events of the module.' },
    fields: { ...TEXTS, description: 'Only when one of these fields changed.' },
    from: { ...STAGES, description: 'The stage before.' },
    to: { ...STAGES, description: 'The stage after.' },
  },
  required: ['module', 'event'],

  check(reader, catalog) {
    const module = reader.module(catalog);
    const description = module?.events.find(({ name }) => name === reader.json.event);
    checkEventName(reader, module, description);
    checkFields(reader, module, description);
    checkStage(reader, 'from', module, description);
    checkStage(reader, 'to', module, description);
  },

  compile(trigger, module) {
    const refusalOf = compileEventTrigger(trigger, module);
    return {
      matches: (event) => refusalOf(event) === null,
      explain(event) {
        const reason = refusalOf(event);
        return reason === null ? { matched: true } : { matched: false, reason };
      },
      key: `${trigger.module}.${trigger.event}`,
    };
  },
} satisfies TriggerKind<EventTrigger>;

function checkEventName(reader: TriggerReader, module: ModuleDescription | undefined, event: EventDescription | undefined): void {
  const name = reader.text('event');
  // These exist for every module, whether or not the host lists them.
  if (name === undefined || module === undefined || event !== undefined || name === 'deleted' || isIntegrationEvent(name)) return;
  const names = module.events.map((one) => one.name);
  const meant = didYouMean(name, names);
  reader.problem('event', `Module "${module.name}" has no event "${name}".${meant} Its events are: ${names.join(', ')}.`);
}

/** Whether an event is about a record that was there before and is there after: only then can fields have changed. */
function canHaveChanges(trigger: JsonObject, event: EventDescription | undefined): boolean {
  const rule = event?.rule.on ?? trigger.event;
  return rule !== 'created' && rule !== 'deleted' && (event !== undefined || !isIntegrationEvent(String(rule)));
}

function checkFields(reader: TriggerReader, module: ModuleDescription | undefined, event: EventDescription | undefined): void {
  const { fields } = reader.json;
  if (fields === undefined) return;
  if (!isTextList(fields)) reader.problem('fields', '"fields" must be a list of names of fields, at least one.');
  else if (!canHaveChanges(reader.json, event)) reader.problem('fields', `No field changes in "${reader.json.event}".`);
  else if (module !== undefined) for (const [index, field] of fields.entries()) reader.field(field, `fields[${index}]`, module);
}

function checkStage(
  reader: TriggerReader,
  side: 'from' | 'to',
  module: ModuleDescription | undefined,
  event: EventDescription | undefined,
): void {
  const value = reader.json[side];
  if (value === undefined) return;
  if (!isTextList(typeof value === 'string' ? [value] : value)) reader.problem(side, `"${side}" must be a text or a list of texts.`);
  else if (!isAboutOneField(reader.json, module, event))
    reader.problem(side, `"${side}" goes with events about one field, such as stage_changed.`);
  else if (module !== undefined) checkStagesExist(reader, side, module);
}

/** Of a field with fixed values each must be one of them; lists that the host may extend while it runs are not at hand. */
function checkStagesExist(reader: TriggerReader, side: 'from' | 'to', module: ModuleDescription): void {
  const watched = watchedField(reader.json as unknown as EventTrigger, module);
  const options = module.fields.find(({ name }) => name === watched)?.options;
  if (!options) return;
  const value = reader.json[side] as string | string[];
  const stages = Array.isArray(value) ? value.map((one, index) => ({ one, path: `${side}[${index}]` })) : [{ one: value, path: side }];
  for (const { one, path } of stages) {
    for (const { message } of outsideProblem(one, options, path)) reader.problem(path, message);
  }
}

/** Whether it is clear which field `from` and `to` are about. Without a catalog it is taken to be. */
function isAboutOneField(
  { fields, event: name }: JsonObject,
  module: ModuleDescription | undefined,
  event: EventDescription | undefined,
): boolean {
  if (module === undefined || event === undefined) return name !== 'created' && name !== 'deleted' && !isIntegrationEvent(String(name));
  if (event.rule.on === 'changed' || (Array.isArray(fields) && fields.length === 1)) return true;
  return event.rule.on === 'custom' && module.stageField !== undefined;
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
export function watchedField({ event, fields }: EventTrigger, module: ModuleDescription | null): string {
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
