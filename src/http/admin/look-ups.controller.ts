import { Get, Param, Query } from '@nestjs/common';
import { LookUpService } from '../../admin/look-up-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery } from '../fields.js';
import { ApiOkResponse, ApiOperation, ApiParam } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import {
  RECORDS_PARAMETERS,
  RecordChoiceDto,
  RecordDto,
  RecordsQuery,
  RoleListDto,
  USERS_PARAMETERS,
  UserChoiceDto,
  UsersQuery,
} from './look-ups.dto.js';

const USUAL_LIMIT = 20;
const OPTIONAL = 'Answers 404 `not_available` where the CRM has no such list.';

@AdminController('users', 'Look-ups')
export class UsersController {
  constructor(private readonly lookUps: LookUpService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: "The CRM's active users, to choose from", description: OPTIONAL })
  @DescribeQuery(USERS_PARAMETERS)
  @ApiOkResponse({ type: UserChoiceDto })
  @ApiErrors(400, 404)
  list(@Query(checked(UsersQuery)) query: Checked<UsersQuery>, @CurrentCaller() caller: Caller): Promise<UserChoiceDto> {
    return this.lookUps.users({ ...query, limit: query.limit ?? USUAL_LIMIT }, caller);
  }
}

@AdminController('roles', 'Look-ups')
export class RolesController {
  constructor(private readonly lookUps: LookUpService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: "The roles of the CRM's users", description: OPTIONAL })
  @ApiOkResponse({ type: RoleListDto })
  @ApiErrors(404)
  async list(@CurrentCaller() caller: Caller): Promise<RoleListDto> {
    return { items: await this.lookUps.roles(caller) };
  }
}

@AdminController('records', 'Look-ups')
export class RecordLookUpController {
  constructor(private readonly lookUps: LookUpService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({ summary: 'Records of a module, by id or by what people call them', description: OPTIONAL })
  @DescribeQuery(RECORDS_PARAMETERS)
  @ApiOkResponse({ type: RecordChoiceDto })
  @ApiErrors(400, 404)
  list(@Query(checked(RecordsQuery)) query: Checked<RecordsQuery>, @CurrentCaller() caller: Caller): Promise<RecordChoiceDto> {
    return this.lookUps.records({ ...query, limit: query.limit ?? USUAL_LIMIT }, caller);
  }

  @Get(':module/:recordId')
  @RequirePermission('view')
  @ApiOperation({ summary: 'A record as conditions and templates see it now' })
  @ApiParam({ name: 'module', example: 'leads' })
  @ApiParam({ name: 'recordId', example: '42' })
  @ApiOkResponse({ type: RecordDto })
  @ApiErrors(400, 404)
  get(@Param('module') module: string, @Param('recordId') id: string, @CurrentCaller() caller: Caller): Promise<RecordDto> {
    return this.lookUps.record({ module, id }, caller);
  }
}
