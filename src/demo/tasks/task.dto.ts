import { PartialType } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { MayBeLeftOut, Moment, OptionalText, Text } from '../crm/validators.js';
import { PRIORITIES, TASK_STATUSES } from '../crm/values.js';

export class CreateTask {
  @Text(500)
  title!: string;

  @OptionalText(10_000)
  description?: string | null;

  @MayBeLeftOut()
  @IsIn(TASK_STATUSES)
  status?: string;

  @MayBeLeftOut()
  @IsIn(PRIORITIES)
  priority?: string;

  @IsOptional()
  @Moment()
  dueAt?: string | null;

  @OptionalText(60)
  assigneeId?: string | null;

  @IsOptional()
  @IsIn(['leads', 'opportunities', 'contacts', 'accounts', 'invoices', 'tasks'])
  relatedModule?: string | null;

  @IsOptional()
  @IsUUID()
  relatedId?: string | null;
}

export class PatchTask extends PartialType(CreateTask, { skipNullProperties: false }) {}
