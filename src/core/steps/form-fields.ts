import { compact, type ObjectReader } from '../definition/object-reader.js';
import type { StepSite } from '../definition/step-site.js';
import type { Json, JsonObject } from '../json.js';
import { isDay, valueProblem } from '../people/answers.js';
import { FORM_FIELD_TYPES, type FormField, LONGEST_ANSWER } from '../people/form-field.js';
import { SAMPLE_ID } from '../sample.js';
import { hasExpression } from '../template/template.js';

const MOST_FORM_FIELDS = 50;
const MOST_OPTIONS = 200;
const BOUNDED: readonly string[] = ['number', 'money', 'date'];
/** Which types a member is for. */
const ONLY_OF: Readonly<Record<string, readonly string[]>> = {
  options: ['choice'],
  module: ['record'],
  maxLength: ['text'],
  min: BOUNDED,
  max: BOUNDED,
};

/** The member, in a schema. */
export const FIELDS: JsonObject = {
  type: 'array',
  maxItems: MOST_FORM_FIELDS,
  items: {
    type: 'object',
    properties: {
      name: { type: 'string', maxLength: 64, pattern: '^[A-Za-z][A-Za-z0-9_]*$' },
      label: { type: 'string' },
      description: { type: 'string' },
      type: { enum: [...FORM_FIELD_TYPES] },
      required: { type: 'boolean', default: false },
      default: { description: 'What stands there at first; may hold templates.' },
      options: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MOST_OPTIONS, description: 'Of a choice.' },
      min: { type: ['number', 'string'], description: 'The least number, or the first date.' },
      max: { type: ['number', 'string'], description: 'The greatest number, or the last date.' },
      maxLength: { type: 'integer', minimum: 1, maximum: LONGEST_ANSWER, description: 'Of a text, in characters.' },
      module: { type: 'string', description: 'Of a record: where it is looked up.' },
    },
    required: ['name', 'type'],
    additionalProperties: false,
  },
};

/** Reads the fields of a form; `min`: how many there have to be. */
export function readFormFields(site: StepSite, min: 0 | 1): FormField[] {
  if (min === 0 && !site.reader.has('fields')) return [];
  const names = new Set<string>();
  return site.objects('fields', { min, max: MOST_FORM_FIELDS }).map((reader) => readField(site, reader, names));
}

function readField(site: StepSite, reader: ObjectReader, names: Set<string>): FormField {
  const name = reader.text('name', {
    max: 64,
    pattern: { regex: /^[A-Za-z][A-Za-z0-9_]*$/, wanted: 'made of letters, digits and "_", starting with a letter' },
  });
  if (name !== '' && names.has(name)) reader.problem('name', `Another field of this form is called "${name}".`);
  names.add(name);
  if (!reader.has('type')) reader.problem('type', '"type" is missing.');
  const type = reader.choice('type', FORM_FIELD_TYPES, 'text');
  const field: FormField = compact({
    name,
    label: reader.optionalText('label'),
    description: reader.optionalText('description', { max: 1_000 }),
    type,
    required: reader.flag('required', false),
    default: reader.raw('default'),
    options: reader.optionalTexts('options', { min: 1, max: MOST_OPTIONS }),
    min: readBound(reader, 'min', type),
    max: readBound(reader, 'max', type),
    maxLength: reader.optionalNumber('maxLength', { min: 1, max: LONGEST_ANSWER }),
    module: reader.optionalText('module'),
  });
  if (reader.has('type')) checkMembers(site, reader, field);
  reader.finish();
  return field;
}

function checkMembers(site: StepSite, reader: ObjectReader, field: FormField): void {
  const { type, min, max } = field;
  for (const [member, types] of Object.entries(ONLY_OF)) {
    if (reader.has(member) && !types.includes(type)) reader.problem(member, `Only fields of type ${types.join(', ')} have "${member}".`);
  }
  if (type === 'choice' && !reader.has('options')) reader.problem('options', 'A choice needs "options".');
  if (type === 'record') checkModule(site, reader, field);
  if (min !== undefined && max !== undefined && min > max) reader.problem('max', '"max" must not be below "min".');
  checkDefault(site, reader, field);
}

function checkModule(site: StepSite, reader: ObjectReader, { module }: FormField): void {
  const modules = site.about.catalog?.modules;
  if (module === undefined) {
    if (!reader.has('module')) reader.problem('module', 'A record needs a "module".');
  } else if (modules && !modules.has(module)) {
    reader.problem('module', `There is no module "${module}". Modules are: ${[...modules.keys()].join(', ')}.`);
  }
}

/** What holds templates is known only when the step's turn has come; it is checked with the answer. */
function checkDefault(site: StepSite, reader: ObjectReader, field: FormField): void {
  const value = field.default;
  site.templates(value, reader.at('default'));
  if (value === undefined || value === null || (typeof value === 'string' && hasExpression(value))) return;
  const problem = valueProblem(field, value);
  if (problem !== null) reader.problem('default', `"default" ${problem}.`);
}

function readBound(reader: ObjectReader, key: 'min' | 'max', type: string): number | string | undefined {
  const value = reader.raw(key);
  if (value === undefined || !BOUNDED.includes(type)) return undefined;
  if (type === 'date' ? isDay(value) : typeof value === 'number') return value as number | string;
  reader.problem(key, `"${key}" must be a ${type === 'date' ? 'date, such as 2030-01-31' : 'number'}.`);
  return undefined;
}

/** A value as one may be filled in, for previews. */
export function sampleAnswer({ name, label, type, options, min }: FormField): Json {
  switch (type) {
    case 'choice':
      return options?.[0] ?? null;
    case 'number':
    case 'money':
      return min ?? 1;
    case 'boolean':
      return true;
    case 'date':
      return min ?? '2030-01-31';
    case 'user':
    case 'record':
      return SAMPLE_ID;
    default:
      return `Sample ${label ?? name}`;
  }
}
