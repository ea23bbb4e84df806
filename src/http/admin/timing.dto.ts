import { IsString, Length } from 'class-validator';
import type { ShownMoment, WorkflowTiming } from '../../admin/timing-service.js';
import type { LoggedError } from '../../core/errors.js';
import type { ShownDates } from '../../store/date-builds.js';
import { ApiProperty } from '../openapi.js';

/** A schedule to look ahead with. */
export class PreviewScheduleDto {
  @ApiProperty({
    minLength: 1,
    maxLength: 200,
    example: '30 9 * * MON-FRI',
    description: 'Five fields, from the minute to the day of the week.',
  })
  @IsString()
  @Length(1, 200)
  cron!: string;

  @ApiProperty({ minLength: 1, maxLength: 100, example: 'Europe/Berlin' })
  @IsString()
  @Length(1, 100)
  timezone!: string;
}

class MomentDto implements ShownMoment {
  @ApiProperty({ format: 'date-time', example: '2027-01-04T08:30:00.000Z' })
  at!: string;

  @ApiProperty({ example: 'Monday, 4 January 2027, 09:30 (Europe/Berlin, UTC+01:00)' })
  words!: string;
}

/** What a schedule comes to. */
export class SchedulePreviewDto {
  @ApiProperty({ type: [MomentDto], description: 'The next five times.' })
  next!: MomentDto[];
}

class DateBuildDto implements NonNullable<ShownDates['build']> {
  @ApiProperty({
    enum: ['building', 'done', 'not_listed'],
    example: 'done',
    description: '`not_listed`: the CRM cannot list its records; only those that change from now on are seen.',
  })
  state!: NonNullable<ShownDates['build']>['state'];

  @ApiProperty({ type: 'integer', example: 1200, description: 'Existing records that were looked at so far.' })
  seen!: number;

  @ApiProperty({ type: 'integer', example: 800, description: 'Those of them that are going to be due.' })
  noted!: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: null,
    description: 'Why it does not go on, when it does not.',
  })
  problem!: LoggedError | null;

  @ApiProperty({ format: 'date-time', example: '2027-01-04T08:30:00.000Z' })
  startedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2027-01-04T08:30:02.000Z' })
  finishedAt!: string | null;
}

class DatesDto implements ShownDates {
  @ApiProperty({ type: 'integer', example: 800, description: 'Records that wait, counted up to 10,000.' })
  waiting!: number;

  @ApiProperty({ example: true, description: 'False: there are more than `waiting`.' })
  waitingIsExact!: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2027-01-05T08:00:00.000Z' })
  nextAt!: string | null;

  @ApiProperty({
    type: DateBuildDto,
    nullable: true,
    description: 'How far records that were there before it was published have been looked at.',
  })
  build!: DateBuildDto | null;
}

/** When a workflow starts by itself. */
export class WorkflowTimingDto implements WorkflowTiming {
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'schedule',
    description: 'The type of the published trigger; null before there is one.',
  })
  type!: WorkflowTiming['type'];

  @ApiProperty({
    enum: ['draft', 'active', 'paused', 'archived'],
    example: 'active',
    description: 'Only an active workflow starts: what is due of a paused one makes skipped runs.',
  })
  status!: WorkflowTiming['status'];

  @ApiProperty({ type: [MomentDto], description: 'Of an active schedule: the next five times; empty while it is paused.' })
  next!: MomentDto[];

  @ApiProperty({ type: DatesDto, nullable: true, description: 'Of a date trigger: what waits.' })
  dates!: DatesDto | null;
}
