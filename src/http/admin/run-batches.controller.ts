import { Body, Get, HttpCode, Post, Query } from '@nestjs/common';
import { RunBatches } from '../../admin/run-batches.js';
import { RunInsight } from '../../admin/run-insight.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { BulkCancelDto, BulkRetryDto, CancelRunsDto, RetryRunsDto } from './run-batches.dto.js';
import { GROUP_RUNS_PARAMETERS, GroupRunsQuery, RUN_FILTER_PARAMETERS, RunFilterQuery, toRunFilter } from './run-filter.dto.js';
import { RunCountsDto, RunGroupsDto } from './run-insight.dto.js';

/** Many runs at once. It stands before the runs by id, whose paths would take `counts` for one. */
@AdminController('runs', 'Runs')
export class RunBatchesController {
  constructor(
    private readonly batches: RunBatches,
    private readonly insight: RunInsight,
  ) {}

  @Get('counts')
  @RequirePermission('view')
  @ApiOperation({ summary: 'How many runs are in which status', description: 'Each status is counted up to 10,000.' })
  @DescribeQuery(RUN_FILTER_PARAMETERS)
  @ApiOkResponse({ type: RunCountsDto })
  @ApiErrors(400)
  counts(@Query(checked(RunFilterQuery)) query: Checked<RunFilterQuery>, @CurrentCaller() caller: Caller): Promise<RunCountsDto> {
    return this.insight.counts(toRunFilter(query), caller);
  }

  @Get('groups')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'Runs in groups: which step of which workflow fails, why, how often and since when',
    description: 'Of the newest 10,000. Without a `status` those that failed; by version those of any status.',
  })
  @DescribeQuery(GROUP_RUNS_PARAMETERS)
  @ApiOkResponse({ type: RunGroupsDto })
  @ApiErrors(400)
  groups(@Query(checked(GroupRunsQuery)) query: Checked<GroupRunsQuery>, @CurrentCaller() caller: Caller): Promise<RunGroupsDto> {
    const { by = 'cause', ...filter } = query;
    return this.insight.groups(toRunFilter(filter), by, caller);
  }

  @Post('retry')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Retry failed runs by filter or ids',
    description:
      'Takes up 1,000 at the most a call, the oldest first and those that were sent back before last. Call again with the `batchId` while there are `remaining` ones: a batch takes each run once, though it fails again.',
  })
  @ApiBody({ type: RetryRunsDto })
  @ApiOkResponse({ type: BulkRetryDto })
  @ApiErrors(400, 402, 415)
  retry(@Body(checked(RetryRunsDto)) body: Checked<RetryRunsDto>, @CurrentCaller() caller: Caller): Promise<BulkRetryDto> {
    const { filter, ...command } = body;
    return this.batches.retry(toRunFilter(filter), command, caller);
  }

  @Post('cancel')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'End runs that are not over by filter or ids',
    description: 'Takes up 1,000 at the most a call, the oldest first. Call again with the `batchId` while there are `remaining` ones.',
  })
  @ApiBody({ type: CancelRunsDto })
  @ApiOkResponse({ type: BulkCancelDto })
  @ApiErrors(400, 415)
  cancel(@Body(checked(CancelRunsDto)) body: Checked<CancelRunsDto>, @CurrentCaller() caller: Caller): Promise<BulkCancelDto> {
    const { filter, ...command } = body;
    return this.batches.cancel(toRunFilter(filter), command, caller);
  }
}
