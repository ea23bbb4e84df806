import { Get, Query } from '@nestjs/common';
import { AuditService } from '../../admin/audit-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery } from '../fields.js';
import { ApiOkResponse, ApiOperation } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { AuditPageDto, LIST_AUDIT_PARAMETERS, ListAuditQuery, toAuditFilter } from './audit.dto.js';
import { ApiErrors } from './error.dto.js';

@AdminController('audit', 'Audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({
    summary: 'Who changed what, newest first',
    description: 'Every change of a workflow or queue, every start, retry and cancel by a person, and what people did with tasks.',
  })
  @DescribeQuery(LIST_AUDIT_PARAMETERS)
  @ApiOkResponse({ type: AuditPageDto })
  @ApiErrors(400)
  list(@Query(checked(ListAuditQuery)) query: Checked<ListAuditQuery>, @CurrentCaller() caller: Caller): Promise<AuditPageDto> {
    return this.audit.list(toAuditFilter(query), { before: query.cursor, limit: query.limit ?? 50 }, caller);
  }
}
