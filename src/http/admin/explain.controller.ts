import { Get, Param, Query } from '@nestjs/common';
import { ExplainService } from '../../admin/explain-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { EXPLAIN_PARAMETERS, ExplainedEventDto, ExplainQuery } from './explain.dto.js';

@AdminController('events', 'Events')
export class ExplainController {
  constructor(private readonly explain: ExplainService) {}

  @Get(':id/explain')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'Why an event was worked on by a workflow, or was not: a ladder of questions',
    description: 'Also for workflows that were paused, unpublished or published only later, and for those that listen to something else.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @DescribeQuery(EXPLAIN_PARAMETERS)
  @ApiOkResponse({ type: ExplainedEventDto })
  @ApiErrors(400, 404)
  get(
    @Param('id', ownId) id: string,
    @Query(checked(ExplainQuery)) { workflowId }: Checked<ExplainQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<ExplainedEventDto> {
    return this.explain.explain(id, workflowId, caller);
  }
}
