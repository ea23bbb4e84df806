import { Body, Get, HttpCode, Param, type PipeTransform, Post, Query } from '@nestjs/common';
import { MachineTransfer } from '../../admin/machine-transfer.js';
import {
  LONGEST_DESCRIPTION,
  LONGEST_NAME,
  type ReadWorkflowFile,
  WORKFLOW_CODE,
  WORKFLOW_FORMAT_VERSION,
} from '../../core/definition/workflow-file.js';
import type { JsonObject } from '../../core/json.js';
import { invalidRequest } from '../../core/json-shape.js';
import { MACHINE_FORMAT, type MachineFile, readMachineFile } from '../../core/machine/machine-file.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiProperty } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { MachineDefinitionDto } from './machine-definition.dto.js';
import { MachineDetailDto } from './machine-responses.dto.js';
import { CopyWorkflowDto, EXPORT_PARAMETERS, ExportWorkflowQuery } from './workflow-transfer.dto.js';

const ID = { name: 'id', format: 'uuid' };

/** A machine as a file. */
class MachineFileDto implements MachineFile {
  @ApiProperty({ type: String, enum: [MACHINE_FORMAT], example: MACHINE_FORMAT })
  format!: typeof MACHINE_FORMAT;

  @ApiProperty({ type: 'integer', enum: [WORKFLOW_FORMAT_VERSION], example: WORKFLOW_FORMAT_VERSION })
  formatVersion!: typeof WORKFLOW_FORMAT_VERSION;

  @ApiProperty({ pattern: WORKFLOW_CODE.source, example: 'order-fulfilment' })
  code!: string;

  @ApiProperty({ minLength: 1, maxLength: LONGEST_NAME, example: 'Order fulfilment' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, maxLength: LONGEST_DESCRIPTION, example: null })
  description!: string | null;

  @ApiProperty({ type: MachineDefinitionDto, description: 'Its secrets are masked.' })
  definition!: JsonObject;
}

/** Reads a body as a file of a machine; `invalid_request` with what is wrong with it. */
const MACHINE_FILE: PipeTransform<unknown, ReadWorkflowFile> = {
  transform(value) {
    const outcome = readMachineFile(value ?? {});
    if (!outcome.ok) throw invalidRequest(outcome.problems);
    return outcome.file;
  },
};

@AdminController('machines', 'State machines')
export class MachineTransferController {
  constructor(private readonly transfer: MachineTransfer) {}

  @Post('import')
  @HttpCode(201)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Make a draft from an exported state machine',
    description:
      'Its problems are listed in the answer. Files of other systems are understood, too: timeouts in hours, triggers such as `on scheduled poll`. Where its code is taken it gets another one.',
  })
  @ApiBody({ type: MachineFileDto })
  @ApiCreatedResponse({ type: MachineDetailDto })
  @ApiErrors(400, 402, 409, 413, 415)
  import(@Body(MACHINE_FILE) file: Checked<ReadWorkflowFile>, @CurrentCaller() caller: Caller): Promise<MachineDetailDto> {
    return this.transfer.import(file, caller);
  }

  @Get(':id/export')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'A state machine as a file',
    description: 'For `POST machines/import`, here or elsewhere. Its secrets are masked, and its instances are not in it.',
  })
  @ApiParam(ID)
  @DescribeQuery(EXPORT_PARAMETERS)
  @ApiOkResponse({ type: MachineFileDto })
  @ApiErrors(400, 404)
  export(
    @Param('id', ownId) id: string,
    @Query(checked(ExportWorkflowQuery)) query: Checked<ExportWorkflowQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<MachineFileDto> {
    return this.transfer.export(id, query.version, caller);
  }

  @Post(':id/copy')
  @HttpCode(201)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Make another draft of a draft',
    description: 'Its secrets go along: they stay in the workspace. Its instances do not.',
  })
  @ApiParam(ID)
  @ApiBody({ type: CopyWorkflowDto, required: false })
  @ApiCreatedResponse({ type: MachineDetailDto })
  @ApiErrors(400, 402, 404, 409, 413, 415)
  copy(
    @Param('id', ownId) id: string,
    @Body(checked(CopyWorkflowDto)) body: Checked<CopyWorkflowDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<MachineDetailDto> {
    return this.transfer.copy(id, body, caller);
  }
}
