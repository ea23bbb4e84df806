import type { RunDetail, RunRetry, RunStep } from '../../admin/run-detail.js';
import type { BulkRetryResult, EventDetail } from '../../admin/run-service.js';
import type { LoggedError } from '../../core/errors.js';
import type { ParentStep, StartTarget } from '../../core/event.js';
import type { Json, JsonObject } from '../../core/json.js';
import type { StepExecutionStatus } from '../../core/plan/history.js';
import type { Waiting } from '../../core/plan/plan.js';
import type { StepStanding } from '../../core/plan/standing.js';
import type { EventItem, EventLook, EventRecord, RunItem } from '../../store/run-log-store.js';
import { RUN_STATUSES, type RunStatus } from '../../store/runs/run.js';
import { ApiProperty } from '../openapi.js';
import { ActorDto } from './workflow-responses.dto.js';

const ID = { format: 'uuid', example: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' };
const NULLABLE_ID = { type: String, nullable: true, format: 'uuid', example: null };
const NULLABLE_TEXT = { type: String, nullable: true };
const NULLABLE_TIME = { type: String, nullable: true, format: 'date-time', example: '2025-11-20T08:00:01.250Z' };
const TIME = { format: 'date-time', example: '2025-11-20T08:00:00.000Z' };
const NULLABLE_OBJECT = { type: 'object', additionalProperties: true, nullable: true } as const;
const MILLISECONDS = { type: 'integer', nullable: true, example: 1250 } as const;
const EXPLANATION = {
  ...NULLABLE_OBJECT,
  description: 'Each condition with the value seen, the operator, the value expected and the result.',
  example: { result: false, all: [{ result: false, field: 'source', operator: 'equals', seen: 'Phone', expected: 'Web Form' }] },
};
const ERROR = {
  ...NULLABLE_OBJECT,
  description: 'Code, message and what to do about it. Of a run that a `stop` step ended: the code `stopped` and the text of the step.',
  example: {
    code: 'smtp_unreachable',
    step: 'welcome',
    message: 'The mail server refused the connection.',
    hint: 'Check the mail server, then retry the run.',
  },
};

/** The step of a run that started another one. */
class ParentStepDto implements ParentStep {
  @ApiProperty(ID)
  runId!: string;

  @ApiProperty({ example: 'onboard' })
  path!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  attempt!: number;

  @ApiProperty({ example: true, description: 'Whether it waits for the end of the run that it started.' })
  waits!: boolean;
}

const PARENT = { type: ParentStepDto, nullable: true, description: 'The step of another run that started it.', example: null };

/** The one workflow that a start is for. */
class StartTargetDto implements StartTarget {
  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty({ ...ID, required: false, description: 'The version to run; absent: the published one.' })
  versionId?: string;
}

/** A run as lists show it. */
export class RunItemDto implements RunItem {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty({
    ...NULLABLE_TEXT,
    example: 'Welcome web leads',
    description: 'Of a deleted workflow its last name; null when a release before 0.2 has deleted it.',
  })
  workflowName!: string | null;

  @ApiProperty({ type: 'integer', example: 2 })
  version!: number;

  @ApiProperty({ enum: RUN_STATUSES, example: 'failed' })
  status!: RunStatus;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'leads' })
  module!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: '42' })
  recordId!: string | null;

  @ApiProperty(NULLABLE_ID)
  eventId!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'smtp_unreachable', description: 'Why it was skipped, failed or cancelled: a code.' })
  reason!: string | null;

  @ApiProperty(ERROR)
  error!: LoggedError | null;

  @ApiProperty({
    type: 'array',
    nullable: true,
    description: 'What it waits for.',
    items: {
      type: 'object',
      properties: { path: { type: 'string' }, reason: { type: 'string' }, until: { type: 'string', nullable: true } },
    },
    example: null,
  })
  waiting!: Waiting[] | null;

  @ApiProperty({ type: 'integer', example: 0, description: 'Steps that failed without failing the run (`onError: continue`).' })
  failedSteps!: number;

  @ApiProperty(PARENT)
  parent!: ParentStepDto | null;

  @ApiProperty({ ...NULLABLE_ID, description: 'The run that this one repeats from the start.' })
  retryOf!: string | null;

  @ApiProperty({ ...NULLABLE_ID, description: 'The run that repeats this one from the start.' })
  retriedAs!: string | null;

  @ApiProperty(TIME)
  createdAt!: string;

  @ApiProperty({ ...NULLABLE_TIME, description: 'When it began; a retry from the failed step leaves it as it is.' })
  startedAt!: string | null;

  @ApiProperty({ ...NULLABLE_TIME, example: null, description: 'When a person sent it back to its failed step, the last time.' })
  resumedAt!: string | null;

  @ApiProperty(NULLABLE_TIME)
  finishedAt!: string | null;

  @ApiProperty({ ...MILLISECONDS, description: 'From `startedAt`, or from `resumedAt` where there is one, to `finishedAt`.' })
  durationMs!: number | null;
}

