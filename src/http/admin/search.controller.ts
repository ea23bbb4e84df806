import { Get, Query } from '@nestjs/common';
import { SearchService } from '../../admin/search-service.js';
import type { Caller } from '../../host/access.js';
import { CurrentCaller, RequirePermission } from '../access.guard.js';
import { DescribeQuery } from '../fields.js';
import { ApiOkResponse, ApiOperation } from '../openapi.js';
import { type Checked, checked } from '../request-pipe.js';
import { AdminController } from './admin-controller.js';
import { ApiErrors } from './error.dto.js';
import { SEARCH_PARAMETERS, SearchQuery, SearchResultDto } from './search.dto.js';

@AdminController('search', 'Search')
export class SearchController {
  constructor(private readonly searches: SearchService) {}

  @Get()
  @RequirePermission('view')
  @ApiOperation({
    summary: 'What is behind a text: a record by id, name or e-mail address, a run, an event, a workflow',
    description: 'Ids are looked up in what has happened; names and addresses by the CRM, where it can be searched.',
  })
  @DescribeQuery(SEARCH_PARAMETERS)
  @ApiOkResponse({ type: SearchResultDto })
  @ApiErrors(400)
  search(@Query(checked(SearchQuery)) { q, limit = 20 }: Checked<SearchQuery>, @CurrentCaller() caller: Caller): Promise<SearchResultDto> {
    return this.searches.search(q, limit, caller);
  }
}
