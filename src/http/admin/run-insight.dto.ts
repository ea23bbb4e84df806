import type { RunCounts } from '../../admin/run-insight.js';
import type { LoggedError } from '../../core/errors.js';
import type { RunGroup, RunGroups, StatusCount } from '../../store/run-groups.js';
import { RUN_STATUSES, type RunStatus } from '../../store/runs/run.js';
import { ApiProperty } from '../openapi.js';
import { ERROR, ID, NULLABLE_TEXT, TIME } from './log-schemas.js';

class StatusCountDto implements StatusCount {
  @ApiProperty({ enum: RUN_STATUSES, example: 'failed' })
  status!: RunStatus;

  @ApiProperty({ type: 'integer', example: 214, description: 'Counted up to 10,000.' })
  runs!: number;

  @ApiProperty({ example: true, description: 'False: there are more than `runs`.' })
  isExact!: boolean;
}

/** How many runs are in which status. */
export class RunCountsDto implements RunCounts {
  @ApiProperty({ type: [StatusCountDto], description: 'Without the statuses that the filter leaves out.' })
  counts!: StatusCountDto[];
}

/** Runs of one workflow with one fate. */
export class RunGroupDto implements RunGroup {
  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'Welcome web leads' })
  workflowName!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: null, description: 'Where they are grouped by version.' })
  version!: number | null;

  @ApiProperty({ enum: RUN_STATUSES, example: 'failed' })
  status!: RunStatus;

  @ApiProperty({
    ...NULLABLE_TEXT,
    example: 'welcome',
    description: 'Where it failed, was cancelled or waits; of items of a loop without their places.',
  })
  step!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'smtp_unreachable', description: 'Why: a code; or what is waited for.' })
  reason!: string | null;

  @ApiProperty({ type: 'integer', example: 214 })
  runs!: number;

  @ApiProperty({ ...TIME, description: 'When the first of them ended; of those that are not over, when it was created.' })
  first!: string;

  @ApiProperty({ ...TIME, description: 'As `first`, of the last one.' })
  last!: string;

  @ApiProperty({ ...ID, description: 'The newest of them.' })
  sampleRunId!: string;

  @ApiProperty({ ...ERROR, description: 'Of the newest of them.' })
  error!: LoggedError | null;
}

/** Runs in groups, the largest first. */
export class RunGroupsDto implements RunGroups {
  @ApiProperty({ type: [RunGroupDto], description: '100 at the most.' })
  groups!: RunGroupDto[];

  @ApiProperty({ type: 'integer', example: 214, description: 'How many runs were grouped: the newest 10,000 at the most.' })
  counted!: number;

  @ApiProperty({ example: true, description: 'False: there are more runs than `counted`.' })
  isExact!: boolean;

  @ApiProperty({ example: false, description: 'Whether there are more groups.' })
  more!: boolean;
}
