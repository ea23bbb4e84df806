import { Body, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { TaskDecisions } from '../../admin/task-decisions.js';
import { TaskService } from '../../admin/task-service.js';
import { TaskWork } from '../../admin/task-work.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked, NOTHING } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { TaskAnsweredDto, TaskCountsDto, TaskDetailDto, TaskPageDto } from './task-responses.dto.js';
import {
  CommentTaskDto,
  CompleteTaskDto,
  LIST_TASKS_PARAMETERS,
  ListTasksQuery,
  ReassignTaskDto,
  TaskNoteDto,
  toTaskFilter,
} from './tasks.dto.js';

const ID = { name: 'id', format: 'uuid' };

/** What people have to do for runs. */
@AdminController('tasks', 'Tasks')
export class TasksController {
  constructor(
    private readonly tasks: TaskService,
    private readonly work: TaskWork,
    private readonly decisions: TaskDecisions,
  ) {}

  @Get()
  @RequirePermission('tasks')
  @ApiOperation({
    summary: 'What people are asked, by due date',
    description: 'With `view` or `manage` everybody’s, else what the caller is or was asked and what is in their queues.',
  })
  @DescribeQuery(LIST_TASKS_PARAMETERS)
  @ApiOkResponse({ type: TaskPageDto })
  @ApiErrors(400)
  list(@Query(checked(ListTasksQuery)) query: Checked<ListTasksQuery>, @CurrentCaller() caller: Caller): Promise<TaskPageDto> {
    const { sort, cursor, limit = 50 } = query;
    return this.tasks.list(toTaskFilter(query), { sort, cursor, limit }, caller);
  }

  @Get('counts')
  @RequirePermission('tasks')
  @ApiOperation({ summary: 'How many tasks there are to do' })
  @ApiOkResponse({ type: TaskCountsDto })
  @ApiErrors()
  counts(@CurrentCaller() caller: Caller): Promise<TaskCountsDto> {
    return this.tasks.counts(caller);
  }

  @Get(':id')
  @RequirePermission('tasks')
  @ApiOperation({ summary: 'One task: what is asked, of whom, and what happened to it' })
  @ApiParam(ID)
  @ApiOkResponse({ type: TaskDetailDto })
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<TaskDetailDto> {
    return this.tasks.get(id, caller);
  }

  @Post(':id/claim')
  @HttpCode(200)
  @RequirePermission('tasks')
  @ApiOperation({ summary: 'Take a task', description: 'Of two people at once one gets it, the other 409 `task_claimed`.' })
  @ApiParam(ID)
  @ApiOkResponse({ type: TaskDetailDto })
  @ApiErrors(400, 404, 409, 415)
  async claim(@Param('id', ownId) id: string, @Body(NOTHING) _body: undefined, @CurrentCaller() caller: Caller): Promise<TaskDetailDto> {
    await this.work.claim(id, caller);
    return this.tasks.get(id, caller);
  }

  @Post(':id/release')
  @HttpCode(200)
  @RequirePermission('tasks')
  @ApiOperation({ summary: 'Give a task back', description: 'To those who were asked, or to its queue.' })
  @ApiParam(ID)
  @ApiBody({ type: TaskNoteDto })
  @ApiOkResponse({ type: TaskDetailDto })
  @ApiErrors(400, 404, 409, 415)
  async release(
    @Param('id', ownId) id: string,
    @Body(checked(TaskNoteDto)) body: Checked<TaskNoteDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<TaskDetailDto> {
    await this.work.release(id, body.note ?? null, caller);
    return this.tasks.get(id, caller);
  }

  @Post(':id/reassign')
  @HttpCode(200)
  @RequirePermission('manage')
  @ApiOperation({ summary: 'Have somebody else do a task', description: 'A user or a queue; where several vote, one of them is replaced.' })
  @ApiParam(ID)
  @ApiBody({ type: ReassignTaskDto })
  @ApiOkResponse({ type: TaskDetailDto })
  @ApiErrors(400, 404, 409, 415)
  async reassign(
    @Param('id', ownId) id: string,
    @Body(checked(ReassignTaskDto)) body: Checked<ReassignTaskDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<TaskDetailDto> {
    await this.work.reassign(id, { ...body }, caller);
    return this.tasks.get(id, caller);
  }

  @Post(':id/complete')
  @HttpCode(200)
  @RequirePermission('tasks')
  @ApiOperation({
    summary: 'Answer what is asked',
    description:
      'Final: the first answer that ends the task counts, and later ones get 409 `task_finished` with it in `details`. Only who is asked, has taken it, or works in its queue may.',
  })
  @ApiParam(ID)
  @ApiBody({ type: CompleteTaskDto })
  @ApiOkResponse({ type: TaskAnsweredDto })
  @ApiErrors(400, 404, 409, 415, 422)
  complete(
    @Param('id', ownId) id: string,
    @Body(checked(CompleteTaskDto)) body: Checked<CompleteTaskDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<TaskAnsweredDto> {
    const { door = 'api', ...answer } = body;
    return this.decisions.complete(id, answer, door, caller);
  }

  @Post(':id/comments')
  @HttpCode(200)
  @RequirePermission('tasks')
  @ApiOperation({ summary: 'Say something about a task' })
  @ApiParam(ID)
  @ApiBody({ type: CommentTaskDto })
  @ApiOkResponse({ type: TaskDetailDto })
  @ApiErrors(400, 404, 415)
  async comment(
    @Param('id', ownId) id: string,
    @Body(checked(CommentTaskDto)) body: Checked<CommentTaskDto>,
    @CurrentCaller() caller: Caller,
  ): Promise<TaskDetailDto> {
    await this.work.comment(id, body.text, caller);
    return this.tasks.get(id, caller);
  }
}
