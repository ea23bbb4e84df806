import type { CatalogView } from '../../admin/catalog-service.js';
import type { Effect, EventRule, FieldType, OutputShape } from '../../core/catalog.js';
import type { JsonObject } from '../../core/json.js';
import type { MachineParts } from '../../core/machine/schema.js';
import type { ValueKind, ValueShape } from '../../core/operators/operator.js';
import type { FlowStepDescription } from '../../core/steps/index.js';
import type { HelperDescription, RootDescription } from '../../core/template/describe.js';
import type { TriggerDescription } from '../../core/trigger/trigger.js';
import { ApiProperty } from '../openapi.js';

const SCHEMA = { type: 'object', additionalProperties: true } as const;

class FieldDto {
  @ApiProperty({ example: 'amount' })
  name!: string;

  @ApiProperty({ example: 'Amount' })
  label!: string;

  @ApiProperty({ enum: ['text', 'number', 'money', 'boolean', 'date', 'datetime', 'list', 'json'], example: 'money' })
  type!: FieldType;

  @ApiProperty({ example: true })
  nullable!: boolean;

  @ApiProperty({
    required: false,
    description: 'A new record needs it: nothing else gives it a value; absent of all others.',
    example: true,
  })
  required?: true;

  @ApiProperty({ example: true })
  writable!: boolean;

  @ApiProperty({ required: false, description: 'Worked out by the CRM from other fields; absent of all others.', example: true })
  computed?: true;

  @ApiProperty({ required: false, type: [String] })
  options?: string[];

  @ApiProperty({ required: false, description: 'The most characters it holds; of a list, each of its texts.', example: 200 })
  maxLength?: number;

  @ApiProperty({ required: false, description: 'The most decimals it keeps; more are refused.', example: 2 })
  maxDecimals?: number;

  @ApiProperty({ required: false, oneOf: [{ type: 'number' }, { type: 'string' }], example: -999999999999.99 })
  minimum?: number | string;

  @ApiProperty({ required: false, oneOf: [{ type: 'number' }, { type: 'string' }], example: 999999999999.99 })
  maximum?: number | string;
}

class ReferenceDto {
  @ApiProperty({ example: 'accountId' })
  field!: string;

  @ApiProperty({ required: false, description: 'The module it points into, where that is one.', example: 'accounts' })
  module?: string;
}

class RelationDto {
  @ApiProperty({ example: 'account' })
  name!: string;

  @ApiProperty({ example: 'accounts' })
  module!: string;
}

class EventDescriptionDto {
  @ApiProperty({ example: 'stage_changed' })
  name!: string;

  @ApiProperty({ example: 'Stage changed' })
  label!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { on: 'changed', field: 'stage' } })
  rule!: EventRule;
}

class ModuleDto {
  @ApiProperty({ example: 'leads' })
  name!: string;

  @ApiProperty({ example: 'lead' })
  singular!: string;

  @ApiProperty({ example: 'Leads' })
  label!: string;

  @ApiProperty({ type: [FieldDto] })
  fields!: FieldDto[];

  @ApiProperty({ type: [RelationDto] })
  relations!: RelationDto[];

  @ApiProperty({ type: [EventDescriptionDto] })
  events!: EventDescriptionDto[];

  @ApiProperty({ required: false, example: 'stage' })
  stageField?: string;

  @ApiProperty({ required: false, example: 'ownerId' })
  ownerField?: string;

  @ApiProperty({ required: false, type: [ReferenceDto], description: 'Fields that must point at something of the workspace.' })
  references?: ReferenceDto[];

  @ApiProperty({ required: false, type: [String], example: ['name'], description: 'Fields whose values together name a record.' })
  titleFields?: string[];

  @ApiProperty({
    type: [String],
    nullable: true,
    example: ['New', 'Won'],
    description: 'The stages that all its records share; null where there are none, or where they differ from record to record.',
  })
  stages!: string[] | null;

  @ApiProperty({ required: false, type: [String], description: 'Fields that decide which stages a record may take.' })
  pipelineFields?: string[];
}

class TriggerDescriptionDto implements TriggerDescription {
  @ApiProperty({ example: 'schedule' })
  type!: string;

