import type { CheckedWorkflow } from '../../admin/workflow-service.js';
import type { Actor } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import type { WorkflowItem } from '../../store/workflow-list-store.js';
import type { WorkflowStatus } from '../../store/workflow-store.js';
import { ApiProperty } from '../openapi.js';
import { EXAMPLE_DEFINITION, WorkflowDefinitionDto } from './definition.dto.js';
import { ProblemDto } from './error.dto.js';
import { WarningDto } from './warning.dto.js';

/** Who made something happen. */
export class ActorDto implements Actor {
  @ApiProperty({ enum: ['user', 'system', 'workflow'], example: 'user' })
  type!: Actor['type'];

  @ApiProperty({ type: String, nullable: true, example: 'u-7' })
  id!: string | null;

  @ApiProperty({ required: false, example: 'Ada' })
  name?: string;

  @ApiProperty({ required: false, type: [String] })
  roles?: string[];
}

/** What lists show of workflows and of state machines alike. */
export class DefinitionItemDto {
  @ApiProperty({ format: 'uuid', example: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' })
  id!: string;

  @ApiProperty({ type: String, nullable: true, example: null })
  description!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 2, description: 'The published version.' })
  version!: number | null;

  @ApiProperty({ example: false })
  hasUnpublishedChanges!: boolean;

  @ApiProperty({ type: 'integer', example: 0, description: 'Problems that keep the draft from being published.' })
  problemCount!: number;

  @ApiProperty({ type: ActorDto, nullable: true, example: { type: 'user', id: 'u-7', name: 'Ada' }, description: 'Who changed it last.' })
  updatedBy!: ActorDto | null;

  @ApiProperty({ type: 'integer', example: 3, description: 'To be sent back with an edit.' })
  revision!: number;

  @ApiProperty({ format: 'date-time', example: '2025-11-01T08:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: '2025-11-19T08:00:00.000Z' })
  updatedAt!: string;
}

/** How many there are beside one page. */
export class PageTotalDto {
  @ApiProperty({ type: 'integer', example: 1, description: 'Counted up to 10,000.' })
  total!: number;

  @ApiProperty({ example: true, description: 'False: there are more than `total`.' })
  totalIsExact!: boolean;
}

/** Who has published a version, when and why. */
export class PublicationDto {
  @ApiProperty({ type: 'integer', example: 2 })
  version!: number;

  @ApiProperty({ format: 'date-time', example: '2025-11-19T08:00:00.000Z' })
  publishedAt!: string;

  @ApiProperty({ type: ActorDto })
  publishedBy!: ActorDto;

  @ApiProperty({ type: String, nullable: true, example: 'Calls come a day earlier.', description: 'Why, in their own words.' })
  note!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: null, description: 'The earlier version that it is again.' })
  restoredFrom!: number | null;
}

/** A workflow as lists show it. */
export class WorkflowItemDto extends DefinitionItemDto implements WorkflowItem {
  @ApiProperty({ example: 'welcome-web-leads' })
  code!: string;

  @ApiProperty({ example: 'Welcome web leads' })
  name!: string;

  @ApiProperty({ enum: ['draft', 'active', 'paused', 'archived'], example: 'active' })
  status!: WorkflowStatus;

  @ApiProperty({ type: String, nullable: true, example: 'leads' })
  module!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: EXAMPLE_DEFINITION.trigger })
  trigger!: JsonObject | null;

  @ApiProperty({ type: 'integer', example: 128, description: 'Runs started; skipped ones are not in it.' })
  runCount!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2025-11-20T08:00:00.000Z' })
  lastRunAt!: string | null;

  @ApiProperty({ type: 'integer', example: 120, description: 'Runs that succeeded in the last 7 days.' })
  succeeded7d!: number;

  @ApiProperty({ type: 'integer', example: 5, description: 'Runs that failed in the last 7 days.' })
  failed7d!: number;

  @ApiProperty({ type: ActorDto, nullable: true, example: null, description: 'Who paused it; null unless it is paused.' })
  pausedBy!: ActorDto | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why, in their own words.' })
  pausedReason!: string | null;
}

/** One page of workflows. */
export class WorkflowPageDto extends PageTotalDto {
  @ApiProperty({ type: [WorkflowItemDto] })
  items!: WorkflowItemDto[];
}

class PublishedDto extends PublicationDto {
  @ApiProperty({ type: WorkflowDefinitionDto })
  definition!: JsonObject;
}

class CountsDto {
  @ApiProperty({ type: 'integer', example: 128 })
  started!: number;

  @ApiProperty({ type: 'integer', example: 120 })
  succeeded!: number;

  @ApiProperty({ type: 'integer', example: 5 })
  failed!: number;

  @ApiProperty({ type: 'integer', example: 310 })
  skipped!: number;

  @ApiProperty({ type: 'integer', example: 3 })
  cancelled!: number;
}

/** Everything about one workflow. */
export class WorkflowDetailDto extends WorkflowItemDto implements CheckedWorkflow {
  @ApiProperty({ type: WorkflowDefinitionDto, description: 'The draft, as last saved.' })
  definition!: JsonObject;

  @ApiProperty({ type: [ProblemDto], example: [] })
  problems!: ProblemDto[];

  @ApiProperty({ type: [WarningDto], description: 'What deserves a look and keeps nobody from publishing; none while there are problems.' })
  warnings!: WarningDto[];

  @ApiProperty({ type: PublishedDto, nullable: true })
  published!: PublishedDto | null;

  @ApiProperty({ type: CountsDto })
  counts!: CountsDto;
}
