import { Body, Get, HttpCode, Param, Patch } from '@nestjs/common';
import { WorkflowContextService } from '../../admin/workflow-context-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { ContextPatchDto, WorkflowContextDto } from './workflow-context.dto.js';

const ID = { name: 'id', format: 'uuid' };

/** What a workflow remembers from run to run. */
@AdminController('workflows', 'Workflows')
export class WorkflowContextController {
  constructor(private readonly contexts: WorkflowContextService) {}

  @Get(':id/context')
  @RequirePermission('view')
  @ApiOperation({
    summary: "A workflow's own context: what `extractToContext` of its steps and people have put there",
    description: 'It outlives runs, and is the same for all versions. Templates and conditions of steps read it as `context.<name>`.',
  })
  @ApiParam(ID)
  @ApiOkResponse({ type: WorkflowContextDto })
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<WorkflowContextDto> {
    return this.contexts.get(id, caller);
  }

  @Patch(':id/context')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({
    summary: "Change values in a workflow's own context",
    description: 'Runs that have begun go on with the values that they began with.',
  })
  @ApiParam(ID)
  @ApiBody({ type: ContextPatchDto })
  @ApiOkResponse({ type: WorkflowContextDto })
  @ApiErrors(400, 404, 413, 415, 422)
  patch(
    @Param('id', ownId) id: string,
    @Body(checked(ContextPatchDto)) body: Checked<ContextPatchDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowContextDto> {
    return this.contexts.patch(id, body, caller);
  }
}