/** One page of runs. */
export class RunPageDto {
  @ApiProperty({ type: [RunItemDto] })
  items!: RunItemDto[];

  @ApiProperty({ ...NULLABLE_ID, description: 'Null at the end.' })
  nextCursor!: string | null;
}

/** One attempt of one step. */
export class RunStepDto implements RunStep {
  @ApiProperty({ example: 'route.enterprise.am' })
  path!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  attempt!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  position!: number;

  @ApiProperty({ example: 'send_email' })
  type!: string;

  @ApiProperty({ enum: ['running', 'waiting', 'succeeded', 'failed', 'lost'], example: 'failed' })
  status!: StepExecutionStatus;

  @ApiProperty({
    enum: ['running', 'waiting', 'succeeded', 'retrying', 'failed', 'lost', 'abandoned'],
    example: 'failed',
    description:
      'Where the attempt stands now. `retrying`: it failed, and another one is to come. `abandoned`: it was open when the run ended, and nobody looks at its result any more.',
  })
  standing!: StepStanding;

  @ApiProperty({ ...NULLABLE_OBJECT, example: { to: 'ann@example.test', template: 'welcome' } })
  input!: JsonObject | null;

  @ApiProperty({ ...NULLABLE_OBJECT, example: null })
  output!: JsonObject | null;

  @ApiProperty(ERROR)
  error!: LoggedError | null;

  @ApiProperty({ ...NULLABLE_TIME, description: 'When its wait is over, or its next attempt is due.' })
  wakeAt!: string | null;

  @ApiProperty({ example: false, description: 'Sent back by a person for another try.' })
  superseded!: boolean;

  @ApiProperty(TIME)
  startedAt!: string;

  @ApiProperty(NULLABLE_TIME)
  finishedAt!: string | null;

  @ApiProperty(MILLISECONDS)
  durationMs!: number | null;
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

  @ApiProperty({ example: 'publish', description: 'How it came in.' })
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

/** A retry by a person. */
export class RunRetryDto implements RunRetry {
  @ApiProperty(TIME)
  at!: string;

  @ApiProperty({ type: ActorDto })
  by!: ActorDto;

  @ApiProperty({ enum: ['failed_step', 'start'], example: 'failed_step' })
  from!: Json;

  @ApiProperty({ enum: ['same', 'newest'], nullable: true, example: null })
  version!: Json;

  @ApiProperty(NULLABLE_ID)
  newRunId!: Json;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'The mail server is back.' })
  reason!: string | null;
}

class CancelledDto {
  @ApiProperty(TIME)
  at!: string;

  @ApiProperty({ type: ActorDto })
  by!: ActorDto;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'The customer has called.' })
  reason!: string | null;
}

/** Everything about one run. */
export class RunDetailDto extends RunItemDto implements RunDetail {
  @ApiProperty({ ...NULLABLE_TEXT, example: 'welcome-web-leads' })
  workflowCode!: string | null;

  @ApiProperty({
    ...NULLABLE_TEXT,
    example: 'Succeeded with 1 failed step: notify.',
    description: 'How it ended, in one sentence; null while it has not.',
  })
  summary!: string | null;

  @ApiProperty({ type: ActorDto })
  actor!: ActorDto;

  @ApiProperty({ ...NULLABLE_OBJECT, example: null })
  cause!: Json;

  @ApiProperty(EXPLANATION)
  explanation!: Json;

  @ApiProperty({ type: [RunStepDto] })
  steps!: RunStepDto[];

  @ApiProperty({ type: [RunItemDto], description: 'The runs that its steps have started.' })
  children!: RunItemDto[];

  @ApiProperty({ type: EventRecordDto, nullable: true })
  event!: EventRecordDto | null;

  @ApiProperty({ type: [RunRetryDto] })
  retries!: RunRetryDto[];

  @ApiProperty({ type: CancelledDto, nullable: true })
  cancelled!: CancelledDto | null;
}

/** What a bulk retry did, or would do. */
export class BulkRetryDto implements BulkRetryResult {
  @ApiProperty({ example: true })
  dryRun!: boolean;

  @ApiProperty({
    type: 'integer',
    example: 214,
    description: 'How many of the failed runs could be retried when it began, counted up to 10,000.',
  })
  matched!: number;

  @ApiProperty({ example: true, description: 'False: there are more than `matched`.' })
  matchedIsExact!: boolean;

  @ApiProperty({ type: 'integer', example: 0 })
  retried!: number;

  @ApiProperty({ type: 'integer', example: 0, description: "How many were in somebody else's hands." })
  skipped!: number;

  @ApiProperty({ type: [RunItemDto], description: 'For a preview: the newest of them.' })
  sample!: RunItemDto[];
}
