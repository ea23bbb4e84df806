import { PartialType } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsEmail, IsIn, IsOptional, IsString, Length } from 'class-validator';
import { MayBeLeftOut, Money, OptionalText, Text } from '../crm/validators.js';
import { LEAD_SOURCES, PRIORITIES } from '../crm/values.js';

export class CreateLead {
  @Text()
  name!: string;

  @IsOptional()
  @IsEmail()
  email?: string | null;

  @OptionalText(40)
  phone?: string | null;

  @OptionalText()
  company?: string | null;

  @IsOptional()
  @IsIn(LEAD_SOURCES)
  source?: string | null;

  /** One of the workspace's stages of leads. */
  @MayBeLeftOut()
  @Text(60)
  stage?: string;

  @MayBeLeftOut()
  @IsIn(PRIORITIES)
  priority?: string;

  @IsOptional()
  @Money()
  amount?: number | null;

  @MayBeLeftOut()
  @IsArray()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @Length(1, 60, { each: true })
  tags?: string[];

  @OptionalText(60)
  ownerId?: string | null;
}

export class PatchLead extends PartialType(CreateLead, { skipNullProperties: false }) {}
