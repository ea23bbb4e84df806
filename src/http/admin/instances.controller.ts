import { Get, Param, Query } from '@nestjs/common';
import { InstanceService } from '../../admin/instance-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import {
  INSTANCE_HISTORY_PARAMETERS,
  InstanceDto,
  InstanceHistoryDto,
  InstanceHistoryQuery,
  InstancePageDto,
  LIST_INSTANCES_PARAMETERS,
  ListInstancesQuery,
  toInstanceFilter,
} from './instances.dto.js';

const ID = { name: 'id', format: 'uuid' };

@AdminController('instances', 'State machines')
export class InstancesController {
  constructor(private readonly instances: InstanceService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'List instances of state machines, those that have entered their states last first' })
  @DescribeQuery(LIST_INSTANCES_PARAMETERS)
  @ApiOkResponse({ type: InstancePageDto })
  @ApiErrors(400)
  list(
    @Query(checked(ListInstancesQuery)) { cursor, limit = 50, ...filter }: Checked<ListInstancesQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<InstancePageDto> {
    return this.instances.list(toInstanceFilter(filter), { cursor, limit }, caller);
  }

  @Get(':id')
  @RequirePermission('view')
  @ApiOperation({ summary: 'An instance: where it is, since when, and how it has come there' })
  @ApiParam(ID)
  @ApiOkResponse({ type: InstanceDto })
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<InstanceDto> {
    return this.instances.get(id, caller);
  }

  @Get(':id/history')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'What an instance has been through, the newest first',
    description: 'Also what was tried and did not fire, and why: conditions as they were evaluated.',
  })
  @ApiParam(ID)
  @DescribeQuery(INSTANCE_HISTORY_PARAMETERS)
  @ApiOkResponse({ type: InstanceHistoryDto })
  @ApiErrors(400, 404)
  history(
    @Param('id', ownId) id: string,
    @Query(checked(InstanceHistoryQuery)) { kind: kinds, cursor, limit = 50 }: Checked<InstanceHistoryQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<InstanceHistoryDto> {
    return this.instances.history(id, { kinds, cursor, limit }, caller);
  }
}
