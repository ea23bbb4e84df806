import type { StepPerformance, WorkflowStatistics } from '../../admin/workflow-statistics.js';
import type { EndCounts } from '../../store/workflow-days.js';
import type { UnfinishedRuns } from '../../store/workflow-versions.js';
import { ApiProperty } from '../openapi.js';

const COUNT = { type: 'integer' } as const;
class PerformanceDto {
  @ApiProperty({ ...COUNT, example: 120 })
  succeeded!: number;

  @ApiProperty({ ...COUNT, example: 5, description: 'For good: attempts of steps that were tried again are not in it.' })
  failed!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    example: 0.96,
    description: 'Of those that succeeded or failed; null while none did.',
  })
  successRate!: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 1250,
    description: 'Half of those that succeeded took no longer, in milliseconds; within a tenth.',
  })
  p50Ms!: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 4200,
    description: '95 of 100 that succeeded took no longer, in milliseconds; within a tenth.',
  })
  p95Ms!: number | null;
}

class RunPerformanceDto extends PerformanceDto {
  @ApiProperty({ ...COUNT, example: 3 })
  cancelled!: number;
}

class StepPerformanceDto extends PerformanceDto implements StepPerformance {
  @ApiProperty({ example: 'each.notify', description: 'Its path in runs; of steps in a loop without the places of items.' })
  step!: string;
}

class DayDto implements EndCounts {
  @ApiProperty({ format: 'date', example: '2025-11-20' })
  day!: string;

  @ApiProperty({ ...COUNT, example: 20 })
  succeeded!: number;

  @ApiProperty({ ...COUNT, example: 1 })
  failed!: number;

  @ApiProperty({ ...COUNT, example: 0 })
  cancelled!: number;
}

class FailingStepDto {
  @ApiProperty({ example: 'welcome' })
  step!: string;

  @ApiProperty({ ...COUNT, example: 5 })
  failed!: number;
}

class UnfinishedRunsDto implements UnfinishedRuns {
  @ApiProperty({ ...COUNT, example: 4 })
  version!: number;

  @ApiProperty({ enum: ['queued', 'running', 'waiting'], example: 'waiting' })
  status!: UnfinishedRuns['status'];

  @ApiProperty({ ...COUNT, example: 3 })
  runs!: number;
}

/** How a workflow did in the last days. */
export class WorkflowStatisticsDto implements WorkflowStatistics {
  @ApiProperty({ ...COUNT, example: 7, description: 'Over how many days, today included (UTC).' })
  days!: number;

  @ApiProperty({ type: RunPerformanceDto })
  runs!: RunPerformanceDto;

  @ApiProperty({ type: [DayDto], description: 'Oldest first.' })
  byDay!: DayDto[];

  @ApiProperty({ type: [StepPerformanceDto], description: 'In whatever versions have them.' })
  steps!: StepPerformanceDto[];

  @ApiProperty({ type: FailingStepDto, nullable: true, description: 'The step that failed most often.' })
  failingStep!: FailingStepDto | null;

  @ApiProperty({ type: [UnfinishedRunsDto], description: 'The runs that are not over, by version and status; 10,000 are counted.' })
  unfinished!: UnfinishedRunsDto[];
}
