import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import type { FieldType } from '../../core/catalog.js';
import type { Json } from '../../core/json.js';
import { toStorableJson } from '../../core/storable-json.js';
import type { FieldLimits } from '../field-limits.js';
import { exactNumber } from '../field-values.js';

/** The column of an entity, as TypeORM describes it. */
export type Column = ReturnType<DataSource['getMetadata']>['columns'][number];

const INTEGER_BITS: Readonly<Record<string, number>> = { smallint: 16, integer: 32, bigint: 64 };
const FLOATS = ['real', 'double precision'];
const TEXTS = ['text', 'character varying', 'character', 'citext'];
const TIMESTAMPS = ['timestamp with time zone', 'timestamp without time zone'];
/** What else than integers is known to survive the way through JSON. */
const POPULATED = [...FLOATS, ...TEXTS, ...TIMESTAMPS, 'numeric', 'boolean', 'date', 'uuid', 'enum', 'json', 'jsonb'];
/** What JSON has no sensible form for. */
const OPAQUE = ['bytea', 'tsvector', 'tsquery', 'geometry', 'geography', 'vector', 'halfvec', 'cube'];

/** An identifier in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Asked for every value that is read or written. */
const sqlTypes = new WeakMap<Column, string>();

/** The Postgres type of a column, in its long form (`character varying`). */
export function sqlType(dataSource: DataSource, column: Column): string {
  const known = sqlTypes.get(column) ?? dataSource.driver.normalizeType(column);
  sqlTypes.set(column, known);
  return known;
}

/** How a column's values are shown to workflows; null when they cannot be. */
export function fieldType(dataSource: DataSource, column: Column): FieldType | null {
  const type = sqlType(dataSource, column);
  if (OPAQUE.includes(type)) return null;
  if (column.type === 'simple-array') return 'list';
  if (column.type === 'simple-json' || type === 'json' || type === 'jsonb') return 'json';
  if (column.isArray) return TEXTS.includes(type) || type === 'enum' || type === 'uuid' ? 'list' : 'json';
  if (type in INTEGER_BITS || FLOATS.includes(type)) return 'number';
  if (type === 'numeric') return column.scale === 2 ? 'money' : 'number';
  if (type === 'money') return 'money';
  if (type === 'boolean' || type === 'date') return type;
  if (TIMESTAMPS.includes(type)) return 'datetime';
  return type === 'hstore' && column.hstoreType === 'object' ? 'json' : 'text';
}

/** What the column's type says of the values that fit it. A transformer may store them in any other form: then nothing is known. */
export function columnLimits(dataSource: DataSource, column: Column, type: FieldType): FieldLimits {
  if (column.transformer || column.type === 'simple-array' || column.type === 'simple-json') return {};
  const sql = sqlType(dataSource, column);
  if (type === 'text' || type === 'list') {
    const length = TEXTS.includes(sql) ? Number(column.length || Number.NaN) : Number.NaN;
    return Number.isInteger(length) && length > 0 ? { maxLength: length } : {};
  }
  if ((type !== 'number' && type !== 'money') || column.isArray) return {};
  const bits = INTEGER_BITS[sql];
  if (bits !== undefined) {
    const bound = 2n ** BigInt(bits - 1);
    return { maxDecimals: 0, minimum: exactNumber(String(-bound)), maximum: exactNumber(String(bound - 1n)) };
  }
  const { precision } = column;
  if (sql !== 'numeric' || !precision) return {};
  const scale = column.scale ?? 0;
  const largest = `${'9'.repeat(Math.max(0, precision - scale)) || '0'}${scale > 0 ? `.${'9'.repeat(scale)}` : ''}`;
  return { maxDecimals: scale, minimum: exactNumber(`-${largest}`), maximum: exactNumber(largest) };
}

/** What to select of a column so that the driver's parsing loses nothing (a `date` is no moment, an interval no object). */
export function selected(dataSource: DataSource, column: Column, alias: string): string {
  if (column.isVirtualProperty && column.query) return `(${column.query(alias)})`;
  const name = `${alias}.${quoted(column.databaseName)}`;
  const type = sqlType(dataSource, column);
  if (column.isArray) return name;
  if (type === 'date' || (type === 'interval' && !column.transformer)) return `${name}::text`;
  return type === 'money' ? `${name}::numeric` : name;
}

/**
 * The texts that a column can hold in the very form that Postgres writes them; asking for others (`abc` in a uuid, 9e99 in
 * an integer) would be an error instead of no match.
 */
export function storableKeys(dataSource: DataSource, column: Column, texts: readonly string[]): string[] {
  const type = sqlType(dataSource, column);
  const bits = INTEGER_BITS[type];
  return texts.filter((text) => {
    if (bits !== undefined) return /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(bits, BigInt(text)) === BigInt(text);
    if (type === 'uuid') return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
    return !text.includes('\0');
  });
}

/** The test `column = ANY (parameter)` for {@link storableKeys}, in a form that an index on the column serves. */
export function keyIsAny(dataSource: DataSource, column: Column, alias: string, parameter: string): string {
  const name = `${alias}.${quoted(column.databaseName)}`;
  const type = sqlType(dataSource, column);
  if (type in INTEGER_BITS) return `${name} = ANY (${parameter}::bigint[])`;
  if (type === 'uuid') return `${name} = ANY (${parameter}::uuid[])`;
  return TEXTS.includes(type) && type !== 'citext' ? `${name} = ANY (${parameter}::text[])` : `${name}::text = ANY (${parameter}::text[])`;
}

