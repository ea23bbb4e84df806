// class-transformer's decorators need it at load, whoever imports the first arguments class
import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage } from 'class-validator';
import type { Json, JsonObject } from '../core/json.js';
import type { ArgumentsClass } from './action.js';

/**
 * What a form offers for an argument beside a plain field: somebody or something to choose, room for a longer text, or the tree of
 * a condition. An object with `field` or `writable-field` holds values by the names of fields.
 */
export type ArgumentControl =
  | 'user'
  | 'role'
  | 'stage'
  | 'field'
  | 'writable-field'
  | 'module'
  | 'relation'
  | 'mail-template'
  | 'workflow'
  | 'queue'
  | 'record'
  | 'html'
  | 'text'
  | 'secret'
  | 'condition';

/** What a person who fills in an argument is told; shown in the catalog, the OpenAPI document and the console's form. */
export interface ArgumentNotes {
  description?: string;
  title?: string;
  example?: Json;
  default?: Json;
  /** Stands in the schema as `x-control`. */
  control?: ArgumentControl;
  /**
   * The arguments beside it that say which module its fields and stages are of: `['module']`. One that is called `relation` names a
   * relation of the run's record; an object names it by its `module`. Empty: of none that is known. Default: of the run's record.
   * Holds for what is inside it, too, and stands in the schema as `x-module`.
   */
  module?: readonly string[];
}

/** What we read of a class-validator rule. */
interface Rule {
  target: unknown;
  propertyName: string;
  type: string;
  name?: string;
  // class-validator leaves it undefined for rules without parameters
  constraints?: unknown[];
  each: boolean;
  context?: { schema?: JsonObject };
}

const notes = new WeakMap<object, Map<string, ArgumentNotes>>();

/** Property decorator: describes an argument to the person who fills it in. */
export function Describe(description: string, more: Omit<ArgumentNotes, 'description'> = {}): PropertyDecorator {
  return (prototype, property) => {
    const known = notes.get(prototype) ?? new Map<string, ArgumentNotes>();
    known.set(String(property), { description, ...more });
    notes.set(prototype, known);
  };
}

function notesFor(prototype: object | null, property: string): ArgumentNotes {
  for (let at = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = notes.get(at)?.get(property);
    if (found) {
      return found;
    }
  }
  return {};
}

const knownRules = new WeakMap<ArgumentsClass<object>, ReadonlyMap<string, Rule[]>>();

/**
 * The class-validator rules of a class and its parents, by property, in the order of declaration. Remembered: they are
 * asked for at every attempt of every step, and class-validator searches its storage each time.
 */
export function rulesByProperty(type: ArgumentsClass<object>): ReadonlyMap<string, Rule[]> {
  const rules = knownRules.get(type) ?? readRules(type);
  knownRules.set(type, rules);
  return rules;
}

function readRules(type: ArgumentsClass<object>): ReadonlyMap<string, Rule[]> {
  const all = getMetadataStorage().getTargetValidationMetadatas(type, '', true, false) as unknown as Rule[];
  // the storage names a parent's rules last, and of one property the rule that stands next to it first
  const ordered = [...all.filter((rule) => rule.target !== type), ...all.filter((rule) => rule.target === type)];
  const grouped = new Map<string, Rule[]>();
  for (const rule of ordered) {
    grouped.set(rule.propertyName, [rule, ...(grouped.get(rule.propertyName) ?? [])]);
  }
  return grouped;
}

/** True when the class declares that the property holds instances of another arguments class. */
export function isNested(rules: readonly Rule[]): boolean {
  return rules.some((rule) => rule.type === 'nestedValidation');
}

/**
 * The class of a nested property. class-transformer keeps `@Type` in a storage it does not export, so an empty value is
 * transformed to see what becomes of it.
 */
function nestedClass(owner: ArgumentsClass<object>, property: string, inList: boolean): ArgumentsClass<object> | null {
  const probe = plainToInstance(owner, { [property]: inList ? [{}] : {} }) as Record<string, unknown>;
  const value = inList ? (probe[property] as unknown[])[0] : probe[property];
  const found = (value as object).constructor as ArgumentsClass<object>;
  return found === Object ? null : found;
}

