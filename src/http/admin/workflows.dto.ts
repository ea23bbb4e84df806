import { IsIn, IsObject } from 'class-validator';
import type { JsonObject } from '../../core/json.js';
import { WORKFLOW_SORT_FIELDS, type WorkflowListQuery, type WorkflowSortField } from '../../store/workflow-list-store.js';
import type { WorkflowStatus } from '../../store/workflow-store.js';
import { AsSent, CommaList, commaList, IfGiven, OptionalText, QueryInteger, type QueryParameters, WholeNumber } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { WorkflowDefinitionDto } from './definition.dto.js';
import { OptionalCode, OptionalDescription, OptionalName, RequiredName } from './definition-fields.js';

const WORKFLOW_STATUSES: WorkflowStatus[] = ['draft', 'active', 'paused', 'archived'];
const SORTS = WORKFLOW_SORT_FIELDS.flatMap((field) => [field, `-${field}`]);

/** A new workflow. */
export class CreateWorkflowDto {
  @OptionalCode({
    example: 'welcome-web-leads',
    description: 'Unique in the workspace; made from the name when left out.',
  })
  code?: string;

  @RequiredName({ example: 'Welcome web leads' })
  name!: string;

  @OptionalDescription({ example: 'Mail and a call for every lead from the web form.' })
  description?: string | null;

  @ApiProperty({ type: WorkflowDefinitionDto, description: 'Saved with its problems, if it has any.' })
  @IsObject()
  @AsSent()
  definition!: JsonObject;
}

/** An edit: what is left out stays as it is. */
export class UpdateWorkflowDto {
  @ApiProperty({ type: 'integer', minimum: 1, example: 3, description: 'The revision that the edit is based on; another one answers 409.' })
  @WholeNumber(1, 2_147_483_647, 'send the one that your edit is based on, as `GET workflows/{id}` tells it')
  revision!: number;

  @OptionalCode({ example: 'welcome-web-leads' })
  code?: string;

  @OptionalName({ example: 'Welcome web leads' })
  name?: string;

  @OptionalDescription({ example: 'Mail and a call for every lead from the web form.' })
  description?: string | null;

  @ApiPropertyOptional({ type: WorkflowDefinitionDto })
  @IfGiven()
  @IsObject()
  @AsSent()
  definition?: JsonObject;
}

/** Which workflows, in which order, which page. */
export class ListWorkflowsQuery {
  @CommaList(WORKFLOW_STATUSES.length)
  @IsIn(WORKFLOW_STATUSES, { each: true })
  status?: WorkflowStatus[];

  @OptionalText(100)
  module?: string;

  @OptionalText(100)
  event?: string;

  @OptionalText(200)
  search?: string;

  @OptionalText(200)
  writes?: string;

  @IfGiven()
  @IsIn(SORTS)
  sort?: string;

  @QueryInteger(1, 100_000)
  page?: number;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link ListWorkflowsQuery} for the OpenAPI document. */
export const LIST_WORKFLOWS_PARAMETERS: QueryParameters = {
  status: commaList({ type: 'string', enum: WORKFLOW_STATUSES }, 'active', 'Any of these, divided by commas.'),
  module: { type: String, example: 'leads' },
  event: { type: String, example: 'created', description: 'The event of the trigger.' },
  search: { type: String, example: 'welcome', description: 'Part of the name or code, whatever the case.' },
  writes: {
    type: String,
    example: 'leads.priority',
    description:
      "What it writes: a field, or anything in a module. Those that write fields which are only known when they run are among them; what a host's own actions write is not known.",
  },
  sort: { enum: SORTS, description: 'A field; `-` before it for descending. Default `name`.' },
  page: { schema: { type: 'integer', minimum: 1, maximum: 100_000, default: 1 } },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 } },
};

/** The query with its defaults. */
export function toWorkflowListQuery({ sort = 'name', page = 1, limit = 20, ...filter }: ListWorkflowsQuery): WorkflowListQuery {
  const descending = sort.startsWith('-');
  return { ...filter, page, limit, sort: { field: sort.replace(/^-/, '') as WorkflowSortField, descending } };
}
