import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsNotEmpty, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import type { ActionWrite, ModuleDescription } from '../core/catalog.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { RecordData } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import { foldCase } from '../core/operators/letter-case.js';
import type { CheckContext, LocalStep } from './action.js';
import { Describe } from './arguments-schema.js';
import { moduleOfTarget, RecordArgument, targetOf } from './other-records.js';

const MOST_TAGS = 50;

/** What add_tag and remove_tag take. */
export class TagArguments {
  @Describe('The tags; letter case makes no difference.', { example: ['vip'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_TAGS)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(100, { each: true })
  tags!: string[];

  @Describe("Whose. Default: the run's record.", { example: { module: 'contacts', id: '{{item.id}}' }, control: 'record' })
  @IsOptional()
  @ValidateNested()
  @Type(() => RecordArgument)
  record?: RecordArgument;
}

/** At save: the record must be of a module with tags. */
export function tagProblems(args: JsonObject, about: CheckContext): Problem[] {
  const { module, problems } = moduleOfTarget(args, about);
  if (!module || module.tagsField !== undefined) return problems;
  return [...problems, { path: '', message: `${module.label} have no tags: the CRM names no field for them` }];
}

/** What either writes. */
export function tagWrites(args: JsonObject, { module }: Pick<CheckContext, 'module'>): ActionWrite[] {
  // Of other modules the field is not known here.
  if (args.record !== undefined || module?.tagsField === undefined) return [];
  return [{ kind: 'field', field: module.tagsField }];
}

/** Changes the tags of the record by a function of those that it has now, under its lock. Returns them before and after. */
export async function changeTags(
  { record: argument }: TagArguments,
  step: LocalStep,
  change: (tags: string[]) => string[],
): Promise<{ before: string[]; after: string[] }> {
  const { record, module } = targetOf(step, argument);
  const field = tagsFieldOf(module);
  const { before, after } = await step.crm.update(record, (current) => ({ [field]: change(tagsOf(current, field)) }));
  return { before: tagsOf(before, field), after: tagsOf(after, field) };
}

/** Whether a list has a tag, whatever its letter case. */
export function hasTag(tags: readonly string[], tag: string): boolean {
  return tags.some((one) => foldCase(one) === foldCase(tag));
}

function tagsFieldOf({ tagsField, label }: ModuleDescription): string {
  if (tagsField !== undefined) return tagsField;
  throw new AutomationError('crm_unable', `${label} have no tags`, {
    hint: "The CRM's developers have to name the field: `tags: 'tags'` of the module in typeOrmCrm(), or `tagsField` of its description.",
  });
}

function tagsOf(record: RecordData, field: string): string[] {
  const value: Json | undefined = record[field];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
