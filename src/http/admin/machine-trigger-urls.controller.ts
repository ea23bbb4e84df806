import { Body, Get, HttpCode, Param, Post } from '@nestjs/common';
import { MachineTriggerUrls } from '../../admin/machine-trigger-urls.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { HookUrls } from '../public/hook-urls.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { RotatedTokenDto, RotateTokenDto, TriggerUrlDto } from './trigger-urls.dto.js';

const ID = { name: 'id', format: 'uuid' };

/** The URL by which instances of a machine are moved. */
@AdminController('machines', 'Trigger URLs')
export class MachineTriggerUrlsController {
  constructor(
    private readonly triggerUrls: MachineTriggerUrls,
    private readonly urls: HookUrls,
  ) {}

  @Post(':id/rotate-token')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Make the URL of a machine, or another in its place',
    description:
      'One URL for all transitions with a trigger of type `webhook`. It is in this answer and nowhere else. The old one ends at once, or after `grace`. Who may call, and with what, is what the published version says, also for instances on earlier ones: a secret that is replaced counts from its publication on, and a transition that the published version does not have by webhook is fired by none. `migrate` takes those instances over.',
  })
  @ApiParam(ID)
  @ApiBody({ type: RotateTokenDto, required: false })
  @ApiOkResponse({ type: RotatedTokenDto })
  @ApiErrors(400, 404, 409, 415)
  async rotate(
    @Param('id', ownId) id: string,
    @Body(checked(RotateTokenDto)) body: Checked<RotateTokenDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<RotatedTokenDto> {
    const { token, oldValidUntil } = await this.triggerUrls.rotate(id, body, caller);
    return { ...this.urls.of(token), oldValidUntil };
  }

  @Get(':id/trigger-url')
  @RequirePermission('view')
  @ApiOperation({ summary: 'When, and from which address, the URLs of a machine were used' })
  @ApiParam(ID)
  @ApiOkResponse({ type: TriggerUrlDto })
  @ApiErrors(404)
  state(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<TriggerUrlDto> {
    return this.triggerUrls.state(id, caller);
  }
}
