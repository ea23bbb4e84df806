import { Body, Get, HttpCode, Logger, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { RetryPreviews } from '../../admin/retry-preview.js';
import { RunService } from '../../admin/run-service.js';
import { type Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ConditionalGet } from '../conditional-get.js';
import { errorBody } from '../error-body.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiOperation, ApiParam, getSchemaPath } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors, ApiNotModified } from './error.dto.js';
import { RetryOrPreviewDto, RetryPreviewDto } from './retry-preview.dto.js';
import { ListRunsQuery, toRunFilter } from './run-filter.dto.js';
import { RunDetailDto, RunPageDto } from './run-responses.dto.js';
import { CancelRunDto, LIST_RUNS_PARAMETERS, toPaging } from './runs.dto.js';

const ID = { name: 'id', format: 'uuid' };

@AdminController('runs', 'Runs')
export class RunsController {
  private readonly logger = new Logger('AutomationApi');

  constructor(
    private readonly runs: RunService,
    private readonly previews: RetryPreviews,
  ) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'List runs, newest first' })
  @DescribeQuery(LIST_RUNS_PARAMETERS)
  @ApiOkResponse({ type: RunPageDto })
  @ApiErrors(400)
  list(@Query(checked(ListRunsQuery)) query: Checked<ListRunsQuery>, @CurrentCaller() caller: Caller): Promise<RunPageDto> {
    return this.runs.list(toRunFilter(query), toPaging(query), caller);
  }

  @Get(':id')
  @RequirePermission('view')
  @UseInterceptors(ConditionalGet)
  @ApiOperation({ summary: 'A run with its steps, the event that started it, the explanation, the error and its retries' })
  @ApiParam(ID)
  @ApiOkResponse({ type: RunDetailDto })
  @ApiNotModified()
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<RunDetailDto> {
    return this.runs.get(id, caller);
  }

  @Post(':id/retry')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Retry a run',
    description:
      'Answers the run that goes on: the same one, or the new one. Of two people at once one succeeds. `dryRun` only says what would be done again, what is kept, and what may happen twice.',
  })
  @ApiParam(ID)
  @ApiBody({ type: RetryOrPreviewDto })
  @ApiExtraModels(RunDetailDto, RetryPreviewDto)
  @ApiOkResponse({ schema: { oneOf: [{ $ref: getSchemaPath(RunDetailDto) }, { $ref: getSchemaPath(RetryPreviewDto) }] } })
  @ApiErrors(400, 402, 404, 409, 415)
  async retry(
    @Param('id', ownId) id: string,
    @Body(checked(RetryOrPreviewDto)) { dryRun = false, ...command }: Checked<RetryOrPreviewDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<RunDetailDto | RetryPreviewDto> {
    if (!dryRun) return this.runs.retry(id, command, caller);
    const { refused, ...preview } = await this.previews.preview(id, command, caller);
    return { ...preview, refused: refused && errorBody(refused, this.logger) };
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @RequirePermission('operate')
  @ApiOperation({ summary: 'End a run that is not over' })
  @ApiParam(ID)
  @ApiBody({ type: CancelRunDto, required: false })
  @ApiOkResponse({ type: RunDetailDto })
  @ApiErrors(400, 404, 409, 415)
  cancel(
    @Param('id', ownId) id: string,
    @Body(checked(CancelRunDto)) body: Checked<CancelRunDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<RunDetailDto> {
    return this.runs.cancel(id, body.reason ?? null, caller);
  }
}
