import type { FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { ModuleDescription } from '../../core/catalog.js';
import { eventRuleProblems } from '../../core/event-rules.js';
import { didYouMean } from '../../core/nearest.js';
import { type ClassRules, classRules } from './class-rules.js';
import type { Column } from './columns.js';
import type { ModuleOption, StagesOption } from './config.js';
import { configError } from './config-error.js';
import { unfilledColumns } from './create-rows.js';
import type { EntityTable } from './entity-table.js';
import { asLabel, asSingular, moduleEvents } from './module-events.js';
import type { Users } from './people.js';
import type { TableRelation } from './read-records.js';
import { type TableReference, tableReferences } from './references.js';
import { searchColumns } from './search-records.js';
import { type StageFinder, stageFinder } from './stages.js';
import type { TagRows } from './tag-rows.js';

/** One module of the CRM, as built from its entity's metadata and the host's configuration. */
export interface CrmModule {
  table: EntityTable;
  description: ModuleDescription;
  relations: ReadonlyMap<string, TableRelation>;
  references: ReadonlyMap<string, TableReference>;
  rules: ClassRules | null;
  /** Tags that are rows of their own; null: there are none, or they are a column. */
  tagRows: TagRows | null;
  owner: Column | undefined;
  open: FindOptionsWhere<ObjectLiteral> | FindOptionsWhere<ObjectLiteral>[] | undefined;
  findStages: StageFinder;
  /** The columns that a search for a record looks at. */
  searched: readonly Column[];
  /** What it cannot do as it is configured. */
  warnings: readonly string[];
}

/** Builds a module; `tables` are those of all modules by name. Throws `crm_config_invalid`. */
export function buildModule(
  name: string,
  table: EntityTable,
  option: ModuleOption<ObjectLiteral> | undefined,
  tables: ReadonlyMap<string, EntityTable>,
  known: { users: Users; defaultWorkspace: string | null },
): CrmModule {
  const stage = option?.stage === undefined ? undefined : table.columnOf(option.stage);
  const owner = option?.owner === undefined ? undefined : table.columnOf(option.owner);
  const stageField = stage && shownField(name, table, stage);
  const ownerField = owner && shownField(name, table, owner);
  const fixedStages = Array.isArray(option?.stages) ? option.stages : undefined;
  const stages: readonly string[] | undefined = fixedStages ?? table.fields.find((field) => field.name === stageField)?.options;
  const relations = moduleRelations(name, table, option?.relations, tables);
  const references = tableReferences(table, tables, owner, known);
  // The stage is looked for among the stages that the record may take.
  const closed = new Set(references.filter(({ isOpen, field }) => isOpen && field !== stageField).map(({ field }) => field));
  const tags = option?.tags === undefined ? undefined : tagsField(name, table, option.tags);
  const tagRows = typeof option?.tags === 'object' && tags !== undefined ? { field: tags, set: option.tags.set } : null;
  const pipelineFields = stageField === undefined ? undefined : decidingFields(option?.stages);
  // Of an embedded entity only the whole could be asked for, and it may be there without some of its columns.
  const needed = new Set(unfilledColumns(table).flatMap((column) => table.fieldOf(column) ?? []));
  const description: ModuleDescription = {
    name,
    singular: option?.singular ?? asSingular(name),
    label: option?.label ?? asLabel(name),
    fields: table.fields.map((field) => ({
      ...field,
      ...(needed.has(field.name) && { required: true as const }),
      ...(field.name === stageField && fixedStages !== undefined && { options: field.options ?? [...fixedStages] }),
      ...(field.name === tagRows?.field && { writable: true }),
      // Unless the host says that everybody may refer to all of them.
      ...(closed.has(field.name) && option?.fields?.[field.name]?.writable !== true && { writable: false }),
    })),
    relations: relations.map((relation) => ({ name: relation.name, module: relation.module })),
    events: moduleEvents(name, { stageField, stages, options: option?.events }),
    ...(stageField === undefined ? {} : { stageField }),
    ...(ownerField === undefined ? {} : { ownerField }),
    ...(tags === undefined ? {} : { tagsField: tags }),
    ...(references.length === 0
      ? {}
      : { references: references.map(({ field, module }) => ({ field, ...(module !== undefined && { module }) })) }),
    ...(pipelineFields === undefined ? {} : { pipelineFields }),
    ...(option?.title === undefined ? {} : { titleFields: shownFields(name, table, [option.title].flat()) }),
  };
  const [wrong] = eventRuleProblems(description);
  if (wrong) throw configError(wrong.message);
  const hasStages = stages !== undefined || option?.stages !== undefined;
  return {
    table,
    description,
    warnings: stageField === undefined || hasStages ? [] : [`nothing says which stages '${stageField}' may take; give \`stages\`.`],
    relations: new Map(relations.map((relation) => [relation.name, relation])),
    references: new Map(references.map((reference) => [reference.field, reference])),
    rules: classRules(table, option?.validate),
    tagRows,
    owner,
    open: option?.open,
    searched: searchColumns(description, table, option?.search),
    findStages: stageFinder(table.dataSource, option?.stages, stages, known.defaultWorkspace),
  };
}

/** The list that holds or shows the tags. Throws `crm_config_invalid` where it is none, or not for workflows to write. */
function tagsField(module: string, table: EntityTable, tags: string | { field: string }): string {
  const property = typeof tags === 'string' ? tags : tags.field;
  const field = table.fieldOf(table.columnOf(property));
  const description = table.fields.find(({ name }) => name === field);
  if (description?.type === 'list' && (description.writable || typeof tags === 'object')) return description.name;
  throw configError(`The tags of ${module} must be a visible list of texts that workflows may write; '${property}' is none.`);
}

/** The fields that decide about a record's stages; undefined when only the host's function knows. */
function decidingFields(stages: StagesOption | undefined): string[] | undefined {
  if (typeof stages === 'function') return undefined;
  return stages === undefined || !('entity' in stages) ? [] : Object.values(stages.match ?? {}).map(String);
}

function shownFields(module: string, { fields }: EntityTable, names: readonly string[]): string[] {
  const known = fields.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return [...names];
  throw configError(`The title of ${module} names the field '${unknown}', which there is not.${didYouMean(unknown, known)}`);
}

function shownField(module: string, table: EntityTable, column: Column): string {
  const field = table.fieldOf(column);
  if (field === undefined) throw configError(`The stage and the owner of ${module} must be visible fields.`);
  return field;
}

/** The to-one relations whose key is in the module's own table and whose entity is a module too. */
function moduleRelations(
  module: string,
  table: EntityTable,
  wanted: readonly string[] | undefined,
  tables: ReadonlyMap<string, EntityTable>,
): TableRelation[] {
  const relations: TableRelation[] = [];
  for (const relation of table.metadata.relationsWithJoinColumns) {
    const [join, ...furtherJoins] = relation.joinColumns;
    const target = [...tables].find(([, other]) => other.metadata === relation.inverseEntityMetadata);
    const name = relation.propertyPath;
    if (wanted && !wanted.includes(name)) continue;
    if (!join?.referencedColumn || furtherJoins.length > 0 || !target || name.includes('.')) {
      if (!wanted) continue;
      throw configError(
        `The relation '${name}' of ${module} cannot be followed.`,
        'Its entity must be one of the modules, and its key one column that is not in an embedded entity.',
      );
    }
    relations.push({ name, module: target[0], table: target[1], from: join.databaseName, to: join.referencedColumn.databaseName });
  }
  const missing = wanted?.find((name) => !relations.some((relation) => relation.name === name));
  if (missing !== undefined)
    throw configError(`The entity ${table.metadata.name} has no to-one relation '${missing}' with a key of its own.`);
  return relations;
}
