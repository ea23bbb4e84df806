import type { ActionDescription, Catalog, ModuleDescription } from '../catalog.js';
import type { Json, JsonObject } from '../json.js';
import { PERIODS, UNITS } from '../operators/date.js';
import { OPERATORS } from '../operators/index.js';
import type { Operator, ValueShape } from '../operators/operator.js';
import { FLOW_STEP_TYPES, stepSchema } from '../steps/index.js';
import { INTEGRATION_EVENTS } from '../trigger/integration-events.js';
import { describeTriggers } from '../trigger/trigger.js';
import { SETTINGS_SCHEMA } from './settings.js';
import { MAX_STEPS } from './step-site.js';

/**
 * The JSON Schema (2020-12) of a whole definition against a catalogue: what an editor needs to complete and to check. It
 * says of each place what it holds, so that a mistake is told where it is made. It cannot say all: templates, ids that refer to
 * each other and what fields of a module an operator fits are the parser's to examine.
 */
export function definitionSchema(catalog: Catalog): JsonObject {
  const modules = [...catalog.modules.values()];
  const triggers = describeTriggers();
  const types = [...FLOW_STEP_TYPES, ...catalog.actions.keys()];
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Workflow definition',
    type: 'object',
    properties: {
      trigger: { $ref: '#/$defs/trigger' },
      conditions: { $ref: '#/$defs/condition' },
      steps: { $ref: '#/$defs/steps' },
      settings: SETTINGS_SCHEMA,
    },
    required: ['trigger', 'steps'],
    additionalProperties: false,
    $defs: {
      trigger: byMember(
        'type',
        triggers.map(({ type, description, schema }) => [type, { description, ...schema }]),
        modules.map(aboutModule),
      ),
      condition: CONDITION,
      test: testSchema(),
      operand: OPERAND,
      steps: { type: 'array', items: { $ref: '#/$defs/step' }, maxItems: MAX_STEPS },
      step: byMember(
        'type',
        types.map((type) => [type, ofType(type, catalog.actions.get(type))]),
      ),
    },
  };
}

/**
 * One of several forms, told by a member: conditionals rather than `oneOf`, so that an editor says what is wrong with the form
 * that is meant instead of that no form fits.
 */
export function byMember(member: string, forms: [string, JsonObject][], more: JsonObject[] = []): JsonObject {
  return {
    type: 'object',
    properties: { [member]: { enum: forms.map(([name]) => name) } },
    required: [member],
    allOf: [...forms.map(([name, form]) => conditional({ [member]: { const: name } }, form)), ...more],
  };
}

/** What holds where the members are so. */
export function conditional(members: JsonObject, consequence: JsonObject): JsonObject {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  return { if: { properties: members, required: Object.keys(members) }, then: consequence };
}

/** What a trigger may say of a module: its events and its fields. */
function aboutModule({ name, events, fields }: ModuleDescription): JsonObject {
  const dates = fields.filter(({ type }) => type === 'date' || type === 'datetime').map((field) => field.name);
  // Or a member of one that may hold anything.
  const named = oneOf(fields.map((field) => field.name));
  return conditional(
    { module: { const: name } },
    {
      properties: {
        event: { enum: [...new Set([...events.map((event) => event.name), 'deleted', ...INTEGRATION_EVENTS])] },
        fields: { items: { anyOf: [named, { pattern: '\\.' }] } },
        field: oneOf(dates),
      },
    },
  );
}

/** A schema with an empty list of values is none. */
function oneOf(names: string[]): Json {
  return names.length > 0 ? { enum: names } : false;
}

const GROUPS = ['all', 'any', 'none'];
const MEMBERS: JsonObject = { type: 'array', items: { $ref: '#/$defs/condition' } };

/** A group or a test. */
const CONDITION: JsonObject = GROUPS.reduceRight<JsonObject>(
  (otherwise, group) => ({
    ...conditional({ [group]: true as Json }, { properties: { [group]: MEMBERS }, additionalProperties: false }),
    else: otherwise,
  }),
  { $ref: '#/$defs/test' },
);

const FIELD: JsonObject = { type: 'object', properties: { field: { type: 'string' } }, required: ['field'], additionalProperties: false };
const FROM_NOW: JsonObject = {
  type: 'object',
  properties: { fromNow: { type: 'string' } },
  required: ['fromNow'],
  additionalProperties: false,
};
const TEMPLATE: JsonObject = { type: 'string', pattern: '\\{\\{' };

