import { IsString, Length } from 'class-validator';
import type { RotateCommand, TriggerUrlState } from '../../admin/trigger-urls.js';
import type { ShownToken } from '../../store/trigger-tokens.js';
import { IfGiven, OptionalNote } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import type { HookUrl } from '../public/hook-urls.js';
import { ActorDto } from './workflow-responses.dto.js';

/** How to replace a URL. */
export class RotateTokenDto implements RotateCommand {
  @ApiPropertyOptional({ type: String, example: 'PT24H', description: 'ISO 8601: so long the old URL goes on. Default: it ends at once.' })
  @IfGiven()
  @IsString()
  @Length(1, 50)
  grace?: string;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'It stood in a public repository.', description: 'Why.' })
  @OptionalNote(1000)
  note?: string | null;
}

/** A new URL: this is the only time that anybody sees it. */
export class RotatedTokenDto implements HookUrl {
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'https://crm.acme.test/automation/hooks/Zk3vK0m1c0b1i9y4b2l0c2x6d3l5c0a7d8f9g1h2j3k',
    description: 'Null where the application was not told its `publicUrl`.',
  })
  url!: string | null;

  @ApiProperty({ example: '/automation/hooks/Zk3vK0m1c0b1i9y4b2l0c2x6d3l5c0a7d8f9g1h2j3k' })
  path!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null, description: 'Until when an old URL goes on.' })
  oldValidUntil!: string | null;
}

class ShownTokenDto implements ShownToken {
  @ApiProperty({ format: 'uuid', example: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' })
  id!: string;

  @ApiProperty({ format: 'date-time', example: '2025-11-19T08:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ type: ActorDto })
  createdBy!: ActorDto;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null, description: 'Of one that was replaced: until when.' })
  validUntil!: string | null;

  @ApiProperty({ example: true })
  isValid!: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2025-11-20T08:00:00.000Z' })
  lastUsedAt!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7', description: 'The address that used it last.' })
  lastUsedFrom!: string | null;
}

/** What may be seen of a workflow's URLs: not the URLs. */
export class TriggerUrlDto implements TriggerUrlState {
  @ApiProperty({ type: ShownTokenDto, nullable: true, description: 'Null until `rotate-token` has made one.' })
  current!: ShownTokenDto | null;

  @ApiProperty({ type: [ShownTokenDto], description: 'Those that were replaced, the newest first.' })
  old!: ShownTokenDto[];
}
