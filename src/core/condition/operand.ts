import type { FieldType, ModuleDescription } from '../catalog.js';
import type { AutomationError } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { type Operand, type Reader, Unfit, type ValueShape } from '../operators/operator.js';
import { formatPath, type ParsedPath, parsePath, type ReadableScope, readPath } from '../scope.js';
import { compileTemplate, hasExpression } from '../template/template.js';
import { plainDay } from '../time/dates.js';
import { addDuration, type Duration, parseDuration } from '../time/duration.js';
import { findField } from './field-types.js';
import type { ConditionSubject } from './subject.js';

/** What compiling the tests of one condition shares: the module, and the paths that were met. */
export interface CompileContext {
  module: ModuleDescription | null;
  /** Every path that is read, the variable in front. */
  paths: Set<string>;
}

/** The type of the value at a path; null where it is not known. */
export function fieldType(path: ParsedPath, module: ModuleDescription | null): FieldType | null {
  const finding = findField(path, module, null);
  return 'type' in finding ? finding.type : null;
}

/** Compiles a path to a closure. Fields of type date read as the day alone. */
export function compileReader(path: ParsedPath, context: CompileContext): Reader {
  context.paths.add(formatPath(path));
  const read = plainReader(path);
  return fieldType(path, context.module) === 'date' ? (subject) => plainDay(read(subject)) : read;
}

/**
 * The name of a field that lies in the record itself, which can be read as `record[name]`: of no object is it a member
 * by birth, as `toString` is. Asked here, once, so that no test pays for `Object.hasOwn`. Null for every other path.
 */
export function plainField({ root, segments }: ParsedPath): string | null {
  const [name = ''] = segments;
  return root === 'record' && segments.length === 1 && !(name in Object.prototype) ? name : null;
}

function plainReader(path: ParsedPath): Reader {
  const field = plainField(path);
  if (field !== null) return ({ record }) => (record === null ? undefined : record[field]);
  if (OF_SCOPE.has(path.root)) return (subject) => readPath(subject.scope ?? (subject as ReadableScope), path);
  return (subject) => readPath(subject as ReadableScope, path);
}

/** Variables that a subject need not have itself. */
const OF_SCOPE: ReadonlySet<string> = new Set(['machine', 'workflow', 'run', 'item', 'index']);

/** Compiles the value of a test, whose shape has been checked. */
export function compileOperand(value: Json | undefined, shape: ValueShape, context: CompileContext): Operand {
  if (shape === 'pattern' || shape === 'amount' || shape === 'period' || value === undefined) return constant(value ?? null);
  if (shape !== 'change' || !isJsonObject(value)) return compileValue(value, context);
  return compilePair(value, context);
}

function constant(value: Json): Operand {
  return { constant: true, read: () => value };
}

function compileValue(value: Json, context: CompileContext): Operand {
  if (typeof value === 'string' && hasExpression(value)) return compileText(value, context);
  if (Array.isArray(value)) return compileList(value, context);
  if (!isJsonObject(value)) return constant(value);
  return typeof value.field === 'string' ? compileField(value.field, context) : compileMoment(value);
}

/** A text with expressions. A template that cannot be rendered fails the test, visibly. */
function compileText(source: string, context: CompileContext): Operand {
  const template = compileTemplate(source);
  for (const path of template.paths) context.paths.add(path);
  const read = (subject: ConditionSubject): Json | Unfit => {
    try {
      return template.value(subject.scope ?? ({ ...subject, now: subject.now.toISOString() } as unknown as JsonObject));
    } catch (error) {
      return new Unfit(`the value to compare with cannot be rendered: ${(error as AutomationError).message}`);
    }
  };
  return { constant: false, read };
}

function compileField(field: string, context: CompileContext): Operand {
  const read = compileReader(parsePath(field) as ParsedPath, context);
  return { constant: false, read: (subject) => read(subject) ?? null };
}

function compileMoment({ fromNow }: JsonObject): Operand {
  const duration = parseDuration(fromNow as string) as Duration;
  const read = ({ now, timezone, calendar }: ConditionSubject): Json | Unfit => {
    try {
      return addDuration(now, duration, timezone, calendar).toISOString();
    } catch (error) {
      return new Unfit(`the date to compare with cannot be told: ${(error as Error).message}`);
    }
  };
  return { constant: false, read };
}

function compileList(values: Json[], context: CompileContext): Operand {
  const items = values.map((value) => compileValue(value, context));
  if (items.every((item) => item.constant)) return constant(values);
  const read = (subject: ConditionSubject): Json | Unfit => {
    const list: Json[] = [];
    for (const item of items) {
      const value = item.read(subject);
      if (value instanceof Unfit) return value;
      list.push(value);
    }
    return list;
  };
  return { constant: false, read };
}

function compilePair({ from = null, to = null }: JsonObject, context: CompileContext): Operand {
  const pair = compileList([from, to], context);
  const read = (subject: ConditionSubject): Json | Unfit => {
    const values = pair.read(subject);
    return Array.isArray(values) ? { from: values[0], to: values[1] } : (values as Unfit);
  };
  return { constant: pair.constant, read };
}
