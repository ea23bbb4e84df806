import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsBoolean, IsDefined, IsInt, IsObject, Max, Min, ValidateNested } from 'class-validator';
import {
  BATCH_LIMIT,
  type BatchGroup,
  type BatchResult,
  type BulkCancelResult,
  type BulkRetryResult,
  type Refusal,
} from '../../admin/run-batches.js';
import { IfGiven, OptionalNote, OwnId } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { ID, NULLABLE_ID } from './log-schemas.js';
import { RunFilterDto, UnfinishedRunFilterDto } from './run-filter.dto.js';
import { RunGroupDto } from './run-insight.dto.js';
import { RunItemDto } from './run-item.dto.js';
import { RetryRunDto } from './runs.dto.js';

// What retries and cancels of many runs have in common.

function DryRun(): PropertyDecorator {
  const description = 'Only say what would be done: how many, in groups, and what cannot be.';
  return applyDecorators(ApiPropertyOptional({ default: false, example: true, description }), IfGiven(), IsBoolean()) as PropertyDecorator;
}

function Limit(): PropertyDecorator {
  const description = 'The most that this call takes up, the oldest first.';
  const schema = { type: 'integer', minimum: 1, maximum: BATCH_LIMIT, default: BATCH_LIMIT, example: 500, description } as const;
  return applyDecorators(ApiPropertyOptional(schema), IfGiven(), IsInt(), Min(1), Max(BATCH_LIMIT)) as PropertyDecorator;
}

function Batch(): PropertyDecorator {
  const description =
    'Of an earlier call, to go on where it ended: what that has taken up is not taken again. An id of your own makes a call that may be repeated.';
  return applyDecorators(ApiPropertyOptional({ ...ID, description }), IfGiven(), OwnId()) as PropertyDecorator;
}

/** How to repeat failed runs, and which. */
export class RetryRunsDto extends RetryRunDto {
  @ApiProperty({ type: RunFilterDto, description: 'Which of the failed runs; `{}` for all.' })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => RunFilterDto)
  filter!: RunFilterDto;

  @DryRun()
  dryRun?: boolean;

  @Limit()
  limit?: number;

  @Batch()
  batchId?: string;
}

/** Which runs to cancel, and why. */
export class CancelRunsDto {
  @ApiProperty({ type: UnfinishedRunFilterDto, description: 'Which of the runs that are not over; `{}` for all.' })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => UnfinishedRunFilterDto)
  filter!: UnfinishedRunFilterDto;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The campaign is off.' })
  @OptionalNote(1000)
  reason?: string | null;

  @DryRun()
  dryRun?: boolean;

  @Limit()
  limit?: number;

  @Batch()
  batchId?: string;
}

class BatchGroupDto extends RunGroupDto implements BatchGroup {
  @ApiProperty({
    type: 'integer',
    example: 3,
    description: 'How many of them may do something outside twice: a call whose answer is not known, or one that is made again.',
  })
  mayRepeat!: number;
}

class RefusalDto implements Refusal {
  @ApiProperty({ example: 'event_expired', description: 'The code that a retry or cancel of one of them would answer.' })
  code!: string;

  @ApiProperty({ type: 'integer', example: 12 })
  runs!: number;

  @ApiProperty({ ...NULLABLE_ID, description: 'One of them; null for ids that the workspace has no run of.' })
  sampleRunId!: string | null;
}

class BatchResultDto implements BatchResult {
  @ApiProperty({ example: true })
  dryRun!: boolean;

  @ApiProperty({ ...NULLABLE_ID, description: 'What runs can be filtered by, and what the next call goes on with; null for a preview.' })
  batchId!: string | null;

  @ApiProperty({ type: 'integer', example: 214, description: 'How many could be taken up when it began, counted up to 10,000.' })
  matched!: number;

  @ApiProperty({ example: true, description: 'False: there are more than `matched`.' })
  matchedIsExact!: boolean;

  @ApiProperty({ type: 'integer', example: 0, description: "How many were in somebody else's hands." })
  skipped!: number;

  @ApiProperty({
    type: 'integer',
    example: 214,
    description: 'How many are left for the next call; more, where `matchedIsExact` is false.',
  })
  remaining!: number;

  @ApiProperty({ type: [BatchGroupDto], description: 'For a preview: the newest 10,000 in groups, the largest first.' })
  groups!: BatchGroupDto[];

  @ApiProperty({
    type: [RefusalDto],
    description: 'How many of them cannot be taken up, and why: of a preview all; else those that the plan does not give.',
  })
  refusals!: RefusalDto[];

  @ApiProperty({ type: [RunItemDto], description: 'For a preview: the newest of them.' })
  sample!: RunItemDto[];
}

/** What a bulk retry did, or would do. */
export class BulkRetryDto extends BatchResultDto implements BulkRetryResult {
  @ApiProperty({ type: 'integer', example: 0 })
  retried!: number;
}

/** What a bulk cancel did, or would do. */
export class BulkCancelDto extends BatchResultDto implements BulkCancelResult {
  @ApiProperty({ type: 'integer', example: 0 })
  cancelled!: number;
}
