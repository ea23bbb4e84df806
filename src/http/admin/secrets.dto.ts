import { ArrayMaxSize, ArrayUnique, IsArray, IsString, Length } from 'class-validator';
import type { NewSecret } from '../../admin/secret-service.js';
import type { ShownSecret } from '../../store/secrets.js';
import { OptionalNote } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { ActorDto } from './workflow-responses.dto.js';

const MOMENT = { format: 'date-time', example: '2025-11-20T08:00:00.000Z' };

/** A secret to be kept. */
export class PutSecretDto implements NewSecret {
  @ApiProperty({
    type: String,
    minLength: 8,
    maxLength: 4096,
    writeOnly: true,
    example: 'sk_live_51N…',
    description: 'The secret. Nobody reads it again.',
  })
  @IsString()
  @Length(8, 4096)
  value!: string;

  @ApiProperty({
    type: [String],
    maxItems: 20,
    example: ['api.example.com'],
    description:
      'The hosts that it may be sent to, over https: `api.example.com`, or `api.example.com:8443`. `http://intranet:8080` allows plain http. An empty list: it is sent nowhere.',
  })
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 300, { each: true })
  hosts!: string[];

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'The old one has leaked.', description: 'Why.' })
  @OptionalNote(1000)
  note?: string | null;
}

/** A secret as it may be seen: never its value. */
export class SecretDto implements ShownSecret {
  @ApiProperty({ format: 'uuid', example: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11', description: 'What the audit log names it by.' })
  id!: string;

  @ApiProperty({ example: 'stripe' })
  name!: string;

  @ApiProperty({ type: [String], example: ['api.example.com'] })
  hosts!: string[];

  @ApiProperty(MOMENT)
  createdAt!: string;

  @ApiProperty({ type: ActorDto })
  createdBy!: ActorDto;

  @ApiProperty(MOMENT)
  changedAt!: string;

  @ApiProperty({ type: ActorDto })
  changedBy!: ActorDto;
}

/** The secrets of a workspace, by name. */
export class SecretListDto {
  @ApiProperty({ type: [SecretDto] })
  items!: SecretDto[];
}
