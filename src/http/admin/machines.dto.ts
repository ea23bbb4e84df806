import { IsBoolean, IsIn, IsObject } from 'class-validator';
import type { NewMachine } from '../../admin/machine-service.js';
import { LONGEST_NAME } from '../../core/definition/workflow-file.js';
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
import { OptionalCode, OptionalDescription, OptionalName } from './definition-fields.js';
import { MachineDefinitionDto } from './machine-definition.dto.js';
import { PublishWorkflowDto } from './workflow-lifecycle.dto.js';

export const MACHINE_STATUSES: MachineItem['status'][] = ['draft', 'active', 'paused'];
const SORTS = MACHINE_SORT_FIELDS.flatMap((field) => [field, `-${field}`]);
const GREATEST_INTEGER = 2_147_483_647;
const CODE = { example: 'order-fulfilment' };
const NAME = { example: 'Order fulfilment' };
const DESCRIPTION = { example: 'From the won opportunity to the partner’s answer.' };

/** A new machine. */
export class CreateMachineDto implements NewMachine {
  @OptionalCode({
    ...CODE,
    description: 'Unique among the workflows and machines of the workspace; made from the name when left out.',
  })
  code?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: LONGEST_NAME, ...NAME, description: 'The code when left out.' })
  @RequiredWithout('code')
  name?: string;

  @OptionalDescription(DESCRIPTION)
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

  @OptionalCode(CODE)
  code?: string;

  @OptionalName(NAME)
  name?: string;

  @OptionalDescription(DESCRIPTION)
  description?: string | null;

  @ApiPropertyOptional({ type: MachineDefinitionDto })
  @IfGiven()
  @IsObject()
  @AsSent()
  definition?: JsonObject;
}

/** What to publish, how, and what becomes of instances. */
export class PublishMachineDto extends PublishWorkflowDto {
  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    example: true,
    description: 'True: instances whose state is in the new version go over to it.',
  })
  @IfGiven()
  @IsBoolean()
  migrate?: boolean;
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
