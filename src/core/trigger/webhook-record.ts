import type { Catalog, ModuleDescription } from '../catalog.js';
import { isJsonObject, type JsonObject } from '../json.js';
import { fieldAt, fieldsMissing } from '../module-shape.js';
import { didYouMean } from '../nearest.js';
import { parsePath } from '../scope.js';
import { compileTemplate, hasExpression } from '../template/template.js';
import type { TriggerReader } from './trigger-reader.js';

/** The record that a delivery is about. */
export interface TriggerRecord {
  module: string;
  /** What its fields must be; values are templates over `trigger`. */
  match: JsonObject;
  /** Whether to create one where none matches: with the fields of `match` and `set`. */
  create?: boolean;
  /** Further fields of one that is created. */
  set?: JsonObject;
}

const MEMBERS = ['module', 'match', 'create', 'set'];
const MOST_MATCHED = 5;
const MOST_SET = 50;
/** What a record can be found by: values that equal each other as they are. */
const COMPARABLE: readonly string[] = ['text', 'number', 'money', 'boolean', 'date', 'datetime'];

/** Notes what is wrong with the member `record` of a trigger. */
export function checkRecord(reader: TriggerReader, catalog: Catalog | null): void {
  const { record } = reader.json;
  if (record === undefined) return;
  if (!isJsonObject(record)) {
    reader.problem('record', '"record" must be an object with "module" and "match".');
    return;
  }
  for (const name of Object.keys(record)) {
    if (!MEMBERS.includes(name))
      reader.problem(`record.${name}`, `This is not known here.${didYouMean(name, MEMBERS)} Known are: ${MEMBERS.join(', ')}.`);
  }
  const module = moduleOf(reader, record, catalog);
  const { create, match, set } = record;
  if (create !== undefined && typeof create !== 'boolean') reader.problem('record.create', '"create" must be true or false.');
  const isCreated = create === true;
  checkFields(reader, match, 'record.match', { least: 1, most: MOST_MATCHED, module, isMatched: true, isSet: isCreated });
  if (isCreated && module) checkRequired(reader, module, { match, set });
  if (set === undefined) return;
  if (!isCreated) reader.problem('record.set', '"set" is for records that are created: it goes with "create": true.');
  checkFields(reader, set, 'record.set', { least: 0, most: MOST_SET, module, isMatched: false, isSet: true });
}

function moduleOf(reader: TriggerReader, { module: name }: JsonObject, catalog: Catalog | null): ModuleDescription | undefined {
  if (typeof name !== 'string' || name === '') {
    reader.problem('record.module', '"module" must be the name of a module.');
    return undefined;
  }
  const module = catalog?.modules.get(name);
  if (catalog !== null && module === undefined) {
    const names = [...catalog.modules.keys()];
    reader.problem('record.module', `There is no module "${name}".${didYouMean(name, names)} Modules are: ${names.join(', ')}.`);
  }
  return module;
}

function checkRequired(reader: TriggerReader, module: ModuleDescription, { match, set }: Pick<JsonObject, 'match' | 'set'>): void {
  const given = [match, set].flatMap((fields) => (isJsonObject(fields) ? Object.keys(fields) : []));
  for (const name of fieldsMissing(module, given)) {
    reader.problem('record.set', `A new record of ${module.label} needs "${name}": nothing else gives it a value.`);
  }
}

interface FieldRules {
  least: number;
  most: number;
  module: ModuleDescription | undefined;
  isMatched: boolean;
  isSet: boolean;
}

function checkFields(reader: TriggerReader, fields: unknown, path: string, rules: FieldRules): void {
  const count = isJsonObject(fields) ? Object.keys(fields).length : -1;
  if (!isJsonObject(fields) || count < rules.least || count > rules.most) {
    const number = rules.least === 0 ? `at most ${rules.most}` : `${rules.least} to ${rules.most}`;
    reader.problem(path, `This must be an object of ${number} fields and their values.`);
    return;
  }
  for (const [name, value] of Object.entries(fields)) {
    const at = `${path}.${name}`;
    if (rules.isMatched && (value === null || typeof value === 'object')) {
      reader.problem(at, 'A record is found by a text, a number, or true or false.');
    }
    checkDeliveryTemplates(reader, value, at);
    const { module } = rules;
    if (module === undefined) continue;
    const field = fieldAt(module, name);
    if (field === null) {
      const names = module.fields.map((one) => one.name);
      reader.problem(at, `Module "${module.name}" has no field "${name}".${didYouMean(name, names)}`);
    } else if (rules.isMatched && (!COMPARABLE.includes(field.type) || field.computed === true || !module.fields.includes(field))) {
      reader.problem(at, `No record can be found by "${name}": it is no plain field that is stored.`);
    } else if (rules.isSet && !field.writable) {
      reader.problem(at, `The field "${name}" cannot be set by workflows.`);
    }
  }
}

/** Notes templates that are about anything but the delivery: there is no record yet. */
export function checkDeliveryTemplates(reader: TriggerReader, value: unknown, path: string): void {
  if (Array.isArray(value)) {
    for (const item of value) checkDeliveryTemplates(reader, item, path);
    return;
  }
  if (isJsonObject(value)) {
    for (const member of Object.values(value)) checkDeliveryTemplates(reader, member, path);
    return;
  }
  if (typeof value !== 'string' || !hasExpression(value)) return;
  try {
    for (const read of compileTemplate(value).paths) {
      if (parsePath(read)?.root !== 'trigger') reader.problem(path, `Only the delivery is known here: "${read}" must begin with trigger.`);
    }
  } catch (error) {
    reader.problem(path, (error as Error).message);
  }
}
