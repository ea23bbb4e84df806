import type { VersionPage, WorkflowVersion, WorkflowVersionDetail } from '../../admin/definition-versions.js';
import type { JsonObject } from '../../core/json.js';
import { QueryInteger, type QueryParameters } from '../fields.js';
import { ApiProperty } from '../openapi.js';
import { WorkflowDefinitionDto } from './definition.dto.js';
import { PublicationDto } from './workflow-responses.dto.js';

/** The number in a path; 0, which no version has, for whatever is none. */
export function versionNumber(text: string): number {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
}

/** Which page of the versions. */
export class ListVersionsQuery {
  @QueryInteger(1, 999_999_999)
  cursor?: number;

  @QueryInteger(1, 100)
  limit?: number;
}

/** The parameters of {@link ListVersionsQuery} for the OpenAPI document. */
export const LIST_VERSIONS_PARAMETERS: QueryParameters = {
  cursor: { schema: { type: 'integer', minimum: 1, example: 3 }, description: 'The `nextCursor` of the page before.' },
  limit: { schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 } },
};

/** A published version as lists show it. */
export class WorkflowVersionDto extends PublicationDto implements WorkflowVersion {
  @ApiProperty({ example: true, description: 'True of the one that starts runs while the workflow is active.' })
  isPublished!: boolean;

  @ApiProperty({ type: 'integer', example: 3, description: 'Runs on it that are not over; they stay on it. Counted up to 10,000.' })
  unfinishedRuns!: number;
}

/** A published version with its definition. */
export class WorkflowVersionDetailDto extends WorkflowVersionDto implements WorkflowVersionDetail {
  @ApiProperty({ type: WorkflowDefinitionDto, description: 'Its secrets are masked.' })
  definition!: JsonObject;
}

/** One page of versions, newest first. */
export class WorkflowVersionPageDto implements VersionPage {
  @ApiProperty({ type: [WorkflowVersionDto] })
  items!: WorkflowVersionDto[];

  @ApiProperty({ type: 'integer', nullable: true, example: null, description: 'Null at the end.' })
  nextCursor!: number | null;
}
