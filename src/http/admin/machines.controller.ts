import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { MachineService } from '../../admin/machine-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked, NOTHING } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { MachineDetailDto, MachineDiagramDto, MachinePageDto } from './machine-responses.dto.js';
import {
  CreateMachineDto,
  DIAGRAM_PARAMETERS,
  DiagramQuery,
  LIST_MACHINES_PARAMETERS,
  ListMachinesQuery,
  toMachineListQuery,
  UpdateMachineDto,
} from './machines.dto.js';

const ID = { name: 'id', format: 'uuid' };

@AdminController('machines', 'State machines')
export class MachinesController {
  constructor(private readonly machines: MachineService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'List state machines' })
  @DescribeQuery(LIST_MACHINES_PARAMETERS)
  @ApiOkResponse({ type: MachinePageDto })
  @ApiErrors(400)
  list(@Query(checked(ListMachinesQuery)) query: Checked<ListMachinesQuery>, @CurrentCaller() caller: Caller): Promise<MachinePageDto> {
    return this.machines.list(toMachineListQuery(query), caller);
  }

  @Post()
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Create a draft', description: 'A definition with problems is saved too; they are listed in the answer.' })
  @ApiBody({ type: CreateMachineDto })
  @ApiCreatedResponse({ type: MachineDetailDto })
  @ApiErrors(400, 402, 409, 413, 415)
  create(@Body(checked(CreateMachineDto)) body: Checked<CreateMachineDto>, @CurrentCaller() caller: Caller): Promise<MachineDetailDto> {
    return this.machines.create(body, caller);
  }

  @Get(':id')
  @RequirePermission('view')
  @ApiOperation({ summary: 'A state machine with its draft, problems, published version, and where its instances are' })
  @ApiParam(ID)
  @ApiOkResponse({ type: MachineDetailDto })
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<MachineDetailDto> {
    return this.machines.get(id, caller);
  }

  @Patch(':id')
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Edit the draft',
    description: 'What is published stays as it is. A revision that is not the current one answers 409.',
  })
  @ApiParam(ID)
  @ApiBody({ type: UpdateMachineDto })
  @ApiOkResponse({ type: MachineDetailDto })
  @ApiErrors(400, 402, 404, 409, 413, 415)
  update(
    @Param('id', ownId) id: string,
    @Body(checked(UpdateMachineDto)) body: Checked<UpdateMachineDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<MachineDetailDto> {
    return this.machines.update(id, body, caller);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Delete a state machine',
    description:
      'Refused while instances are in states that are not final: the answer says how many. All others go with it, in batches: what a request has no time for goes on after its answer, and nobody sees it any more. Runs of its transitions stay in the log.',
  })
  @ApiParam(ID)
  @ApiNoContentResponse()
  @ApiErrors(400, 404, 409, 415)
  delete(@Param('id', ownId) id: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<void> {
    return this.machines.delete(id, caller);
  }

  @Get(':id/diagram')
  @RequirePermission('view')
  @ApiOperation({ summary: 'A picture of it', description: 'As a state diagram of Mermaid, and as SVG.' })
  @ApiParam(ID)
  @DescribeQuery(DIAGRAM_PARAMETERS)
  @ApiOkResponse({ type: MachineDiagramDto })
  @ApiErrors(400, 404, 422)
  diagram(
    @Param('id', ownId) id: string,
    @Query(checked(DiagramQuery)) { version }: Checked<DiagramQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<MachineDiagramDto> {
    return this.machines.diagram(id, version, caller);
  }
}
