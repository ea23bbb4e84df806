import { IsString, Length } from 'class-validator';
import type { ShownMoment, WorkflowTiming } from '../../admin/timing-service.js';
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

/** When a workflow starts by itself. */
export class WorkflowTimingDto implements WorkflowTiming {
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'schedule',
    description: 'The type of the published trigger; null before there is one.',
  })
  type!: WorkflowTiming['type'];

  @ApiProperty({ type: [MomentDto], description: 'Of a schedule: the next five times.' })
  next!: MomentDto[];
}
