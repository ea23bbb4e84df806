import type { EventDetail } from '../../admin/run-service.js';
import type { LoggedError } from '../../core/errors.js';
import { START_RULES, type StartRule, type StartTarget } from '../../core/event.js';
import type { Json, JsonObject } from '../../core/json.js';
import type { EventItem, EventLook, EventRecord } from '../../store/run-log-store.js';
import { ApiProperty } from '../openapi.js';
import {
  ERROR,
  EXPLANATION,
  ID,
  NULLABLE_ID,
  NULLABLE_OBJECT,
  NULLABLE_TEXT,
  NULLABLE_TIME,
  PARENT,
  ParentStepDto,
  TIME,
} from './log-schemas.js';
import { RunItemDto } from './run-item.dto.js';
import { ActorDto } from './workflow-responses.dto.js';

/** The one workflow that a start is for. */
class StartTargetDto implements StartTarget {
  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty({ ...ID, required: false, description: 'The version to run; absent: the published one.' })
  versionId?: string;

  @ApiProperty({
    enum: START_RULES,
    isArray: true,
    required: false,
    example: ['reentry'],
    description: 'Rules of the workflow that a person has set aside for this start.',
  })
  force?: StartRule[];
}

/** An event as lists show it. */
export class EventItemDto implements EventItem {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'leads', description: 'Null for a start that is about no record.' })
  module!: string | null;

  @ApiProperty({ example: 'created', description: 'Of a start that is no CRM event its kind: `manual`, `workflow`.' })
  event!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: '42' })
  recordId!: string | null;

  @ApiProperty({ type: ActorDto })
  actor!: ActorDto;

  @ApiProperty({
    example: 'publish',
    description:
      'How it came in: by `publish`, `emitter`, `subscriber` or `database` (see `capture`), a `workflow`, a `schedule`, …, or as the host says.',
  })
  source!: string;

  @ApiProperty({
    type: StartTargetDto,
    nullable: true,
    description: 'The one workflow that it is for; null: every one that listens.',
    example: null,
  })
  target!: StartTargetDto | null;

  @ApiProperty(PARENT)
  parent!: ParentStepDto | null;

  @ApiProperty(TIME)
  occurredAt!: string;

  @ApiProperty({ ...NULLABLE_TIME, description: 'When workflows looked at it.' })
  routedAt!: string | null;

  @ApiProperty({ ...ERROR, description: 'Why it could not be routed, when that failed for good.', example: null })
  error!: LoggedError | null;
}

/** One page of events. */
export class EventPageDto {
  @ApiProperty({ type: [EventItemDto] })
  items!: EventItemDto[];

  @ApiProperty({ ...NULLABLE_ID, description: 'Null at the end.' })
  nextCursor!: string | null;
}

/** An event with what it carried. */
export class EventRecordDto extends EventItemDto implements EventRecord {
  @ApiProperty({ ...NULLABLE_OBJECT, description: 'The record after the event.', example: { id: '42', name: 'Ann', source: 'Web Form' } })
  record!: JsonObject | null;

  @ApiProperty({ ...NULLABLE_OBJECT, description: 'The record before it.', example: null })
  previous!: JsonObject | null;

  @ApiProperty({ ...NULLABLE_OBJECT, example: { stage: { from: 'New', to: 'Qualified' } } })
  changes!: JsonObject | null;

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'What of `record`, `previous` and `changes` was cut, because the event was too large.',
    example: ['record.description'],
  })
  cut!: string[] | null;

  @ApiProperty({
    ...NULLABLE_OBJECT,
    description: 'The run behind it and the chain before that, when a workflow caused it.',
    example: null,
  })
  cause!: Json;

  @ApiProperty({
    ...NULLABLE_OBJECT,
    description: 'Of a start that is no CRM event: its kind and its input, as steps see it.',
    example: { type: 'manual', input: { discount: 10 } },
  })
  trigger!: JsonObject | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: null })
  key!: string | null;
}

/** A run of an event, with why its workflow did or did not apply. */
export class EventLookDto extends RunItemDto implements EventLook {
  @ApiProperty(EXPLANATION)
  explanation!: Json;
}

/** An event and what each workflow made of it. */
export class EventDetailDto extends EventRecordDto implements EventDetail {
  @ApiProperty({ type: [EventLookDto] })
  runs!: EventLookDto[];
}
