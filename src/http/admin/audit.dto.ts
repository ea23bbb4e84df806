import type { Page } from '../../admin/run-service.js';
import type { JsonObject } from '../../core/json.js';
import type { AuditFilter, AuditItem } from '../../store/audit-list.js';
import { AUDIT_TARGETS, type AuditTarget } from '../../store/audit-store.js';
import { Cursor, commaList, IfGiven, Moment, OptionalText, OwnId, QueryInteger, QueryList, type QueryParameters } from '../fields.js';
import { ApiProperty } from '../openapi.js';
import { ActorDto } from './workflow-responses.dto.js';

const MOST_ACTIONS = 30;
const ID = { format: 'uuid', example: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' };
const SOMETHING = { type: 'object', additionalProperties: true, nullable: true } as const;

/** Which entries of the audit log, and which page of them. */
export class ListAuditQuery {
  @IfGiven()
  @OwnId()
  target?: string;

  @OptionalText(200)
  actor?: string;

  @QueryList(MOST_ACTIONS)
  action?: string[];

  @Moment()
  from?: string;

  @Moment()
  to?: string;

  @Cursor()
  cursor?: string;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link ListAuditQuery} for the OpenAPI document. */
export const LIST_AUDIT_PARAMETERS: QueryParameters = {
  target: { schema: { type: 'string', format: 'uuid' }, description: 'The id of a workflow, machine, run, event, secret, task or queue.' },
  actor: { type: String, example: 'u-7', description: 'The id of a person.' },
  action: commaList({ type: 'string' }, 'workflow.published', `Any of these, at most ${MOST_ACTIONS}, divided by commas.`),
  from: { schema: { type: 'string', format: 'date-time' }, description: 'At or after.' },
  to: { schema: { type: 'string', format: 'date-time' }, description: 'Before.' },
  cursor: { schema: { type: 'string', format: 'uuid' }, description: 'The `nextCursor` of the page before.' },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 } },
};

/** The query as the service takes it. */
export function toAuditFilter({ target, actor, action, from, to }: ListAuditQuery): AuditFilter {
  const moment = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text));
  return { target, actor, actions: action, from: moment(from), to: moment(to) };
}

class AuditTargetDto {
  @ApiProperty({ enum: AUDIT_TARGETS, example: 'workflow' })
  type!: AuditTarget;

  @ApiProperty(ID)
  id!: string;

  @ApiProperty({
    ...ID,
    type: String,
    nullable: true,
    description: 'The workflow itself, or that of the run or task; null when retention has removed that, and of secrets and queues.',
  })
  workflowId!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Welcome web leads', description: 'Of a deleted workflow its last name.' })
  workflowName!: string | null;
}

class AuditItemDto implements AuditItem {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty({ format: 'date-time', example: '2025-11-20T08:00:00.000Z' })
  at!: string;

  @ApiProperty({ type: ActorDto, description: 'With the name that they had then.' })
  actor!: ActorDto;

  @ApiProperty({ example: 'workflow.published' })
  action!: string;

  @ApiProperty({ type: AuditTargetDto })
  target!: AuditTargetDto;

  @ApiProperty({
    ...SOMETHING,
    example: { status: 'active', version: 1 },
    description: 'What the change was about, before it; secrets are masked.',
  })
  before!: JsonObject | null;

  @ApiProperty({ ...SOMETHING, example: { status: 'active', version: 2 }, description: 'The same, after it.' })
  after!: JsonObject | null;

  @ApiProperty({ type: String, nullable: true, example: 'Calls come a day earlier.', description: 'Why, in their own words.' })
  note!: string | null;
}

/** One page of the audit log, newest first. */
export class AuditPageDto implements Page<AuditItem> {
  @ApiProperty({ type: [AuditItemDto] })
  items!: AuditItemDto[];

  @ApiProperty({ type: String, format: 'uuid', nullable: true, example: null, description: 'Null at the end.' })
  nextCursor!: string | null;
}
