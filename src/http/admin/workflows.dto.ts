import { IsIn, IsObject, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { WORKFLOW_CODE, WORKFLOW_CODE_RULE } from '../../core/definition/workflow-file.js';
import type { JsonObject } from '../../core/json.js';
import { WORKFLOW_SORT_FIELDS, type WorkflowListQuery, type WorkflowSortField } from '../../store/workflow-list-store.js';
import type { WorkflowStatus } from '../../store/workflow-store.js';
import { AsSent, CommaList, commaList, IfGiven, OptionalText, QueryInteger, type QueryParameters, WholeNumber } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { WorkflowDefinitionDto } from './definition.dto.js';

const WORKFLOW_STATUSES: WorkflowStatus[] = ['draft', 'active', 'paused', 'archived'];
const SORTS = WORKFLOW_SORT_FIELDS.flatMap((field) => [field, `-${field}`]);

/** A new workflow. */
export class CreateWorkflowDto {
  @ApiPropertyOptional({
    pattern: WORKFLOW_CODE.source,
    example: 'welcome-web-leads',
    description: 'Unique in the workspace; made from the name when left out.',
  })
  @IfGiven()
  @IsString()
  @Matches(WORKFLOW_CODE, { message: WORKFLOW_CODE_RULE })
  code?: string;

  @ApiProperty({ minLength: 1, maxLength: 200, example: 'Welcome web leads' })
  @IsString()
  @Length(1, 200)
  @Matches(/\S/, { message: 'name must not be blank' })
  name!: string;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 2000, example: 'Mail and a call for every lead from the web form.' })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
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

  @ApiPropertyOptional({ pattern: WORKFLOW_CODE.source, example: 'welcome-web-leads' })
  @IfGiven()
  @IsString()
  @Matches(WORKFLOW_CODE, { message: WORKFLOW_CODE_RULE })
  code?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 200, example: 'Welcome web leads' })
  @IfGiven()
  @IsString()
  @Length(1, 200)
  @Matches(/\S/, { message: 'name must not be blank' })
  name?: string;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 2000, example: 'Mail and a call for every lead from the web form.' })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
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
