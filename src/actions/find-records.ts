import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsNotEmpty, IsObject, IsOptional, IsString, Max, Min, ValidateNested } from 'class-validator';
import type { ModuleDescription } from '../core/catalog.js';
import { compileCondition, conditionProblems } from '../core/condition/condition.js';
import type { Condition } from '../core/condition/tree.js';
import { nestedPath } from '../core/definition/problem-list.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { RecordData } from '../core/event.js';
import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import { fieldAt, placeOf } from '../core/module-shape.js';
import { didYouMean } from '../core/nearest.js';
import { parsePath, readMember } from '../core/scope.js';
import { jsonBytes } from '../core/storable-json.js';
import { hasExpression, renderJson } from '../core/template/template.js';
import type { LocalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { moduleNamed } from './other-records.js';

const DEFAULT_LIMIT = 100;
const MOST_RECORDS = 1_000;
/** What a step may leave in the log is a little more. */
const MOST_BYTES = 200 * 1024;

class SortArgument {
  @Describe('A field of the records that are looked for.', { control: 'field' })
  @IsString()
  @IsNotEmpty()
  field!: string;

  @IsOptional()
  @IsIn(['asc', 'desc'])
  direction?: 'asc' | 'desc';
}

/** What find_records takes. */
class FindRecordsArguments {
  @Describe('The module whose records are looked for.', { example: 'opportunities', control: 'module' })
  @IsString()
  @IsNotEmpty()
  module!: string;

  @Describe(
    'Which of them: a condition as everywhere, about the fields of the records that are looked for; its values may hold templates. Default: all.',
    {
      example: { all: [{ field: 'accountId', operator: 'equals', value: '{{record.accountId}}' }] },
      control: 'condition',
      module: ['module'],
    },
  )
  @IsOptional()
  @IsObject()
  where?: JsonObject;

  @Describe('In which order: by these fields, what is empty last, and then by id.', {
    example: [{ field: 'createdAt', direction: 'desc' }],
    module: ['module'],
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(3)
  @ValidateNested({ each: true })
  @Type(() => SortArgument)
  sort?: SortArgument[];

  @Describe('How many at the most.', { example: 20 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MOST_RECORDS)
  limit?: number;

  @Describe('The fields of each record that later steps need; the id is always there. Default: all.', {
    example: ['name', 'stage'],
    control: 'field',
    module: ['module'],
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  fields?: string[];
}

/** Finds records of the CRM. */
export const findRecords = defineAction({
  type: 'find_records',
  label: 'Find records',
  description: 'Finds records of any module by a condition, into a list that a for_each can go through.',
  effect: 'local',
  transaction: 'shared',
  arguments: FindRecordsArguments,
  formats: { where: 'condition' },
  output: { records: 'json', count: 'number', first: 'json' },
  check: (args, about) => {
    const { module, problems } = moduleNamed(args.module, 'module', about);
    return module ? moduleProblems(args, module) : problems;
  },
  writes: () => [],
  async execute(args, step) {
    const module = step.crm.describe(args.module);
    const accepts = acceptance(args.where, module, step);
    const found = await step.crm.find(module.name, {
      // Rendered first of all: a value that is not there fails the step, rather than finding nothing.
      anyOf: exactTests(renderJson(args.where ?? {}, step.scope), module),
      sort: (args.sort ?? []).map(({ field, direction = 'asc' }) => ({ field, direction })),
      limit: args.limit ?? DEFAULT_LIMIT,
      ...accepts,
    });
    const records = found.map((record) => shown(record, module, args.fields));
    if (jsonBytes(records) > MOST_BYTES) {
      throw new AutomationError(
        'records_too_large',
        `The ${records.length} records of ${module.name} take more than ${MOST_BYTES / 1024} KB`,
        {
          hint: 'Name the `fields` that later steps need, or find fewer.',
        },
      );
    }
    return { records, count: records.length, first: records[0] ?? null };
  },
});

/** Asks the condition of each record as it is asked everywhere, with the run's variables around it. */
function acceptance(where: JsonObject | undefined, module: ModuleDescription, step: LocalStep) {
  if (where === undefined) return { relations: [], accepts: () => true };
  const { scope, now } = step;
  const context: JsonObject = {};
  const condition = compileCondition(
    withoutTemplates(where, (text) => {
      const name = `value${Object.keys(context).length}`;
      context[name] = renderJson(text, scope);
      return name;
    }) as unknown as Condition,
    module,
  );
  const relations = module.relations
    .map(({ name }) => name)
    .filter((name) => condition.paths.some((path) => path.startsWith(`record.${name}.`)));
  const values = { ...scope, context };
  const accepts = (record: RecordData): boolean => condition.test({ ...scope, record, previous: null, changes: {}, now, scope: values });
  return { relations, accepts };
}

/**
 * The condition with a variable in place of each text with templates: these are about the run's record and not about those that
 * are looked for, and what they give is compared with, whatever it looks like.
 */
function withoutTemplates(value: Json, nameOf: (text: string) => string): Json {
  if (typeof value === 'string') return hasExpression(value) ? `{{context.${nameOf(value)}}}` : value;
  if (Array.isArray(value)) return value.map((item) => withoutTemplates(item, nameOf));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member = null]) => [key, withoutTemplates(member, nameOf)]));
}

/** What of a condition the database may test: fields that must be one of some values, whatever else holds. */
function exactTests(where: Json | undefined, module: ModuleDescription): Record<string, Json[]> {
  if (!isJsonObject(where)) return {};
  if (Array.isArray(where.all)) return Object.assign({}, ...where.all.map((one) => exactTests(one, module)));
  const { field, operator, value } = where;
  const path = typeof field === 'string' ? parsePath(field) : null;
  const name = path?.root === 'record' && path.segments.length === 1 ? path.segments[0] : undefined;
  const values = operator === 'equals' ? [value] : operator === 'is_any_of' && Array.isArray(value) ? value : null;
  const isPlain = (one: Json | undefined): one is Json => typeof one === 'string' || typeof one === 'number';
  if (name === undefined || !values?.every(isPlain) || !fieldAt(module, name)) return {};
  // Of other letters than ASCII's, upper and lower case are the condition's to know.
  return values.every((one) => typeof one !== 'string' || /^[\x20-\x7e]*$/.test(one)) ? { [name]: values as Json[] } : {};
}

function shown(record: RecordData, module: ModuleDescription, fields: readonly string[] | undefined): RecordData {
  if (!fields) return record;
  const values = fields.map((name): [string, Json] => [name, readMember(record, placeOf(module, name)) ?? null]);
  return { id: record.id ?? null, ...Object.fromEntries(values) };
}

function moduleProblems({ where, sort, fields }: JsonObject, module: ModuleDescription): Problem[] {
  const names = module.fields.map(({ name }) => name);
  const unknown = (name: Json | undefined, path: string): Problem[] =>
    typeof name !== 'string' || hasExpression(name) || name === 'id' || fieldAt(module, name)
      ? []
      : [{ path, message: `${module.label} have no field '${name}'.${didYouMean(name, names)}` }];
  const inList = (list: Json | undefined, of: (item: Json, path: string) => Problem[], path: string): Problem[] =>
    Array.isArray(list) ? list.flatMap((item, index) => of(item, `${path}[${index}]`)) : [];
  return [
    ...(isJsonObject(where)
      ? conditionProblems(
          withoutTemplates(where, () => 'value'),
          '',
          { module, catalog: null },
        ).map((one) => ({ ...one, path: nestedPath('where', one.path) }))
      : []),
    ...inList(sort, (item, path) => (isJsonObject(item) ? unknown(item.field, `${path}.field`) : []), 'sort'),
    ...inList(fields, unknown, 'fields'),
  ];
}
