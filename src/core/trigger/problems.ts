import type { Catalog, EventDescription, ModuleDescription } from '../catalog.js';
import type { Trigger } from '../definition/types.js';
import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { fieldAt } from '../module-shape.js';
import { cronProblem } from '../time/cron.js';
import { parseDuration } from '../time/duration.js';
import { isTimezone } from '../time/zones.js';

/** One kind of trigger: the members it may have, and what is wrong with them. */
interface TriggerKind {
  members: readonly string[];
  problems(trigger: JsonObject, catalog: Catalog | null): Problem[];
}

const KINDS: Readonly<Record<Trigger['type'], TriggerKind>> = {
  event: { members: ['module', 'event', 'fields', 'from', 'to'], problems: eventProblems },
  webhook: { members: [], problems: () => [] },
  schedule: { members: ['cron', 'timezone'], problems: scheduleProblems },
  date: { members: ['module', 'field', 'offset', 'at', 'timezone'], problems: dateProblems },
  manual: {
    members: ['module'],
    problems: (trigger, catalog) => (trigger.module === undefined ? [] : moduleProblems(trigger, catalog)),
  },
  connector: {
    members: ['connector', 'event'],
    problems: (trigger) => [...textProblems(trigger, 'connector'), ...textProblems(trigger, 'event')],
  },
};

/**
 * Everything that is wrong with a trigger, each with its path below `path`. Without a catalog, modules, events and
 * fields are not looked up. Never throws, whatever the input.
 */
export function triggerProblems(trigger: unknown, path: string, catalog: Catalog | null): Problem[] {
  if (!isJsonObject(trigger)) return [{ path, message: 'A trigger must be an object with a "type".' }];
  const { type, ...members } = trigger;
  const kind = typeof type === 'string' && Object.hasOwn(KINDS, type) ? KINDS[type as Trigger['type']] : undefined;
  const problems =
    kind === undefined
      ? [{ path: 'type', message: `"type" must be one of: ${Object.keys(KINDS).join(', ')}.` }]
      : [...unknownMembers(members, kind), ...kind.problems(trigger, catalog)];
  return problems.map((problem) => ({ path: path === '' ? problem.path : `${path}.${problem.path}`, message: problem.message }));
}

function unknownMembers(members: JsonObject, kind: TriggerKind): Problem[] {
  const known = ['type', ...kind.members];
  return Object.keys(members)
    .filter((name) => !known.includes(name))
    .map((name) => ({ path: name, message: `This is not known here. Known are: ${known.join(', ')}.` }));
}

function textProblems(trigger: JsonObject, name: string): Problem[] {
  const value = trigger[name];
  if (value === undefined) return [{ path: name, message: `"${name}" is missing.` }];
  return typeof value === 'string' && value.trim() !== '' ? [] : [{ path: name, message: `"${name}" must be a text.` }];
}

function moduleProblems(trigger: JsonObject, catalog: Catalog | null): Problem[] {
  const problems = textProblems(trigger, 'module');
  if (problems.length > 0 || catalog === null || catalog.modules.has(trigger.module as string)) return problems;
  return [{ path: 'module', message: `There is no module "${trigger.module}". Modules are: ${[...catalog.modules.keys()].join(', ')}.` }];
}

/** The trigger's module, where it can be looked up. */
function moduleOf(trigger: JsonObject, catalog: Catalog | null): ModuleDescription | undefined {
  return typeof trigger.module === 'string' ? catalog?.modules.get(trigger.module) : undefined;
}

function eventProblems(trigger: JsonObject, catalog: Catalog | null): Problem[] {
  const module = moduleOf(trigger, catalog);
  const event = module?.events.find(({ name }) => name === trigger.event);
  return [
    ...moduleProblems(trigger, catalog),
    ...eventNameProblems(trigger, module, event),
    ...fieldsProblems(trigger, module, event),
    ...stageProblems(trigger, 'from', module, event),
    ...stageProblems(trigger, 'to', module, event),
  ];
}

function eventNameProblems(trigger: JsonObject, module: ModuleDescription | undefined, event: EventDescription | undefined): Problem[] {
  const problems = textProblems(trigger, 'event');
  // `deleted` exists for every module, whether or not the host lists it.
  if (problems.length > 0 || module === undefined || event !== undefined || trigger.event === 'deleted') return problems;
  const names = module.events.map(({ name }) => name).join(', ');
  return [{ path: 'event', message: `Module "${module.name}" has no event "${trigger.event}". Its events are: ${names}.` }];
}

