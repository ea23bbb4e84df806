import type { FieldType, ModuleDescription } from '../catalog.js';
import { findField } from '../condition/field-types.js';
import type { Json } from '../json.js';
import { parsePath } from '../scope.js';

const ONE_PATH = /^\s*\{\{\s*([^\s{}()]+)\s*\}\}\s*$/;

/**
 * The type of what a value in a definition will be when it is one path in braces (`{{record.amount}}`); null where that
 * is not known: literals, texts around an expression, helpers, fields of related records.
 */
export function expressionType(value: Json, module: ModuleDescription | null): FieldType | null {
  const text = typeof value === 'string' ? ONE_PATH.exec(value)?.[1] : undefined;
  return text === undefined ? null : pathType(text, module);
}

/** The type of what a path leads to; null where it is not known. */
export function pathType(path: string, module: ModuleDescription | null): FieldType | null {
  const parsed = parsePath(path);
  const finding = parsed && findField(parsed, module, null);
  return finding && 'type' in finding ? finding.type : null;
}

/** Fields of these types take a value of the type. */
const TAKERS: Readonly<Record<FieldType, readonly FieldType[]>> = {
  text: ['text', 'json'],
  number: ['number', 'money', 'text', 'json'],
  money: ['money', 'number', 'text', 'json'],
  boolean: ['boolean', 'text', 'json'],
  date: ['date', 'datetime', 'text', 'json'],
  datetime: ['datetime', 'date', 'text', 'json'],
  list: ['list', 'json'],
  // It may hold anything.
  json: ['json', 'text', 'number', 'money', 'boolean', 'date', 'datetime', 'list'],
};

/**
 * Whether a field of one type may be set from one of another. A text may hold a number or a date in some records; in the
 * others the step would fail, and nobody would see why before.
 */
export function fitsField(target: FieldType, source: FieldType): boolean {
  return TAKERS[source].includes(target);
}
