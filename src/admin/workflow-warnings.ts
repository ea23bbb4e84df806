import { Inject, Injectable, Logger } from '@nestjs/common';
import { parseDefinition } from '../core/definition/parser.js';
import { type DefinitionWarning, namedStages, stageWarnings } from '../core/definition/warnings.js';
import type { JsonObject } from '../core/json.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';

/** What deserves a look in a definition without being wrong: what only the host knows, and may change at any time. */
@Injectable()
export class WorkflowWarnings {
  private readonly logger = new Logger('AutomationWarnings');

  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /**
   * The warnings of a definition, in the order in which it is written; none while it has problems, which come first. The
   * host is asked only about what the definition names, and an answer that does not come is logged: warnings fail nothing.
   */
  async of(workspaceId: string, definition: JsonObject): Promise<DefinitionWarning[]> {
    const parsed = parseDefinition(definition, this.catalog);
    const named = parsed.ok ? namedStages(parsed.definition, this.catalog) : [];
    const [first] = named;
    if (first === undefined) return [];
    try {
      const stages = await this.database.read(async (manager) => {
        await this.database.enter(manager, workspaceId);
        return this.crm.findStages({ manager, workspaceId }, first.module, {});
      });
      return stages === null ? [] : stageWarnings(named, stages);
    } catch (error) {
      this.logger.warn(`The stages of ${first.module} in workspace ${workspaceId} could not be looked up for warnings: ${String(error)}`);
      return [];
    }
  }
}
