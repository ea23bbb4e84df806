import { IsIn } from 'class-validator';
import type { EventFilter, Paging } from '../../store/run-log-store.js';
import { Cursor, IfGiven, Moment, OptionalNote, OptionalText, QueryInteger, type QueryParameters } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { RUN_FILTER_PARAMETERS, toPeriod } from './run-filter.dto.js';

const RETRY_FROM = ['failed_step', 'start'] as const;
const RETRY_VERSION = ['same', 'newest'] as const;

const PAGING_PARAMETERS: QueryParameters = {
  cursor: { schema: { type: 'string', format: 'uuid' }, description: 'The `nextCursor` of the page before.' },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 } },
};
const TIME_PARAMETERS: QueryParameters = {
  from: { schema: { type: 'string', format: 'date-time' }, description: 'At or after.' },
  to: { schema: { type: 'string', format: 'date-time' }, description: 'Before.' },
};

/** The parameters of {@link ListRunsQuery} for the OpenAPI document. */
export const LIST_RUNS_PARAMETERS: QueryParameters = { ...RUN_FILTER_PARAMETERS, ...PAGING_PARAMETERS };

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

/** Why a run is cancelled. */
export class CancelRunDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The customer has called.' })
  @OptionalNote(1000)
  reason?: string | null;
}

/** The filter with its moments. */
export function toEventFilter(dto: ListEventsQuery): EventFilter {
  const { module, event, recordId } = dto;
  return { module, event, recordId, ...toPeriod(dto) };
}

export function toPaging({ cursor, limit = 50 }: { cursor?: string; limit?: number }): Paging {
  return { before: cursor, limit };
}
