import { ArrayMaxSize, IsArray, IsString, Length } from 'class-validator';
import type { QueueItem } from '../../admin/task-queue-service.js';
import { IfGiven, OptionalNote } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';

const MOST_MEMBERS = 500;

/** Who works in a queue. */
export class PutQueueDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200, example: 'Deal desk' })
  @OptionalNote(200)
  label?: string | null;

  @ApiPropertyOptional({ type: [String], maxItems: MOST_MEMBERS, example: ['u-7'], description: 'These users,' })
  @IfGiven()
  @IsArray()
  @ArrayMaxSize(MOST_MEMBERS)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  users?: string[];

  @ApiPropertyOptional({
    type: [String],
    maxItems: MOST_MEMBERS,
    example: ['manager'],
    description: 'and everybody who has one of these roles.',
  })
  @IfGiven()
  @IsArray()
  @ArrayMaxSize(MOST_MEMBERS)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  roles?: string[];
}

/** A queue. */
export class QueueDto implements QueueItem {
  @ApiProperty({ example: 'deal-desk' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Deal desk' })
  label!: string | null;

  @ApiProperty({ type: [String], example: ['u-7'] })
  users!: string[];

  @ApiProperty({ type: [String], example: ['manager'] })
  roles!: string[];

  @ApiProperty({ format: 'date-time', example: '2025-11-20T08:00:00.000Z' })
  updatedAt!: string;

  @ApiProperty({ description: 'Does the caller work in it?' })
  isMine!: boolean;
}

/** The queues of a workspace. */
export class QueueListDto {
  @ApiProperty({ type: [QueueDto] })
  items!: QueueDto[];
}
