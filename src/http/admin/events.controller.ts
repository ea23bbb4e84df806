import { Get, Param, Query } from '@nestjs/common';
import { RunService } from '../../admin/run-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery, ownId } from '../fields.js';
import { ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { EventDetailDto, EventPageDto } from './event-responses.dto.js';
import { LIST_EVENTS_PARAMETERS, ListEventsQuery, toEventFilter, toPaging } from './runs.dto.js';

@AdminController('events', 'Events')
export class EventsController {
  constructor(private readonly runs: RunService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'List events, newest first' })
  @DescribeQuery(LIST_EVENTS_PARAMETERS)
  @ApiOkResponse({ type: EventPageDto })
  @ApiErrors(400)
  list(@Query(checked(ListEventsQuery)) query: Checked<ListEventsQuery>, @CurrentCaller() caller: Caller): Promise<EventPageDto> {
    return this.runs.listEvents(toEventFilter(query), toPaging(query), caller);
  }

  @Get(':id')
  @RequirePermission('view')
  @ApiOperation({ summary: 'An event with every workflow that looked at it, and why it ran or did not' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiOkResponse({ type: EventDetailDto })
  @ApiErrors(404)
  get(@Param('id', ownId) id: string, @CurrentCaller() caller: Caller): Promise<EventDetailDto> {
    return this.runs.getEvent(id, caller);
  }
}
