import type { LoggedError } from '../../core/errors.js';
import type { RunTransition } from '../../store/machines/run-transition.js';
import type { RunItem } from '../../store/run-log-store.js';
import { RUN_STATUSES, type RunStatus } from '../../store/runs/run.js';
import { ApiProperty } from '../openapi.js';
import { ERROR, ID, MILLISECONDS, NULLABLE_ID, NULLABLE_TEXT, NULLABLE_TIME, PARENT, ParentStepDto, TIME } from './log-schemas.js';

/** A way from states of a machine to a state, as the version of the run has it. */
class RunTransitionDto implements RunTransition {
  @ApiProperty({ example: 'submit' })
  code!: string;

  @ApiProperty({
    oneOf: [
      { type: 'string', enum: ['any'] },
      { type: 'array', items: { type: 'string' } },
    ],
    description: '`any`: every state that is not final.',
    example: ['NEW'],
  })
  from!: RunTransition['from'];

  @ApiProperty({ example: 'SUBMITTED' })
  to!: string;
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

  @ApiProperty({
    type: RunTransitionDto,
    nullable: true,
    description: "The transition whose steps it does; null for a workflow's run, and where the machine was deleted.",
    example: null,
  })
  transition!: RunTransitionDto | null;

  @ApiProperty({ enum: RUN_STATUSES, example: 'failed' })
  status!: RunStatus;

  @ApiProperty({
    example: 'Failed at Welcome mail: The mail server refused the connection.',
    description:
      'What has become of it, in one sentence: the error, the decisive test, what is waited for and until when, the next attempt and why the last one failed.',
  })
  summary!: string;

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
      properties: {
        path: { type: 'string' },
        stepName: { type: 'string', description: 'What the step is called, where it has a name.' },
        reason: { type: 'string' },
        until: { type: 'string', nullable: true },
        resumeUrl: {
          type: 'string',
          description:
            'Of a step that waits for a call, in the detail of a run: its one-time URL. For callers with the permission operate.',
        },
        attempt: { type: 'integer', description: 'Of a retry: the next attempt.' },
        error: {
          type: 'object',
          description: 'Of a retry: why the last attempt failed.',
          properties: { code: { type: 'string' }, message: { type: 'string' } },
        },
      },
    },
    example: null,
  })
  waiting!: RunItem['waiting'];

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
