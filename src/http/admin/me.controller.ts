import { Get } from '@nestjs/common';
import { MeService } from '../../admin/me-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ApiOkResponse, ApiOperation } from '../openapi.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { MeDto } from './me.dto.js';

@AdminController('me', 'Me')
export class MeController {
  constructor(private readonly me: MeService) {}

  @Get()
  @RequirePermission('none')
  @ApiOperation({
    summary: 'Who is calling, what they may do, and what the workspace has',
    description: 'Takes no permission, only a caller.',
  })
  @ApiOkResponse({ type: MeDto })
  @ApiErrors()
  get(@CurrentCaller() caller: Caller): Promise<MeDto> {
    return this.me.of(caller);
  }
}
