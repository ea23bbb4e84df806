import type { ChangeTimelineItem, EventTimelineItem, InactiveWorkflow, TimelineAuthor } from '../../admin/timeline-items.js';
import type { TimelinePage } from '../../admin/timeline-service.js';
import type { FieldChange } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import { IfGiven, OptionalText, OwnId, QueryInteger, type QueryParameters } from '../fields.js';
import { ApiProperty, getSchemaPath } from '../openapi.js';
import { EventItemDto, EventLookDto } from './event-responses.dto.js';
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
  @IfGiven()
  @OwnId()
  workflowId?: string;

  @OptionalText(120)
  cursor?: string;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link TimelineQuery} for the OpenAPI document. */
export const TIMELINE_PARAMETERS: QueryParameters = {
  workflowId: { schema: { type: 'string', format: 'uuid' }, description: 'Only what this workflow made of it.' },
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

class InactiveWorkflowDto implements InactiveWorkflow {
  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty({ example: 'Welcome web leads' })
  workflowName!: string;

  @ApiProperty({ enum: ['paused', 'draft', 'archived', 'deleted', 'unborn'], description: '`unborn`: it was created later.' })
  was!: InactiveWorkflow['was'];

  @ApiProperty({ example: 'It was paused by Ada on 2025-11-20 07:00:00 UTC.' })
  summary!: string;
}

/** Something that happened to the record. */
export class EventTimelineItemDto implements EventTimelineItem {
  @ApiProperty({ enum: ['event'] })
  kind!: 'event';

  @ApiProperty(TIME)
  at!: string;

  @ApiProperty({ type: EventItemDto })
  event!: EventItemDto;

  @ApiProperty({ type: TimelineAuthorDto, nullable: true, description: 'The workflow behind it; null unless one did it.', example: null })
  by!: TimelineAuthorDto | null;

  @ApiProperty(CHANGES)
  changes!: Record<string, FieldChange> | null;

  @ApiProperty({
    type: [EventLookDto],
    description: 'What workflows made of it, at most 20: what failed first, then what ran, then what was skipped.',
  })
  looks!: EventLookDto[];

  @ApiProperty({ type: 'integer', example: 0, description: 'How many looks are left out.' })
  moreLooks!: number;

  @ApiProperty({
    type: [InactiveWorkflowDto],
    description: 'Those that would listen to it now and were not active when it was looked at, at most 20.',
  })
  inactive!: InactiveWorkflowDto[];

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 12,
    description:
      'How many workflows were active and listen to something else; null before anybody has looked, and where one workflow is asked about.',
  })
  silent!: number | null;
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

class TimelineRecordDto {
  @ApiProperty({ example: 'leads' })
  module!: string;

  @ApiProperty({ example: '42' })
  id!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ann Example', description: 'Null where neither an event nor the CRM knows it.' })
  title!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'https://crm.acme.test/leads/42',
    description: 'Where it is seen in the CRM; null where the host does not say.',
  })
  url!: string | null;
}

/** One page of a timeline. */
export class TimelinePageDto implements TimelinePage {
  @ApiProperty({ type: TimelineRecordDto })
  record!: TimelineRecordDto;

  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ $ref: getSchemaPath(EventTimelineItemDto) }, { $ref: getSchemaPath(ChangeTimelineItemDto) }] },
  })
  items!: (EventTimelineItemDto | ChangeTimelineItemDto)[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Null at the end.' })
  nextCursor!: string | null;

  @ApiProperty({ ...TIME, description: 'Events before have been removed.' })
  eventsKeptSince!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'Why there is nothing, in sentences; null where there is something.',
  })
  nothing!: string | null;
}
