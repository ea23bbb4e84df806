import { PartialType } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { Money, OptionalText, Text } from '../crm/validators.js';

export class CreateAccount {
  @Text()
  name!: string;

  @OptionalText(100)
  industry?: string | null;

  @OptionalText(500)
  website?: string | null;

  @IsOptional()
  @Money()
  annualRevenue?: number | null;

  @OptionalText(60)
  ownerId?: string | null;
}

export class PatchAccount extends PartialType(CreateAccount, { skipNullProperties: false }) {}
