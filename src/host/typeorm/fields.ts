import type { DataSource, ObjectLiteral } from 'typeorm';
import type { FieldDescription, FieldType } from '../../core/catalog.js';
import type { Json } from '../../core/json.js';
import { didYouMean } from '../../core/nearest.js';
import { type Column, columnLimits, fieldType, toJson } from './columns.js';
import type { FieldOverride } from './config.js';
import { configError } from './config-error.js';
import { asLabel } from './module-events.js';

type Metadata = ReturnType<DataSource['getMetadata']>;

/** A column that records show, and where in the record. */
export interface FieldColumn {
  /** The field's name: the property, `<relation>Id` for a relation without a property of its own for the key, `id` for the key. */
  field: string;
  /** Where inside the field's object, for columns of an embedded entity; else empty. */
  path: readonly string[];
  /** The field with its path: what the catalog calls the column. */
  name: string;
  column: Column;
  type: FieldType;
}

/** The columns that are more than fields. */
export interface FieldSetting {
  key: Column;
  workspace: Column | undefined;
  deleted: Column | undefined;
  owner: Column | undefined;
  overrides: Readonly<Record<string, FieldOverride>>;
}

/** The columns that records show. Throws `crm_config_invalid` for two of one name, and for an override of none. */
export function fieldColumns(dataSource: DataSource, metadata: Metadata, { key, owner, overrides }: FieldSetting): FieldColumn[] {
  const columns: FieldColumn[] = [];
  const names = new Set(metadata.columns.filter((one) => !one.isVirtual).map((one) => one.propertyPath));
  for (const column of metadata.columns) {
    if (!column.isSelect || (column.isVirtualProperty && !column.query) || (column.isVirtual && !column.relationMetadata)) continue;
    if (column.relationMetadata && column.relationMetadata.joinColumns.length > 1) continue;
    const [field, ...path] = column === key ? ['id'] : fieldPath(column, names);
    if (field === undefined) continue;
    const name = [field, ...path].join('.');
    if (column !== key && around(field, path).some((one) => overrides[one]?.hidden)) continue;
    const isReference = column === key || column === owner || column.relationMetadata !== undefined;
    const type = overrides[name]?.type ?? (isReference ? 'text' : fieldType(dataSource, column));
    if (type !== null) columns.push({ field, path, name, column, type });
  }
  const twice = columns.find(({ name }, index) => columns.findIndex((other) => other.name === name) !== index);
  if (twice) throw configError(`The entity ${metadata.name} has two columns for the field '${twice.field}'.`);
  const unknown = Object.keys(overrides).find(
    (name) => !overrides[name]?.get && !names.has(name) && !columns.some((one) => one.name === name),
  );
  if (unknown !== undefined && !metadata.hasEmbeddedWithPropertyPath(unknown)) {
    const meant = didYouMean(unknown, [...names, ...columns.map(({ name }) => name)]);
    throw configError(`The entity ${metadata.name} has no field '${unknown}' to describe.${meant}`);
  }
  return columns;
}

/**
 * The fields as the catalog describes them. An embedded entity is a field of type json, and each of its columns one of its
 * own: `address`, `address.city`.
 */
export function describeFields(dataSource: DataSource, columns: readonly FieldColumn[], setting: FieldSetting): FieldDescription[] {
  const fields = new Map<string, FieldDescription>();
  for (const { field, path, name, column, type } of columns) {
    const { label, options = column.enum?.map(String) } = setting.overrides[name] ?? {};
    const holder = path.length > 0 ? (setting.overrides[field] ?? {}) : {};
    const description: FieldDescription = {
      name,
      label: label ?? asLabel(name),
      type,
      nullable: column.isNullable || column.isVirtualProperty,
      ...(column.isVirtualProperty ? { computed: true } : {}),
      writable: around(field, path).every((one) => setting.overrides[one]?.writable !== false) && isWritable(column, setting),
      ...(options === undefined ? {} : { options }),
      ...columnLimits(dataSource, column, type),
    };
    if (path.length > 0) {
      const whole = fields.get(field);
      // It can be written when any of its columns can.
      if (whole) whole.writable ||= description.writable;
      else {
        const { writable } = description;
        const { options } = holder;
        fields.set(field, {
          ...{ name: field, label: holder.label ?? asLabel(field), type: holder.type ?? 'json', nullable: false, writable },
          ...(options === undefined ? {} : { options }),
        });
      }
    }
    fields.set(name, description);
  }
  return [...fields.values()];
}

