import { AutomationError, type Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { didYouMean } from '../nearest.js';
import { isForbiddenKey } from '../storable-json.js';
import { parseDate } from '../time/dates.js';

const TYPES = ['text', 'number', 'money', 'date', 'datetime', 'boolean', 'choice'] as const;
const MOST_FIELDS = 50;
const MOST_OPTIONS = 200;
const LONGEST_TEXT = 10_000;
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const MOST_DECIMALS = 4;

/** One value that is asked for when a workflow is started by hand. */
export interface InputField {
  name: string;
  label?: string;
  description?: string;
  type: (typeof TYPES)[number];
  required?: boolean;
  /** Of a choice. */
  options?: string[];
  /** Taken where nothing is given. */
  default?: Json;
}

/** JSON Schema of the fields, for the catalogue. */
export const INPUT_FIELDS: JsonObject = {
  type: 'array',
  maxItems: MOST_FIELDS,
  description: 'The values that are asked for; steps read them as `trigger.input.<name>`. Without it any object is taken.',
  items: {
    type: 'object',
    properties: {
      name: { type: 'string', pattern: NAME.source },
      label: { type: 'string' },
      description: { type: 'string' },
      type: { enum: [...TYPES] },
      required: { type: 'boolean', default: false },
      options: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MOST_OPTIONS, description: 'Of a choice.' },
      default: { description: 'Taken where nothing is given.' },
    },
    required: ['name', 'type'],
    additionalProperties: false,
  },
};
const MEMBERS = ['name', 'label', 'description', 'type', 'required', 'options', 'default'];

/** Everything that is wrong with the fields that a trigger declares. Never throws, whatever the JSON. */
export function inputFieldProblems(json: Json): Problem[] {
  if (!Array.isArray(json)) return [{ path: 'input', message: '"input" must be a list of fields.' }];
  if (json.length > MOST_FIELDS) return [{ path: 'input', message: `"input" must have at most ${MOST_FIELDS} fields.` }];
  const names = new Set<Json | undefined>();
  return json.flatMap((field, index) => {
    const path = `input[${index}]`;
    if (!isJsonObject(field)) return [{ path, message: 'A field must be an object.' }];
    const problems = fieldProblems(field).map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
    if (names.has(field.name)) problems.push({ path: `${path}.name`, message: `Another field is called "${String(field.name)}".` });
    names.add(field.name);
    return problems;
  });
}

function fieldProblems(field: JsonObject): Problem[] {
  const { name, label, description, type, required, options } = field;
  const problems: Problem[] = [];
  const must = (holds: boolean, path: string, message: string): void => {
    if (!holds) problems.push({ path, message });
  };
  for (const member of Object.keys(field)) {
    must(MEMBERS.includes(member), member, `This is not known here.${didYouMean(member, MEMBERS)} Known are: ${MEMBERS.join(', ')}.`);
  }
  const isName = typeof name === 'string' && NAME.test(name) && !isForbiddenKey(name);
  must(isName, 'name', '"name" must be made of letters, digits and "_", starting with a letter.');
  must(label === undefined || typeof label === 'string', 'label', '"label" must be a text.');
  must(description === undefined || typeof description === 'string', 'description', '"description" must be a text.');
  must(
    TYPES.some((one) => one === type),
    'type',
    `"type" must be one of: ${TYPES.join(', ')}.`,
  );
  must(required === undefined || typeof required === 'boolean', 'required', '"required" must be true or false.');
  const isList = Array.isArray(options) && options.length > 0 && options.length <= MOST_OPTIONS;
  const isOptions = isList && options.every((option) => typeof option === 'string' && option !== '');
  if (type === 'choice') must(isOptions, 'options', `A choice needs "options", a list of 1 to ${MOST_OPTIONS} texts.`);
  else must(options === undefined, 'options', 'Only a choice has "options".');
  if (problems.length === 0 && field.default !== undefined) {
    const wrong = valueProblem(field as unknown as InputField, field.default);
    must(wrong === null, 'default', `"default" ${wrong ?? ''}.`);
  }
  return problems;
}

/**
 * Returns the input of a start as the workflow's steps see it: what is declared has its default, or null, where nothing was
 * given. Without a declaration the input stays as it is. Throws `start_invalid` with the path of each problem.
 */
export function declaredInput(trigger: { type: string; input?: InputField[] } | null, given: JsonObject): JsonObject {
  const fields = trigger?.type === 'manual' ? trigger.input : undefined;
  if (fields === undefined) return given;
  const names = fields.map(({ name }) => name);
  const problems: Problem[] = Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((name) => ({ path: `input.${name}`, message: notAsked(name, names) }));
  const input: JsonObject = {};
  for (const field of fields) {
    const value = (Object.hasOwn(given, field.name) ? given[field.name] : null) ?? field.default ?? null;
    const isMissing = value === null || value === '';
    const wrong = isMissing ? (field.required ? 'is missing' : null) : valueProblem(field, value);
    if (wrong !== null) problems.push({ path: `input.${field.name}`, message: wrong });
    input[field.name] = isMissing ? null : value;
  }
  if (problems.length === 0) return input;
  const list = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new AutomationError('start_invalid', `The input does not fit the workflow: ${list}.`, {
    problems,
    hint: names.length === 0 ? 'The workflow asks for nothing.' : `The workflow asks for: ${names.join(', ')}.`,
  });
}

function notAsked(name: string, names: readonly string[]): string {
  const near = didYouMean(name, names);
  return `is not asked for${near === '' ? '' : `.${near}`}`;
}

/** What is wrong with a value; goes on "<name> …". */
function valueProblem({ type, options = [] }: InputField, value: Json): string | null {
  switch (type) {
    case 'text':
      return typeof value === 'string' && value.length <= LONGEST_TEXT ? null : `must be a text of at most ${LONGEST_TEXT} characters`;
    case 'number':
      return typeof value === 'number' ? null : 'must be a number';
    case 'money':
      return typeof value === 'number' && Number(value.toFixed(MOST_DECIMALS)) === value
        ? null
        : `must be an amount: a number with at most ${MOST_DECIMALS} decimals`;
    case 'date':
      return parseDate(value)?.form === 'day' ? null : 'must be a date, such as 2026-03-01';
    case 'datetime':
      return (parseDate(value)?.form ?? 'day') !== 'day' ? null : 'must be a date with a time, such as 2026-03-01T09:00';
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'choice':
      return options.some((option) => option === value) ? null : `must be one of: ${options.join(', ')}`;
  }
}
