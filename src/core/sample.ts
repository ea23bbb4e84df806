import type { FieldDescription, FieldType, ModuleDescription, OutputShape } from './catalog.js';
import type { RecordData } from './event.js';
import type { Json, JsonObject } from './json.js';
import { shapeOf } from './module-shape.js';
import { setAt } from './record-values.js';

/** The id of a record, a run or whatever else exists in a preview alone. */
export const SAMPLE_ID = 'sample';

/**
 * Returns a record as the module may have one: what is given, and of every other field a value of its type. Nothing that
 * would have to exist: owners, references and related records are empty, and so is a stage whose pipeline the CRM alone knows.
 */
export function sampleRecord(module: ModuleDescription, given: JsonObject, now: Date): RecordData {
  const { own, members } = shapeOf(module);
  const record: RecordData = { id: SAMPLE_ID };
  for (const field of own) record[field.name] = sampleField(module, field, now);
  for (const [holder, fields] of members) {
    const inner: JsonObject = {};
    for (const field of fields) setAt(inner, field.name.split('.').slice(1), sampleField(module, field, now));
    record[holder] = inner;
  }
  for (const { name } of module.relations) record[name] = null;
  return { ...record, ...given };
}

/** Returns what a step may leave whose output nobody knows before it has run. */
export function sampleOutput(shape: OutputShape, now: Date): JsonObject {
  return Object.fromEntries(
    Object.entries(shape).map(([name, type]) => [name, typeof type === 'string' ? sampleOf(type, name, now) : sampleOutput(type, now)]),
  );
}

function sampleField(module: ModuleDescription, { name, label, type, options }: FieldDescription, now: Date): Json {
  if (name === 'id') return SAMPLE_ID;
  const [first] = options ?? [];
  if (first !== undefined) return type === 'list' ? [first] : first;
  const mustExist = [module.ownerField, module.stageField, ...(module.references ?? []).map(({ field }) => field)];
  if (mustExist.includes(name)) return null;
  if (type === 'text' && /e-?mail/i.test(name)) return 'sample@example.com';
  return sampleOf(type, label, now);
}

function sampleOf(type: FieldType, name: string, now: Date): Json {
  switch (type) {
    case 'text':
      return `Sample ${name}`;
    case 'number':
    case 'money':
      return 1;
    case 'boolean':
      return true;
    case 'date':
      return now.toISOString().slice(0, 10);
    case 'datetime':
      return now.toISOString();
    case 'list':
      return [];
    case 'json':
      return null;
  }
}
