import { Get, Param, Query } from '@nestjs/common';
import { MachinePublishPreviews } from '../../admin/machine-publish-preview.js';
import { PublishPreviews } from '../../admin/publish-preview.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { MachinePublishPreviewDto } from './machine-publish-preview.dto.js';
import { PUBLISH_PREVIEW_PARAMETERS, PublishPreviewDto, PublishPreviewQuery } from './publish-preview.dto.js';

@AdminController('workflows', 'Previews')
export class PublishPreviewController {
  constructor(private readonly previews: PublishPreviews) {}

  @Get(':id/publish-preview')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'What publishing would mean',
    description: 'What would change, what is in the way, loops and shared fields among all active workflows, and the runs in flight.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @DescribeQuery(PUBLISH_PREVIEW_PARAMETERS)
  @ApiOkResponse({ type: PublishPreviewDto })
  @ApiErrors(400, 404)
  get(
    @Param('id', ownId) id: string,
    @Query(checked(PublishPreviewQuery)) { fromVersion }: Checked<PublishPreviewQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<PublishPreviewDto> {
    return this.previews.preview(id, fromVersion ?? null, caller);
  }
}

@AdminController('machines', 'State machines')
export class MachinePublishPreviewController {
  constructor(private readonly previews: MachinePublishPreviews) {}

  @Get(':id/publish-preview')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'What publishing a state machine would mean',
    description: 'What would change, what is in the way, what becomes of its instances and of timeouts that it has missed.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @DescribeQuery(PUBLISH_PREVIEW_PARAMETERS)
  @ApiOkResponse({ type: MachinePublishPreviewDto })
  @ApiErrors(400, 404)
  get(
    @Param('id', ownId) id: string,
    @Query(checked(PublishPreviewQuery)) { fromVersion }: Checked<PublishPreviewQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<MachinePublishPreviewDto> {
    return this.previews.preview(id, fromVersion ?? null, caller);
  }
}
