import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { WorkflowService } from '../../admin/workflow-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked, NOTHING } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { DiscardDraftDto, PauseWorkflowDto, PublishWorkflowDto } from './workflow-lifecycle.dto.js';
import { WorkflowDetailDto } from './workflow-responses.dto.js';

const ID = { name: 'id', format: 'uuid' };

/** From one state of a workflow to another. Every call may be repeated: what is so already stays so. */
@AdminController('workflows', 'Workflows')
export class WorkflowLifecycleController {
  constructor(private readonly workflows: WorkflowService) {}

  @Post(':id/publish')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Make the draft, or an earlier version, the next version',
    description:
      'What is published as it stands makes no further version. `fromVersion` is the way back: it publishes an earlier version again; edits of the draft that nobody has published stay.',
  })
  @ApiParam(ID)
  @ApiBody({ type: PublishWorkflowDto, required: false })
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 402, 404, 409, 415, 422)
  publish(
    @Param('id', ownId) id: string,
    @Body(checked(PublishWorkflowDto)) body: Checked<PublishWorkflowDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowDetailDto> {
    return this.workflows.publish(id, caller, body);
  }

  @Post(':id/activate')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Resume the published version',
    description: 'A workflow without a published version is published, which takes the permission `manage` as well.',
  })
  @ApiParam(ID)
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 402, 404, 409, 415, 422)
  activate(@Param('id', ownId) id: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<WorkflowDetailDto> {
    return this.workflows.activate(id, caller);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({ summary: 'Start no more runs, at once and on every node', description: 'Runs in flight finish.' })
  @ApiParam(ID)
  @ApiBody({ type: PauseWorkflowDto, required: false })
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 404, 409, 415)
  pause(
    @Param('id', ownId) id: string,
    @Body(checked(PauseWorkflowDto)) body: Checked<PauseWorkflowDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowDetailDto> {
    return this.workflows.pause(id, caller, body.reason ?? null);
  }

  @Post(':id/unpublish')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Take back what is published: a draft again',
    description: 'Starts nothing more; runs in flight finish. Its versions stay, and the next one gets the next number.',
  })
  @ApiParam(ID)
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 404, 409, 415)
  unpublish(@Param('id', ownId) id: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<WorkflowDetailDto> {
    return this.workflows.unpublish(id, caller);
  }

  @Post(':id/archive')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Put a workflow away', description: 'Starts nothing more and cannot be edited; runs in flight finish.' })
  @ApiParam(ID)
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 404, 415)
  archive(@Param('id', ownId) id: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<WorkflowDetailDto> {
    return this.workflows.archive(id, caller);
  }

  @Post(':id/restore')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Take a workflow out of the archive', description: 'Paused, or a draft where nothing is published.' })
  @ApiParam(ID)
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 404, 415)
  restore(@Param('id', ownId) id: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<WorkflowDetailDto> {
    return this.workflows.restore(id, caller);
  }

  @Post(':id/discard')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Make the published version the draft again', description: 'Its secrets come back with it.' })
  @ApiParam(ID)
  @ApiBody({ type: DiscardDraftDto, required: false })
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 404, 409, 415)
  discard(
    @Param('id', ownId) id: string,
    @Body(checked(DiscardDraftDto)) body: Checked<DiscardDraftDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowDetailDto> {
    return this.workflows.discard(id, caller, body.revision);
  }
}