const parameter = (rule: Rule, at: number): Json => (rule.constraints?.[at] ?? null) as Json;
const first = (rule: Rule): Json => parameter(rule, 0);
const source = (value: unknown): string => (value instanceof RegExp ? value.source : String(value));

/** What each rule of class-validator says in JSON Schema. Rules that are not listed still hold; the schema just does not tell. */
const KEYWORDS: Readonly<Record<string, (rule: Rule) => JsonObject>> = {
  isString: () => ({ type: 'string' }),
  isNumber: () => ({ type: 'number' }),
  isInt: () => ({ type: 'integer' }),
  isBoolean: () => ({ type: 'boolean' }),
  isObject: () => ({ type: 'object' }),
  isNotEmptyObject: () => ({ type: 'object', minProperties: 1 }),
  isArray: () => ({ type: 'array' }),
  isIn: (rule) => ({ enum: first(rule) }),
  isEnum: (rule) => ({ enum: parameter(rule, 1) }),
  equals: (rule) => ({ const: first(rule) }),
  min: (rule) => ({ minimum: first(rule) }),
  max: (rule) => ({ maximum: first(rule) }),
  isPositive: () => ({ exclusiveMinimum: 0 }),
  isLength: (rule) => ({
    type: 'string',
    minLength: first(rule),
    ...(parameter(rule, 1) === null ? {} : { maxLength: parameter(rule, 1) }),
  }),
  minLength: (rule) => ({ type: 'string', minLength: first(rule) }),
  maxLength: (rule) => ({ type: 'string', maxLength: first(rule) }),
  isNotEmpty: () => ({ minLength: 1 }),
  matches: (rule) => ({ type: 'string', pattern: source(first(rule)) }),
  arrayMinSize: (rule) => ({ minItems: first(rule) }),
  arrayMaxSize: (rule) => ({ maxItems: first(rule) }),
  arrayNotEmpty: () => ({ minItems: 1 }),
  arrayUnique: () => ({ uniqueItems: true }),
  isEmail: () => ({ type: 'string', format: 'email' }),
  isUrl: () => ({ type: 'string', format: 'uri' }),
  isUuid: () => ({ type: 'string', format: 'uuid' }),
  isIso8601: () => ({ type: 'string', format: 'date-time' }),
  isDateString: () => ({ type: 'string', format: 'date-time' }),
};

function propertySchema(owner: ArgumentsClass<object>, property: string, rules: readonly Rule[], seen: readonly unknown[]): JsonObject {
  const whole: JsonObject = {};
  const item: JsonObject = {};
  for (const rule of rules) {
    const target = rule.each ? item : whole;
    Object.assign(target, KEYWORDS[rule.name ?? '']?.(rule), rule.context?.schema);
  }
  if (isNested(rules)) {
    const inList = rules.some((rule) => rule.type === 'nestedValidation' && rule.each) || whole.type === 'array';
    const nested = nestedClass(owner, property, inList);
    const schema = nested && !seen.includes(nested) ? argumentsSchema(nested, [...seen, nested]) : { type: 'object' };
    Object.assign(inList ? item : whole, schema);
  }
  const { title, description, example, default: preset, control, module } = notesFor(owner.prototype as object, property);
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...whole,
    ...(Object.keys(item).length > 0 ? { type: 'array', items: item } : {}),
    ...(preset === undefined ? {} : { default: preset }),
    ...(control === undefined ? {} : { 'x-control': control }),
    ...(module === undefined ? {} : { 'x-module': [...module] }),
    ...(example === undefined ? {} : { examples: [example] }),
  };
}

/**
 * The JSON Schema of an arguments class, from its class-validator rules: types, ranges, enums, lists, nested classes and
 * which arguments may be left out. A rule that the table does not know can tell its part itself, by
 * `context: { schema: {…} }` in its options. The types are those of the rendered values: in a definition any of them may
 * be a text with `{{…}}` instead.
 */
export function argumentsSchema(type: ArgumentsClass<object>, seen: readonly unknown[] = [type]): JsonObject {
  const properties: JsonObject = {};
  const required: string[] = [];
  for (const [property, rules] of rulesByProperty(type)) {
    properties[property] = propertySchema(type, property, rules, seen);
    if (!rules.some((rule) => rule.type === 'conditionalValidation')) {
      required.push(property);
    }
  }
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}