/** The id that an entity, or an object of the same shape, has in a column; null when it has none. */
export function idText(column: Column, entity: object): string | null {
  const value: unknown = column.getEntityValue(entity);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** An entity's value as JSON of its field's type. */
export function toJson(value: unknown, type: FieldType): Json {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'number':
    case 'money':
      return asNumber(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : toStorableJson(value);
    case 'date':
      return value instanceof Date ? localDay(value) : String(toStorableJson(value)).slice(0, 10);
    case 'datetime':
      return value instanceof Date ? validIso(value) : toStorableJson(value);
    case 'list':
      return Array.isArray(value) ? value.filter((item) => item !== null && item !== undefined).map(asText) : [asText(value)];
    case 'json':
      return toStorableJson(value);
    case 'text':
      return asText(value);
  }
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  const json = toStorableJson(value);
  return typeof json === 'object' ? JSON.stringify(json) : String(json);
}

function asNumber(value: unknown): Json {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  const json = toStorableJson(value);
  return typeof json === 'string' ? exactNumber(json) : json;
}

function validIso(date: Date): string | null {
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function localDay(date: Date): string | null {
  if (Number.isNaN(date.getTime())) return null;
  return [date.getFullYear().toString().padStart(4, '0'), pad(date.getMonth() + 1), pad(date.getDate())].join('-');
}

/** The JSON of a field (in its canonical form) as the entity's property holds it: what transformers and subscribers expect. */
export function toEntityValue(dataSource: DataSource, column: Column, value: Json): unknown {
  if (value === null) return null;
  const type = sqlType(dataSource, column);
  if (TIMESTAMPS.includes(type) && typeof value === 'string') return new Date(value);
  if (column.enum && !Array.isArray(value)) return column.enum.find((option) => String(option) === String(value)) ?? value;
  if (column.enum && Array.isArray(value)) {
    return value.map((item) => column.enum?.find((option) => String(option) === String(item)) ?? item);
  }
  // Ids are texts as JSON, whatever their column; a subscriber expects the entity's own type.
  if ((type === 'integer' || type === 'smallint' || FLOATS.includes(type)) && typeof value === 'string') {
    return /^-?\d{1,15}(\.\d+)?$/.test(value) ? Number(value) : value;
  }
  if ((type === 'numeric' || type === 'bigint') && !column.transformer && typeof value !== 'object') return asDeclared(column, value);
  return value;
}

/** TypeORM gives decimals and bigints as texts; a property that is declared as one gets one, with the decimals of its column. */
function asDeclared({ target, propertyName, scale }: Column, value: Exclude<Json, null | object>): unknown {
  const declared: unknown = typeof target === 'function' && Reflect.getMetadata('design:type', target.prototype as object, propertyName);
  const text = String(value);
  if (declared === BigInt && /^-?\d+$/.test(text)) return BigInt(text);
  if (declared !== String) return value;
  const [whole, decimals = ''] = text.split('.');
  return scale && /^-?\d+(\.\d+)?$/.test(text) ? `${whole}.${decimals.padEnd(scale, '0')}` : text;
}

/** Whether every value of the column has a form for {@link toPopulated}; what is not known here (bytes, shapes, ranges) may have none. */
export function isPopulated(dataSource: DataSource, column: Column): boolean {
  const type = sqlType(dataSource, column);
  return type in INTEGER_BITS || POPULATED.includes(type);
}

/** An entity's value as `jsonb_populate_recordset` reads it into the column. */
export function toPopulated(dataSource: DataSource, column: Column, value: unknown): unknown {
  const stored: unknown = dataSource.driver.preparePersistentValue(value, column);
  if (stored === null || stored === undefined) return null;
  const type = sqlType(dataSource, column);
  // TypeORM has written JSON as text already; as a text it would become a JSON string.
  if ((type === 'json' || type === 'jsonb') && typeof stored === 'string') return JSON.parse(stored);
  if (typeof stored === 'bigint') return String(stored);
  if (stored instanceof Date) return type === 'timestamp without time zone' ? localTime(stored) : stored.toISOString();
  return stored;
}

/** A `timestamp` holds the process's local time: that is how the driver writes and reads Dates in such columns. */
function localTime(date: Date): string {
  return `${localDay(date)}T${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${date.getMilliseconds().toString().padStart(3, '0')}`;
}

function pad(part: number): string {
  return part.toString().padStart(2, '0');
}

/** Whether the database itself knows the column's values as dates. */
export function isDated(dataSource: DataSource, column: Column): boolean {
  const type = sqlType(dataSource, column);
  return !column.transformer && !column.isArray && (type === 'date' || TIMESTAMPS.includes(type));
}

/** What to sort the rows by to go through them by key, and the type to compare it as: such that the key's own index serves. */
export function keyOrder(dataSource: DataSource, key: Column, alias: string): { sql: string; type: string } {
  const name = `${alias}.${quoted(key.databaseName)}`;
  const type = sqlType(dataSource, key);
  if (type in INTEGER_BITS) return { sql: name, type: 'bigint' };
  if (type === 'uuid') return { sql: name, type };
  return TEXTS.includes(type) && type !== 'citext' ? { sql: name, type: 'text' } : { sql: `${name}::text`, type: 'text' };
}

/** Whether the database holds the column's text as the record shows it, so that it can be searched. */
export function isSearchable(dataSource: DataSource, column: Column): boolean {
  if (column.transformer || column.isArray || column.isVirtualProperty) return false;
  return TEXTS.includes(sqlType(dataSource, column)) && column.type !== 'simple-array' && column.type !== 'simple-json';
}
