import type { FieldDescription, ModuleDescription } from '../core/catalog.js';
import { AutomationError } from '../core/errors.js';
import type { Json, JsonObject } from '../core/json.js';
import { fieldAt } from '../core/module-shape.js';
import { didYouMean } from '../core/nearest.js';
import { toStorableJson } from '../core/storable-json.js';
import { dayOf, parseDate, readMoment } from '../core/time/dates.js';
import { DAY_MS } from '../core/time/zones.js';
import { checkLimits, type FieldLimits } from './field-limits.js';
import { shownValue } from './shown-value.js';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * The fields to be set, checked against the module's description, each value in the one form its type has as JSON
 * (`'12.50'` for a number is 12.5, a date-time is ISO 8601 in UTC; one without an offset is in `timezone`). Throws permanent AutomationErrors: `field_unknown`,
 * `field_not_writable`, `value_required`, `value_not_allowed`, `value_invalid`, and those of {@link checkLimits}. Checking here, before a batch is written,
 * keeps one step's mistake from failing the statement of its neighbours.
 */
export function checkedPatch(module: ModuleDescription, set: JsonObject, timezone = 'UTC'): Record<string, Json> {
  const patch: Record<string, Json> = {};
  for (const [name, value] of Object.entries(set)) {
    if (value === undefined) continue;
    const field = fieldAt(module, name);
    if (!field) {
      const meant = didYouMean(
        name,
        module.fields.map((one) => one.name),
      );
      throw new AutomationError('field_unknown', `The module ${module.name} has no field '${name}'.${meant}`, {
        hint: 'Use one of the fields that the catalog lists for the module.',
        details: { module: module.name, field: name },
      });
    }
    if (!field.writable) throw fieldNotWritable(module.name, name);
    patch[name] = checkedValue(module.name, field, value, timezone);
  }
  return patch;
}

/** The error for a field that is not for workflows to write. */
export function fieldNotWritable(module: string, field: string): AutomationError {
  return new AutomationError('field_not_writable', `The field '${field}' of ${module} cannot be changed by a workflow.`, {
    hint: 'Ids, timestamps and what the CRM keeps to itself are not for workflows to change.',
    details: { module, field },
  });
}

/** One value for a field in the one form its type has as JSON; the errors are those of {@link checkedPatch}. */
export function checkedValue(
  module: string,
  field: Pick<FieldDescription, 'name' | 'type' | 'nullable' | 'options'> & FieldLimits,
  value: Json,
  timezone = 'UTC',
): Json {
  if (value === null) {
    if (field.nullable) return null;
    throw new AutomationError('value_required', `The field '${field.name}' of ${module} cannot be empty.`, {
      details: { module, field: field.name },
    });
  }
  const canonical = canonicalValue(field, value, timezone);
  if (canonical === undefined) {
    throw new AutomationError(
      'value_invalid',
      `${shownValue(value)} does not fit the field '${field.name}' of ${module}: its type is ${field.type}.`,
      {
        hint: 'Correct the value in the workflow, or the record that it is taken from.',
        details: { module, field: field.name, type: field.type },
      },
    );
  }
  const { options } = field;
  const refused = options && (Array.isArray(canonical) ? canonical : [canonical]).find((one) => !options.includes(String(one)));
  if (refused !== undefined && refused !== null) {
    throw new AutomationError('value_not_allowed', `${shownValue(refused)} is not one of the values of '${field.name}' of ${module}.`, {
      hint: `Use one of: ${options?.join(', ')}.`,
      details: { module, field: field.name, options: [...(options ?? [])] },
    });
  }
  checkLimits(module, field, canonical);
  return canonical;
}

/** The value as its field's type writes it; undefined when it does not fit. */
function canonicalValue(field: Pick<FieldDescription, 'type'>, value: Exclude<Json, null>, timezone: string): Json | undefined {
  switch (field.type) {
    case 'text':
      return typeof value === 'object' ? undefined : toStorableJson(String(value));
    case 'number':
    case 'money':
      if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
      return typeof value === 'string' && NUMBER.test(value.trim()) ? exactNumber(value.trim()) : undefined;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      return value === 'true' ? true : value === 'false' ? false : undefined;
    case 'date':
      return plainDate(value, timezone);
    case 'datetime':
      return readMoment(value, timezone)?.toISOString();
    case 'list':
      if (!Array.isArray(value) || value.some((item) => item === null || typeof item === 'object')) return undefined;
      return value.map((item) => toStorableJson(String(item)));
    case 'json':
      return toStorableJson(value);
  }
}

/** A midnight in UTC, as which database drivers give plain dates. */
const UTC_MIDNIGHT = /T00:00:00(?:\.000)?Z$/;

/** The day that a date falls on in the zone. */
function plainDate(value: Json, timezone: string): string | undefined {
  const date = parseDate(value);
  if (date === null) return undefined;
  if (UTC_MIDNIGHT.test(value as string)) return (value as string).slice(0, 10);
  return new Date(dayOf(date, timezone) * DAY_MS).toISOString().slice(0, 10);
}

/** A number where one holds the decimal text exactly, else the text as it is. */
export function exactNumber(text: string): number | string {
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  const digits = text
    .replace(/[eE].*$/, '')
    .replace(/[^\d]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '');
  return digits.length <= 15 || (Number.isSafeInteger(value) && String(value) === text) ? value : text;
}
