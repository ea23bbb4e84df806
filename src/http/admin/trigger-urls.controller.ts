import { Body, Get, HttpCode, Param, Post } from '@nestjs/common';
import { TriggerUrls } from '../../admin/trigger-urls.js';
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

/** The URL by which a workflow is started. */
@AdminController('workflows', 'Trigger URLs')
export class TriggerUrlsController {
  constructor(
    private readonly triggerUrls: TriggerUrls,
    private readonly urls: HookUrls,
  ) {}

  @Post(':id/rotate-token')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Make the URL of a workflow, or another in its place',
    description:
      'The URL is in this answer and nowhere else. The old one ends at once, or after `grace`; what still comes to it is in the history.',
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
  @ApiOperation({ summary: 'When, and from which address, the URLs of a workflow were used' })
  @ApiParam(ID)
  @ApiOkResponse({ type: TriggerUrlDto })
  @ApiErrors(404)
  state(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<TriggerUrlDto> {
    return this.triggerUrls.state(id, caller);
  }
}
