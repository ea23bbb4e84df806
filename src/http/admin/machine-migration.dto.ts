import { IsBoolean } from 'class-validator';
import type { MachineMigration } from '../../admin/machine-migration.js';
import { IfGiven } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { MachineDetailDto } from './machine-responses.dto.js';

/** How to migrate. */
export class MigrateMachineDto {
  @ApiPropertyOptional({ type: Boolean, default: false, example: true, description: 'Only says what would become of the instances.' })
  @IfGiven()
  @IsBoolean()
  dryRun?: boolean;
}

class StayingDto {
  @ApiProperty({ type: 'integer', example: 1 })
  version!: number;

  @ApiProperty({ example: 'ON_HOLD' })
  state!: string;

  @ApiProperty({ type: 'integer', example: 3 })
  instances!: number;
}

/** Which instances go over to a version, and which do not. */
export class MigratedDto {
  @ApiProperty({ type: 'integer', example: 12, description: 'How many have gone over; of a preview how many would.' })
  migrated!: number;

  @ApiProperty({ type: [StayingDto], description: 'Those whose state the version does not have: they stay on their version.' })
  staying!: StayingDto[];
}

/** What has become of the instances on earlier versions. */
export class MachineMigrationDto extends MigratedDto implements MachineMigration {
  @ApiProperty({ type: 'integer', example: 2, description: 'The published version, to which they go.' })
  version!: number;

  @ApiProperty({
    type: 'integer',
    example: 0,
    description: 'Those that are left though their state is there: a transition is under way, or time was up. Call it again.',
  })
  left!: number;
}

/** A machine that has been published. */
export class PublishedMachineDetailDto extends MachineDetailDto {
  @ApiProperty({ type: MachineMigrationDto, nullable: true, description: 'Null unless it was asked for.' })
  migration!: MachineMigrationDto | null;
}
