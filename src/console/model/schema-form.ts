import type { Json, JsonObject } from '../../core/json.js';
import { type Catalog, isObject, moduleOf, textsOf } from './catalog.js';
import { getAt, type Place } from './json-path.js';
import { nameWords } from './words.js';

/** What a value is filled in with. */
export type Control =
  | { kind: 'text'; long: boolean; inputType: 'text' | 'email' | 'url' | 'date' | 'datetime-local'; isHtml: boolean }
  | { kind: 'number'; integer: boolean; minimum?: number; maximum?: number }
  | { kind: 'boolean' }
  | { kind: 'duration' }
  | { kind: 'choice'; options: string[] }
  | { kind: 'texts' }
  | { kind: 'fields'; fields: FormField[] }
  | { kind: 'rows'; fields: FormField[]; most: number | null }
  /** Names and values; secret ones are kept, and never shown. */
  | { kind: 'pairs'; secret: boolean }
  /** Values by the names of fields: of all, or of those that can be written. */
  | { kind: 'values'; of: 'field' | 'writable-field' }
  /** One of several forms of an object, told by one of its members. */
  | { kind: 'variants'; by: string; variants: { value: string; fields: FormField[] }[] }
  | { kind: 'condition' }
  /** One that is named is a secret of the workspace, and nothing else. */
  | { kind: 'secret'; named: boolean }
  | { kind: 'any' }
  | { kind: 'json' };

/** What an argument names, as the hint `x-control` of its schema says: it is chosen among what there is. */
const PICKS = [
  'user',
  'role',
  'stage',
  'field',
  'writable-field',
  'module',
  'relation',
  'mail-template',
  'workflow',
  'queue',
  'record',
] as const;
export type Pick = (typeof PICKS)[number];

/** One member of an object, as a form shows it. */
export interface FormField {
  name: string;
  label: string;
  description: string | null;
  isRequired: boolean;
  /** The controls that values of it may need; the first is for a value that is not there yet. */
  controls: readonly Control[];
  /** What it names; null for a value of its own. */
  pick: Pick | null;
  /** What is beside it and says which module its fields are of, and those of what is inside it; null: they are the record's. */
  module: readonly string[] | null;
  /** What counts where nothing is given. */
  preset: Json | undefined;
  example: string | null;
}

/** Texts that are longer than a line by their nature. */
const LONG_NAMES = /^(body|text|html|message|description|content|note|notes|reason|comment)$/i;
const LONGEST_LINE = 300;

/** Returns the fields of an object schema: the required ones first, then the others in the order of the schema. */
export function fieldsOf(schema: JsonObject, leaveOut: readonly string[] = []): FormField[] {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const fields = Object.entries(properties)
    .filter(([name]) => !leaveOut.includes(name))
    .map(([name, one]) => fieldOf(name, isObject(one) ? one : {}, required.includes(name)));
  return [...fields.filter(({ isRequired }) => isRequired), ...fields.filter(({ isRequired }) => !isRequired)];
}

function fieldOf(name: string, schema: JsonObject, isRequired: boolean): FormField {
  const examples = Array.isArray(schema.examples) ? schema.examples : [schema.example];
  const [example] = examples.filter((one) => one !== undefined);
  return {
    name,
    label: typeof schema.title === 'string' ? schema.title : nameWords(name),
    description: typeof schema.description === 'string' ? schema.description : null,
    isRequired,
    controls: controlsOf(name, schema),
    pick: PICKS.find((pick) => pick === schema['x-control']) ?? null,
    module: Array.isArray(schema['x-module']) ? textsOf(schema['x-module']) : null,
    preset: schema.default,
    example: example === undefined ? null : typeof example === 'string' ? example : JSON.stringify(example),
  };
}

/** Returns what values of this schema are filled in with: of a choice among several, one for each that has one. */
export function controlsOf(name: string, schema: JsonObject): Control[] {
  const { anyOf } = schema;
  if (!Array.isArray(anyOf) || schema.writeOnly === true) return [controlOf(name, schema)];
  const { anyOf: _alternatives, ...rest } = schema;
  const controls = anyOf.filter(isObject).map((one) => controlOf(name, { ...rest, ...one }));
  const known = controls.filter(({ kind }) => kind !== 'json');
  return known.length === 0 ? [{ kind: 'json' }] : known;
}

