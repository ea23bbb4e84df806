import { Body, Get, HttpCode, Param, Post } from '@nestjs/common';
import { TimingService } from '../../admin/timing-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { PreviewScheduleDto, SchedulePreviewDto, WorkflowTimingDto } from './timing.dto.js';

@AdminController('schedules', 'Schedules')
export class SchedulesController {
  constructor(private readonly timing: TimingService) {}

  @Post('preview')
  @HttpCode(200)
  @RequirePermission('view')
  @ApiOperation({ summary: 'The next five times of a schedule', description: 'Changes of clocks are in it.' })
  @ApiBody({ type: PreviewScheduleDto })
  @ApiOkResponse({ type: SchedulePreviewDto })
  @ApiErrors(400, 413, 415, 422)
  async preview(@Body(checked(PreviewScheduleDto)) body: Checked<PreviewScheduleDto>): Promise<SchedulePreviewDto> {
    return { next: await this.timing.preview(body.cron, body.timezone) };
  }
}

@AdminController('workflows', 'Workflows')
export class WorkflowTimingController {
  constructor(private readonly timing: TimingService) {}

  @Get(':id/timing')
  @RequirePermission('view')
  @ApiOperation({ summary: 'When the published version starts by itself' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: WorkflowTimingDto })
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<WorkflowTimingDto> {
    return this.timing.ofWorkflow(id, caller);
  }
}
