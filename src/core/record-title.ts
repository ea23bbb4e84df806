import type { ModuleDescription } from './catalog.js';
import type { RecordData } from './event.js';
import { shapeOf } from './module-shape.js';

/** Fields that name a record by themselves, the likeliest first. */
const NAMES = ['name', 'title', 'fullName', 'displayName', 'subject', 'label'];
/** Fields that name one together. */
const PARTS = ['firstName', 'lastName'];
/** Fields by which people know a record that has no name. */
const NUMBERS = ['number', 'invoiceNumber', 'orderNumber', 'code', 'reference', 'email'];
/** What else people look for a record by. */
const CONTACTS = ['email', 'emailAddress', 'phone', 'phoneNumber', 'mobile'];

/** Returns the fields whose values name a record: those that the host says, else those that usually do. */
export function titleFieldsOf(module: ModuleDescription): readonly string[] {
  if (module.titleFields !== undefined) return module.titleFields;
  const { fields } = shapeOf(module);
  const isText = (name: string): boolean => fields.get(name)?.type === 'text';
  const parts = PARTS.filter(isText);
  // The title of somebody with a first and a last name is "Dr", and mostly empty.
  const isPerson = parts.length === PARTS.length;
  const one = NAMES.find((name) => isText(name) && !(isPerson && name === 'title'));
  if (one !== undefined) return [one];
  return parts.length > 0 ? parts : NUMBERS.filter(isText).slice(0, 1);
}

/** Returns the fields that a search for a record usually looks at: what names it, and how to reach whom it is about. */
export function usualSearchFields(module: ModuleDescription): string[] {
  const { fields } = shapeOf(module);
  const usual = [...titleFieldsOf(module), ...NAMES, ...PARTS, ...NUMBERS, ...CONTACTS];
  return [...new Set(usual)].filter((name) => fields.get(name)?.type === 'text');
}

/** Returns what people call the record; its id where nothing names it. */
export function titleOf(module: ModuleDescription, record: RecordData): string {
  const parts = titleFieldsOf(module).flatMap((name) => {
    const value = record[name];
    const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
    return text === '' ? [] : [text];
  });
  return parts.length > 0 ? parts.join(' ') : String(record.id);
}
