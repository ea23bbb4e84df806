import { PartialType } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { Day, MayBeLeftOut, Money, OptionalText, Text } from '../crm/validators.js';
import { PRIORITIES } from '../crm/values.js';

export class CreateOpportunity {
  @Text()
  name!: string;

  @IsOptional()
  @IsUUID()
  accountId?: string | null;

  /** One of the workspace's stages of opportunities. */
  @MayBeLeftOut()
  @Text(60)
  stage?: string;

  @MayBeLeftOut()
  @IsIn(PRIORITIES)
  priority?: string;

  @IsOptional()
  @Money()
  amount?: number | null;

  @IsOptional()
  @Day()
  closeDate?: string | null;

  @OptionalText(60)
  ownerId?: string | null;
}

export class PatchOpportunity extends PartialType(CreateOpportunity, { skipNullProperties: false }) {}