  @ApiProperty({ example: 'Schedule' })
  label!: string;

  @ApiProperty({ example: 'Starts at certain times, again and again.' })
  description!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'JSON Schema of the trigger.',
    example: { type: 'object', properties: { type: { const: 'manual' } }, required: ['type'] },
  })
  schema!: JsonObject;
}

class TriggerDto extends TriggerDescriptionDto {
  @ApiProperty({ example: true, description: 'False: may stand in a draft, cannot be published yet.' })
  executable!: boolean;
}

class ActionDto {
  @ApiProperty({ example: 'create_task' })
  type!: string;

  @ApiProperty({ example: 'Create task' })
  label!: string;

  @ApiProperty({ required: false })
  description?: string;

  @ApiProperty({
    enum: ['local', 'external'],
    example: 'local',
    description: 'Local: exactly once. External: at least once, with an idempotency key.',
  })
  effect!: Effect;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: "JSON Schema of the step's `with`.",
    example: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
  })
  argumentsSchema!: JsonObject;

  @ApiProperty({
    ...SCHEMA,
    nullable: true,
    description: 'What later steps find in `steps.<id>.output`: types by member. Null: not known.',
    example: { taskId: 'text' },
  })
  output!: OutputShape | null;
}

class StepTypeDto implements FlowStepDescription {
  @ApiProperty({ example: 'branch' })
  type!: string;

  @ApiProperty({ example: 'Branch' })
  label!: string;

  @ApiProperty({ example: 'Takes the first branch whose condition holds, else the steps of `otherwise`.' })
  description!: string;

  @ApiProperty({
    ...SCHEMA,
    description: 'JSON Schema of the step.',
    example: { type: 'object', properties: { id: { type: 'string' }, type: { const: 'branch' } }, required: ['id', 'type', 'branches'] },
  })
  schema!: JsonObject;

  @ApiProperty({ example: true, description: 'False: may stand in a draft, cannot be published yet.' })
  executable!: boolean;
}

class OperatorDto {
  @ApiProperty({ example: 'in_last' })
  name!: string;

  @ApiProperty({ example: 'is in the last', description: 'As it reads between a field and a value.' })
  label!: string;

  @ApiProperty({
    oneOf: [
      { type: 'string', enum: ['any'] },
      { type: 'array', items: { type: 'string' } },
    ],
    example: ['date', 'datetime'],
    description: 'The types of fields that it fits.',
  })
  types!: 'any' | string[];

  @ApiProperty({
    enum: ['none', 'one', 'pattern', 'list', 'members', 'range', 'amount', 'period', 'change'] satisfies ValueShape[],
    example: 'amount',
    description: 'What the value looks like.',
  })
  value!: ValueShape;

  @ApiProperty({
    enum: ['field', 'order', 'member', 'text', 'number', 'date'] satisfies ValueKind[],
    example: 'date',
    description: 'What it holds: of the type of the field, a number or a date by that type, a member of its list, or always of one type.',
  })
  kind!: ValueKind;

  @ApiProperty({ required: false, type: [String], example: ['day', 'week'], description: 'Of amounts.' })
  units?: string[];

  @ApiProperty({ required: false, type: [String], description: 'Of periods.' })
  periods?: string[];
}

class RootDto implements RootDescription {
  @ApiProperty({ example: 'previous' })
  name!: string;

  @ApiProperty({ example: 'The record before the event.' })
  description!: string;
}

class HelperDto implements HelperDescription {
  @ApiProperty({ example: 'money' })
  name!: string;

  @ApiProperty({ example: 'An amount in a currency.' })
  description!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'integer' },
    minItems: 2,
    maxItems: 2,
    example: [1, 1],
    description: 'How many values, at least and at most.',
  })
  values!: [number, number];

  @ApiProperty({ type: [String], example: ['currency', 'locale'] })
  options!: string[];

  @ApiProperty({ example: '{{money record.amount currency="EUR"}}' })
  example!: string;
}

class MachineTriggersDto implements Record<keyof MachineParts['triggers'], TriggerDescriptionDto[]> {
  @ApiProperty({ type: [TriggerDescriptionDto], description: 'What may fire the transitions of a machine for a module.' })
  module!: TriggerDescriptionDto[];

