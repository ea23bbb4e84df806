import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { InstanceBatches } from '../../admin/instance-batches.js';
import { InstanceCreation } from '../../admin/instance-creation.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { AdvanceInstancesDto, BulkAdvanceDto, CreatedInstancesDto, CreateInstancesDto, toAdvancedFilter } from './instance-batches.dto.js';

/** Many instances at once. It stands before the instances by id, whose paths would take `advance` for one. */
@AdminController('instances', 'State machines')
export class InstanceBatchesController {
  constructor(private readonly batches: InstanceBatches) {}

  @Post('advance')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Fire a transition of many instances by filter',
    description:
      'Takes up 200 at the most a call, each call in one transaction. Call again with the `nextCursor` while there is one. `dryRun` says how many the filter finds, how many of those that it looks at would be advanced, and why the others would not.',
  })
  @ApiBody({ type: AdvanceInstancesDto })
  @ApiOkResponse({ type: BulkAdvanceDto })
  @ApiErrors(400, 413, 415, 422)
  advance(
    @Body(checked(AdvanceInstancesDto)) body: Checked<AdvanceInstancesDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<BulkAdvanceDto> {
    const { filter, ...command } = body;
    return this.batches.advance({ ...command, filter: toAdvancedFilter(filter) }, caller);
  }
}

@AdminController('machines', 'State machines')
export class InstanceCreationController {
  constructor(private readonly creation: InstanceCreation) {}

  @Post(':id/instances')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Take records that are there already into a state machine',
    description:
      'Takes up 500 at the most a call; call again with the `nextCursor` while there is one. Each record begins in the initial state, and no transition is asked; those that have an instance are left alone. `dryRun` says how many would begin.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiBody({ type: CreateInstancesDto, required: false })
  @ApiOkResponse({ type: CreatedInstancesDto })
  @ApiErrors(400, 404, 409, 415, 422)
  create(
    @Param('id', ownId) id: string,
    @Body(checked(CreateInstancesDto)) body: Checked<CreateInstancesDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<CreatedInstancesDto> {
    return this.creation.create(id, body, caller);
  }
}
