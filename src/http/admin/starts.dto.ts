import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsString,
  Length,
  ValidateNested,
} from 'class-validator';
import { type BatchStartResult, MOST_RECORDS, type RefusedRecords, type StartBatch } from '../../admin/batch-start-service.js';
import { type RecordRef, START_RULES, type StartRule } from '../../core/event.js';
import type { Json, JsonObject } from '../../core/json.js';
import { RUN_STATUSES, type RunStatus } from '../../store/runs/run.js';
import type { BatchOutcome } from '../../store/start-batches.js';
import { AsSent, IfGiven, OptionalNote, OptionalText, OwnId } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { ID, NULLABLE_ID, NULLABLE_TEXT, TIME } from './log-schemas.js';
import { ActorDto } from './workflow-responses.dto.js';

/** A record of the CRM. */
class RecordRefDto implements RecordRef {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'leads' })
  @IsString()
  @Length(1, 100)
  module!: string;

  @ApiProperty({ minLength: 1, maxLength: 200, example: '42' })
  @IsString()
  @Length(1, 200)
  id!: string;
}

/** Records of one module. */
class RecordListDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'leads' })
  @IsString()
  @Length(1, 100)
  module!: string;

  @ApiProperty({ type: [String], minItems: 1, maxItems: MOST_RECORDS, example: ['42', '43'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_RECORDS)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  ids!: string[];
}

/** What a person who starts a workflow may set aside, and why. */
export class ByHandDto {
  @ApiPropertyOptional({
    enum: START_RULES,
    isArray: true,
    example: ['reentry'],
    description:
      'Rules of the workflow that are not to hold for this start; the event and the audit log keep it. Pause and loops hold always.',
  })
  @IfGiven()
  @IsArray()
  @ArrayUnique()
  @IsIn(START_RULES, { each: true })
  force?: StartRule[];

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The customer asked for it on the phone.' })
  @OptionalNote(1000)
  reason?: string | null;
}

/** How to start a workflow by hand. */
export class StartWorkflowDto extends ByHandDto {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { discount: 10 },
    description: 'What steps see as `trigger.input`; checked against the fields that a manual trigger declares.',
  })
  @IfGiven()
  @IsObject()
  @AsSent()
  input?: JsonObject;

  @ApiPropertyOptional({ type: RecordRefDto, description: 'The record that the run is about.' })
  @IfGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => RecordRefDto)
  record?: RecordRefDto;

  @ApiPropertyOptional({ type: RecordListDto, description: 'A run on each of these records, instead of `record`.' })
  @IfGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => RecordListDto)
  records?: RecordListDto;

  @ApiPropertyOptional({
    ...ID,
    description:
      'Run now on what happened then: an event that the workflow has not run on, because it was skipped, paused or not published, or because a schedule or date came too late. Without `input` and records.',
  })
  @IfGiven()
  @OwnId()
  eventId?: string;

  @ApiPropertyOptional({ default: false, description: 'With `records`: only say on how many it would start, and why not on the others.' })
  @IfGiven()
  @IsBoolean()
  dryRun?: boolean;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 200,
    example: 'renewal-2025-42',
    description:
      'Of several starts with one key in the workspace the first counts, for as long as it is kept; with `records`, of several of the workflow on each record: a call that is repeated starts nothing twice, and answers the same batch. Not with `eventId` or `dryRun`.',
  })
  @OptionalText(200)
  key?: string;
}

/** Records on which nothing starts, for one reason. */
class RefusedRecordsDto implements RefusedRecords {
  @ApiProperty({
    example: 'conditions',
    description: '`record_not_found`, `undecided` (the CRM does not answer), or as a skipped run would say.',
  })
  reason!: string;

  @ApiProperty({ type: 'integer', example: 12 })
  count!: number;

  @ApiProperty({
    type: 'array',
    items: {
      type: 'object',
      required: ['recordId', 'explanation'],
      properties: { recordId: { type: 'string' }, explanation: { nullable: true, description: 'As a skipped run explains it.' } },
    },
    example: [{ recordId: '43', explanation: { rule: 'the workflow runs once per record' } }],
    description: 'Ten of them at the most.',
  })
  sample!: { recordId: string; explanation: Json }[];
}

/** What a start on many records has captured, or would capture. */
class BatchStartResultDto implements BatchStartResult {
  @ApiProperty({ ...NULLABLE_ID, description: '`GET start-batches/{id}` tells what came of it; null for a preview.' })
  id!: string | null;

  @ApiProperty({ example: false })
  dryRun!: boolean;

  @ApiProperty({ type: 'integer', example: 200, description: 'How many records were named.' })
  records!: number;

  @ApiProperty({
    type: 'integer',
    example: 188,
    description: 'On how many a start is captured, by this call or an earlier one of its key; of a preview: how many runs there would be.',
  })
  starts!: number;

  @ApiProperty({ type: [RefusedRecordsDto] })
  refused!: RefusedRecordsDto[];
}

/** A start that is captured. */
export class StartResultDto {
  @ApiProperty({ ...NULLABLE_ID, description: 'The id of the start: `GET events/{id}` tells what came of it. Null with `records`.' })
  eventId!: string | null;

  @ApiProperty({
    example: true,
    description:
      'False: an earlier start has the key, or is about to run on the event; this is its id. With `records`: earlier ones have all.',
  })
  isNew!: boolean;

  @ApiProperty({ type: BatchStartResultDto, required: false, description: 'With `records` alone.' })
  batch?: BatchStartResultDto;
}

/** What has become of some starts of a batch. */
class BatchOutcomeDto implements BatchOutcome {
  @ApiProperty({ enum: RUN_STATUSES, nullable: true, example: 'succeeded', description: 'Null: the start was given up, with `reason`.' })
  status!: RunStatus | null;

  @ApiProperty({
    ...NULLABLE_TEXT,
    example: null,
    description: 'Why they were skipped, failed or cancelled, or what they wait for in the queue: a code.',
  })
  reason!: string | null;

  @ApiProperty({ type: 'integer', example: 180 })
  count!: number;

  @ApiProperty({
    type: 'array',
    items: {
      type: 'object',
      properties: {
        recordId: { type: 'string', nullable: true },
        eventId: { type: 'string', format: 'uuid' },
        runId: { type: 'string', format: 'uuid', nullable: true },
      },
    },
    description: 'Ten of them at the most.',
  })
  sample!: { recordId: string | null; eventId: string; runId: string | null }[];
}

/** A batch of starts, and how far it is. */
export class StartBatchDto implements StartBatch {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty(ID)
  workflowId!: string;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'leads' })
  module!: string | null;

  @ApiProperty(TIME)
  startedAt!: string;

  @ApiProperty({ type: ActorDto })
  actor!: ActorDto;

  @ApiProperty({ type: 'integer', example: 188 })
  records!: number;

  @ApiProperty({ type: 'integer', example: 0, description: 'Starts that were not looked at yet.' })
  pending!: number;

  @ApiProperty({ type: [BatchOutcomeDto] })
  outcomes!: BatchOutcomeDto[];
}
