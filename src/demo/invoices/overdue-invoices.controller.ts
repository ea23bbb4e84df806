import { Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { BearerGuard } from '../access/bearer.guard.js';
import { OverdueInvoicesJob } from './overdue-invoices.job.js';

@Controller('crm/invoices')
@UseGuards(BearerGuard)
export class OverdueInvoicesController {
  constructor(private readonly job: OverdueInvoicesJob) {}

  /** What the job does each minute, now. */
  @Post('find-overdue')
  @HttpCode(200)
  async findOverdue(): Promise<{ found: number }> {
    return { found: await this.job.findOverdue() };
  }
}
