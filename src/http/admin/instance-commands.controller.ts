import { Body, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { InstanceAdvance } from '../../admin/instance-advance.js';
import { InstanceReset } from '../../admin/instance-reset.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import {
  AdvancedInstanceDto,
  AdvanceInstanceDto,
  DeleteInstanceDto,
  OfferedTransitionsDto,
  ResetInstanceDto,
} from './instance-commands.dto.js';
import { InstanceDto } from './instances.dto.js';

const ID = { name: 'id', format: 'uuid' };

@AdminController('instances', 'State machines')
export class InstanceCommandsController {
  constructor(
    private readonly advances: InstanceAdvance,
    private readonly resets: InstanceReset,
  ) {}

  @Get(':id/transitions')
  @RequirePermission('view')
  @ApiOperation({ summary: 'Which transitions the caller may fire now, which not, and why' })
  @ApiParam(ID)
  @ApiOkResponse({ type: OfferedTransitionsDto })
  @ApiErrors(404)
  async transitions(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<OfferedTransitionsDto> {
    return { items: await this.advances.offered(id, caller) };
  }

  @Post(':id/advance')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Fire a transition by hand',
    description:
      'Committed before it is answered: without steps the instance has moved, with steps their run waits for a worker, and the instance moves when it succeeds. Of two people at once one fires it; the other is answered 409 with what has become of the instance.',
  })
  @ApiParam(ID)
  @ApiBody({ type: AdvanceInstanceDto })
  @ApiOkResponse({ type: AdvancedInstanceDto })
  @ApiErrors(400, 402, 404, 409, 413, 415, 422)
  advance(
    @Param('id', ownId) id: string,
    @Body(checked(AdvanceInstanceDto)) body: Checked<AdvanceInstanceDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<AdvancedInstanceDto> {
    return this.advances.advance(id, body, caller);
  }

  @Post(':id/reset')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Put an instance into a state',
    description: 'A run of its transition is cancelled. No steps are run and no workflow hears of it; timeouts count from now.',
  })
  @ApiParam(ID)
  @ApiBody({ type: ResetInstanceDto })
  @ApiOkResponse({ type: InstanceDto })
  @ApiErrors(400, 404, 409, 415, 422)
  reset(
    @Param('id', ownId) id: string,
    @Body(checked(ResetInstanceDto)) body: Checked<ResetInstanceDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<InstanceDto> {
    return this.resets.reset(id, body, caller);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Delete an instance with its history',
    description:
      'A run of its transition is cancelled. What happens to the record next may make another one. A history of very many transitions may take more than one call: 503 `deletion_unfinished` says that a part of it is gone, and the next call goes on.',
  })
  @ApiParam(ID)
  @ApiBody({ type: DeleteInstanceDto, required: false })
  @ApiNoContentResponse()
  @ApiErrors(400, 404, 409, 415)
  delete(
    @Param('id', ownId) id: string,
    @Body(checked(DeleteInstanceDto)) body: Checked<DeleteInstanceDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    return this.resets.delete(id, body.reason ?? null, caller);
  }
}