/** Whether an event is about a record that was there before and is there after: only then can fields have changed. */
function canHaveChanges(trigger: JsonObject, event: EventDescription | undefined): boolean {
  const rule = event?.rule.on ?? trigger.event;
  return rule !== 'created' && rule !== 'deleted';
}

function fieldsProblems(trigger: JsonObject, module: ModuleDescription | undefined, event: EventDescription | undefined): Problem[] {
  const { fields } = trigger;
  if (fields === undefined) return [];
  if (!isTextList(fields)) return [{ path: 'fields', message: '"fields" must be a list of names of fields, at least one.' }];
  if (!canHaveChanges(trigger, event)) return [{ path: 'fields', message: `No field changes in "${trigger.event}".` }];
  if (module === undefined) return [];
  return fields.flatMap((field, index) => fieldProblems(field, `fields[${index}]`, module));
}

function fieldProblems(field: string, path: string, module: ModuleDescription): Problem[] {
  return fieldAt(module, field) ? [] : [{ path, message: `Module "${module.name}" has no field "${field}".` }];
}

function stageProblems(
  trigger: JsonObject,
  side: 'from' | 'to',
  module: ModuleDescription | undefined,
  event: EventDescription | undefined,
): Problem[] {
  const value = trigger[side];
  if (value === undefined) return [];
  if (!isTextList(typeof value === 'string' ? [value] : value))
    return [{ path: side, message: `"${side}" must be a text or a list of texts.` }];
  return isAboutOneField(trigger, module, event)
    ? []
    : [{ path: side, message: `"${side}" goes with events about one field, such as stage_changed.` }];
}

/** Whether it is clear which field `from` and `to` are about. Without a catalog it is taken to be. */
function isAboutOneField(
  { fields, event: name }: JsonObject,
  module: ModuleDescription | undefined,
  event: EventDescription | undefined,
): boolean {
  if (module === undefined || event === undefined) return name !== 'created' && name !== 'deleted';
  if (event.rule.on === 'changed' || (Array.isArray(fields) && fields.length === 1)) return true;
  return event.rule.on === 'custom' && module.stageField !== undefined;
}

function isTextList(value: Json): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && item !== '');
}

function scheduleProblems(trigger: JsonObject): Problem[] {
  const problems = [...textProblems(trigger, 'cron'), ...textProblems(trigger, 'timezone'), ...timezoneProblems(trigger)];
  const wrong = typeof trigger.cron === 'string' ? cronProblem(trigger.cron) : null;
  return wrong === null || problems.some(({ path }) => path === 'cron') ? problems : [...problems, { path: 'cron', message: wrong }];
}

function timezoneProblems({ timezone }: JsonObject): Problem[] {
  if (typeof timezone !== 'string' || timezone.trim() === '' || isTimezone(timezone)) return [];
  return [{ path: 'timezone', message: `"${timezone}" is not a time zone. Use a name such as Europe/Berlin or UTC.` }];
}

function dateProblems(trigger: JsonObject, catalog: Catalog | null): Problem[] {
  const { offset, at, timezone } = trigger;
  const problems = [
    ...moduleProblems(trigger, catalog),
    ...dateFieldProblems(trigger, moduleOf(trigger, catalog)),
    ...textProblems(trigger, 'offset'),
  ];
  if (typeof offset === 'string' && offset.trim() !== '' && parseDuration(offset) === null)
    problems.push({ path: 'offset', message: '"offset" must be an ISO 8601 duration, such as P3D or -PT12H.' });
  if (at !== undefined && !(typeof at === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(at)))
    problems.push({ path: 'at', message: '"at" must be a time of day, such as 09:00.' });
  if (timezone !== undefined) problems.push(...textProblems(trigger, 'timezone'), ...timezoneProblems(trigger));
  return problems;
}

function dateFieldProblems(trigger: JsonObject, module: ModuleDescription | undefined): Problem[] {
  const problems = textProblems(trigger, 'field');
  if (problems.length > 0 || module === undefined) return problems;
  const field = module.fields.find(({ name }) => name === trigger.field);
  if (field === undefined) return fieldProblems(trigger.field as string, 'field', module);
  const isDate = field.type === 'date' || field.type === 'datetime';
  return isDate ? [] : [{ path: 'field', message: `"${field.name}" is not a date.` }];
}
