import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { Simulations } from '../../admin/simulation.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { SimulateWorkflowDto, SimulationDto } from './simulation.dto.js';
import { toCompared } from './workflow-diff.dto.js';

@AdminController('workflows', 'Previews')
export class SimulationController {
  constructor(private readonly simulations: Simulations) {}

  @Post(':id/simulate')
  @HttpCode(200)
  @RequirePermission('view')
  @ApiOperation({
    summary: 'What a workflow would have made of the events of the last days',
    description:
      'How many would match, with samples, compared with the published version. In parts: while `partial` is true, call again with `nextCursor` and add up. Nothing is started.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiBody({ type: SimulateWorkflowDto, required: false })
  @ApiOkResponse({ type: SimulationDto })
  @ApiErrors(400, 404, 409, 413, 415, 422)
  simulate(
    @Param('id', ownId) id: string,
    @Body(checked(SimulateWorkflowDto)) { version, days, cursor }: Checked<SimulateWorkflowDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<SimulationDto> {
    return this.simulations.simulate(id, { version: toCompared(version ?? 'draft'), days: days ?? 7, cursor: cursor ?? null }, caller);
  }
}
