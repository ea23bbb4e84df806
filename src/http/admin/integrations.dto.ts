import { IsBoolean, IsIn } from 'class-validator';
import type { IntegrationCommand, IntegrationItem } from '../../admin/integration-service.js';
import { INTEGRATION_MODES, type IntegrationMode } from '../../store/integrations.js';
import { IfGiven, OptionalNote } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';

const MODE = {
  enum: INTEGRATION_MODES,
  description: 'What an instance of the machine follows: a record (`per_record`), or a run of the integration (`per_run`).',
};
const MODULE = { type: String, nullable: true, example: 'opportunities', description: 'Whose records it brings and takes away.' };
const MACHINE = {
  type: String,
  nullable: true,
  example: 'order-fulfilment',
  description: 'The code of the one machine that hears of it; null: whichever listens.',
};

/** What an integration is to be. */
export class PutIntegrationDto implements IntegrationCommand {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'Orders to and from the ERP' })
  @OptionalNote(1000)
  description?: string | null;

  @ApiPropertyOptional({ ...MODULE, maxLength: 200 })
  @OptionalNote(200)
  module?: string | null;

  @ApiPropertyOptional({ ...MACHINE, maxLength: 200 })
  @OptionalNote(200)
  machine?: string | null;

  @ApiPropertyOptional({ ...MODE, default: 'per_record' })
  @IfGiven()
  @IsIn(INTEGRATION_MODES)
  mode?: IntegrationMode;

  @ApiPropertyOptional({ type: Boolean, default: true, description: 'False: what the host says of it is not captured.' })
  @IfGiven()
  @IsBoolean()
  enabled?: boolean;
}

/** An integration. */
export class IntegrationDto implements IntegrationItem {
  @ApiProperty({ example: 'erp' })
  code!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Orders to and from the ERP' })
  description!: string | null;

  @ApiProperty(MODULE)
  module!: string | null;

  @ApiProperty(MACHINE)
  machine!: string | null;

  @ApiProperty(MODE)
  mode!: IntegrationMode;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({ format: 'date-time', example: '2025-11-20T08:00:00.000Z' })
  updatedAt!: string;
}

/** The integrations of a workspace. */
export class IntegrationListDto {
  @ApiProperty({ type: [IntegrationDto] })
  items!: IntegrationDto[];
}
