import { Type } from 'class-transformer';
import { IsNotEmpty, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import type { ActionWrite, ModuleDescription } from '../core/catalog.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { RecordRef } from '../core/event.js';
import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import { placeOf } from '../core/module-shape.js';
import { didYouMean } from '../core/nearest.js';
import { readMember } from '../core/scope.js';
import type { CheckContext, LocalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { fieldsProblems } from './field-arguments.js';
import { moduleNamed, RecordArgument } from './other-records.js';
import { exactlyOne, isKnown, needsModule, recordGone, refuse, requireRecord } from './rules.js';

/** What update_related takes. */
class UpdateRelatedArguments {
  @Describe("The relation of the run's record that leads to the one to change.", { example: 'account', control: 'relation' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  relation?: string;

  @Describe('Or the record itself, such as one that find_records has found: its module and its id.', {
    example: { module: 'tasks', id: '{{item.id}}' },
    control: 'record',
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => RecordArgument)
  record?: RecordArgument;

  @Describe('The fields to change and their new values.', {
    example: { industry: 'Retail' },
    control: 'writable-field',
    module: ['relation', 'record'],
  })
  @IsObject()
  fields!: JsonObject;
}

/** Changes fields of another record than the run's. */
export const updateRelated = defineAction({
  type: 'update_related',
  label: 'Update related record',
  description: 'Changes fields of a related record, or of any other record of the CRM.',
  effect: 'local',
  transaction: 'shared',
  arguments: UpdateRelatedArguments,
  output: { id: 'text', module: 'text', changes: 'json' },
  check: (args, about) => {
    const { module, problems } = targetModule(args, about);
    return [
      ...exactlyOne(args, ['relation', 'record']),
      ...(module ? fieldsProblems(args.fields, { target: module, source: about.module }, 'fields') : problems),
    ];
  },
  writes: (args, { module }): ActionWrite[] => {
    const name = writtenModule(args, module);
    if (name === undefined || !isJsonObject(args.fields)) return [];
    return Object.entries(args.fields).map(([field, value]) => ({
      kind: 'field',
      module: name,
      field,
      ...(isKnown(value) ? { value } : {}),
    }));
  },
  async execute(args, step) {
    refuse(exactlyOne(args as unknown as JsonObject, ['relation', 'record']));
    const ref = args.record ? { module: args.record.module, id: args.record.id } : await relatedRecord(args.relation ?? '', step);
    const module = step.crm.describe(ref.module);
    const { before, after } = await step.crm.update(ref, () => args.fields);
    const names = Object.keys(args.fields);
    const changes = names.map((name): [string, Json] => {
      const place = placeOf(module, name);
      return [name, { from: readMember(before, place) ?? null, to: readMember(after, place) ?? null }];
    });
    return { id: ref.id, module: ref.module, changes: Object.fromEntries(changes) };
  },
});

function targetModule(args: JsonObject, about: CheckContext): { module: ModuleDescription | null; problems: Problem[] } {
  const { relation } = args;
  if (relation === undefined || relation === null)
    return moduleNamed((args.record as { module?: Json } | undefined)?.module, 'record.module', about);
  if (!about.module || typeof relation !== 'string' || !isKnown(relation)) return { module: null, problems: needsModule(about.module) };
  const names = about.module.relations.map(({ name }) => name);
  const target = about.module.relations.find(({ name }) => name === relation)?.module;
  if (target !== undefined) return moduleNamed(target, 'relation', about);
  const message = `${about.module.label} have no relation '${relation}'.${didYouMean(relation, names)}`;
  return { module: null, problems: [{ path: 'relation', message }] };
}

function writtenModule({ relation, record }: JsonObject, module: ModuleDescription | null): string | undefined {
  const named = isJsonObject(record) ? record.module : module?.relations.find(({ name }) => name === relation)?.module;
  return typeof named === 'string' && isKnown(named) ? named : undefined;
}

/** Where the relation leads to now, earlier steps of the run included. */
async function relatedRecord(relation: string, step: LocalStep): Promise<RecordRef> {
  const { record, module } = requireRecord(step);
  const target = module.relations.find(({ name }) => name === relation)?.module;
  if (target === undefined) {
    throw new AutomationError('relation_unknown', `${module.label} have no relation '${relation}'`, { details: { relation } });
  }
  const current = await step.crm.get(record, [relation]);
  if (!current) throw recordGone(record);
  const related = current[relation];
  if (isJsonObject(related) && (typeof related.id === 'string' || typeof related.id === 'number')) {
    return { module: target, id: String(related.id) };
  }
  throw new AutomationError('related_missing', `The record ${record.id} of ${module.name} has no ${relation} that could be changed`, {
    hint: 'Put the step behind a branch that asks for it, or say "onError": "continue".',
    details: { relation },
  });
}
