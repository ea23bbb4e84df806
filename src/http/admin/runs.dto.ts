import { Type } from 'class-transformer';
import { IsBoolean, IsDefined, IsIn, IsInt, IsObject, IsUUID, Max, Min, ValidateNested } from 'class-validator';
import { BULK_RETRY_LIMIT } from '../../admin/run-service.js';
import type { EventFilter, Paging, RunFilter } from '../../store/run-log-store.js';
import { RUN_STATUSES, type RunStatus } from '../../store/runs/run.js';
import { Cursor, IfGiven, Moment, OptionalNote, OptionalText, QueryInteger, type QueryParameters } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';

const RETRY_FROM = ['failed_step', 'start'] as const;
const RETRY_VERSION = ['same', 'newest'] as const;

/** Which runs. */
export class RunFilterDto {
  @ApiPropertyOptional({ format: 'uuid' })
  @IfGiven()
  @IsUUID()
  workflowId?: string;

  @ApiPropertyOptional({ example: 'leads' })
  @OptionalText(100)
  module?: string;

  @ApiPropertyOptional({ example: '42' })
  @OptionalText(200)
  recordId?: string;

  @ApiPropertyOptional({ example: 'smtp_rejected_recipient', description: 'Why it failed, was skipped or cancelled: a code.' })
  @OptionalText(200)
  reason?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Created at or after.' })
  @Moment()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Created before.' })
  @Moment()
  to?: string;
}

/** Which runs, and which page of them. */
export class ListRunsQuery extends RunFilterDto {
  @IfGiven()
  @IsIn(RUN_STATUSES)
  status?: RunStatus;

  @Cursor()
  cursor?: string;

  @QueryInteger(1, 100)
  limit?: number;
}

const PAGING_PARAMETERS: QueryParameters = {
  cursor: { schema: { type: 'string', format: 'uuid' }, description: 'The `nextCursor` of the page before.' },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 } },
};
const TIME_PARAMETERS: QueryParameters = {
  from: { schema: { type: 'string', format: 'date-time' }, description: 'At or after.' },
  to: { schema: { type: 'string', format: 'date-time' }, description: 'Before.' },
};

/** The parameters of {@link ListRunsQuery} for the OpenAPI document. */
export const LIST_RUNS_PARAMETERS: QueryParameters = {
  workflowId: { schema: { type: 'string', format: 'uuid' } },
  status: { enum: [...RUN_STATUSES] },
  module: { type: String, example: 'leads' },
  recordId: { type: String, example: '42' },
  reason: { type: String, example: 'conditions', description: 'Why it was skipped, failed or cancelled: a code.' },
  ...TIME_PARAMETERS,
  ...PAGING_PARAMETERS,
};

/** Which events, and which page of them. */
export class ListEventsQuery {
  @OptionalText(100)
  module?: string;

  @OptionalText(100)
  event?: string;

  @OptionalText(200)
  recordId?: string;

  @Moment()
  from?: string;

  @Moment()
  to?: string;

  @Cursor()
  cursor?: string;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link ListEventsQuery} for the OpenAPI document. */
export const LIST_EVENTS_PARAMETERS: QueryParameters = {
  module: { type: String, example: 'leads' },
  event: { type: String, example: 'created' },
  recordId: { type: String, example: '42' },
  ...TIME_PARAMETERS,
  ...PAGING_PARAMETERS,
};

/** How to repeat a run. */
export class RetryRunDto {
  @ApiProperty({
    enum: RETRY_FROM,
    description: '`failed_step`: this run goes on where it failed, and what is done is not done again. `start`: a new run repeats it.',
    example: 'failed_step',
  })
  @IsIn(RETRY_FROM)
  from!: (typeof RETRY_FROM)[number];

  @ApiPropertyOptional({
    enum: RETRY_VERSION,
    default: 'same',
    description: 'For `start`: the version of the run, or the one published now.',
  })
  @IfGiven()
  @IsIn(RETRY_VERSION)
  version?: (typeof RETRY_VERSION)[number];

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The mail server is back.' })
  @OptionalNote(1000)
  reason?: string | null;
}

/** How to repeat failed runs, and which. */
export class RetryRunsDto extends RetryRunDto {
  @ApiProperty({ type: RunFilterDto, description: 'Which of the failed runs; `{}` for all.' })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => RunFilterDto)
  filter!: RunFilterDto;

  @ApiPropertyOptional({ default: false, description: 'Only say how many it would be, with a sample.' })
  @IfGiven()
  @IsBoolean()
  dryRun?: boolean;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: BULK_RETRY_LIMIT,
    default: BULK_RETRY_LIMIT,
    description: 'The most that this call takes up, the oldest first.',
  })
  @IfGiven()
  @IsInt()
  @Min(1)
  @Max(BULK_RETRY_LIMIT)
  limit?: number;
}

/** Why a run is cancelled. */
export class CancelRunDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The customer has called.' })
  @OptionalNote(1000)
  reason?: string | null;
}

/** The filter with its moments. */
export function toRunFilter(dto: RunFilterDto & { status?: RunStatus }): RunFilter {
  const { workflowId, status, module, recordId, reason } = dto;
  return { workflowId, status, module, recordId, reason, ...toPeriod(dto) };
}

/** The filter with its moments. */
export function toEventFilter(dto: ListEventsQuery): EventFilter {
  const { module, event, recordId } = dto;
  return { module, event, recordId, ...toPeriod(dto) };
}

export function toPaging({ cursor, limit = 50 }: { cursor?: string; limit?: number }): Paging {
  return { before: cursor, limit };
}

function toPeriod({ from, to }: { from?: string; to?: string }): { from?: Date; to?: Date } {
  return { from: from === undefined ? undefined : new Date(from), to: to === undefined ? undefined : new Date(to) };
}
