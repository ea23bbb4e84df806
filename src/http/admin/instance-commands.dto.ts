import { IsInt, IsObject, IsString, Length, Matches, Min } from 'class-validator';
import type { AdvancedInstance } from '../../admin/instance-advance.js';
import type { Json } from '../../core/json.js';
import type { OfferedTransition } from '../../core/machine/offered.js';
import type { InputField } from '../../core/trigger/manual-input.js';
import { AsSent, IfGiven, OptionalNote } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { InstanceDto } from './instances.dto.js';
import { EXPLANATION, ID, NULLABLE_ID, NULLABLE_TEXT } from './log-schemas.js';

const ENTRY = {
  type: 'integer',
  minimum: 1,
  example: 2,
  description: 'The `entry` that the caller has seen: an instance that has entered another state since is left alone (409).',
} as const;

/** Which transition to fire. */
export class AdvanceInstanceDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'submit', description: 'The code of a transition by hand.' })
  @IsString()
  @Length(1, 100)
  transition!: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { approver: 'Ada' },
    description: 'The values that the transition asks for; its steps see them as `trigger.input`.',
  })
  @IfGiven()
  @IsObject()
  @AsSent()
  input?: object;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The customer has signed.' })
  @OptionalNote(1000)
  comment?: string | null;

  @ApiPropertyOptional(ENTRY)
  @IfGiven()
  @IsInt()
  @Min(1)
  entry?: number;
}

/** Where to put an instance, and why. */
export class ResetInstanceDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'NEW' })
  @IsString()
  @Length(1, 100)
  state!: string;

  @ApiProperty({ minLength: 1, maxLength: 1000, example: 'The order was entered twice.' })
  @IsString()
  @Length(1, 1000)
  @Matches(/\S/, { message: 'reason must say why' })
  reason!: string;

  @ApiPropertyOptional(ENTRY)
  @IfGiven()
  @IsInt()
  @Min(1)
  entry?: number;
}

/** Why an instance is deleted. */
export class DeleteInstanceDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The record was a test.' })
  @OptionalNote(1000)
  reason?: string | null;
}

/** What has become of an advance. */
export class AdvancedInstanceDto implements AdvancedInstance {
  @ApiProperty({ ...ID, description: 'The start: `GET events/{eventId}` tells what came of it.' })
  eventId!: string;

  @ApiProperty({ ...NULLABLE_ID, description: 'The run of its steps; null where it has none, and the instance has moved already.' })
  runId!: string | null;

  @ApiProperty({ type: InstanceDto })
  instance!: InstanceDto;
}

class OfferedTransitionDto implements OfferedTransition {
  @ApiProperty({ example: 'submit' })
  code!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: null })
  description!: string | null;

  @ApiProperty({ oneOf: [{ type: 'array', items: { type: 'string' } }, { enum: ['any'] }], example: ['NEW'] })
  from!: string[] | 'any';

  @ApiProperty({ example: 'SUBMITTED' })
  to!: string;

  @ApiProperty({ example: 'manual' })
  trigger!: string;

  @ApiProperty({ example: true, description: 'With steps it takes its time; without, the instance moves at once.' })
  hasSteps!: boolean;

  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true }, nullable: true, example: null })
  input!: InputField[] | null;

  @ApiProperty({ type: [String], nullable: true, example: ['sales'] })
  roles!: string[] | null;

  @ApiProperty({ example: false })
  isOffered!: boolean;

  @ApiProperty({
    enum: ['paused', 'state', 'transitioning', 'disabled', 'trigger', 'roles', 'conditions'],
    nullable: true,
    example: 'conditions',
    description: 'Why it is not offered.',
  })
  reason!: OfferedTransition['reason'];

  @ApiProperty({ ...EXPLANATION, description: 'A rule in words; of conditions, as they are evaluated now.' })
  explanation!: Json;
}

/** The transitions of an instance. */
export class OfferedTransitionsDto {
  @ApiProperty({ type: [OfferedTransitionDto] })
  items!: OfferedTransitionDto[];
}
