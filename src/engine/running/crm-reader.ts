import type { CrmLookup } from '../../actions/define-action.js';
import type { CrmHost } from '../../host/crm-host.js';
import type { AutomationDatabase } from '../../store/database.js';

/** What external steps may ask the CRM: reads on a connection of their own, held only while they last. */
export class CrmReader {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly crm: CrmHost,
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
