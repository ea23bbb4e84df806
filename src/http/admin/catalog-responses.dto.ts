import type { Effect, EventRule, FieldType } from '../../core/catalog.js';
import type { JsonObject } from '../../core/json.js';
import { ApiProperty } from '../openapi.js';

class FieldDto {
  @ApiProperty({ example: 'amount' })
  name!: string;

  @ApiProperty({ example: 'Amount' })
  label!: string;

  @ApiProperty({ enum: ['text', 'number', 'money', 'boolean', 'date', 'datetime', 'list', 'json'], example: 'money' })
  type!: FieldType;

  @ApiProperty({ example: true })
  nullable!: boolean;

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

  @ApiProperty({ required: false, type: [String], description: 'Fields that decide which stages a record may take.' })
  pipelineFields?: string[];
}

class TriggerDto {
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
}

class StepTypeDto {
  @ApiProperty({ example: 'branch' })
  type!: string;

  @ApiProperty({ example: true, description: 'False: may stand in a draft, cannot be published yet.' })
  executable!: boolean;
}

/** Everything that definitions may refer to. */
export class CatalogDto {
  @ApiProperty({ type: [ModuleDto] })
  modules!: ModuleDto[];

  @ApiProperty({ type: [TriggerDto] })
  triggers!: TriggerDto[];

  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: 'The operators of conditions, with the types of fields they fit and the value they take.',
    example: [{ name: 'equals', label: 'equals', types: 'any', value: 'one' }],
  })
  operators!: unknown;

  @ApiProperty({ type: [ActionDto] })
  actions!: ActionDto[];

  @ApiProperty({ type: [StepTypeDto], description: 'Flow control.' })
  stepTypes!: StepTypeDto[];
}