/** Returns what a value of this schema is filled in with; JSON for what no control of ours can hold. */
export function controlOf(name: string, schema: JsonObject): Control {
  // Names and values, each of them secret: the API masks the values.
  if (schema.writeOnly === true && schema.type === 'object') return { kind: 'pairs', secret: true };
  const hint = schema['x-control'];
  if (schema.writeOnly === true || hint === 'secret') return { kind: 'secret', named: schema.type === 'object' };
  if (typeof schema.const === 'boolean') return { kind: 'boolean' };
  if (schema.$ref === '#/$defs/condition' || hint === 'condition') return { kind: 'condition' };
  const options = optionsOf(schema);
  if (options !== null) return { kind: 'choice', options };
  switch (typeOf(schema)) {
    case 'string':
      return textControl(name, schema);
    case 'integer':
    case 'number':
      return { kind: 'number', integer: schema.type === 'integer', ...bounds(schema) };
    case 'boolean':
      return { kind: 'boolean' };
    case 'array':
      return listControl(schema);
    case 'object':
      return objectControl(schema);
    default:
      if (schema.oneOf !== undefined) return variantsControl(schema.oneOf);
      return schema.anyOf === undefined && schema.$ref === undefined ? { kind: 'any' } : { kind: 'json' };
  }
}

/** Returns what a value of a record's field is filled in with: by its type, or whatever it is as a text. */
export function controlsOfField({ type, options }: { type: string; options?: string[] | undefined }): Control[] {
  const schema = FIELD_SCHEMAS[type] ?? { type: 'string' };
  return [controlOf('', options ? { enum: options } : schema), { kind: 'any' }];
}

const FIELD_SCHEMAS: Readonly<Record<string, JsonObject>> = {
  number: { type: 'number' },
  money: { type: 'number' },
  boolean: { type: 'boolean' },
  date: { type: 'string', format: 'date' },
  list: { type: 'array', items: { type: 'string' } },
  json: { anyOf: [] },
};

/** Forms that are told apart by a member which is one text in each of them. */
function variantsControl(forms: Json): Control {
  const all = Array.isArray(forms) ? forms.filter(isObject) : [];
  const textOf = (form: JsonObject, name: string): Json | undefined => getAt(form, ['properties', name, 'const']);
  const names = Object.keys(all[0]?.properties ?? {});
  const by = names.find((name) => all.every((form) => typeof textOf(form, name) === 'string'));
  if (by === undefined) return { kind: 'json' };
  return { kind: 'variants', by, variants: all.map((form) => ({ value: String(textOf(form, by)), fields: fieldsOf(form, [by]) })) };
}

function typeOf(schema: JsonObject): Json | undefined {
  return schema.type ?? (isObject(schema.properties) ? 'object' : undefined);
}

function optionsOf({ enum: values }: JsonObject): string[] | null {
  return Array.isArray(values) && values.length > 0 && values.every((one): one is string => typeof one === 'string') ? values : null;
}

function bounds({ minimum, maximum }: JsonObject): { minimum?: number; maximum?: number } {
  return { ...(typeof minimum === 'number' && { minimum }), ...(typeof maximum === 'number' && { maximum }) };
}

const INPUT_TYPES: Readonly<Record<string, 'email' | 'url' | 'date' | 'datetime-local'>> = { email: 'email', date: 'date' };

function textControl(name: string, { format, pattern, maxLength, description, 'x-control': hint }: JsonObject): Control {
  const isDuration = format === 'duration' || (typeof pattern === 'string' && pattern.startsWith('^P(?='));
  if (isDuration || (typeof description === 'string' && /ISO 8601, or business days/.test(description))) return { kind: 'duration' };
  const most = typeof maxLength === 'number' ? maxLength : undefined;
  const long = hint === 'text' || hint === 'html' || LONG_NAMES.test(name) || (most !== undefined && most > LONGEST_LINE && most !== 1_000);
  return { kind: 'text', long, inputType: INPUT_TYPES[String(format)] ?? 'text', isHtml: hint === 'html' };
}

