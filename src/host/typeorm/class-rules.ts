import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, type ValidationError, validate } from 'class-validator';
import type { ObjectLiteral } from 'typeorm';
import type { Problem } from '../../core/errors.js';
import type { RecordData } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { PlannedChange } from '../crm-host.js';
import { toEntityValue } from './columns.js';
import type { RulesClass } from './config.js';
import { configError } from './config-error.js';
import type { EntityTable } from './entity-table.js';
import { setColumn } from './update-records.js';

/** What class-validator's decorators say of a module's records. */
export interface ClassRules {
  /** What is wrong with the fields that a change touches, and with others because of it. */
  ofChange(change: PlannedChange): Promise<Problem[]>;
  /** What is wrong with the properties of an entity that is to be inserted; those it leaves to defaults are not looked at. */
  ofNew(entity: ObjectLiteral): Promise<Problem[]>;
}

/**
 * The rules of a class that the host names, or else of the entity's own class; null when there are none, or the host wants
 * none. Throws `crm_config_invalid` for a class without any.
 */
export function classRules(table: EntityTable, option: RulesClass | false | undefined): ClassRules | null {
  if (option === false) return null;
  if (option !== undefined) {
    const rules = rulesOf(option);
    if (rules.size > 0) return rulesOfDto(table, option, rules);
    throw configError(
      `The class ${option.name}, which is to validate ${table.metadata.name}, has no class-validator decorators.`,
      'Name the class that the CRM validates its own requests with.',
    );
  }
  const { target } = table.metadata;
  return typeof target === 'function' && rulesOf(target).size > 0 ? rulesOfEntity(table) : null;
}

/** A DTO sees what a request would bring: the record as JSON. */
function rulesOfDto(table: EntityTable, type: RulesClass, rules: Rules): ClassRules {
  const instanceOf = (values: RecordData): object => {
    const plain: RecordData = {};
    const free: RecordData = {};
    for (const [field, value] of Object.entries(values)) {
      // Free JSON goes in as it is: class-transformer would copy it and lose members such as `constructor`.
      const isFree = typeof value === 'object' && value !== null && !Array.isArray(value) && !rules.get(field)?.nested;
      (isFree ? free : plain)[field] = value;
    }
    return Object.assign(plainToInstance(type, plain) as object, free);
  };
  return {
    ofChange: (change) => changeProblems(change, instanceOf),
    ofNew: async (entity) => {
      const record = Object.fromEntries(
        table.columns.flatMap(({ field, path, column }) => {
          const value: unknown = path.length === 0 ? column.getEntityValue(entity) : undefined;
          return value === undefined ? [] : [[field, value instanceof Date ? value.toISOString() : value]];
        }),
      ) as RecordData;
      return problemsIn(await errorsOf(instanceOf(record)), new Set(Object.keys(record)));
    },
  };
}

/** The entity's own decorators see an entity, with values as its properties hold them. */
function rulesOfEntity(table: EntityTable): ClassRules {
  const { dataSource } = table;
  const instanceOf = (values: RecordData): object => {
    const entity = table.metadata.create() as ObjectLiteral;
    for (const [column, value] of table.columnValues(values as Record<string, Json>))
      setColumn(entity, column, toEntityValue(dataSource, column, value));
    return entity;
  };
  return {
    ofChange: (change) => changeProblems(change, instanceOf),
    ofNew: async (entity) => problemsIn(await errorsOf(entity), new Set(Object.keys(entity).filter((name) => entity[name] !== undefined))),
  };
}

/**
 * The whole record is validated, for rules that look at several fields; but of what was wrong before the change it may not
 * be guilty, so errors of fields that it leaves alone count only when they are new.
 */
async function changeProblems(change: PlannedChange, instanceOf: (values: RecordData) => object): Promise<Problem[]> {
  const errors = await errorsOf(instanceOf(change.after));
  if (errors.length === 0) return [];
  const changed = new Set(change.fields.flatMap((field) => [field, field.replace(/Id$/, ''), field.replace(/\..*$/, '')]));
  const others = errors.filter(({ property }) => !changed.has(property));
  if (others.length === 0) return problemsIn(errors, changed);
  const before = new Set(problemsIn(await errorsOf(instanceOf(change.before)), null).map(({ path, message }) => `${path} ${message}`));
  return [...problemsIn(errors, changed), ...problemsIn(others, null).filter(({ path, message }) => !before.has(`${path} ${message}`))];
}

function errorsOf(instance: object): Promise<ValidationError[]> {
  return validate(instance, { forbidUnknownValues: false, validationError: { target: false } });
}

/** The errors of the given properties, or of all. */
function problemsIn(errors: readonly ValidationError[], properties: ReadonlySet<string> | null): Problem[] {
  return errors.filter(({ property }) => properties === null || properties.has(property)).flatMap((error) => problemsOf(error, ''));
}

function problemsOf(error: ValidationError, parent: string): Problem[] {
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ path, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => problemsOf(child, path))];
}

type Rules = ReadonlyMap<string, { nested: boolean }>;

/** The properties that a class has rules for, those of its parents included. */
// biome-ignore lint/complexity/noBannedTypes: it is what TypeORM calls an entity's class
function rulesOf(type: Function): Rules {
  const rules = new Map<string, { nested: boolean }>();
  for (const { propertyName, type: kind } of getMetadataStorage().getTargetValidationMetadatas(type, '', true, false)) {
    rules.set(propertyName, { nested: kind === 'nestedValidation' || rules.get(propertyName)?.nested === true });
  }
  return rules;
}
