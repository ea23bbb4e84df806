import { Body, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { WorkflowTransfer } from '../../admin/workflow-transfer.js';
import type { ReadWorkflowFile } from '../../core/definition/workflow-file.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { WorkflowDetailDto } from './workflow-responses.dto.js';
import { CopyWorkflowDto, EXPORT_PARAMETERS, ExportWorkflowQuery, WORKFLOW_FILE, WorkflowFileDto } from './workflow-transfer.dto.js';

const ID = { name: 'id', format: 'uuid' };

@AdminController('workflows', 'Workflows')
export class WorkflowTransferController {
  constructor(private readonly transfer: WorkflowTransfer) {}

  @Post('import')
  @HttpCode(201)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Make a draft from an exported workflow',
    description: 'Its problems are listed in the answer: secrets have to be given again. Where its code is taken it gets another one.',
  })
  @ApiBody({ type: WorkflowFileDto })
  @ApiCreatedResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 402, 409, 413, 415)
  import(@Body(WORKFLOW_FILE) file: Checked<ReadWorkflowFile>, @CurrentCaller() caller: Caller): Promise<WorkflowDetailDto> {
    return this.transfer.import(file, caller);
  }

  @Get(':id/export')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'A workflow as a file',
    description: 'For `POST workflows/import`, here or elsewhere. Its own ids are left out and its secrets are masked.',
  })
  @ApiParam(ID)
  @DescribeQuery(EXPORT_PARAMETERS)
  @ApiOkResponse({ type: WorkflowFileDto })
  @ApiErrors(400, 404)
  export(
    @Param('id', ownId) id: string,
    @Query(checked(ExportWorkflowQuery)) query: Checked<ExportWorkflowQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowFileDto> {
    return this.transfer.export(id, query.version, caller);
  }

  @Post(':id/copy')
  @HttpCode(201)
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Make another draft of a draft', description: 'Its secrets go along: they stay in the workspace.' })
  @ApiParam(ID)
  @ApiBody({ type: CopyWorkflowDto, required: false })
  @ApiCreatedResponse({ type: WorkflowDetailDto })
  @ApiErrors(400, 402, 404, 409, 413, 415)
  copy(
    @Param('id', ownId) id: string,
    @Body(checked(CopyWorkflowDto)) body: Checked<CopyWorkflowDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowDetailDto> {
    return this.transfer.copy(id, body, caller);
  }
}
