import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AutomationError, type Caller, IntegrationService, MachineService } from '../../index.js';
import { adminOf } from '../access/tokens.js';
import { DemoState } from '../demo-state.entity.js';
import { LEAD_NURTURING } from './lead-nurturing.js';
import { ORDER_FULFILMENT, PARTNER } from './order-fulfilment.js';

/** Puts the state machines to work once in the life of a database, and the integration that one of them follows. */
@Injectable()
export class MachineInstaller {
  constructor(
    private readonly dataSource: DataSource,
    private readonly machines: MachineService,
    private readonly integrations: IntegrationService,
  ) {}

  /** Returns the names of those that were installed just now. */
  async install(workspaceId: string): Promise<string[]> {
    const installed: string[] = [];
    for (const machine of [ORDER_FULFILMENT, LEAD_NURTURING]) {
      const done = `machine:${machine.code}`;
      const isNew = await this.dataSource.transaction(async (manager) => {
        // As recipes: whoever gets to insert the mark installs, others wait here for its commit.
        const mark = await manager.createQueryBuilder().insert().into(DemoState).values({ done }).orIgnore().returning('done').execute();
        if ((mark.raw as unknown[]).length === 0) return false;
        await this.enable(machine, adminOf(workspaceId));
        return true;
      });
      if (isNew) installed.push(machine.name);
    }
    return installed;
  }

  private async enable(machine: typeof ORDER_FULFILMENT | typeof LEAD_NURTURING, admin: Caller): Promise<void> {
    try {
      const { id } = await this.machines.create(machine, admin);
      await this.machines.publish(id, admin);
    } catch (error) {
      // A start that was interrupted right here has made it already.
      if (!(error instanceof AutomationError && error.code === 'code_taken')) throw error;
    }
    if (machine !== ORDER_FULFILMENT) return;
    const { code, description } = PARTNER;
    await this.integrations.put(code, { description, module: 'opportunities', machine: machine.code }, admin);
  }
}
