import { Inject, Injectable } from '@nestjs/common';
import type { CrmLookup } from '../../actions/define-action.js';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { AutomationDatabase } from '../../store/database.js';

/** What external steps may ask the CRM: reads on a connection of their own, held only while they last. */
@Injectable()
export class CrmReader {
  constructor(
    private readonly database: AutomationDatabase,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  forWorkspace(workspaceId: string): CrmLookup {
    return {
      findUsers: (query) => this.database.transaction((manager) => this.crm.findUsers({ manager, workspaceId }, query)),
      getRecord: async (ref) => {
        const options = { lock: false, relations: [] };
        const found = await this.database.transaction((manager) =>
          this.crm.findRecords({ manager, workspaceId }, ref.module, [ref.id], options),
        );
        return found.get(ref.id) ?? null;
      },
    };
  }
}
