import type { ParentStep } from '../../core/event.js';
import { ApiProperty } from '../openapi.js';

/** What descriptions of runs and events have in common. */
export const ID = { format: 'uuid', example: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' };
export const NULLABLE_ID = { type: String, nullable: true, format: 'uuid', example: null };
export const NULLABLE_TEXT = { type: String, nullable: true };
export const NULLABLE_TIME = { type: String, nullable: true, format: 'date-time', example: '2025-11-20T08:00:01.250Z' };
export const TIME = { format: 'date-time', example: '2025-11-20T08:00:00.000Z' };
export const NULLABLE_OBJECT = { type: 'object', additionalProperties: true, nullable: true } as const;
export const MILLISECONDS = { type: 'integer', nullable: true, example: 1250 } as const;
export const EXPLANATION = {
  ...NULLABLE_OBJECT,
  description: 'Each condition with the value seen, the operator, the value expected and the result.',
  example: { result: false, all: [{ result: false, field: 'source', operator: 'equals', seen: 'Phone', expected: 'Web Form' }] },
};
export const ERROR = {
  ...NULLABLE_OBJECT,
  description: 'Code, message and what to do about it. Of a run that a `stop` step ended: the code `stopped` and the text of the step.',
  example: {
    code: 'smtp_unreachable',
    step: 'welcome',
    stepName: 'Welcome mail',
    message: 'The mail server refused the connection.',
    hint: 'Check the mail server, then retry the run.',
  },
};

/** The step of a run that started another one. */
export class ParentStepDto implements ParentStep {
  @ApiProperty(ID)
  runId!: string;

  @ApiProperty({ example: 'onboard' })
  path!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  attempt!: number;

  @ApiProperty({ example: true, description: 'Whether it waits for the end of the run that it started.' })
  waits!: boolean;
}

export const PARENT = { type: ParentStepDto, nullable: true, description: 'The step of another run that started it.', example: null };
