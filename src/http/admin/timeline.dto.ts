import type { ChangeTimelineItem, EventTimelineItem, TimelineAuthor } from '../../admin/timeline-service.js';
import type { FieldChange } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import { RUN_STATUSES, type RunStatus } from '../../store/runs/run.js';
import { OptionalText, QueryInteger, type QueryParameters } from '../fields.js';
import { ApiProperty, getSchemaPath } from '../openapi.js';
import { ActorDto } from './workflow-responses.dto.js';

const ID = { format: 'uuid', example: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' };
const TIME = { format: 'date-time', example: '2025-11-20T08:00:00.000Z' };
const WORKFLOW_NAME = { type: String, nullable: true, example: 'Welcome web leads', description: 'Null when it is not known any more.' };
const CHANGES = {
  type: 'object',
  additionalProperties: true,
  nullable: true,
  description: 'The fields that changed, as far as that is known.',
  example: { ownerId: { from: null, to: 'u-7' } },
} as const;

/** Which page of a timeline. */
export class TimelineQuery {
  @OptionalText(120)
  cursor?: string;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link TimelineQuery} for the OpenAPI document. */
export const TIMELINE_PARAMETERS: QueryParameters = {
  cursor: {
    schema: { type: 'string', example: '2025-11-20T08:00:00.000000Z~event.019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' },
    description: 'The `nextCursor` of the page before.',
  },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 } },
};

class TimelineAuthorDto implements TimelineAuthor {
  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty(WORKFLOW_NAME)
  workflowName!: string | null;

  @ApiProperty(ID)
  runId!: string;

  @ApiProperty({ type: String, nullable: true, example: 'route.enterprise.am', description: 'The step; null where it is not known.' })
  path!: string | null;
}

class TimelineRunDto {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty(WORKFLOW_NAME)
  workflowName!: string | null;

  @ApiProperty({ type: 'integer', example: 2 })
  version!: number;

  @ApiProperty({ enum: RUN_STATUSES, example: 'skipped' })
  status!: RunStatus;

  @ApiProperty({ type: String, nullable: true, example: 'conditions', description: 'Why it was skipped, failed or cancelled: a code.' })
  reason!: string | null;
}

/** Something that happened to the record. */
export class EventTimelineItemDto implements EventTimelineItem {
  @ApiProperty({ enum: ['event'] })
  kind!: 'event';

  @ApiProperty(TIME)
  at!: string;

  @ApiProperty(ID)
  eventId!: string;

  @ApiProperty({ example: 'stage_changed' })
  event!: string;

  @ApiProperty({ example: 'publish', description: 'How it came in.' })
  source!: string;

  @ApiProperty({ type: ActorDto })
  actor!: ActorDto;

  @ApiProperty({ type: TimelineAuthorDto, nullable: true, description: 'The workflow behind it; null unless one did it.', example: null })
  by!: TimelineAuthorDto | null;

  @ApiProperty(CHANGES)
  changes!: Record<string, FieldChange> | null;

  @ApiProperty({ type: [TimelineRunDto], description: 'What each workflow made of it.' })
  runs!: TimelineRunDto[];
}

/** Something that a step of a workflow did, and of which no event is stored because nobody listened. */
export class ChangeTimelineItemDto implements ChangeTimelineItem {
  @ApiProperty({ enum: ['change'] })
  kind!: 'change';

  @ApiProperty(TIME)
  at!: string;

  @ApiProperty({ type: ActorDto, example: { type: 'workflow', id: ID.example, name: 'Welcome web leads' } })
  actor!: ActorDto;

  @ApiProperty({ type: TimelineAuthorDto })
  by!: TimelineAuthorDto;

  @ApiProperty({ type: 'integer', example: 2 })
  version!: number;

  @ApiProperty({ example: 'assign_owner' })
  type!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: { ownerId: 'u-7', previousOwnerId: null, strategy: 'round_robin' },
  })
  output!: JsonObject | null;

  @ApiProperty(CHANGES)
  changes!: Record<string, FieldChange> | null;
}

/** One page of a timeline. */
export class TimelinePageDto {
  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ $ref: getSchemaPath(EventTimelineItemDto) }, { $ref: getSchemaPath(ChangeTimelineItemDto) }] },
  })
  items!: (EventTimelineItemDto | ChangeTimelineItemDto)[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Null at the end.' })
  nextCursor!: string | null;
}