/** A field that the host works out from an entity. */
export interface ComputedField {
  name: string;
  type: FieldType;
  get(entity: ObjectLiteral): unknown;
}

/** The computed fields of an entity. Throws `crm_config_invalid` for one without a type, or in place of a column. */
export function computedFields(metadata: Metadata, columns: readonly FieldColumn[], { overrides }: FieldSetting): ComputedField[] {
  return Object.entries(overrides).flatMap(([name, { get, type, hidden, writable }]) => {
    if (!get || hidden) return [];
    const problem =
      type === undefined
        ? 'needs a `type`'
        : writable
          ? 'cannot be writable'
          : columns.some(({ field }) => field === name) || metadata.columns.some(({ propertyPath }) => propertyPath === name)
            ? 'has the name of a column'
            : null;
    if (type === undefined || problem !== null) throw configError(`The computed field '${name}' of ${metadata.name} ${problem}.`);
    return [{ name, type, get }];
  });
}

/** The value of a computed field as JSON; undefined where there is none. Of a sum what binary fractions add to it is left off: 35.7, not 35.699999999999996. */
export function computedValue({ get, type }: ComputedField, entity: ObjectLiteral): Json | undefined {
  const value = get(entity);
  if (value === undefined) return undefined;
  const json = toJson(value, type);
  return typeof json === 'number' ? Number(json.toPrecision(15)) : json;
}

/** The computed fields as the catalog describes them. */
export function describeComputed(computed: readonly ComputedField[], { overrides }: FieldSetting): FieldDescription[] {
  return computed.map(({ name, type }) => {
    const { label, options } = overrides[name] ?? {};
    return {
      ...{ name, label: label ?? asLabel(name), type, nullable: true, writable: false, computed: true as const },
      ...(options === undefined ? {} : { options }),
    };
  });
}

/** Whether workflows may write the column at all; what TypeORM or Postgres fill in is not theirs. */
function isWritable(column: Column, { key, workspace, deleted }: FieldSetting): boolean {
  return (
    column !== key &&
    column !== workspace &&
    column !== deleted &&
    column.isUpdate &&
    !column.isVirtualProperty &&
    !column.isGenerated &&
    !column.isCreateDate &&
    !column.isUpdateDate &&
    !column.isDeleteDate &&
    !column.isVersion &&
    !column.isDiscriminator &&
    column.generatedType === undefined
  );
}

/** Where an entity has a field that is not the property of its name: of the key its property, of a relation's key what is loaded of the relation. */
export function fieldReader({ field, path, column }: FieldColumn, key: Column): ((given: ObjectLiteral) => unknown) | null {
  const relation = column.relationMetadata;
  if (column === key) return key.propertyPath === field ? null : ({ [key.propertyPath]: id }) => id;
  if (!relation || path.length > 0) return null;
  const target = column.referencedColumn?.propertyName ?? 'id';
  return (given) => {
    if (given[field] !== undefined) return undefined;
    // Not by reading it: a lazy relation would begin to load.
    const related: unknown = Object.getOwnPropertyDescriptor(given, relation.propertyName)?.value;
    return typeof related === 'object' && related !== null ? (related as ObjectLiteral)[target] : related;
  };
}

function fieldPath(column: Column, names: ReadonlySet<string>): string[] {
  if (!column.isVirtual || !column.relationMetadata) return column.propertyPath.split('.');
  const field = `${column.relationMetadata.propertyPath}Id`;
  return names.has(field) ? [column.databaseName] : field.split('.');
}

/** A field with everything that it lies in: `address`, `address.geo`, `address.geo.lat`. */
function around(field: string, path: readonly string[]): string[] {
  return [field, ...path.map((_, at) => [field, ...path.slice(0, at + 1)].join('.'))];
}
