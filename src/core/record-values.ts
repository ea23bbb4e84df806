import type { FieldDescription, ModuleDescription } from './catalog.js';
import type { RecordData } from './event.js';
import type { Json } from './json.js';

/** A decimal number as databases print it. */
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
/** Digits that a double keeps exactly; longer numbers stay text. */
const EXACT_DIGITS = 15;

/**
 * A record as the catalog says its fields are. Hosts publish what their ORM gave them: a `numeric` column as the text
 * `"50000.00"`, an integer foreign key as a number. Taken literally, `amount greater_than 10000` would fail on a text.
 * Only lossless changes of form; values that do not fit their field, and fields the catalog does not know, stay.
 */
export function toRecordData(module: ModuleDescription, record: RecordData): RecordData {
  const result: RecordData = { ...record };
  for (const field of module.fields) {
    const value = result[field.name];
    if (value !== undefined && value !== null) result[field.name] = inForm(field, value);
  }
  // Ids are texts everywhere, as in the CrmHost port.
  if (typeof result.id === 'number') result.id = String(result.id);
  return result;
}

function inForm({ type }: FieldDescription, value: Json): Json {
  if (typeof value === 'number' && type === 'text') return String(value);
  if (typeof value !== 'string') return value;
  if ((type === 'number' || type === 'money') && DECIMAL.test(value) && value.replace(/\D/g, '').length <= EXACT_DIGITS)
    return Number(value);
  if (type === 'date' && /^\d{4}-\d{2}-\d{2}T00:00:00\.000Z$/.test(value)) return value.slice(0, 10);
  return value;
}
