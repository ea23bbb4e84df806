import type { EntityMetadata } from 'typeorm';
import { didYouMean } from '../../core/nearest.js';
import type { Column } from './columns.js';
import { configError } from './config-error.js';

/** Returns the column behind the property, of a to-one relation that of its key; undefined when there is none. */
export function columnBehind(metadata: EntityMetadata, property: string): Column | undefined {
  const relation = metadata.findRelationWithPropertyPath(property);
  // The columns that join many to many are another table's.
  const ofKey = relation?.isManyToMany ? undefined : relation?.joinColumns[0];
  return metadata.columns.find((one) => one.propertyPath === property) ?? ofKey;
}

/** Returns the column behind a property that the configuration names. Throws `crm_config_invalid` with the names that are near. */
export function neededColumn(metadata: EntityMetadata, property: string): Column {
  const column = columnBehind(metadata, property);
  if (column) return column;
  const meant = didYouMean(property, propertyNames(metadata));
  throw configError(`The entity ${metadata.name} has no column for the property '${property}'.${meant}`);
}

/** Returns the names of the entity's properties, relations too: those that a configuration may name. */
export function propertyNames(metadata: EntityMetadata): string[] {
  return [...metadata.columns, ...metadata.relations].map(({ propertyPath }) => propertyPath);
}
