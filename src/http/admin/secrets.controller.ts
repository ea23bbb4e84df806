import { Body, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { SecretService } from '../../admin/secret-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked, NOTHING } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { PutSecretDto, SecretDto, SecretListDto } from './secrets.dto.js';

const NAME = { name: 'name', example: 'stripe' };

/** The secrets that steps send to other systems. */
@AdminController('secrets', 'Secrets')
export class SecretsController {
  constructor(private readonly secrets: SecretService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'The secrets of the workspace: their names and hosts, who changed them and when; never their values' })
  @ApiOkResponse({ type: SecretListDto })
  @ApiErrors()
  async list(@CurrentCaller() caller: Caller): Promise<SecretListDto> {
    return { items: await this.secrets.list(caller) };
  }

  @Get(':name')
  @RequirePermission('view')
  @ApiOperation({ summary: 'A secret without its value' })
  @ApiParam(NAME)
  @ApiOkResponse({ type: SecretDto })
  @ApiErrors(404)
  get(@Param('name') name: string, @CurrentCaller() caller: Caller): Promise<SecretDto> {
    return this.secrets.get(name, caller);
  }

  @Put(':name')
  @RequirePermission('manage')
  @ApiOperation({
    summary: 'Keep a secret, in the place of the one of its name',
    description:
      'Steps name it where they send headers, credentials and signatures: `{ "$secret": "stripe" }`. It goes to its hosts only, and runs use it from their next step on.',
  })
  @ApiParam(NAME)
  @ApiBody({ type: PutSecretDto })
  @ApiOkResponse({ type: SecretDto })
  @ApiErrors(400, 409, 413, 415)
  put(
    @Param('name') name: string,
    @Body(checked(PutSecretDto)) body: Checked<PutSecretDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<SecretDto> {
    return this.secrets.put(name, body, caller);
  }

  @Delete(':name')
  @HttpCode(204)
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Delete a secret that no published workflow uses', description: '`secret_in_use` names the workflows that do.' })
  @ApiParam(NAME)
  @ApiNoContentResponse()
  @ApiErrors(400, 404, 409, 415)
  delete(@Param('name') name: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<void> {
    return this.secrets.delete(name, caller);
  }
}
