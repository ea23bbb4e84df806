import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { type Actor, Automation } from '../../index.js';
import { Invoice } from './invoice.entity.js';

const BATCH = 100;
const JOB: Actor = { type: 'system', id: null, name: 'Overdue invoices' };

/** Finds invoices that are sent and past their due date, marks them and says so. */
@Injectable()
export class OverdueInvoicesJob {
  private readonly logger = new Logger('OverdueInvoices');

  constructor(
    private readonly dataSource: DataSource,
    private readonly automation: Automation,
  ) {}

  @Cron(CronExpression.EVERY_MINUTE, { waitForCompletion: true })
  async everyMinute(): Promise<void> {
    try {
      const found = await this.findOverdue();
      if (found > 0) this.logger.log(`${found} invoice(s) became overdue`);
    } catch (error) {
      // The next minute finds them: the mark and the event commit together, or not at all.
      this.logger.error(`Could not look for overdue invoices: ${(error as Error).message}`);
    }
  }

  /** Returns how many there were, in all workspaces. */
  async findOverdue(): Promise<number> {
    let found = 0;
    for (;;) {
      const batch = await this.markBatch();
      found += batch;
      if (batch < BATCH) return found;
    }
  }

  private markBatch(): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      // Skipping what another process of the CRM has locked: it is marking those right now.
      const invoices = await manager
        .createQueryBuilder(Invoice, 'invoice')
        .where(`invoice.status = 'Sent' AND invoice.dueDate < current_date`)
        .orderBy('invoice.id')
        .limit(BATCH)
        .setLock('pessimistic_write')
        .setOnLocked('skip_locked')
        .getMany();
      const changes = invoices.map((invoice) => {
        const previous = { ...invoice };
        invoice.status = 'Overdue';
        return { invoice, previous };
      });
      await manager.save(invoices);
      await this.automation.publish(
        changes.flatMap(({ invoice, previous }) => {
          const event = { workspaceId: invoice.workspaceId, module: 'invoices', record: { ...invoice }, previous, actor: JOB };
          // Once per invoice and due date, whoever finds it and how often: the same key again is the same event.
          const key = `invoice-overdue:${invoice.id}:${invoice.dueDate}`;
          return [
            { ...event, event: 'updated' },
            { ...event, event: 'overdue', key },
          ];
        }),
        manager,
      );
      return invoices.length;
    });
  }
}
