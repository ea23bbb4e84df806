import { Type } from 'class-transformer';
import { IsDefined, IsObject, ValidateNested } from 'class-validator';
import type { WorkflowTest } from '../../admin/workflow-test.js';
import type { LoggedError } from '../../core/errors.js';
import type { JsonObject } from '../../core/json.js';
import type { ExplainedStart } from '../../core/start/explain.js';
import type { RehearsedStep } from '../../engine/previewing/rehearsal.js';
import { AsSent, IfGiven } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { ERROR, EXPLANATION, NULLABLE_OBJECT, NULLABLE_TEXT, NULLABLE_TIME, TIME } from './log-schemas.js';
import { PreviewSubjectDto } from './preview-subject.dto.js';
import { SideOfWorkflow } from './workflow-diff.dto.js';

/** What a workflow is tried on. */
export class TestWorkflowDto {
  @SideOfWorkflow()
  version?: string;

  @ApiProperty({ type: PreviewSubjectDto, example: { recordId: '42' } })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => PreviewSubjectDto)
  subject!: PreviewSubjectDto;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: true },
    example: { lookup: { status: 200, body: { score: 80 } } },
    description: 'By the id of a step: the output it leaves, or the answer to what it waits for. Default: one of the right form.',
  })
  @IfGiven()
  @IsObject()
  @AsSent()
  samples?: JsonObject;
}

class StartTriggerDto {
  @ApiProperty({ example: true })
  matched!: boolean;

  @ApiProperty({ ...NULLABLE_TEXT, example: null, description: 'Why it does not.' })
  reason!: string | null;
}

/** Whether an event would start a workflow. */
export class ExplainedStartDto implements ExplainedStart {
  @ApiProperty({ example: true })
  starts!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    enum: ['paused', 'trigger', 'misfire', 'conditions', 'reentry', 'loop'],
    example: null,
    description: 'Why not; null when it does.',
  })
  reason!: ExplainedStart['reason'];

  @ApiProperty({ ...NULLABLE_TEXT, example: null, description: 'The rule that keeps it from starting, where that is not a condition.' })
  rule!: string | null;

  @ApiProperty({ type: StartTriggerDto })
  trigger!: StartTriggerDto;

  @ApiProperty({ ...EXPLANATION, description: 'Each condition with what it saw, whether they hold or not; null where there are none.' })
  conditions!: ExplainedStart['conditions'];
}

class TestEventDto {
  @ApiProperty({ ...NULLABLE_TEXT, example: 'leads' })
  module!: string | null;

  @ApiProperty({ example: 'created' })
  event!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: '42' })
  recordId!: string | null;

  @ApiProperty({ ...NULLABLE_OBJECT, example: { id: '42', name: 'Ann Example', source: 'Web Form' } })
  record!: JsonObject | null;

  @ApiProperty({ ...NULLABLE_OBJECT, example: { stage: { from: 'New', to: 'Won' } } })
  changes!: WorkflowTest['event']['changes'];

  @ApiProperty({ ...NULLABLE_OBJECT, example: null })
  trigger!: JsonObject | null;
}

class TestStepDto implements RehearsedStep {
  @ApiProperty({ example: 'route.enterprise.welcome' })
  path!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  attempt!: number;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'Welcome mail' })
  name!: string | null;

  @ApiProperty({ example: 'send_email' })
  type!: string;

  @ApiProperty({ enum: ['succeeded', 'failed', 'waiting', 'running', 'lost'], example: 'succeeded' })
  status!: RehearsedStep['status'];

  @ApiProperty({ ...NULLABLE_OBJECT, description: 'Its arguments as rendered, secrets masked; of a branch what it looked at.' })
  input!: JsonObject | null;

  @ApiProperty({ ...NULLABLE_OBJECT, description: 'What later steps see as its output.' })
  output!: JsonObject | null;

  @ApiProperty(ERROR)
  error!: LoggedError | null;

  @ApiProperty({ ...TIME, description: 'When it would begin, by the times that the run waits.' })
  startedAt!: string;

  @ApiProperty({ example: false, description: 'Its output is a sample: nobody knows it before the step has run.' })
  isSample!: boolean;

  @ApiProperty({ ...NULLABLE_TIME, example: null, description: 'When its wait would be over.' })
  until!: string | null;

  @ApiProperty({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description:
      'What it would do, by `kind`: `change` (fields from and to), `task`, `notifications`, `mail` (HTML and text), `request` (secrets masked), `start`; of actions of the CRM what they say themselves.',
    example: [{ kind: 'change', module: 'leads', recordId: '42', changes: { stage: { from: 'New', to: 'Contacted' } } }],
  })
  would!: JsonObject[];
}

/** What a workflow would do. Nothing of it has been done. */
export class WorkflowTestDto implements WorkflowTest {
  @ApiProperty({ type: 'integer', nullable: true, example: null, description: 'The number of the version; null is the draft.' })
  version!: number | null;

  @ApiProperty({ type: TestEventDto })
  event!: TestEventDto;

  @ApiProperty({ type: ExplainedStartDto, description: 'Whether it would have started at all. The steps are shown in any case.' })
  start!: ExplainedStartDto;

  @ApiProperty({ type: [TestStepDto], description: 'In the order in which they would begin.' })
  steps!: TestStepDto[];

  @ApiProperty({ type: 'integer', example: 0, description: 'Steps beyond those that are shown.' })
  moreSteps!: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { status: 'succeeded' },
    description:
      'How the run would end: `succeeded`; `failed` or `cancelled` with the step and the reason; `open` when a step would be tried again later, or there are more steps than can be shown.',
  })
  outcome!: WorkflowTest['outcome'];

  @ApiProperty({ ...TIME, description: 'When, by the times that it waits.' })
  endsAt!: string;
}
