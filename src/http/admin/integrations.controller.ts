import { Body, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { IntegrationService } from '../../admin/integration-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked, NOTHING } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { IntegrationDto, IntegrationListDto, PutIntegrationDto } from './integrations.dto.js';

const CODE = { name: 'code', example: 'erp' };

/** What brings records and takes them away, and the state machine that follows it. */
@AdminController('integrations', 'Integrations')
export class IntegrationsController {
  constructor(private readonly integrations: IntegrationService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'The integrations of the workspace' })
  @ApiOkResponse({ type: IntegrationListDto })
  @ApiErrors()
  async list(@CurrentCaller() caller: Caller): Promise<IntegrationListDto> {
    return { items: await this.integrations.list(caller) };
  }

  @Get(':code')
  @RequirePermission('view')
  @ApiOperation({ summary: 'One integration' })
  @ApiParam(CODE)
  @ApiOkResponse({ type: IntegrationDto })
  @ApiErrors(404)
  get(@Param('code') code: string, @CurrentCaller() caller: Caller): Promise<IntegrationDto> {
    return this.integrations.get(code, caller);
  }

  @Put(':code')
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Make an integration, or change it',
    description:
      'The host says by `automation.integrations` what it does: events `imported` and `exported` of its records, `run_started` and `run_finished` of its runs, which state machines and workflows hear.',
  })
  @ApiParam(CODE)
  @ApiBody({ type: PutIntegrationDto })
  @ApiOkResponse({ type: IntegrationDto })
  @ApiErrors(400, 409, 415)
  put(
    @Param('code') code: string,
    @Body(checked(PutIntegrationDto)) body: Checked<PutIntegrationDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<IntegrationDto> {
    return this.integrations.put(code, { ...body }, caller);
  }

  @Delete(':code')
  @HttpCode(204)
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Delete an integration that no enabled machine is for' })
  @ApiParam(CODE)
  @ApiNoContentResponse()
  @ApiErrors(400, 404, 409, 415)
  async delete(@Param('code') code: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<void> {
    await this.integrations.delete(code, caller);
  }
}
