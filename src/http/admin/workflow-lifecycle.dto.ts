import { IsBoolean } from 'class-validator';
import type { PublishCommand } from '../../admin/publishing.js';
import { IfGiven, OptionalNote, WholeNumber } from '../fields.js';
import { ApiPropertyOptional } from '../openapi.js';

const GREATEST_INTEGER = 2_147_483_647;

/** What to publish, and how. */
export class PublishWorkflowDto implements PublishCommand {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 3, description: 'Publish only if the draft is still at this revision.' })
  @IfGiven()
  @WholeNumber(1, GREATEST_INTEGER)
  revision?: number;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 1000,
    example: 'Calls come a day earlier.',
    description: 'Kept with the version: why.',
  })
  @OptionalNote(1000)
  note?: string | null;

  @ApiPropertyOptional({
    type: Boolean,
    default: true,
    example: true,
    description: 'False: what is active stays active, what is paused stays paused, and a draft becomes paused.',
  })
  @IfGiven()
  @IsBoolean()
  activate?: boolean;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    example: 2,
    description: 'An earlier version to publish again, instead of the draft. A draft without edits of its own follows it.',
  })
  @IfGiven()
  @WholeNumber(1, GREATEST_INTEGER)
  fromVersion?: number;
}

/** Which draft to give up. */
export class DiscardDraftDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 3, description: 'Only if the draft is still at this revision.' })
  @IfGiven()
  @WholeNumber(1, GREATEST_INTEGER)
  revision?: number;
}

/** Why a workflow is paused. */
export class PauseWorkflowDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The mail server is being moved.' })
  @OptionalNote(1000)
  reason?: string | null;
}
