import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { WhatIfService } from '../../admin/what-if.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { WhatIfChangeDto, WhatIfDto } from './what-if.dto.js';

@AdminController('records', 'Previews')
export class WhatIfController {
  constructor(private readonly service: WhatIfService) {}

  @Post(':module/:recordId/what-if')
  @HttpCode(200)
  @RequirePermission('view')
  @ApiOperation({
    summary: 'What would start if a record changed so',
    description: 'The events that the change amounts to, and what each active workflow would make of them, explained. Nothing is changed.',
  })
  @ApiParam({ name: 'module', example: 'leads' })
  @ApiParam({ name: 'recordId', example: '42' })
  @ApiBody({ type: WhatIfChangeDto })
  @ApiOkResponse({ type: WhatIfDto })
  @ApiErrors(400, 404, 413, 415, 422)
  ask(
    @Param('module') module: string,
    @Param('recordId') id: string,
    @Body(checked(WhatIfChangeDto)) { changes }: Checked<WhatIfChangeDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<WhatIfDto> {
    return this.service.ask({ module, id }, changes, caller);
  }
}
