import type { RunRetry } from '../../admin/run-detail.js';
import type { ListedRun, RunDetail } from '../../admin/run-service.js';
import type { RunStep } from '../../admin/run-step.js';
import type { RunPosition, StepTime } from '../../admin/run-view.js';
import type { LoggedError } from '../../core/errors.js';
import type { Extracted } from '../../core/extract.js';
import type { Json, JsonObject } from '../../core/json.js';
import type { StepExecutionStatus } from '../../core/plan/history.js';
import type { StepStanding } from '../../core/plan/standing.js';
import { ApiProperty } from '../openapi.js';
import { EventRecordDto } from './event-responses.dto.js';
import { ERROR, EXPLANATION, MILLISECONDS, NULLABLE_ID, NULLABLE_OBJECT, NULLABLE_TEXT, NULLABLE_TIME, TIME } from './log-schemas.js';
import { RunItemDto } from './run-item.dto.js';
import { ActorDto } from './workflow-responses.dto.js';

const RECORD_URL = {
  ...NULLABLE_TEXT,
  example: 'https://crm.acme.test/leads/42',
  description: 'Where people see the record; null where the application does not say, or has no record.',
};

class ListedRunDto extends RunItemDto implements ListedRun {
  @ApiProperty(RECORD_URL)
  recordUrl!: string | null;
}

/** One page of runs. */
export class RunPageDto {
  @ApiProperty({ type: [ListedRunDto] })
  items!: ListedRunDto[];

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
    enum: ['running', 'waiting', 'succeeded', 'retrying', 'failed', 'cancelled', 'lost', 'abandoned'],
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

  @ApiProperty({
    ...NULLABLE_OBJECT,
    example: null,
    description: "What it put into the run's context (`run`) and into the workflow's (`workflow`); null for most steps.",
  })
  extracted!: Extracted | null;

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

/** A step that the run stands at. */
class RunPositionDto implements RunPosition {
  @ApiProperty({ example: 'discount.ask' })
  path!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'Ask the manager' })
  name!: string | null;

  @ApiProperty({ example: 'approval' })
  type!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  attempt!: number;

  @ApiProperty({ enum: ['running', 'waiting', 'retrying'], example: 'waiting' })
  standing!: StepStanding;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'approval', description: 'What it waits for; null while it is performed.' })
  waitsFor!: string | null;

  @ApiProperty(TIME)
  since!: string;

  @ApiProperty({ ...NULLABLE_TIME, description: 'When that is over at the latest; null when only an answer ends it.' })
  until!: string | null;

  @ApiProperty({
    ...NULLABLE_OBJECT,
    example: { message: 'A discount of 20 %?' },
    description: 'What it waits with: the question, the form, what another run was started with.',
  })
  payload!: JsonObject | null;
}

/** How long the run spent at one of its steps. */
class StepTimeDto implements StepTime {
  @ApiProperty({ example: 'each.notify', description: 'Of the items of a loop without their places.' })
  path!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: null })
  name!: string | null;

  @ApiProperty({ example: 'send_email' })
  type!: string;

  @ApiProperty({ type: 'integer', example: 3 })
  attempts!: number;

  @ApiProperty({ type: 'integer', example: 1250, description: 'In milliseconds, of the attempts that have ended.' })
  ms!: number;
}

/** Everything about one run. */
export class RunDetailDto extends RunItemDto implements RunDetail {
  @ApiProperty(RECORD_URL)
  recordUrl!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'welcome-web-leads' })
  workflowCode!: string | null;

  @ApiProperty({
    ...NULLABLE_ID,
    description: "Of a machine's transition: the instance that it was for; null when that is gone, or not known any more.",
  })
  instanceId!: string | null;

  @ApiProperty({ type: ActorDto })
  actor!: ActorDto;

  @ApiProperty({ ...NULLABLE_OBJECT, example: null })
  cause!: Json;

  @ApiProperty(EXPLANATION)
  explanation!: Json;

  @ApiProperty({ type: [RunPositionDto], description: 'Where it stands now; empty before it begins and after its end.' })
  position!: RunPositionDto[];

  @ApiProperty({
    ...NULLABLE_OBJECT,
    example: { type: 'manual', input: { discount: 20 } },
    description: 'What started it, as its steps see it.',
  })
  trigger!: JsonObject | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { task: { taskId: '7' } },
    description: 'What each step has left, by its id; of the steps of a loop what the last item left.',
  })
  data!: JsonObject;

  @ApiProperty({ type: [StepTimeDto], description: 'How long it spent at each step, in the order in which they were first begun.' })
  times!: StepTimeDto[];

  @ApiProperty({
    ...NULLABLE_OBJECT,
    example: { taskId: '7' },
    description: 'What it has left: the output of the `stop` step that ended it, else what its last step left. Null unless it succeeded.',
  })
  output!: JsonObject | null;

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
