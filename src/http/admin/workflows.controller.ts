import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { WorkflowService } from '../../admin/workflow-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked, NOTHING } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { WorkflowDetailDto, WorkflowPageDto } from './workflow-responses.dto.js';
import {
  CreateWorkflowDto,
  LIST_WORKFLOWS_PARAMETERS,
  ListWorkflowsQuery,
  toWorkflowListQuery,
  UpdateWorkflowDto,
} from './workflows.dto.js';

const ID = { name: 'id', format: 'uuid' };

@AdminController('workflows', 'Workflows')
export class WorkflowsController {
  constructor(private readonly workflows: WorkflowService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'List workflows' })
  @DescribeQuery(LIST_WORKFLOWS_PARAMETERS)
  @ApiOkResponse({ type: WorkflowPageDto })
  @ApiErrors(400)
  list(@Query(checked(ListWorkflowsQuery)) query: Checked<ListWorkflowsQuery>, @CurrentCaller() caller: Caller): Promise<WorkflowPageDto> {
    return this.workflows.list(toWorkflowListQuery(query), caller);
  }

  @Post()
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Create a draft', description: 'A definition with problems is saved too; they are listed in the answer.' })
  @ApiBody({ type: CreateWorkflowDto })
  @ApiCreatedResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 402, 409, 413, 415)
  create(@Body(checked(CreateWorkflowDto)) body: Checked<CreateWorkflowDto>, @CurrentCaller() caller: Caller): Promise<WorkflowDetailDto> {
    return this.workflows.create(body, caller);
  }

  @Get(':id')
  @RequirePermission('view')
  @ApiOperation({ summary: 'A workflow with its draft, problems, published version and counters' })
  @ApiParam(ID)
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<WorkflowDetailDto> {
    return this.workflows.get(id, caller);
  }

  @Patch(':id')
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Edit the draft',
    description: 'What is published stays as it is. A revision that is not the current one answers 409.',
  })
  @ApiParam(ID)
  @ApiBody({ type: UpdateWorkflowDto })
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 402, 404, 409, 413, 415)
  update(
    @Param('id', ownId) id: string,
    @Body(checked(UpdateWorkflowDto)) body: Checked<UpdateWorkflowDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowDetailDto> {
    return this.workflows.update(id, body, caller);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Delete a workflow', description: 'Refused while runs are not over. Its runs stay in the log.' })
  @ApiParam(ID)
  @ApiNoContentResponse()
  @ApiErrors(400, 404, 409, 415)
  delete(@Param('id', ownId) id: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<void> {
    return this.workflows.delete(id, caller);
  }
}