function listControl({ items, maxItems }: JsonObject): Control {
  const item = isObject(items) ? items : {};
  if (typeOf(item) === 'string' && optionsOf(item) === null) return { kind: 'texts' };
  if (typeOf(item) !== 'object' || !isObject(item.properties)) return { kind: 'json' };
  return { kind: 'rows', fields: fieldsOf(item), most: typeof maxItems === 'number' ? maxItems : null };
}

function objectControl(schema: JsonObject): Control {
  const hint = schema['x-control'];
  if (!isObject(schema.properties) || Object.keys(schema.properties).length === 0)
    return hint === 'field' || hint === 'writable-field' ? { kind: 'values', of: hint } : { kind: 'pairs', secret: false };
  const fields = fieldsOf(schema);
  // A record is named by its module and its id.
  const isRecord = hint === 'record';
  return {
    kind: 'fields',
    fields: isRecord ? fields.map((field) => (field.name === 'id' ? { ...field, pick: 'record' } : field)) : fields,
  };
}

/** A definition with arguments in it, and the module of its record. */
interface ArgumentsOf {
  definition: JsonObject;
  catalog: { modules: Catalog['modules'] };
  module: string | null;
}

/** Returns the module that arguments at a place tell, each by its name, by a relation or by a record; null as long as none does. */
export function moduleAt(holder: Place, names: readonly string[], about: ArgumentsOf): string | null {
  const { definition, catalog, module } = about;
  for (const name of names) {
    const given = getAt(definition, [...holder, name]);
    const told = isObject(given) ? given.module : given;
    if (name !== 'relation' && typeof told === 'string') return told;
    const relation = moduleOf(catalog, module)?.relations.find((one) => one.name === told);
    if (relation) return relation.module;
  }
  return null;
}

/** Returns whether a value can be shown in a control as what it is; otherwise it is shown as JSON, and nothing of it is lost. */
export function fits(control: Control, value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  switch (control.kind) {
    case 'text':
    case 'duration':
      return typeof value === 'string';
    case 'secret':
      return (typeof value === 'string' && !control.named) || secretOf(value) !== null;
    case 'variants':
      return isObject(value) && control.variants.some((one) => one.value === value[control.by]);
    case 'choice':
      return typeof value === 'string' && (control.options.includes(value) || hasExpression(value));
    case 'number':
      return typeof value === 'number' || (typeof value === 'string' && hasExpression(value));
    case 'boolean':
      return typeof value === 'boolean' || (typeof value === 'string' && hasExpression(value));
    case 'texts':
      return (Array.isArray(value) && value.every((one) => typeof one === 'string')) || (typeof value === 'string' && hasExpression(value));
    case 'rows':
      return Array.isArray(value) && value.every(isObject);
    case 'fields':
    case 'condition':
    case 'values':
      return isObject(value);
    case 'pairs':
      return (
        isObject(value) &&
        Object.values(value).every((one) => typeof one !== 'object' || one === null || (control.secret && secretOf(one) !== null))
      );
    case 'any':
      return typeof value !== 'object';
    case 'json':
      return true;
  }
}

/** Returns the name of the workspace's secret that stands in place of a value; null for any other value. */
export function secretOf(value: Json | undefined): string | null {
  return isObject(value) && typeof value.$secret === 'string' ? value.$secret : null;
}

/** True for a text that holds `{{…}}`. */
export function hasExpression(value: unknown): boolean {
  return typeof value === 'string' && value.includes('{{');
}

/** Reads what was typed for a number; a text with an expression stays one; undefined for nothing. */
export function readNumber(text: string): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const number = Number(trimmed.replace(/(?<=\d),(?=\d{3}(\D|$))/g, ''));
  return hasExpression(trimmed) || Number.isNaN(number) ? trimmed : number;
}
