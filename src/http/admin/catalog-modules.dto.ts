import type { EventRule, FieldType } from '../../core/catalog.js';
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

/** A kind of record, with what definitions may read and write of it. */
export class ModuleDto {
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
