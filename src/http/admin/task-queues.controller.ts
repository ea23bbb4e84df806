import { Body, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { TaskQueueService } from '../../admin/task-queue-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked, NOTHING } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { PutQueueDto, QueueDto, QueueListDto } from './task-queues.dto.js';

const NAME = { name: 'name', example: 'deal-desk' };

/** Queues: tasks that whoever of them takes. */
@AdminController('queues', 'Tasks')
export class TaskQueuesController {
  constructor(private readonly queues: TaskQueueService) {}

  @Get()
  @RequirePermission('tasks')
  @ApiOperation({ summary: 'The queues', description: 'With `view` or `manage` all of them, else those that the caller works in.' })
  @ApiOkResponse({ type: QueueListDto })
  @ApiErrors()
  async list(@CurrentCaller() caller: Caller): Promise<QueueListDto> {
    return { items: await this.queues.list(caller) };
  }

  @Get(':name')
  @RequirePermission('tasks')
  @ApiOperation({ summary: 'One queue' })
  @ApiParam(NAME)
  @ApiOkResponse({ type: QueueDto })
  @ApiErrors(404)
  get(@Param('name') name: string, @CurrentCaller() caller: Caller): Promise<QueueDto> {
    return this.queues.get(name, caller);
  }

  @Put(':name')
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Make a queue, or say who works in it' })
  @ApiParam(NAME)
  @ApiBody({ type: PutQueueDto })
  @ApiOkResponse({ type: QueueDto })
  @ApiErrors(400, 409, 415)
  put(
    @Param('name') name: string,
    @Body(checked(PutQueueDto)) body: Checked<PutQueueDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<QueueDto> {
    return this.queues.put(name, { ...body }, caller);
  }

  @Delete(':name')
  @HttpCode(204)
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Delete a queue in which nothing is to be done' })
  @ApiParam(NAME)
  @ApiNoContentResponse()
  @ApiErrors(400, 404, 409, 415)
  async delete(@Param('name') name: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<void> {
    await this.queues.delete(name, caller);
  }
}
