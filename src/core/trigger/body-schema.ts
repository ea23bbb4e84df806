import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { didYouMean } from '../nearest.js';
import { Unfit } from '../operators/operator.js';
import { compilePattern } from '../operators/text.js';

/**
 * The part of JSON Schema that bodies may be held to. Strangers send bodies, so the work must be bounded by the size of the
 * schema times that of the body: no references (they multiply), patterns that a linear-time engine takes, uniqueness only of
 * short lists.
 */
const MOST_SCHEMAS = 200;
const MOST_BYTES = 16 * 1024;
const MOST_UNIQUE = 100;
const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string'];

/** Formats that bodies are checked for. */
export const BODY_FORMATS: readonly string[] = ['date', 'date-time', 'email', 'hostname', 'ipv4', 'ipv6', 'time', 'uri', 'uuid'];

type Check = (value: Json, walk: Walk, path: string) => string | null;

const anything: Check = () => null;
const text: Check = (value) => (typeof value === 'string' ? null : 'must be a text');
const flag: Check = (value) => (typeof value === 'boolean' ? null : 'must be true or false');
const amount: Check = (value) => (typeof value === 'number' ? null : 'must be a number');
const count: Check = (value) => (Number.isInteger(value) && Number(value) >= 0 ? null : 'must be a whole number, 0 or more');
const schema: Check = (value, walk, path) => walk.schema(value, path);
const schemas: Check = (value, walk, path) => {
  if (!Array.isArray(value) || value.length === 0) return 'must be a list of schemas, at least one';
  for (const [index, one] of value.entries()) walk.add(walk.schema(one, `${path}[${index}]`), `${path}[${index}]`);
  return null;
};
const members: Check = (value, walk, path) => {
  if (!isJsonObject(value)) return 'must be an object of schemas by name';
  for (const [name, one] of Object.entries(value)) walk.add(walk.schema(one ?? null, `${path}.${name}`), `${path}.${name}`);
  return null;
};
const names: Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === 'string') && new Set(value).size === value.length
    ? null
    : 'must be a list of different names';

const KEYWORDS: Readonly<Record<string, Check>> = {
  type: (value) => {
    const types = Array.isArray(value) ? value : [value];
    const isFine =
      types.length > 0 && types.every((one) => typeof one === 'string' && TYPES.includes(one)) && new Set(types).size === types.length;
    return isFine ? null : `must be one of, or a list of: ${TYPES.join(', ')}`;
  },
  enum: (value) => (Array.isArray(value) && value.length > 0 ? null : 'must be a list of values, at least one'),
  const: anything,
  properties: members,
  required: names,
  additionalProperties: schema,
  propertyNames: schema,
  minProperties: count,
  maxProperties: count,
  items: schema,
  contains: schema,
  minItems: count,
  maxItems: count,
  uniqueItems: flag,
  minLength: count,
  maxLength: count,
  pattern: (value) => (typeof value === 'string' ? patternProblem(value) : 'must be a text'),
  format: (value) => (typeof value === 'string' && BODY_FORMATS.includes(value) ? null : `must be one of: ${BODY_FORMATS.join(', ')}`),
  minimum: amount,
  maximum: amount,
  exclusiveMinimum: amount,
  exclusiveMaximum: amount,
  multipleOf: (value) => (typeof value === 'number' && value > 0 ? null : 'must be a number greater than 0'),
  allOf: schemas,
  anyOf: schemas,
  oneOf: schemas,
  not: schema,
  title: text,
  description: text,
  default: anything,
  examples: (value) => (Array.isArray(value) ? null : 'must be a list'),
  deprecated: flag,
  readOnly: flag,
  writeOnly: flag,
  $schema: text,
  $comment: text,
};

/** Why a schema of bodies cannot be used; paths are those inside it, such as `.properties.email.format`. Never throws. */
export function bodySchemaProblems(json: Json): Problem[] {
  if (!isJsonObject(json)) return [{ path: '', message: '"schema" must be a JSON Schema: an object.' }];
  const walk = new Walk();
  walk.add(walk.schema(json, ''), '');
  if (walk.problems.length === 0 && JSON.stringify(json).length > MOST_BYTES) walk.add(`must be at most ${MOST_BYTES / 1024} KB`, '');
  return walk.problems;
}

class Walk {
  readonly problems: Problem[] = [];
  private schemas = 0;

  add(message: string | null, path: string): void {
    if (message !== null) this.problems.push({ path, message: `This ${message}.` });
  }

  schema(json: Json, path: string): string | null {
    if (typeof json === 'boolean') return null;
    if (!isJsonObject(json)) return 'must be a schema: an object, true or false';
    this.schemas += 1;
    if (this.schemas > MOST_SCHEMAS)
      return this.schemas === MOST_SCHEMAS + 1 ? `is too much: a schema may have ${MOST_SCHEMAS} parts` : null;
    for (const [name, value = null] of Object.entries(json)) {
      const check = Object.hasOwn(KEYWORDS, name) ? KEYWORDS[name] : undefined;
      const at = `${path}.${name}`;
      if (check) this.add(check(value, this, at), at);
      else
        this.problems.push({
          path: at,
          message: `This is not known here.${didYouMean(name, Object.keys(KEYWORDS))}${referenceNote(name)}`,
        });
    }
    this.add(uniquenessProblem(json), `${path}.uniqueItems`);
    return null;
  }
}

function referenceNote(name: string): string {
  return name.startsWith('$') ? ' Schemas of bodies have no references: write out what they stand for.' : '';
}

/** Each item is compared with each other one. */
function uniquenessProblem({ uniqueItems, maxItems }: JsonObject): string | null {
  if (uniqueItems !== true || (typeof maxItems === 'number' && maxItems <= MOST_UNIQUE)) return null;
  return `needs "maxItems" of at most ${MOST_UNIQUE} beside it`;
}

function patternProblem(pattern: string): string | null {
  const compiled = compilePattern(pattern, true);
  return compiled instanceof Unfit ? `cannot be used: ${compiled.note}` : null;
}
