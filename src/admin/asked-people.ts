import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { absentUsers, askedByName, type NamedAsked, namedUsers } from '../core/definition/asked-people.js';
import { parseDefinition } from '../core/definition/parser.js';
import type { WorkflowDefinition } from '../core/definition/types.js';
import type { DefinitionWarning } from '../core/definition/warnings.js';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { didYouMean } from '../core/nearest.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { CRM_HOST, type CrmHost, type CrmTransaction } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { listQueues } from '../store/task-queues.js';

/** The most users that the CRM is asked about at once; of further ones nothing is told. */
const MOST_USERS = 1_000;

/** What the CRM says of people; null: it does not tell, or was not asked. */
export interface KnownPeople {
  /** The roles that users of the workspace have. */
  roles: readonly string[] | null;
  /** Of the users that it was asked about those who are not active. */
  absent: ReadonlySet<string> | null;
}

/**
 * Whether those whom a definition asks or names are there: a queue that nobody has made, a role that nobody has, or a user who
 * has left answers nothing.
 */
@Injectable()
export class AskedPeople {
  private readonly logger = new Logger('AutomationTasks');

  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /**
   * What the CRM says of the people whom definitions name, if they name any: asked before anything is locked, for it is the host's
   * own code. An answer that does not come keeps nobody from publishing.
   */
  async known(workspaceId: string, definitions: readonly JsonObject[]): Promise<KnownPeople> {
    const parsed = definitions.flatMap((definition) => this.parsed(definition) ?? []);
    const namesRole = parsed.some((definition) => askedByName(definition).some(({ kind }) => kind === 'role'));
    const listRoles = namesRole ? this.crm.listRoles : undefined;
    const roles = listRoles ? await this.ask(workspaceId, 'roles', (tx) => listRoles.call(this.crm, tx)) : null;
    // Each question may take as long as the host's code may: who is away is not waited for twice.
    const isAway = listRoles !== undefined && roles === null;
    return { roles, absent: isAway ? null : await this.absentOf(workspaceId, parsed) };
  }

  /** A problem for each queue and role that is not there, and for users without whom nobody is left; none while the definition has others. */
  async problemsIn(
    manager: EntityManager,
    definition: JsonObject,
    workspaceId: string,
    { roles, absent }: KnownPeople,
  ): Promise<Problem[]> {
    const parsed = this.parsed(definition);
    if (parsed === null) return [];
    const named = askedByName(parsed);
    const queues = named.some(({ kind }) => kind === 'queue') ? (await listQueues(manager, workspaceId)).map(({ name }) => name) : [];
    const { problems } = absentUsers(namedUsers(parsed, this.catalog), (id) => !absent?.has(id));
    return [...named.flatMap((one) => missing(one, one.kind === 'queue' ? queues : roles)), ...problems];
  }

  /** Of each definition the users who are not there where others are, without whom it works all the same. The CRM is asked once for all. */
  async warnings(workspaceId: string, definitions: readonly JsonObject[]): Promise<DefinitionWarning[][]> {
    const parsed = definitions.map((definition) => this.parsed(definition));
    const absent = await this.absentOf(
      workspaceId,
      parsed.flatMap((one) => one ?? []),
    );
    return parsed.map((one) => (one ? absentUsers(namedUsers(one, this.catalog), (id) => !absent?.has(id)).warnings : []));
  }

  /** Null: it has problems, which come first. */
  private parsed(definition: JsonObject): WorkflowDefinition | null {
    const parsed = parseDefinition(definition, this.catalog);
    return parsed.ok ? parsed.definition : null;
  }

  private async absentOf(workspaceId: string, definitions: readonly WorkflowDefinition[]): Promise<ReadonlySet<string> | null> {
    const named = definitions.flatMap((definition) => namedUsers(definition, this.catalog));
    const ids = [...new Set(named.flatMap(({ users }) => users.map(({ id }) => id)))].slice(0, MOST_USERS);
    if (ids.length === 0) return null;
    const active = await this.ask(workspaceId, 'users', (tx) => this.crm.findUsers(tx, { ids }));
    if (active === null) return null;
    const there = new Set(active.map(({ id }) => id));
    return new Set(ids.filter((id) => !there.has(id)));
  }

  /** Null: the answer did not come. */
  private async ask<Answer>(workspaceId: string, what: string, question: (tx: CrmTransaction) => Promise<Answer>): Promise<Answer | null> {
    try {
      return await this.database.read(async (manager) => {
        await this.database.enter(manager, workspaceId);
        return question({ manager, workspaceId });
      });
    } catch (error) {
      this.logger.warn(`The ${what} of workspace ${workspaceId} could not be looked up: ${String(error)}`);
      return null;
    }
  }
}

function missing({ kind, name, path }: NamedAsked, known: readonly string[] | null): Problem[] {
  if (known === null || known.includes(name)) return [];
  const what = kind === 'queue' ? `The workspace has no queue "${name}".` : `Nobody in the workspace has the role "${name}".`;
  return [{ path, message: `${what}${didYouMean(name, known)}` }];
}
