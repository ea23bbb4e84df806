import { PartialType } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID, Matches } from 'class-validator';
import { Day, MayBeLeftOut, Money, OptionalText, Text } from '../crm/validators.js';
import { INVOICE_STATUSES } from '../crm/values.js';

export class CreateInvoice {
  @Text(60)
  number!: string;

  @IsOptional()
  @IsUUID()
  accountId?: string | null;

  @Money()
  amount!: number;

  @MayBeLeftOut()
  @Matches(/^[A-Z]{3}$/, { message: 'currency must be a code like EUR' })
  currency?: string;

  @MayBeLeftOut()
  @IsIn(INVOICE_STATUSES)
  status?: string;

  @Day()
  dueDate!: string;

  @OptionalText(60)
  ownerId?: string | null;
}

export class PatchInvoice extends PartialType(CreateInvoice, { skipNullProperties: false }) {}
