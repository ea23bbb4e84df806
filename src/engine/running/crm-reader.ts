import { Inject, Injectable } from '@nestjs/common';
import type { CrmLookup } from '../../actions/define-action.js';
import { knownOf } from '../../core/record-values.js';
import { CRM_HOST, type CrmHost, type CrmTransaction } from '../../host/crm-host.js';
import { AutomationDatabase } from '../../store/database.js';
import { AutomationCatalog } from '../automation-catalog.js';

/** What external steps may ask the CRM: reads on a connection of their own, held only while they last. */
@Injectable()
export class CrmReader {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  forWorkspace(workspaceId: string): CrmLookup {
    return {
      findUsers: (query) => this.inTransaction(workspaceId, (tx) => this.crm.findUsers(tx, query)),
      getRecord: async (ref) => {
        const options = { lock: false, relations: [] };
        const found = await this.inTransaction(workspaceId, (tx) => this.crm.findRecords(tx, ref.module, [ref.id], options));
        const record = found.get(ref.id);
        const module = this.catalog.modules.get(ref.module);
        return record && module ? knownOf(this.catalog, module, record) : null;
      },
    };
  }

  private inTransaction<T>(workspaceId: string, read: (tx: CrmTransaction) => Promise<T>): Promise<T> {
    return this.database.transaction(async (manager) => {
      await this.database.enter(manager, workspaceId);
      return read({ manager, workspaceId });
    });
  }
}
