import type { DefinitionWarning } from '../../core/definition/warnings.js';
import { ApiProperty } from '../openapi.js';

/** One thing about a definition that deserves a look. */
export class WarningDto implements DefinitionWarning {
  @ApiProperty({ example: 'steps[0].with' })
  path!: string;

  @ApiProperty({ example: 'stage_not_listed', description: 'For programs.' })
  code!: string;

  @ApiProperty({ example: 'The CRM has no stage "Qualifed" now. Did you mean "Qualified"? Its stages are: New, Qualified, Won.' })
  message!: string;

  @ApiProperty({ required: false, example: 'Correct it, unless the stage is yet to be added.' })
  hint?: string;
}
