import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn, IsInt, Max, Min } from 'class-validator';
import { MOST_SEARCHED, type RunFilter } from '../../store/run-filter.js';
import { RUN_STATUSES, type RunStatus } from '../../store/runs/run.js';
import {
  CommaList,
  Cursor,
  commaList,
  IdList,
  IfGiven,
  Moment,
  OptionalText,
  OwnId,
  OwnIds,
  QueryInteger,
  type QueryParameters,
} from '../fields.js';
import { ApiPropertyOptional } from '../openapi.js';

const EXAMPLE_ID = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';
const ID_ITEM = { type: 'string', format: 'uuid' };
const MOST_WORKFLOWS = 50;
const MOST_IDS = 1_000;
/** In a query, so that it stays an address that everything on the way takes. */
const MOST_QUERY_IDS = 100;
const UNFINISHED = ['queued', 'running', 'waiting'] as const;
const SEARCH =
  `The id of a run, event or record as it is, or a part of an error: of its code or message, looked for in the newest ` +
  `${MOST_SEARCHED.toLocaleString('en')} that failed or were cancelled.`;

/** What filters in queries and bodies have in common. */
class CommonFilter {
  @ApiPropertyOptional({ format: 'uuid', example: EXAMPLE_ID })
  @IfGiven()
  @OwnId()
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

  @ApiPropertyOptional({ example: 'mailbox unavailable', description: SEARCH })
  @OptionalText(200)
  search?: string;

  @ApiPropertyOptional({ format: 'uuid', example: EXAMPLE_ID, description: 'What this bulk retry or bulk cancel has taken up.' })
  @IfGiven()
  @OwnId()
  batchId?: string;

  @ApiPropertyOptional({ format: 'date-time', example: '2025-11-20T00:00:00.000Z', description: 'Created at or after.' })
  @Moment()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', example: '2025-11-21T00:00:00.000Z', description: 'Created before.' })
  @Moment()
  to?: string;
}

/** Which runs; of a list any. */
export class RunFilterDto extends CommonFilter {
  @ApiPropertyOptional({ type: 'array', items: ID_ITEM, minItems: 1, maxItems: MOST_IDS, example: [EXAMPLE_ID] })
  @IdList(MOST_IDS)
  ids?: string[];

  @ApiPropertyOptional({ type: 'array', items: ID_ITEM, minItems: 1, maxItems: MOST_WORKFLOWS, example: [EXAMPLE_ID] })
  @IdList(MOST_WORKFLOWS)
  workflowIds?: string[];

  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 2, description: 'The version of the workflow.' })
  @IfGiven()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  version?: number;
}

/** Which runs that are not over; of a list any. */
export class UnfinishedRunFilterDto extends RunFilterDto {
  @ApiPropertyOptional({ type: 'array', items: { type: 'string', enum: [...UNFINISHED] }, minItems: 1, maxItems: 3, example: ['waiting'] })
  @IfGiven()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(3)
  @IsIn(UNFINISHED, { each: true })
  status?: (typeof UNFINISHED)[number][];
}

/** Which runs, as a query tells: lists are divided by commas. */
export class RunFilterQuery extends CommonFilter {
  @CommaList(MOST_QUERY_IDS)
  @OwnIds()
  ids?: string[];

  @CommaList(MOST_WORKFLOWS)
  @OwnIds()
  workflowIds?: string[];

  @QueryInteger(1, 999_999_999)
  version?: number;

  @CommaList(RUN_STATUSES.length)
  @IsIn(RUN_STATUSES, { each: true })
  status?: RunStatus[];
}

/** Which runs, and which page of them. */
export class ListRunsQuery extends RunFilterQuery {
  @Cursor()
  cursor?: string;

  @QueryInteger(1, 100)
  limit?: number;
}

/** Which runs, and by what they are grouped. */
export class GroupRunsQuery extends RunFilterQuery {
  @IfGiven()
  @IsIn(['cause', 'version'])
  by?: 'cause' | 'version';
}

/** The parameters of {@link RunFilterQuery} for the OpenAPI document. */
export const RUN_FILTER_PARAMETERS: QueryParameters = {
  ids: commaList(ID_ITEM, EXAMPLE_ID, `At most ${MOST_QUERY_IDS}, divided by commas.`),
  workflowId: { schema: { type: 'string', format: 'uuid' } },
  workflowIds: commaList(ID_ITEM, EXAMPLE_ID, `At most ${MOST_WORKFLOWS}, divided by commas.`),
  version: { schema: { type: 'integer', minimum: 1 }, description: 'The version of the workflow.' },
  status: commaList({ type: 'string', enum: [...RUN_STATUSES] }, 'failed', 'Any of these, divided by commas.'),
  module: { type: String, example: 'leads' },
  recordId: { type: String, example: '42' },
  reason: { type: String, example: 'conditions', description: 'Why it was skipped, failed or cancelled: a code.' },
  search: { type: String, example: 'mailbox unavailable', description: SEARCH },
  batchId: { schema: { type: 'string', format: 'uuid' }, description: 'What this bulk retry or bulk cancel has taken up.' },
  from: { schema: { type: 'string', format: 'date-time' }, description: 'Created at or after.' },
  to: { schema: { type: 'string', format: 'date-time' }, description: 'Created before.' },
};

/** The parameters of {@link GroupRunsQuery} for the OpenAPI document. */
export const GROUP_RUNS_PARAMETERS: QueryParameters = {
  by: {
    enum: ['cause', 'version'],
    description: 'Default `cause`: by workflow, status, step and reason. `version`: by workflow, version and status.',
  },
  ...RUN_FILTER_PARAMETERS,
};

/** The filter with its moments. */
export function toRunFilter(dto: RunFilterDto | RunFilterQuery): RunFilter {
  const { ids, workflowId, workflowIds, version, module, recordId, reason, search, batchId } = dto;
  const status = 'status' in dto ? dto.status : undefined;
  return { ids, workflowId, workflowIds, version, status, module, recordId, reason, search, batchId, ...toPeriod(dto) };
}

/** Two moments of a query or body as moments. */
export function toPeriod({ from, to }: { from?: string; to?: string }): { from?: Date; to?: Date } {
  return { from: from === undefined ? undefined : new Date(from), to: to === undefined ? undefined : new Date(to) };
}
