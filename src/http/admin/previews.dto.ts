import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsObject, IsString, MaxLength, ValidateNested } from 'class-validator';
import type { MailTemplate, RenderedEmail } from '../../actions/email/templates.js';
import type { Evaluation, Rendering } from '../../admin/preview-service.js';
import type { Json, JsonObject } from '../../core/json.js';
import { AsSent, IfGiven, OptionalText } from '../fields.js';
import { ApiProperty, ApiPropertyOptional } from '../openapi.js';
import { ERROR, EXPLANATION } from './log-schemas.js';
import { PreviewSubjectDto } from './preview-subject.dto.js';

const ESCAPES = ['none', 'html'] as const;

/** A condition, and what it is asked about. */
export class EvaluateConditionsDto {
  @ApiProperty({ example: 'leads' })
  @IsString()
  @MaxLength(100)
  module!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'A tree of `all`, `any`, `none` over tests `{ field, operator, value }`.',
    example: { all: [{ field: 'source', operator: 'equals', value: 'Web Form' }] },
  })
  @IsObject()
  @AsSent()
  conditions!: JsonObject;

  @ApiProperty({ type: PreviewSubjectDto, example: { recordId: '42' } })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => PreviewSubjectDto)
  subject!: PreviewSubjectDto;
}

/** A record by its name. */
export class PreviewedRecordDto implements NonNullable<Evaluation['record']> {
  @ApiProperty({ example: 'leads' })
  module!: string;

  @ApiProperty({ example: '42' })
  id!: string;

  @ApiProperty({ example: 'Ann Example' })
  title!: string;
}

/** What a condition says of its subject. */
export class EvaluationDto implements Evaluation {
  @ApiProperty({ ...EXPLANATION, nullable: false })
  explanation!: Evaluation['explanation'];

  @ApiProperty({ type: PreviewedRecordDto, nullable: true, example: { module: 'leads', id: '42', title: 'Ann Example' } })
  record!: PreviewedRecordDto | null;
}

/** What a text or a mail template is about. */
class RenderedAboutDto {
  @ApiPropertyOptional({ example: 'leads', description: 'The module of the record; without it there is none.' })
  @OptionalText(100)
  module?: string;

  @ApiPropertyOptional({ type: PreviewSubjectDto, example: { recordId: '42' }, description: 'Default: a sample.' })
  @IfGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => PreviewSubjectDto)
  subject?: PreviewSubjectDto;
}

/** A text with expressions. */
export class RenderTemplateDto extends RenderedAboutDto {
  @ApiProperty({ example: 'Welcome, {{record.name}}', maxLength: 100_000 })
  @IsString()
  @MaxLength(100_000)
  text!: string;

  @ApiPropertyOptional({ enum: [...ESCAPES], default: 'none', description: '`html`: what expressions insert is escaped.' })
  @IfGiven()
  @IsIn(ESCAPES)
  escape?: (typeof ESCAPES)[number];
}

/** What a text becomes. */
export class RenderingDto {
  @ApiProperty({
    nullable: true,
    oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'object' }, { type: 'array', items: {} }],
    example: 'Welcome, Ann Example',
    description: 'A text that is exactly one expression keeps the type of its value.',
  })
  value!: Json;

  @ApiProperty({ ...ERROR, description: 'Why it cannot be rendered; null when it can.', example: null })
  problem!: Rendering['problem'];
}

class MailTemplateDto implements MailTemplate {
  @ApiProperty({ example: 'welcome' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Welcome, {{record.name}}', description: 'Null: the step has to give one.' })
  subject!: string | null;

  @ApiProperty({ type: [String], example: ['record.name'], description: 'What it reads.' })
  paths!: string[];
}

/** Every mail template. */
export class MailTemplateListDto {
  @ApiProperty({ type: [MailTemplateDto] })
  items!: MailTemplateDto[];
}

/** What a mail template is filled with. */
export class PreviewMailDto extends RenderedAboutDto {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { offer: 'Spring' },
    description: 'What a step gives as `data`.',
  })
  @IfGiven()
  @IsObject()
  @AsSent()
  data?: JsonObject;
}

/** A mail as its template makes it. */
export class MailPreviewDto implements RenderedEmail {
  @ApiPropertyOptional({ example: 'Welcome, Ann Example', description: 'Absent: the step has to give one.' })
  subject?: string;

  @ApiProperty({ example: '<p>Welcome, Ann Example</p>', description: 'To be shown in a sandbox: it is as untrusted as the record.' })
  html!: string;

  @ApiProperty({ example: 'Welcome, Ann Example' })
  text!: string;
}
