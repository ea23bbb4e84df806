import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { askedByName, type NamedAsked } from '../core/definition/asked-people.js';
import { parseDefinition } from '../core/definition/parser.js';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { didYouMean } from '../core/nearest.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { listQueues } from '../store/task-queues.js';

/** The roles that users of a workspace have; null: the CRM does not tell. */
export type KnownRoles = readonly string[] | null;

/** Whether those whom a definition asks are there: a queue that nobody has made, or a role that nobody has, answers nothing. */
@Injectable()
export class AskedPeople {
  private readonly logger = new Logger('AutomationTasks');

  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /** The roles of a workspace: asked before anything is locked, for it is the host's own code. An answer that does not come keeps nobody from publishing. */
  async roles(workspaceId: string): Promise<KnownRoles> {
    const { listRoles } = this.crm;
    if (!listRoles) return null;
    try {
      return await this.database.read(async (manager) => {
        await this.database.enter(manager, workspaceId);
        return listRoles.call(this.crm, { manager, workspaceId });
      });
    } catch (error) {
      this.logger.warn(`The roles of workspace ${workspaceId} could not be looked up before publishing: ${String(error)}`);
      return null;
    }
  }

  /** A problem for each queue and role that is not there; none while the definition has others. */
  async problemsIn(manager: EntityManager, definition: JsonObject, workspaceId: string, roles: KnownRoles): Promise<Problem[]> {
    const parsed = parseDefinition(definition, this.catalog);
    const named = parsed.ok ? askedByName(parsed.definition) : [];
    if (named.length === 0) return [];
    const queues = named.some(({ kind }) => kind === 'queue') ? (await listQueues(manager, workspaceId)).map(({ name }) => name) : [];
    return named.flatMap((one) => missing(one, one.kind === 'queue' ? queues : roles));
  }
}

function missing({ kind, name, path }: NamedAsked, known: readonly string[] | null): Problem[] {
  if (known === null || known.includes(name)) return [];
  const what = kind === 'queue' ? `The workspace has no queue "${name}".` : `Nobody in the workspace has the role "${name}".`;
  return [{ path, message: `${what}${didYouMean(name, known)}` }];
}