  @ApiProperty({ type: [TriggerDescriptionDto], description: 'What may fire the transitions of a machine for an integration.' })
  integration!: TriggerDescriptionDto[];

  @ApiProperty({ type: [TriggerDescriptionDto], description: 'What may make an instance, of a machine for a module.' })
  start!: TriggerDescriptionDto[];
}

class MachinePartsDto implements MachineParts {
  @ApiProperty({ type: MachineTriggersDto })
  triggers!: MachineTriggersDto;

  @ApiProperty({
    ...SCHEMA,
    description: 'JSON Schema of a state.',
    example: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] },
  })
  state!: JsonObject;

  @ApiProperty({
    ...SCHEMA,
    description: 'JSON Schema of a transition, whose trigger is one of those.',
    example: { type: 'object', properties: { code: { type: 'string' } }, required: ['code', 'from', 'to', 'trigger'] },
  })
  transition!: JsonObject;

  @ApiProperty({
    ...SCHEMA,
    description: 'JSON Schema of the settings of a transition.',
    example: { type: 'object', properties: { maxDuration: { type: 'string' } } },
  })
  settings!: JsonObject;
}

class TemplateLanguageDto {
  @ApiProperty({ type: [RootDto] })
  roots!: RootDto[];

  @ApiProperty({ type: [HelperDto] })
  helpers!: HelperDto[];
}

class SkipReasonDto {
  @ApiProperty({ example: 'conditions' })
  reason!: string;

  @ApiProperty({ example: 'The conditions did not hold; the explanation has each test with the value seen.' })
  description!: string;
}

class ErrorCodeDto {
  @ApiProperty({ example: 'revision_conflict' })
  code!: string;

  @ApiProperty({ type: 'integer', example: 409 })
  status!: number;

  @ApiProperty({ example: 'Load the workflow again and repeat your edit on top.' })
  hint!: string;
}

/** Everything that definitions may refer to, and what answers may hold. */
export class CatalogDto implements CatalogView {
  @ApiProperty({ type: [ModuleDto] })
  modules!: ModuleDto[];

  @ApiProperty({ type: [TriggerDto] })
  triggers!: TriggerDto[];

  @ApiProperty({ type: [OperatorDto], description: 'The operators of conditions.' })
  operators!: JsonObject[];

  @ApiProperty({ type: [ActionDto] })
  actions!: ActionDto[];

  @ApiProperty({ type: [StepTypeDto], description: 'Flow control.' })
  stepTypes!: StepTypeDto[];

  @ApiProperty({
    ...SCHEMA,
    description: 'JSON Schema of the settings.',
    example: { type: 'object', properties: { maxConcurrentRuns: { type: 'integer', minimum: 0 } } },
  })
  settings!: JsonObject;

  @ApiProperty({ type: MachinePartsDto, description: 'What state machines are made of.' })
  machines!: MachinePartsDto;

  @ApiProperty({ type: TemplateLanguageDto })
  templates!: TemplateLanguageDto;

  @ApiProperty({ type: [String], example: ['welcome'], description: 'Templates of mails, by name.' })
  mailTemplates!: string[];

  @ApiProperty({ example: 'Europe/Berlin', description: "The workspace's zone." })
  timezone!: string;

  @ApiProperty({ type: [SkipReasonDto] })
  skipReasons!: SkipReasonDto[];

  @ApiProperty({ type: [ErrorCodeDto] })
  errors!: ErrorCodeDto[];
}

/** A JSON Schema. */
export class DefinitionSchemaDto {
  @ApiProperty({ example: 'https://json-schema.org/draft/2020-12/schema' })
  $schema!: string;

  @ApiProperty({ example: 'object' })
  type!: string;

  @ApiProperty({ ...SCHEMA, example: { trigger: { $ref: '#/$defs/trigger' } } })
  properties!: JsonObject;

  @ApiProperty({ ...SCHEMA, example: { steps: { type: 'array', items: { $ref: '#/$defs/step' } } } })
  $defs!: JsonObject;
}
