import type { MachinePublishPreview } from '../../admin/machine-publish-preview.js';
import { ApiProperty } from '../openapi.js';
import { ProblemDto } from './error.dto.js';
import { MigratedDto } from './machine-migration.dto.js';
import { BoundedCountDto } from './machine-responses.dto.js';
import { ComparedDraftDto } from './publish-preview.dto.js';
import { WarningDto } from './warning.dto.js';

class InstancesOfVersionDto {
  @ApiProperty({ type: 'integer', example: 4 })
  version!: number;

  @ApiProperty({ type: 'integer', example: 12 })
  instances!: number;
}

/** What publishing a machine would mean. */
export class MachinePublishPreviewDto extends ComparedDraftDto implements MachinePublishPreview {
  @ApiProperty({ type: [ProblemDto], description: 'What keeps it from being published, also people and queues that are not there.' })
  problems!: ProblemDto[];

  @ApiProperty({ type: [WarningDto], description: 'What does not, and deserves a look; none while there are problems.' })
  warnings!: WarningDto[];

  @ApiProperty({
    type: [InstancesOfVersionDto],
    description: 'Instances that are not at their end: they stay on their versions until they are migrated.',
  })
  inFlight!: InstancesOfVersionDto[];

  @ApiProperty({
    type: MigratedDto,
    nullable: true,
    description: 'What `migrate` with the publication would make of the instances; null while there are problems.',
  })
  migration!: MigratedDto | null;

  @ApiProperty({
    type: BoundedCountDto,
    description: 'Timeouts that came due while the machine was disabled: they fire when it is enabled with the publication.',
  })
  missedTimeouts!: BoundedCountDto;
}
