import type { ExplainedEvent } from '../../admin/explain-service.js';
import type { Explanation } from '../../core/condition/explanation.js';
import type { NearestMiss } from '../../core/condition/nearest-miss.js';
import type { JsonObject } from '../../core/json.js';
import { RUNGS, type Rung, type RungName, type RungResult } from '../../core/why/ladder.js';
import type { QueryParameters } from '../fields.js';
import { OwnId } from '../fields.js';
import { ApiProperty } from '../openapi.js';
import { EXPLANATION, ID, NULLABLE_ID, NULLABLE_OBJECT, NULLABLE_TEXT } from './log-schemas.js';

const RESULTS = ['yes', 'no', 'not_reached', 'unknown'] as const satisfies readonly RungResult[];
const DECISIVE = 'Source was "Phone", and the condition asks for: Source is "Web Form".';

/** Which workflow is asked about. */
export class ExplainQuery {
  @OwnId()
  workflowId!: string;
}

/** The parameters of {@link ExplainQuery} for the OpenAPI document. */
export const EXPLAIN_PARAMETERS: QueryParameters = {
  workflowId: { schema: { type: 'string', ...ID }, required: true },
};

class RungDto implements Rung {
  @ApiProperty({ enum: [...RUNGS], example: 'conditions' })
  rung!: RungName;

  @ApiProperty({
    enum: [...RESULTS],
    example: 'no',
    description: '`unknown`: not decided yet, or not to be told any more; the sentence says which.',
  })
  result!: RungResult;

  @ApiProperty({ ...NULLABLE_TEXT, example: DECISIVE, description: 'Null where it was not reached.' })
  sentence!: string | null;

  @ApiProperty({ ...NULLABLE_OBJECT, description: 'What was noted about it.', example: { reason: 'conditions', runId: ID.example } })
  detail!: JsonObject | null;

  @ApiProperty(EXPLANATION)
  explanation!: Explanation | null;
}

class NearestMissDto {
  @ApiProperty({ example: 'It would have run if Source had been "Web Form".' })
  sentence!: string;

  @ApiProperty({
    type: 'array',
    description: 'At most three smallest sets of tests to be otherwise, each tried with its values.',
    items: { type: 'array', items: { type: 'object', additionalProperties: true } },
    example: [[{ field: 'source', operator: 'equals', seen: 'Phone', expected: 'Web Form', hold: true, value: { value: 'Web Form' } }]],
  })
  ways!: NearestMiss[];
}

/** Why an event was worked on by a workflow, or was not. */
export class ExplainedEventDto implements ExplainedEvent {
  @ApiProperty(ID)
  eventId!: string;

  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'Welcome web leads' })
  workflowName!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 2, description: 'The version that counted; null when there was none.' })
  version!: number | null;

  @ApiProperty({ example: DECISIVE, description: 'The first rung that says no, or what has become of the run.' })
  answer!: string;

  @ApiProperty({ type: NearestMissDto, nullable: true, description: 'With which values the conditions would have held.' })
  nearestMiss!: NearestMissDto | null;

  @ApiProperty({ type: [RungDto], description: 'Every question in the order in which it is asked; nothing after the first no was.' })
  rungs!: RungDto[];

  @ApiProperty({ ...NULLABLE_ID, description: 'The run that came of it.' })
  runId!: string | null;

  @ApiProperty({ ...NULLABLE_ID, description: 'The last one of the runs that repeat it from the start, or itself.' })
  lastRunId!: string | null;
}
