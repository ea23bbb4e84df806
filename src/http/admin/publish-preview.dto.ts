import type { ComparedDraft, InFlight, PastMatches, PublishPreview } from '../../admin/publish-preview.js';
import type { PublishWarning, WarnedWorkflow } from '../../core/definition/publish-warnings.js';
import { QueryInteger, type QueryParameters } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { ProblemDto } from './error.dto.js';
import { SimulatedEventDto } from './simulation.dto.js';
import { WorkflowDiffDto } from './workflow-diff.dto.js';

/** What is to be published. */
export class PublishPreviewQuery {
  @QueryInteger(1, 999_999_999)
  fromVersion?: number;
}

/** The parameters of {@link PublishPreviewQuery} for the OpenAPI document. */
export const PUBLISH_PREVIEW_PARAMETERS: QueryParameters = {
  fromVersion: {
    schema: { type: 'integer', minimum: 1, example: 3 },
    description: 'An earlier version that is to be published again. Default: the draft.',
  },
};

class WarnedWorkflowDto implements WarnedWorkflow {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'Escalate urgent leads' })
  name!: string;

  @ApiProperty({ example: 'raise', description: 'The id of its step.' })
  step!: string;

  @ApiProperty({ type: String, nullable: true, example: 'leads.priority', description: 'The field that it writes.' })
  field!: string | null;
}

class PublishWarningDto implements PublishWarning {
  @ApiProperty({ example: 'steps[0]' })
  path!: string;

  @ApiProperty({
    example: 'field_shared',
    description:
      '`loop`, `deadlock`, `unreachable`, `field_shared`, `stage_not_listed`, `user_not_found`, `context_not_written`, `crm_no_answer`.',
  })
  code!: PublishWarning['code'];

  @ApiProperty({
    example: 'leads.priority is written by "Escalate urgent leads", too: where both run on a record, the one that comes last wins.',
  })
  message!: string;

  @ApiPropertyOptional({ example: 'See that no record meets the conditions of both, or leave the field to one of them.' })
  hint?: string;

  @ApiProperty({
    type: [WarnedWorkflowDto],
    description: 'Of a loop: all that are on the way, in order. Of a field: the others that write it.',
  })
  workflows!: WarnedWorkflowDto[];
}

class InFlightDto implements InFlight {
  @ApiProperty({ type: 'integer', example: 4 })
  version!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  queued!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  running!: number;

  @ApiProperty({ type: 'integer', example: 3 })
  waiting!: number;
}

class PastMatchesDto implements PastMatches {
  @ApiProperty({ type: 'integer', example: 7 })
  days!: number;

  @ApiProperty({ type: 'integer', example: 1204, description: 'Events of the kinds that the two listen to.' })
  events!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 214,
    description: 'Those on which the published version would have started; null when nothing is published.',
  })
  published!: number | null;

  @ApiProperty({ type: 'integer', example: 187, description: 'Those on which what is to be published would have started.' })
  draft!: number;

  @ApiProperty({ type: [SimulatedEventDto], description: 'The newest on which only one of the two would have started, ten at the most.' })
  differing!: SimulatedEventDto[];

  @ApiProperty({ type: 'integer', example: 27, description: 'How many these are.' })
  differingTotal!: number;

  @ApiProperty({
    example: false,
    description: 'True: these are the newest events only, as many as could be asked in time. `simulate` goes on from there.',
  })
  partial!: boolean;
}

/** What is to be published beside what is. */
export class ComparedDraftDto implements ComparedDraft {
  @ApiProperty({ type: 'integer', example: 9, description: 'To be sent with the publication: a draft that has changed since is refused.' })
  revision!: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 4, description: 'The version that is published now.' })
  base!: number | null;

  @ApiProperty({ type: WorkflowDiffDto, nullable: true, description: 'What would change; null when nothing is published.' })
  diff!: WorkflowDiffDto | null;
}

/** What publishing would mean. */
export class PublishPreviewDto extends ComparedDraftDto implements PublishPreview {
  @ApiProperty({ type: [ProblemDto], description: 'What keeps it from being published.' })
  problems!: ProblemDto[];

  @ApiProperty({ type: [PublishWarningDto], description: 'What does not, and deserves a look; none while there are problems.' })
  warnings!: PublishWarningDto[];

  @ApiProperty({ type: [InFlightDto], description: 'Runs that stay on their versions. Counted up to 10,000.' })
  inFlight!: InFlightDto[];

  @ApiProperty({
    type: PastMatchesDto,
    nullable: true,
    description: 'What it would have made of the last days. Null while there are problems, and where no event of the CRM starts it.',
  })
  matches!: PastMatchesDto | null;
}
