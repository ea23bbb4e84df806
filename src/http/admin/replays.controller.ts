import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { ReplayService } from '../../admin/replay-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { ReplayEventDto, ReplayResultDto } from './replays.dto.js';

@AdminController('events', 'Events')
export class ReplaysController {
  constructor(private readonly replays: ReplayService) {}

  @Post(':id/replay')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Give an event to workflows again',
    description:
      'To those that listen now, or to those named. Each start is an event of its own (`source: "replay"`), with all that the first one carried; steps see who asked for it and why as `trigger.replay`. Pause, conditions and re-entry hold.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiBody({ type: ReplayEventDto, required: false })
  @ApiOkResponse({ type: ReplayResultDto })
  @ApiErrors(400, 404, 409, 413, 415)
  replay(
    @Param('id', ownId) id: string,
    @Body(checked(ReplayEventDto)) body: Checked<ReplayEventDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<ReplayResultDto> {
    return this.replays.replay(id, body, caller);
  }
}
