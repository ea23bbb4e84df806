import { IsBoolean, IsIn, IsObject, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import type { NewMachine } from '../../admin/machine-service.js';
import type { PublishCommand } from '../../admin/publishing.js';
import { WORKFLOW_CODE, WORKFLOW_CODE_RULE } from '../../core/definition/workflow-file.js';
import type { JsonObject } from '../../core/json.js';
import { MISSED_TIMEOUTS, type MissedTimeouts } from '../../engine/machines/state-timeouts.js';
import { MACHINE_SORT_FIELDS, type MachineItem, type MachineListQuery, type MachineSortField } from '../../store/machines/machine-list.js';
import {
  AsSent,
  IfGiven,
  OptionalNote,
  OptionalText,
  QueryInteger,
  type QueryParameters,
  RequiredWithout,
  WholeNumber,
} from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { MachineDefinitionDto } from './machine-definition.dto.js';

export const MACHINE_STATUSES: MachineItem['status'][] = ['draft', 'active', 'paused'];
const SORTS = MACHINE_SORT_FIELDS.flatMap((field) => [field, `-${field}`]);
const GREATEST_INTEGER = 2_147_483_647;
const CODE = { pattern: WORKFLOW_CODE.source, example: 'order-fulfilment' };
const NAME = { minLength: 1, maxLength: 200, example: 'Order fulfilment' };
const DESCRIPTION = {
  type: String,
  nullable: true,
  maxLength: 2000,
  example: 'From the won opportunity to the partner’s answer.',
} as const;

/** A new machine. */
export class CreateMachineDto implements NewMachine {
  @ApiPropertyOptional({
    ...CODE,
    description: 'Unique among the workflows and machines of the workspace; made from the name when left out.',
  })
  @IfGiven()
  @IsString()
  @Matches(WORKFLOW_CODE, { message: WORKFLOW_CODE_RULE })
  code?: string;

  @ApiPropertyOptional({ ...NAME, description: 'The code when left out.' })
  @RequiredWithout('code')
  @IsString()
  @Length(1, 200)
  @Matches(/\S/, { message: 'name must not be blank' })
  name?: string;

  @ApiPropertyOptional(DESCRIPTION)
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string | null;

  @ApiProperty({ type: MachineDefinitionDto, description: 'Saved with its problems, if it has any.' })
  @IsObject()
  @AsSent()
  definition!: JsonObject;
}

/** An edit: what is left out stays as it is. */
export class UpdateMachineDto {
  @ApiProperty({ type: 'integer', minimum: 1, example: 3, description: 'The revision that the edit is based on; another one answers 409.' })
  @WholeNumber(1, GREATEST_INTEGER, 'send the one that your edit is based on, as `GET machines/{id}` tells it')
  revision!: number;

  @ApiPropertyOptional(CODE)
  @IfGiven()
  @IsString()
  @Matches(WORKFLOW_CODE, { message: WORKFLOW_CODE_RULE })
  code?: string;

  @ApiPropertyOptional(NAME)
  @IfGiven()
  @IsString()
  @Length(1, 200)
  @Matches(/\S/, { message: 'name must not be blank' })
  name?: string;

  @ApiPropertyOptional(DESCRIPTION)
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string | null;

  @ApiPropertyOptional({ type: MachineDefinitionDto })
  @IfGiven()
  @IsObject()
  @AsSent()
  definition?: JsonObject;
}

/** What to publish, and how. */
export class PublishMachineDto implements PublishCommand {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 3, description: 'Publish only if the draft is still at this revision.' })
  @IfGiven()
  @WholeNumber(1, GREATEST_INTEGER)
  revision?: number;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The partner answers sooner.', description: 'Why.' })
  @OptionalNote(1000)
  note?: string | null;

  @ApiPropertyOptional({
    type: Boolean,
    default: true,
    example: true,
    description: 'False: what is enabled stays so, and what is not stays disabled.',
  })
  @IfGiven()
  @IsBoolean()
  activate?: boolean;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    example: true,
    description: 'True: instances whose state is in the new version go over to it.',
  })
  @IfGiven()
  @IsBoolean()
  migrate?: boolean;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 2, description: 'An earlier version to publish again.' })
  @IfGiven()
  @WholeNumber(1, GREATEST_INTEGER)
  fromVersion?: number;
}

/** How a machine is enabled again. */
export class EnableMachineDto {
  @ApiPropertyOptional({
    enum: MISSED_TIMEOUTS,
    default: 'fire',
    example: 'restart',
    description: 'What becomes of timeouts that came due while it was disabled: they fire now, or begin anew.',
  })
  @IfGiven()
  @IsIn(MISSED_TIMEOUTS)
  timeouts?: MissedTimeouts;
}

/** Why a machine is disabled. */
export class DisableMachineDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The partner moves its servers.' })
  @OptionalNote(1000)
  reason?: string | null;
}

/** Which machines, in which order, which page. */
export class ListMachinesQuery {
  @IfGiven()
  @IsIn(MACHINE_STATUSES)
  status?: MachineItem['status'];

  @OptionalText(100)
  module?: string;

  @OptionalText(200)
  search?: string;

  @IfGiven()
  @IsIn(SORTS)
  sort?: string;

  @QueryInteger(1, 100_000)
  page?: number;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link ListMachinesQuery} for the OpenAPI document. */
export const LIST_MACHINES_PARAMETERS: QueryParameters = {
  status: { enum: MACHINE_STATUSES, description: '`active` is enabled, `paused` is disabled.' },
  module: { type: String, example: 'opportunities' },
  search: { type: String, example: 'order', description: 'Part of the name or code, whatever the case.' },
  sort: { enum: SORTS, description: 'A field; `-` before it for descending. Default `name`.' },
  page: { schema: { type: 'integer', minimum: 1, maximum: 100_000, default: 1 } },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 } },
};

/** The query with its defaults. */
export function toMachineListQuery({ sort = 'name', page = 1, limit = 20, ...filter }: ListMachinesQuery): MachineListQuery {
  const descending = sort.startsWith('-');
  return { ...filter, page, limit, sort: { field: sort.replace(/^-/, '') as MachineSortField, descending } };
}

/** Which picture. */
export class DiagramQuery {
  @QueryInteger(1, 999_999_999)
  version?: number;
}

/** The parameters of {@link DiagramQuery} for the OpenAPI document. */
export const DIAGRAM_PARAMETERS: QueryParameters = {
  version: { schema: { type: 'integer', minimum: 1, example: 1 }, description: 'A published version; the draft when left out.' },
};
