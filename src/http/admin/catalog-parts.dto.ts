import type { Effect, OutputShape } from '../../core/catalog.js';
import type { JsonObject } from '../../core/json.js';
import type { MachineParts } from '../../core/machine/schema.js';
import type { FlowStepDescription } from '../../core/steps/index.js';
import type { TriggerDescription } from '../../core/trigger/trigger.js';
import { ApiProperty } from '../openapi.js';

const SCHEMA = { type: 'object', additionalProperties: true } as const;

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

/** What may start a workflow. */
export class TriggerDto extends TriggerDescriptionDto {
  @ApiProperty({ example: true, description: 'False: may stand in a draft, cannot be published yet.' })
  executable!: boolean;
}

/** What a step may do. */
export class ActionDto {
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

/** A step that decides what comes next. */
export class StepTypeDto implements FlowStepDescription {
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

class MachineTriggersDto implements Record<keyof MachineParts['triggers'], TriggerDescriptionDto[]> {
  @ApiProperty({ type: [TriggerDescriptionDto], description: 'What may fire the transitions of a machine for a module.' })
  module!: TriggerDescriptionDto[];

  @ApiProperty({ type: [TriggerDescriptionDto], description: 'What may fire the transitions of a machine for an integration.' })
  integration!: TriggerDescriptionDto[];

  @ApiProperty({ type: [TriggerDescriptionDto], description: 'What may make an instance, of a machine for a module.' })
  start!: TriggerDescriptionDto[];
}

/** What state machines are made of. */
export class MachinePartsDto implements MachineParts {
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
