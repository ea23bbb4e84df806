import type { PipeTransform } from '@nestjs/common';
import type { Recipe } from '../../admin/recipe-service.js';
import type { CopyCommand } from '../../admin/workflow-transfer.js';
import {
  LONGEST_DESCRIPTION,
  LONGEST_NAME,
  type ReadWorkflowFile,
  readWorkflowFile,
  WORKFLOW_CODE,
  WORKFLOW_FORMAT,
  WORKFLOW_FORMAT_VERSION,
  type WorkflowFile,
} from '../../core/definition/workflow-file.js';
import type { JsonObject } from '../../core/json.js';
import { invalidRequest } from '../../core/json-shape.js';
import { QueryInteger, type QueryParameters } from '../fields.js';
import { ApiProperty } from '../openapi.js';
import { EXAMPLE_DEFINITION, WorkflowDefinitionDto } from './definition.dto.js';
import { OptionalCode, OptionalName } from './definition-fields.js';
import { ProblemDto } from './error.dto.js';

/** What a copy is called. */
export class CopyWorkflowDto implements CopyCommand {
  @OptionalCode({
    example: 'welcome-partner-leads',
    description: 'Made from the name when left out.',
  })
  code?: string;

  @OptionalName({
    example: 'Welcome partner leads',
    description: '`Copy of …` when left out.',
  })
  name?: string;
}

/** What to export. */
export class ExportWorkflowQuery {
  @QueryInteger(1, 999_999_999)
  version?: number;
}

/** The parameters of {@link ExportWorkflowQuery} for the OpenAPI document. */
export const EXPORT_PARAMETERS: QueryParameters = {
  version: { schema: { type: 'integer', minimum: 1, example: 1 }, description: 'A published version; the draft when left out.' },
};

/** A workflow as a file. */
export class WorkflowFileDto implements WorkflowFile {
  @ApiProperty({ type: String, enum: [WORKFLOW_FORMAT], example: WORKFLOW_FORMAT })
  format!: typeof WORKFLOW_FORMAT;

  @ApiProperty({ type: 'integer', enum: [WORKFLOW_FORMAT_VERSION], example: WORKFLOW_FORMAT_VERSION })
  formatVersion!: typeof WORKFLOW_FORMAT_VERSION;

  @ApiProperty({ pattern: WORKFLOW_CODE.source, example: 'welcome-web-leads' })
  code!: string;

  @ApiProperty({ minLength: 1, maxLength: LONGEST_NAME, example: 'Welcome web leads' })
  name!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    maxLength: LONGEST_DESCRIPTION,
    example: 'Mail and a call for every lead from the web form.',
  })
  description!: string | null;

  @ApiProperty({ type: WorkflowDefinitionDto, description: 'Its secrets are masked; other workflows are named by their codes.' })
  definition!: JsonObject;
}

/** Reads a body as a file of a workflow; `invalid_request` with what is wrong with it. */
export const WORKFLOW_FILE: PipeTransform<unknown, ReadWorkflowFile> = {
  transform(value) {
    const outcome = readWorkflowFile(value ?? {});
    if (!outcome.ok) throw invalidRequest(outcome.problems);
    return outcome.file;
  },
};

/** A workflow to start from. */
class RecipeDto implements Recipe {
  @ApiProperty({ example: 'welcome-web-leads' })
  code!: string;

  @ApiProperty({ example: 'Welcome web leads' })
  name!: string;

  @ApiProperty({ example: 'A lead from the web form gets an owner in turn, a welcome mail, and its owner a task to call.' })
  description!: string;

  @ApiProperty({ type: String, nullable: true, example: 'leads' })
  module!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: EXAMPLE_DEFINITION.trigger })
  trigger!: JsonObject | null;

  @ApiProperty({ type: WorkflowDefinitionDto })
  definition!: JsonObject;

  @ApiProperty({ type: [ProblemDto], example: [], description: 'What keeps it from being published in this CRM as it stands.' })
  problems!: ProblemDto[];
}

/** The gallery. */
export class RecipeListDto {
  @ApiProperty({ type: [RecipeDto] })
  items!: RecipeDto[];
}
