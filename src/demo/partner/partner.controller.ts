import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { DataSource, type EntityManager, In } from 'typeorm';
import { Automation, type Caller } from '../../index.js';
import { BearerGuard, CurrentCaller } from '../access/bearer.guard.js';
import { PARTNER } from '../automation/order-fulfilment.js';
import { crmError } from '../crm/crm-error.js';
import { InputPipe } from '../crm/input.pipe.js';
import { Opportunity } from '../opportunities/opportunity.entity.js';
import { ExportOrders, ImportOrders } from './partner.dto.js';

/**
 * The CRM's exchange with the partner who delivers what was sold. Here somebody plays it by hand: `export` is the job that
 * sends orders, `import` the one that fetches the partner's answers.
 */
@Controller('crm/partner')
@UseGuards(BearerGuard)
export class PartnerController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly automation: Automation,
  ) {}

  @Post('export')
  @HttpCode(200)
  async export(@Body(new InputPipe(ExportOrders)) { ids }: ExportOrders, @CurrentCaller() caller: Caller): Promise<{ exported: number }> {
    const { workspaceId } = caller;
    const exported = await this.dataSource.transaction(async (manager) => {
      const records = await ordersOf(manager, workspaceId, ids);
      // A real job hands them over here.
      return this.automation.integrations.exported({ workspaceId, integration: PARTNER.code, records, actor: actorOf(caller) }, manager);
    });
    return { exported };
  }

  @Post('import')
  @HttpCode(200)
  async import(
    @Body(new InputPipe(ImportOrders)) { orders }: ImportOrders,
    @CurrentCaller() caller: Caller,
  ): Promise<{ imported: number }> {
    const { workspaceId } = caller;
    const imported = await this.dataSource.transaction(async (manager) => {
      const records = await ordersOf(
        manager,
        workspaceId,
        orders.map(({ id }) => id),
      );
      let count = 0;
      for (const { id, status, note = null } of orders) {
        const answer = { workspaceId, integration: PARTNER.code, actor: actorOf(caller), data: { status, note } };
        const answered = records.filter((record) => record.id === id);
        count += await this.automation.integrations.imported({ ...answer, records: answered }, manager);
      }
      return count;
    });
    return { imported };
  }
}

async function ordersOf(manager: EntityManager, workspaceId: string, ids: readonly string[]): Promise<Opportunity[]> {
  const records = await manager.findBy(Opportunity, { workspaceId, id: In([...ids]) });
  const missing = ids.filter((id) => !records.some((record) => record.id === id));
  if (missing.length > 0) throw crmError(404, 'not_found', `There are no such opportunities: ${missing.join(', ')}.`);
  return records;
}

function actorOf({ userId, name }: Caller) {
  return { type: 'user' as const, id: userId, ...(name !== undefined && { name }) };
}
