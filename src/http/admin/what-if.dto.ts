import { IsObject } from 'class-validator';
import type { WhatIf, WouldStart } from '../../admin/what-if.js';
import type { JsonObject } from '../../core/json.js';
import { AsSent } from '../fields.js';
import { ApiProperty } from '../openapi.js';
import { PreviewedRecordDto } from './previews.dto.js';
import { ExplainedStartDto } from './workflow-test.dto.js';

/** A change that nobody has made. */
export class WhatIfChangeDto {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { stage: 'Won' },
    description: 'Fields of the record and the values that they would have.',
  })
  @IsObject()
  @AsSent()
  changes!: JsonObject;
}

class NamedWorkflowDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'thank-for-orders' })
  code!: string;

  @ApiProperty({ example: 'Thank for orders' })
  name!: string;
}

class WouldStartDto extends ExplainedStartDto implements WouldStart {
  @ApiProperty({ type: NamedWorkflowDto })
  workflow!: NamedWorkflowDto;

  @ApiProperty({ type: 'integer', example: 2 })
  version!: number;
}

class WouldHappenDto {
  @ApiProperty({ example: 'stage_changed' })
  event!: string;

  @ApiProperty({ type: [WouldStartDto], description: 'Every active workflow that listens to it.' })
  looks!: WouldStartDto[];
}

/** What would follow from a change of a record. */
export class WhatIfDto implements WhatIf {
  @ApiProperty({ type: PreviewedRecordDto })
  record!: PreviewedRecordDto;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { stage: { from: 'New', to: 'Won' } } })
  changes!: WhatIf['changes'];

  @ApiProperty({ type: [WouldHappenDto], description: 'The events that the change amounts to.' })
  events!: WouldHappenDto[];
}
