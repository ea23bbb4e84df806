import { IsObject } from 'class-validator';
import type { ContextPatch, WorkflowContext } from '../../admin/workflow-context-service.js';
import type { JsonObject } from '../../core/json.js';
import { AsSent, OptionalNote } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';

/** A change of what a workflow remembers. */
export class ContextPatchDto implements ContextPatch {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { cursor: '2025-11-20T08:00:00Z', old: null },
    description: 'Texts, or any other JSON; null takes a value away, and what is not named stays. 64 KB in all.',
  })
  @AsSent()
  @IsObject()
  values!: JsonObject;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'Start over from last week.', description: 'Why.' })
  @OptionalNote(1000)
  note?: string | null;
}

/** What a workflow remembers from run to run. */
export class WorkflowContextDto implements WorkflowContext {
  @ApiProperty({ type: 'object', additionalProperties: true, example: { cursor: '2025-11-20T08:00:00Z', seen: 12 } })
  values!: JsonObject;
}
