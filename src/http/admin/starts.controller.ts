import { Body, Get, HttpCode, Param, Post } from '@nestjs/common';
import { BatchStartService } from '../../admin/batch-start-service.js';
import { ReplayService } from '../../admin/replay-service.js';
import { StartService } from '../../admin/start-service.js';
import type { Problem } from '../../core/errors.js';
import { invalidRequest } from '../../core/json-shape.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ownId } from '../fields.js';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { StartBatchDto, StartResultDto, StartWorkflowDto } from './starts.dto.js';

const ID = { name: 'id', format: 'uuid' };

@AdminController('workflows', 'Workflows')
export class StartsController {
  constructor(
    private readonly starts: StartService,
    private readonly batches: BatchStartService,
    private readonly replays: ReplayService,
  ) {}

  @Post(':id/runs')
  @HttpCode(202)
  @RequirePermission('operate')
  @ApiOperation({
    summary: 'Start runs by hand',
    description:
      'On a record, on each of many (`records`, with `dryRun` as a preview), on what happened earlier (`eventId`), or about nothing; whatever the trigger listens to. Conditions, re-entry and Pause hold. `GET events/{eventId}` tells what came of it: the run, or why there is none; `GET start-batches/{id}` of many.',
  })
  @ApiParam(ID)
  @ApiBody({ type: StartWorkflowDto, required: false })
  @ApiAcceptedResponse({ type: StartResultDto })
  @ApiErrors(400, 404, 409, 413, 415, 422)
  async start(
    @Param('id', ownId) id: string,
    @Body(checked(StartWorkflowDto)) body: Checked<StartWorkflowDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<StartResultDto> {
    assertOneKind(body);
    const { eventId, records, dryRun, ...start } = body;
    if (eventId !== undefined) return this.replays.runNow(eventId, id, start, caller);
    if (records === undefined) return this.starts.start(id, start, caller);
    return { eventId: null, ...(await this.batches.start(id, { ...start, records, dryRun }, caller)) };
  }
}

@AdminController('start-batches', 'Workflows')
export class StartBatchesController {
  constructor(private readonly batches: BatchStartService) {}

  @Get(':id')
  @RequirePermission('view')
  @ApiOperation({ summary: 'How far a start on many records is: what came of how many, and why' })
  @ApiParam(ID)
  @ApiOkResponse({ type: StartBatchDto })
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<StartBatchDto> {
    return this.batches.get(id, caller);
  }
}

/** What does not go together is refused, not passed over. */
function assertOneKind(body: Checked<StartWorkflowDto>): void {
  const given = (['record', 'records', 'eventId'] as const).filter((name) => body[name] !== undefined);
  const problems: Problem[] = given.slice(1).map((path) => ({ path, message: `${path} does not go with ${given[0]}` }));
  const beside = (path: 'key' | 'input' | 'dryRun', isWrong: boolean, what: string): void => {
    if (body[path] !== undefined && isWrong) problems.push({ path, message: `${path} ${what}` });
  };
  beside('key', body.eventId !== undefined, 'does not go with eventId');
  beside('key', body.dryRun === true, 'does not go with dryRun: a preview takes no key');
  beside('input', body.eventId !== undefined, 'does not go with eventId: the event has its own');
  beside('dryRun', body.records === undefined, 'goes with records only');
  if (problems.length > 0) throw invalidRequest(problems);
}
