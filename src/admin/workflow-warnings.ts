import { Inject, Injectable, Logger } from '@nestjs/common';
import { contextWarnings } from '../core/definition/context-reads.js';
import { parseDefinition } from '../core/definition/parser.js';
import type { WorkflowDefinition } from '../core/definition/types.js';
import { type DefinitionWarning, namedStages, stageWarnings } from '../core/definition/warnings.js';
import type { JsonObject } from '../core/json.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { type ContextOwner, loadContexts } from '../store/context-store.js';
import { AskedPeople } from './asked-people.js';

/** What deserves a look in a definition without being wrong: what only the host knows, and may change at any time. */
@Injectable()
export class WorkflowWarnings {
  private readonly logger = new Logger('AutomationWarnings');

  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    private readonly people: AskedPeople,
  ) {}

  /**
   * The warnings of a definition, in the order in which it is written; none while it has problems, which come first. The
   * host is asked only about what the definition names, and an answer that does not come is logged: warnings fail nothing.
   */
  async of(workspaceId: string, workflowId: string, definition: JsonObject): Promise<DefinitionWarning[]> {
    const parsed = parseDefinition(definition, this.catalog);
    if (!parsed.ok) return [];
    return [
      ...(await this.ofStages(workspaceId, parsed.definition)),
      ...(await this.people.warnings(workspaceId, [definition])).flat(),
      ...(await this.ofContext({ workspaceId, workflowId }, parsed.definition)),
    ];
  }

  /** What the context holds is asked for only where something seems to be missing. */
  private async ofContext(owner: ContextOwner, definition: WorkflowDefinition): Promise<DefinitionWarning[]> {
    if (contextWarnings(definition, []).length === 0) return [];
    const contexts = await this.database.read((manager) => loadContexts(manager, [owner]));
    return contextWarnings(definition, Object.keys(contexts.get(owner.workflowId) ?? {}));
  }

  private async ofStages(workspaceId: string, definition: WorkflowDefinition): Promise<DefinitionWarning[]> {
    const named = namedStages(definition, this.catalog);
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
