import { Get, Param, Query } from '@nestjs/common';
import type { WorkflowVersionDetail } from '../../admin/definition-versions.js';
import { MachineVersions } from '../../admin/machine-versions.js';
import type { JsonObject } from '../../core/json.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProperty } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { MachineDefinitionDto } from './machine-definition.dto.js';
import { DIFF_PARAMETERS, DiffQuery, toCompared, WorkflowDiffDto } from './workflow-diff.dto.js';
import {
  LIST_VERSIONS_PARAMETERS,
  ListVersionsQuery,
  versionNumber,
  WorkflowVersionDto,
  WorkflowVersionPageDto,
} from './workflow-versions.dto.js';

const ID = { name: 'id', format: 'uuid' };

/** A published version of a machine with its definition. */
class MachineVersionDetailDto extends WorkflowVersionDto implements WorkflowVersionDetail {
  @ApiProperty({ type: MachineDefinitionDto, description: 'Its secrets are masked.' })
  definition!: JsonObject;
}

@AdminController('machines', 'State machines')
export class MachineVersionsController {
  constructor(private readonly versions: MachineVersions) {}

  @Get(':id/versions')
  @RequirePermission('view')
  @ApiOperation({ summary: 'The published versions of a state machine, newest first' })
  @ApiParam(ID)
  @DescribeQuery(LIST_VERSIONS_PARAMETERS)
  @ApiOkResponse({ type: WorkflowVersionPageDto })
  @ApiErrors(400, 404)
  list(
    @Param('id', ownId) id: string,
    @Query(checked(ListVersionsQuery)) query: Checked<ListVersionsQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowVersionPageDto> {
    return this.versions.list(id, { before: query.cursor, limit: query.limit ?? 50 }, caller);
  }

  @Get(':id/versions/:version')
  @RequirePermission('view')
  @ApiOperation({ summary: 'A published version with its definition', description: 'Also one that only instances are on.' })
  @ApiParam(ID)
  @ApiParam({ name: 'version', schema: { type: 'integer', minimum: 1 }, example: 2 })
  @ApiOkResponse({ type: MachineVersionDetailDto })
  @ApiErrors(404)
  get(
    @Param('id', ownId) id: string,
    @Param('version') version: string,
    @CurrentCaller() caller: Caller,
  ): Promise<MachineVersionDetailDto> {
    return this.versions.get(id, versionNumber(version), caller);
  }

  @Get(':id/diff')
  @RequirePermission('view')
  @ApiOperation({
    summary: 'Compare two versions, or one with the draft',
    description: 'States and transitions by their codes, steps by their ids. Without parameters: what publishing the draft would change.',
  })
  @ApiParam(ID)
  @DescribeQuery(DIFF_PARAMETERS)
  @ApiOkResponse({ type: WorkflowDiffDto })
  @ApiErrors(400, 404, 409)
  diff(
    @Param('id', ownId) id: string,
    @Query(checked(DiffQuery)) { from = 'published', to = 'draft' }: Checked<DiffQuery>,
    @CurrentCaller() caller: Caller,
  ): Promise<WorkflowDiffDto> {
    return this.versions.diff(id, toCompared(from), toCompared(to), caller);
  }
}