/** Something to compare with: a literal, a text with templates, another field, a moment counted from now. */
const OPERAND: JsonObject = {
  anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { type: 'array', items: { type: 'string' } }, FIELD, FROM_NOW],
};
const ANY_OPERAND: JsonObject = { $ref: '#/$defs/operand' };

const BY_KIND: Readonly<Record<Operator['kind'], JsonObject>> = {
  field: ANY_OPERAND,
  member: ANY_OPERAND,
  text: { anyOf: [{ type: 'string', minLength: 1 }, FIELD] },
  number: { anyOf: [{ type: 'number' }, TEMPLATE, FIELD] },
  date: { anyOf: [{ type: 'string' }, FIELD, FROM_NOW] },
  order: { anyOf: [{ type: ['number', 'string'] }, FIELD, FROM_NOW] },
};

const BY_SHAPE: Readonly<Record<ValueShape, (one: JsonObject) => JsonObject>> = {
  none: () => ({ const: null }),
  one: (one) => one,
  pattern: () => ({ type: 'string', minLength: 1 }),
  list: (one) => ({ anyOf: [{ type: 'array', items: one, minItems: 1 }, FIELD, TEMPLATE] }),
  members: (one) => ({ anyOf: [{ type: 'array', items: one }, FIELD, TEMPLATE] }),
  range: (one) => ({ type: 'array', items: one, minItems: 2, maxItems: 2 }),
  amount: () => ({
    type: 'object',
    properties: { amount: { type: 'integer', minimum: 1, maximum: 10_000 }, unit: { enum: [...UNITS] } },
    required: ['amount', 'unit'],
    additionalProperties: false,
  }),
  period: () => ({ enum: [...PERIODS] }),
  change: (one) => ({ type: 'object', properties: { from: one, to: one }, required: ['from', 'to'], additionalProperties: false }),
};

function testSchema(): JsonObject {
  const forms = new Map<string, { operators: string[]; value: JsonObject; isNeeded: boolean }>();
  for (const { name, value: shape, kind } of OPERATORS.values()) {
    const value = BY_SHAPE[shape](BY_KIND[kind]);
    const key = JSON.stringify(value);
    const form = forms.get(key) ?? { operators: [], value, isNeeded: shape !== 'none' };
    form.operators.push(name);
    forms.set(key, form);
  }
  return {
    type: 'object',
    properties: {
      field: {
        type: 'string',
        minLength: 1,
        description: 'A field of the record, or another path: `account.industry`, `trigger.body.email`.',
      },
      operator: { enum: [...OPERATORS.keys()] },
      value: {},
      caseSensitive: { type: 'boolean', default: false },
    },
    required: ['field', 'operator'],
    additionalProperties: false,
    allOf: [...forms.values()].map(({ operators, value, isNeeded }) =>
      conditional({ operator: { enum: operators } }, { properties: { value }, ...(isNeeded ? { required: ['value'] } : {}) }),
    ),
  };
}

function ofType(type: string, action: ActionDescription | undefined): JsonObject {
  if (!action) return stepSchema(type);
  const { description, label, argumentsSchema } = action;
  const needed = Array.isArray(argumentsSchema.required) && argumentsSchema.required.length > 0 ? ['with'] : [];
  return { description: description ?? label, ...stepSchema(type, { with: templated(argumentsSchema, true) }, needed) };
}

/** The schema of values as definitions write them: a text with templates may stand for any of them. */
function templated(schema: Json, isRoot = false): JsonObject {
  const { properties, items, anyOf, ...others } = schema as {
    properties?: JsonObject;
    items?: Json;
    anyOf?: Json[];
    [keyword: string]: Json | undefined;
  };
  const inner: JsonObject = {
    ...(others as JsonObject),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, templated(one as Json)])) }),
    ...(items !== undefined && { items: templated(items) }),
    ...(anyOf && { anyOf: anyOf.map((one) => templated(one)) }),
  };
  if (isRoot || isAnyText(inner)) return inner;
  const { title, description, default: preset, examples, ...rest } = inner;
  const notes = Object.entries({ title, description, default: preset, examples }).filter(([, note]) => note !== undefined);
  return { ...(Object.fromEntries(notes) as JsonObject), anyOf: [rest, TEMPLATE] };
}

function isAnyText({ type, enum: values, pattern, format, const: only, maxLength }: JsonObject): boolean {
  return type === 'string' && [values, pattern, format, only, maxLength].every((rule) => rule === undefined);
}
