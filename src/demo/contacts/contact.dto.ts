import { PartialType } from '@nestjs/swagger';
import { IsEmail, IsOptional, IsUUID } from 'class-validator';
import { OptionalText, Text } from '../crm/validators.js';

export class CreateContact {
  @Text()
  name!: string;

  @IsOptional()
  @IsEmail()
  email?: string | null;

  @OptionalText(40)
  phone?: string | null;

  @OptionalText()
  title?: string | null;

  @IsOptional()
  @IsUUID()
  accountId?: string | null;

  @OptionalText(60)
  ownerId?: string | null;
}

export class PatchContact extends PartialType(CreateContact, { skipNullProperties: false }) {}
