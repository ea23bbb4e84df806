import { IsInt, Max, Min } from 'class-validator';
import type { SimulatedEvent } from '../../admin/simulated-starts.js';
import type { Simulation } from '../../admin/simulation.js';
import { Cursor, IfGiven } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { ID, NULLABLE_TEXT, TIME } from './log-schemas.js';
import { SideOfWorkflow } from './workflow-diff.dto.js';

const COUNT = { type: 'integer', example: 187 } as const;

/** Which past a workflow is held against. */
export class SimulateWorkflowDto {
  @SideOfWorkflow()
  version?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 90,
    default: 7,
    description: 'How many days back. Events are kept as long as the retention says.',
  })
  @IfGiven()
  @IsInt()
  @Min(1)
  @Max(90)
  days?: number;

  @ApiPropertyOptional({ format: 'uuid', description: 'The `nextCursor` of the part before; with the same version and days.' })
  @Cursor()
  cursor?: string;
}

/** An event of the past that one of two versions matches. */
export class SimulatedEventDto implements SimulatedEvent {
  @ApiProperty(ID)
  eventId!: string;

  @ApiProperty({ example: 'leads' })
  module!: string;

  @ApiProperty({ example: 'created' })
  event!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: '42' })
  recordId!: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'Ann Example' })
  title!: string | null;

  @ApiProperty(TIME)
  occurredAt!: string;

  @ApiProperty({ example: true })
  matches!: boolean;

  @ApiProperty({ type: Boolean, nullable: true, example: false, description: 'Null: nothing is published.' })
  publishedMatches!: boolean | null;

  @ApiProperty({ example: false, description: 'Whether it would have started: trigger, conditions, re-entry and loops let it.' })
  starts!: boolean;

  @ApiProperty({ type: Boolean, nullable: true, example: false })
  publishedStarts!: boolean | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'reentry', description: 'Why the version that is tried would not have started.' })
  reason!: SimulatedEvent['reason'];

  @ApiProperty({ ...NULLABLE_TEXT, example: 'the workflow runs once per record' })
  rule!: string | null;
}

/** What a version makes of a part of the past. */
export class SimulationDto implements Simulation {
  @ApiProperty({ type: 'integer', nullable: true, example: null, description: 'The number of the version; null is the draft.' })
  version!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 4, description: 'The published version that it is compared with.' })
  comparedWith!: number | null;

  @ApiProperty({ type: 'integer', example: 7 })
  days!: number;

  @ApiProperty({
    ...COUNT,
    example: 1204,
    description: 'Events of the kinds that the two listen to. Numbers of several parts are to be added up.',
  })
  events!: number;

  @ApiProperty({ ...COUNT, description: 'Those that trigger and conditions match.' })
  matched!: number;

  @ApiProperty({
    ...COUNT,
    example: 121,
    description: 'Those of them that re-entry and loops let through. Plans are not asked: what they would have refused is among them.',
  })
  starting!: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 214, description: '`matched` of the published version.' })
  published!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 140, description: '`starting` of the published version.' })
  publishedStarting!: number | null;

  @ApiProperty({ ...COUNT, example: 27, description: 'Events on which only one of the two would have started.' })
  differing!: number;

  @ApiProperty({ type: [SimulatedEventDto], description: 'The newest that match, ten at the most.' })
  samples!: SimulatedEventDto[];

  @ApiProperty({ type: [SimulatedEventDto], description: 'The newest on which the two differ, ten at the most.' })
  differences!: SimulatedEventDto[];

  @ApiProperty({
    example: false,
    description:
      'Conditions read related records or computed fields, which are as they are now; or re-entry asks whether a run is still active, which is told from the runs that there were; or for runs of another part of the period.',
  })
  isApproximate!: boolean;

  @ApiProperty({ example: false, description: 'True: there is more of the period; go on with `nextCursor`.' })
  partial!: boolean;

  @ApiProperty({ type: String, nullable: true, format: 'uuid', example: null })
  nextCursor!: string | null;

  @ApiProperty({ ...TIME, description: 'How far back this part has come.' })
  lookedBackTo!: string;
}
