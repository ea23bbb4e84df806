import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { MachineMigrations } from '../../admin/machine-migration.js';
import { MachineService } from '../../admin/machine-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { MachineMigrationDto, MigrateMachineDto, PublishedMachineDetailDto } from './machine-migration.dto.js';
import { MachineDetailDto } from './machine-responses.dto.js';
import { DisableMachineDto, EnableMachineDto, PublishMachineDto } from './machines.dto.js';

const ID = { name: 'id', format: 'uuid' };

/** From one state of a machine to another. Every call may be repeated: what is so already stays so. */
@AdminController('machines', 'State machines')
export class MachineLifecycleController {
  constructor(
    private readonly machines: MachineService,
    private readonly migrations: MachineMigrations,
  ) {}

  @Post(':id/publish')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Make the draft, or an earlier version, the next version, and enable the machine',
    description: 'What is published as it stands makes no further version. Instances stay on their versions until they are migrated.',
  })
  @ApiParam(ID)
  @ApiBody({ type: PublishMachineDto, required: false })
  @ApiOkResponse({ type: PublishedMachineDetailDto })
  @ApiErrors(400, 402, 404, 409, 415, 422)
  async publish(
    @Param('id', ownId) id: string,
    @Body(checked(PublishMachineDto)) { migrate = false, ...body }: Checked<PublishMachineDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<PublishedMachineDetailDto> {
    const published = await this.machines.publish(id, caller, body);
    if (!migrate) return { ...published, migration: null };
    const migration = await this.migrations.migrate(id, {}, caller);
    return { ...(await this.machines.get(id, caller)), migration };
  }

  @Post(':id/enable')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({ summary: 'Make instances and ask transitions again, by the published version' })
  @ApiParam(ID)
  @ApiBody({ type: EnableMachineDto, required: false })
  @ApiOkResponse({ type: MachineDetailDto })
  @ApiErrors(400, 402, 404, 409, 415)
  enable(
    @Param('id', ownId) id: string,
    @Body(checked(EnableMachineDto)) body: Checked<EnableMachineDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<MachineDetailDto> {
    return this.machines.enable(id, caller, body.timeouts);
  }

  @Post(':id/disable')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Make no instance and ask no transition, at once and on every node',
    description: 'Transitions under way finish. Timeouts that come due meanwhile are for whoever enables it to decide about.',
  })
  @ApiParam(ID)
  @ApiBody({ type: DisableMachineDto, required: false })
  @ApiOkResponse({ type: MachineDetailDto })
  @ApiErrors(400, 404, 409, 415)
  disable(
    @Param('id', ownId) id: string,
    @Body(checked(DisableMachineDto)) body: Checked<DisableMachineDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<MachineDetailDto> {
    return this.machines.disable(id, caller, body.reason ?? null);
  }

  @Post(':id/migrate')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Take instances over to the published version',
    description:
      'Those whose state is there; the others are listed, and go on by their own version. Timeouts are those of the published version, from entering the state on. `dryRun` says what would become of them.',
  })
  @ApiParam(ID)
  @ApiBody({ type: MigrateMachineDto, required: false })
  @ApiOkResponse({ type: MachineMigrationDto })
  @ApiErrors(400, 404, 409, 415)
  migrate(
    @Param('id', ownId) id: string,
    @Body(checked(MigrateMachineDto)) { dryRun }: Checked<MigrateMachineDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<MachineMigrationDto> {
    return this.migrations.migrate(id, { dryRun }, caller);
  }
}
