import { Get, Param, Query } from '@nestjs/common';
import { TimelineService } from '../../admin/timeline-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery } from '../fields.js';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { ChangeTimelineItemDto, EventTimelineItemDto, TIMELINE_PARAMETERS, TimelinePageDto, TimelineQuery } from './timeline.dto.js';

@AdminController('records', 'Records')
export class RecordsController {
  constructor(private readonly timelines: TimelineService) {}

  @Get(':module/:recordId/timeline')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'What happened to a record, and what workflows did about it and to it, newest first',
    description:
      'Each change once: by its event where that is stored, else by the step that made it. With every event what workflows made of it and why, which were not active then, and how many it did not concern. A record that is gone keeps its timeline.',
  })
  @ApiParam({ name: 'module', example: 'leads' })
  @ApiParam({ name: 'recordId', example: '42' })
  @DescribeQuery(TIMELINE_PARAMETERS)
  @ApiExtraModels(EventTimelineItemDto, ChangeTimelineItemDto)
  @ApiOkResponse({ type: TimelinePageDto })
  @ApiErrors(400, 404)
  timeline(
    @Param('module') module: string,
    @Param('recordId') recordId: string,
    @Query(checked(TimelineQuery)) { cursor, limit = 50, workflowId }: Checked<TimelineQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<TimelinePageDto> {
    return this.timelines.list({ module, recordId }, { cursor, limit, workflowId: workflowId ?? null }, caller);
  }
}
