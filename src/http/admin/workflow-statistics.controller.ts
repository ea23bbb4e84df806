import { Get, Param } from '@nestjs/common';
import { WorkflowStatisticsService } from '../../admin/workflow-statistics.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { WorkflowStatisticsDto } from './workflow-statistics.dto.js';

@AdminController('workflows', 'Workflows')
export class WorkflowStatisticsController {
  constructor(private readonly statistics: WorkflowStatisticsService) {}

  @Get(':id/stats')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'How a workflow and its steps did in the last 7 days',
    description: 'From counters that are written with the ends of runs. A run that was sent back counts by what becomes of it in the end.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: WorkflowStatisticsDto })
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<WorkflowStatisticsDto> {
    return this.statistics.get(id, caller);
  }
}
