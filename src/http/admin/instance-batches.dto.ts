import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsInt,
  IsObject,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { type BulkAdvanceResult, MOST_ADVANCED, type RefusedInstances } from '../../admin/instance-batches.js';
import { type CreatedInstances, type CreateInstancesCommand, MOST_CREATED } from '../../admin/instance-creation.js';
import type { Json } from '../../core/json.js';
import type { InstanceFilter } from '../../store/machines/instance-ways.js';
import { AsSent, IdList, IfGiven, Moment, OptionalNote, OptionalText, OwnId } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { InstanceDto } from './instances.dto.js';
import { EXPLANATION, ID, NULLABLE_TEXT } from './log-schemas.js';

const MOST_IDS = 1_000;

/** Which instances of one machine to advance. */
class AdvancedFilterDto {
  @ApiProperty(ID)
  @OwnId()
  machineId!: string;

  @ApiPropertyOptional({ type: 'array', items: ID, minItems: 1, maxItems: MOST_IDS, example: ['019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11'] })
  @IdList(MOST_IDS)
  ids?: string[];

  @ApiPropertyOptional({ type: [String], maxItems: 50, example: ['SUBMITTED'], description: 'In one of these states.' })
  @IfGiven()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  state?: string[];

  @ApiPropertyOptional({ example: '42' })
  @OptionalText(200)
  recordId?: string;

  @ApiPropertyOptional({ example: 'sync-2025-11-20', description: 'Of a machine for an integration: its run.' })
  @OptionalText(200)
  runKey?: string;

  @ApiPropertyOptional({ example: true, description: 'Those whose timeout is over and has not been seen to, those for longest first.' })
  @IfGiven()
  @IsBoolean()
  overdue?: boolean;

  @ApiPropertyOptional({ example: true, description: 'Those whose last transition has failed.' })
  @IfGiven()
  @IsBoolean()
  failed?: boolean;

  @ApiPropertyOptional({ format: 'date-time', example: '2025-11-01T00:00:00Z', description: 'In their states since before.' })
  @Moment()
  enteredBefore?: string;
}

/** Which transition to fire of which instances. */
export class AdvanceInstancesDto {
  @ApiProperty({ type: AdvancedFilterDto })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => AdvancedFilterDto)
  filter!: AdvancedFilterDto;

  @ApiProperty({ minLength: 1, maxLength: 100, example: 'confirm' })
  @IsString()
  @Length(1, 100)
  transition!: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { approver: 'Ada' } })
  @IfGiven()
  @IsObject()
  @AsSent()
  input?: object;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The partner has confirmed by phone.' })
  @OptionalNote(1000)
  comment?: string | null;

  @ApiPropertyOptional({ default: false, example: true, description: 'Only say what would be done.' })
  @IfGiven()
  @IsBoolean()
  dryRun?: boolean;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MOST_ADVANCED, default: MOST_ADVANCED, example: 100 })
  @IfGiven()
  @IsInt()
  @Min(1)
  @Max(MOST_ADVANCED)
  limit?: number;

  @ApiPropertyOptional({
    example: '2026-01-01T00:00:00.000000Z~019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11',
    description: 'The `nextCursor` of the call before.',
  })
  @OptionalText(100)
  cursor?: string;
}

/** The filter with its moment. */
export function toAdvancedFilter({ enteredBefore, ...filter }: Omit<AdvancedFilterDto, never>): InstanceFilter & { machineId: string } {
  return { ...filter, ...(enteredBefore !== undefined && { enteredBefore: new Date(enteredBefore) }) };
}

class RefusedInstanceDto {
  @ApiProperty(ID)
  instanceId!: string;

  @ApiProperty(EXPLANATION)
  explanation!: Json;
}

class RefusedInstancesDto implements RefusedInstances {
  @ApiProperty({ example: 'conditions' })
  reason!: string;

  @ApiProperty({ type: 'integer', example: 3 })
  count!: number;

  @ApiProperty({ type: [RefusedInstanceDto] })
  sample!: RefusedInstanceDto[];
}

/** What a bulk advance did, or would do. */
export class BulkAdvanceDto implements BulkAdvanceResult {
  @ApiProperty({ example: true })
  dryRun!: boolean;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 1204,
    description: 'How many instances the filter finds, up to 10,000; told by a preview that has no cursor, else null.',
  })
  matched!: number | null;

  @ApiProperty({ example: true, description: 'False: there are more than `matched`, or nobody has counted.' })
  matchedIsExact!: boolean;

  @ApiProperty({ type: 'integer', example: 200, description: 'How many instances this call has looked at.' })
  seen!: number;

  @ApiProperty({ type: 'integer', example: 197, description: 'How many of them were advanced; of a preview: would be.' })
  advanced!: number;

  @ApiProperty({ type: [RefusedInstancesDto] })
  refused!: RefusedInstancesDto[];

  @ApiProperty({ type: [InstanceDto], description: 'Of a preview: some of those that would be advanced.' })
  sample!: InstanceDto[];

  @ApiProperty({ ...NULLABLE_TEXT, example: null, description: 'For the next call; null: there are no more.' })
  nextCursor!: string | null;
}

/** Which records begin in a machine. */
export class CreateInstancesDto implements CreateInstancesCommand {
  @ApiPropertyOptional({
    type: [String],
    minItems: 1,
    maxItems: MOST_CREATED,
    example: ['42', '43'],
    description: 'Default: all of the module, in the order of their ids.',
  })
  @IfGiven()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_CREATED)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  recordIds?: string[];

  @ApiPropertyOptional({ default: false, example: true, description: 'Only say what would be done.' })
  @IfGiven()
  @IsBoolean()
  dryRun?: boolean;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MOST_CREATED, default: MOST_CREATED, example: 100 })
  @IfGiven()
  @IsInt()
  @Min(1)
  @Max(MOST_CREATED)
  limit?: number;

  @ApiPropertyOptional({ example: '500', description: 'The `nextCursor` of the call before.' })
  @OptionalText(200)
  cursor?: string;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'Orders from before the machine was there.' })
  @OptionalNote(1000)
  reason?: string | null;
}

/** What became of records that were to begin in a machine. */
export class CreatedInstancesDto implements CreatedInstances {
  @ApiProperty({ example: true })
  dryRun!: boolean;

  @ApiProperty({ type: 'integer', example: 500 })
  seen!: number;

  @ApiProperty({ type: 'integer', example: 480, description: 'How many of them begin.' })
  created!: number;

  @ApiProperty({ type: 'integer', example: 20, description: 'How many have an instance already.' })
  existing!: number;

  @ApiProperty({ type: [String], example: [], description: 'Ids of which the CRM has no record.' })
  missing!: string[];

  @ApiProperty({ type: [String], example: ['42', '43'], description: 'Some of the records that begin.' })
  sample!: string[];

  @ApiProperty({ ...NULLABLE_TEXT, example: '500', description: 'For the next call; null: there are no more.' })
  nextCursor!: string | null;
}
