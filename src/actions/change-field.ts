import { Equals, IsNotEmpty, IsNumber, IsObject, IsString } from 'class-validator';
import type { ActionWrite, FieldDescription, ModuleDescription } from '../core/catalog.js';
import { pathType } from '../core/definition/value-types.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { RecordData } from '../core/event.js';
import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import { placeOf } from '../core/module-shape.js';
import { didYouMean } from '../core/nearest.js';
import { readMember, resolvePath } from '../core/scope.js';
import { hasMoreDecimals } from '../host/field-limits.js';
import { exactNumber } from '../host/field-values.js';
import type { LocalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { fieldsProblems, typeProblems, valueProblems, writableField } from './field-arguments.js';
import { exactlyOne, isKnown, MayBeAbsent, needsModule, Rule, refuse, requireRecord } from './rules.js';

const SOURCES = ['value', 'fromField', 'increment', 'clear'] as const;

/** What change_field takes. */
class ChangeFieldArguments {
  @Describe('The field to change; several at once: give `fields` instead.', { example: 'priority', control: 'writable-field' })
  @MayBeAbsent()
  @IsString()
  @IsNotEmpty()
  field?: string;

  @Describe('The new value.', { example: 'Urgent' })
  @MayBeAbsent()
  @Rule('isJson', {}, () => null)
  value?: Json;

  @Describe('Takes the new value from here: a field of the record, of a related record, or another variable.', {
    example: 'account.industry',
  })
  @MayBeAbsent()
  @IsString()
  @IsNotEmpty()
  fromField?: string;

  @Describe('Adds this to the number that the field holds; negative numbers subtract.', { example: 1 })
  @MayBeAbsent()
  @IsNumber()
  increment?: number;

  @Describe('True: empties the field.')
  @MayBeAbsent()
  @Equals(true)
  clear?: true;

  @Describe('Several fields and their new values.', { example: { priority: 'Urgent', rating: 5 }, control: 'writable-field' })
  @MayBeAbsent()
  @IsObject()
  fields?: JsonObject;
}

/** Changes fields of the record. */
export const changeField = defineAction({
  type: 'change_field',
  label: 'Change field',
  description: 'Sets a field of the record: to a value, from another field, by adding to it, or to nothing.',
  effect: 'local',
  transaction: 'shared',
  writesRecord: true,
  arguments: ChangeFieldArguments,
  output: { field: 'text', from: 'json', to: 'json', changes: 'json' },
  check: (args, { module }) => [...shapeProblems(args), ...needsModule(module), ...(module ? fieldProblems(args, module) : [])],
  writes: (args) =>
    (isJsonObject(args.fields) ? Object.entries(args.fields) : [[args.field, args.clear === true ? null : args.value]]).map(writeOf),
  async execute(args, step) {
    refuse(shapeProblems(args as unknown as JsonObject));
    const { record: ref, module } = requireRecord(step);
    // the session checks the values against the module's fields, and writes only what differs
    const { before, after } = await step.crm.update(ref, (record) => {
      return args.fields ?? { [args.field ?? '']: newValue(args, record, module, step) };
    });
    const valueIn = (of: RecordData, name: string) => readMember(of, placeOf(module, name)) ?? null;
    const change = (name: string) => ({ from: valueIn(before, name), to: valueIn(after, name) });
    if (args.fields) {
      return { changes: Object.fromEntries(Object.keys(args.fields).map((name) => [name, change(name)])) };
    }
    const field = args.field ?? '';
    return { field, ...change(field) };
  },
});

function writeOf([field, value]: (Json | undefined)[]): ActionWrite {
  const name = typeof field === 'string' && isKnown(field) ? field : null;
  return { kind: 'field', field: name, ...(isKnown(value) ? { value } : {}) };
}

function newValue(args: ChangeFieldArguments, record: RecordData, module: ModuleDescription, step: LocalStep): Json {
  if (args.clear) {
    return null;
  }
  if (args.increment !== undefined) {
    return incremented(readMember(record, placeOf(module, args.field ?? '')) ?? null, args.increment, args.field ?? '', module);
  }
  if (args.fromField === undefined) {
    return args.value ?? null;
  }
  // the record's own fields as they are locked now, with what earlier steps wrote; related records as the scope has them
  const value = resolvePath({ ...step.scope, record: { ...step.scope.record, ...record } }, args.fromField);
  if (value === undefined) {
    throw new AutomationError('field_unknown', `There is no '${args.fromField}' to take the value from`, {
      hint: 'Check fromField in the step: it names a field of the record, or a variable such as steps.lookup.output.id.',
    });
  }
  return value;
}

/** The sum in decimal: money must not pick up binary fractions (0.1 + 0.2), nor lose the digits of large amounts. */
function incremented(current: Json, by: number, field: string, module: ModuleDescription): Json {
  if (current === null) {
    throw new AutomationError('field_is_empty', `The field '${field}' of ${module.name} is empty, so nothing can be added to it`, {
      hint: 'Empty is not zero. Set the field first, or only run this step when the field is not empty.',
      details: { module: module.name, field },
    });
  }
  const parts = [String(current), String(by)].map((text) => /^(-?)(\d+)(?:\.(\d+))?$/.exec(text));
  const [left, right] = parts;
  if (!left || !right) {
    return Number(current) + by;
  }
  const decimals = Math.max(left[3]?.length ?? 0, right[3]?.length ?? 0);
  const scaled = ([, sign, whole, fraction = '']: RegExpExecArray) => BigInt(`${sign}${whole}${fraction.padEnd(decimals, '0')}`);
  const sum = scaled(left) + scaled(right);
  const digits = (sum < 0n ? -sum : sum).toString().padStart(decimals + 1, '0');
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return exactNumber(`${sum < 0n ? '-' : ''}${text}`);
}

function shapeProblems(args: JsonObject): Problem[] {
  if (args.fields !== undefined) {
    const others = ['field', ...SOURCES].filter((name) => args[name] !== undefined);
    return others.map((path) => ({ path, message: 'leave this out where fields is given' }));
  }
  return [...(args.field === undefined ? [{ path: 'field', message: 'name the field to change' }] : []), ...exactlyOne(args, SOURCES)];
}

function fieldProblems(args: JsonObject, module: ModuleDescription): Problem[] {
  if (isJsonObject(args.fields)) {
    return fieldsProblems(args.fields, { target: module, source: module }, 'fields');
  }
  if (!isKnown(args.field) || typeof args.field !== 'string') {
    return [];
  }
  const { field, problems } = writableField(args.field, module, 'field');
  if (!field) {
    return problems;
  }
  return [
    ...valueProblems(args.value, field, { target: module, source: module }, 'value'),
    ...sourceProblems(args.fromField, field, module),
    ...(args.increment !== undefined && !isNumeric(field)
      ? [{ path: 'increment', message: `${field.name} is a ${field.type}: only numbers can be added to` }]
      : []),
    ...(typeof args.increment === 'number' && hasMoreDecimals(args.increment, field.maxDecimals)
      ? [{ path: 'increment', message: `${field.name} keeps ${field.maxDecimals} decimals: the sum would be rounded` }]
      : []),
    ...(args.clear === true && !field.nullable ? [{ path: 'clear', message: `${field.name} cannot be empty` }] : []),
  ];
}

function sourceProblems(source: Json | undefined, target: FieldDescription, module: ModuleDescription): Problem[] {
  if (!isKnown(source) || typeof source !== 'string') {
    return [];
  }
  if (/^\w+$/.test(source) && !module.fields.some(({ name }) => name === source)) {
    // a path to a related record or another variable; a bare name can only be a field
    const names = module.fields.map(({ name }) => name);
    return [{ path: 'fromField', message: `${module.label} have no field '${source}'.${didYouMean(source, names)}` }];
  }
  return typeProblems(pathType(source, module), source, target, 'fromField');
}

function isNumeric({ type }: FieldDescription): boolean {
  return type === 'number' || type === 'money';
}
