import { Body, HttpCode, Param, Post } from '@nestjs/common';
import { WorkflowTests } from '../../admin/workflow-test.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { toSubject } from './preview-subject.dto.js';
import { toCompared } from './workflow-diff.dto.js';
import { TestWorkflowDto, WorkflowTestDto } from './workflow-test.dto.js';

@AdminController('workflows', 'Previews')
export class WorkflowTestController {
  constructor(private readonly tests: WorkflowTests) {}

  @Post(':id/test')
  @HttpCode(200)
  @RequirePermission('view')
  @ApiOperation({
    summary: 'Try a workflow on an event, a record or a sample, without anything of it happening',
    description:
      'Trigger and conditions explained, every step as a run would perform it: what it would change, create or send. Nothing is sent and nothing is written.',
  })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiBody({ type: TestWorkflowDto })
  @ApiOkResponse({ type: WorkflowTestDto })
  @ApiErrors(400, 404, 409, 413, 415, 422)
  test(
    @Param('id', ownId) id: string,
    @Body(checked(TestWorkflowDto)) { version = 'draft', subject, samples }: Checked<TestWorkflowDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowTestDto> {
    return this.tests.test(id, { version: toCompared(version), subject: toSubject(subject), samples }, caller);
  }
}
