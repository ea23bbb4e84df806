import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { absentUsers, askedByName, type NamedAsked, namedRoles, namedUsers } from '../core/definition/asked-people.js';
import { parseDefinition } from '../core/definition/parser.js';
import type { WorkflowDefinition } from '../core/definition/types.js';
import type { DefinitionWarning } from '../core/definition/warnings.js';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { didYouMean } from '../core/nearest.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { listQueues } from '../store/task-queues.js';
import type { CrmInquiry } from './crm-inquiry.js';

/** The most users that the CRM is asked about at once; of further ones nothing is told. */
const MOST_USERS = 1_000;
const NOBODY_LEFT = 'Name somebody who is there: without, it cannot be published, and the step of what is published already fails.';
const NOBODY_YET = 'Correct it, unless somebody is yet to be given the role: without anybody the step fails.';

/** What the CRM says of people; null: it does not tell, was not asked, or gave no answer. */
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
  constructor(private readonly catalog: AutomationCatalog) {}

  /**
   * What the CRM says of the people whom definitions name, if they name any: asked before anything is locked, for it is the host's
   * own code. An answer that does not come keeps nobody from publishing.
   */
  async known(inquiry: CrmInquiry, definitions: readonly JsonObject[]): Promise<KnownPeople> {
    const parsed = definitions.flatMap((definition) => this.parsed(definition) ?? []);
    const namesRole = parsed.some((definition) => askedByName(definition).some(({ kind }) => kind === 'role'));
    const [roles, absent] = await Promise.all([namesRole ? inquiry.roles() : null, this.absentOf(inquiry, parsed)]);
    return { roles, absent };
  }

  /** A problem for each queue and role that is not there, and for users without whom nobody is left; none while the definition has others. */
  async problemsIn(manager: EntityManager, definition: JsonObject, workspaceId: string, people: KnownPeople): Promise<Problem[]> {
    const [problems = []] = await this.problemsInAll(manager, [definition], workspaceId, people);
    return problems;
  }

  /** The same of many definitions, by one look at the queues. */
  async problemsInAll(
    manager: EntityManager,
    definitions: readonly JsonObject[],
    workspaceId: string,
    { roles, absent }: KnownPeople,
  ): Promise<Problem[][]> {
    const parsed = definitions.map((definition) => this.parsed(definition));
    const named = parsed.map((one) => (one ? askedByName(one) : []));
    const namesQueue = named.flat().some(({ kind }) => kind === 'queue');
    const queues = namesQueue ? (await listQueues(manager, workspaceId)).map(({ name }) => name) : [];
    return parsed.map((one, index) => {
      const { problems } = absentUsers(one ? namedUsers(one, this.catalog) : [], (id) => !absent?.has(id));
      return [...(named[index] ?? []).flatMap((asked) => missing(asked, asked.kind === 'queue' ? queues : roles)), ...problems];
    });
  }

  /**
   * Of each definition the users who are not there, whatever becomes of it without them, and the roles that its actions name and
   * nobody has. The CRM is asked once for all.
   */
  async warnings(inquiry: CrmInquiry, definitions: readonly JsonObject[]): Promise<DefinitionWarning[][]> {
    const parsed = definitions.map((definition) => this.parsed(definition));
    const named = parsed.map((one) => (one ? namedRoles(one, this.catalog) : []));
    const [absent, roles] = await Promise.all([
      this.absentOf(
        inquiry,
        parsed.flatMap((one) => one ?? []),
      ),
      named.flat().length > 0 ? inquiry.roles() : null,
    ]);
    return parsed.map((one, index) => {
      const { problems, warnings } = absentUsers(one ? namedUsers(one, this.catalog) : [], (id) => !absent?.has(id));
      const ofRoles = (named[index] ?? []).flatMap((role) => missing(role, roles));
      return [
        ...warnings,
        ...problems.map((problem) => ({ ...problem, code: 'user_not_found', hint: NOBODY_LEFT })),
        ...ofRoles.map((problem) => ({ ...problem, code: 'role_not_found', hint: NOBODY_YET })),
      ];
    });
  }

  /** Null: it has problems, which come first. */
  private parsed(definition: JsonObject): WorkflowDefinition | null {
    const parsed = parseDefinition(definition, this.catalog);
    return parsed.ok ? parsed.definition : null;
  }

  private async absentOf(inquiry: CrmInquiry, definitions: readonly WorkflowDefinition[]): Promise<ReadonlySet<string> | null> {
    const named = definitions.flatMap((definition) => namedUsers(definition, this.catalog));
    const ids = [...new Set(named.flatMap(({ users }) => users.map(({ id }) => id)))].slice(0, MOST_USERS);
    if (ids.length === 0) return null;
    const active = await inquiry.activeUsers(ids);
    return active && new Set(ids.filter((id) => !active.has(id)));
  }
}

function missing({ kind, name, path }: NamedAsked, known: readonly string[] | null): Problem[] {
  if (known === null || known.includes(name)) return [];
  const what = kind === 'queue' ? `The workspace has no queue "${name}".` : `Nobody in the workspace has the role "${name}".`;
  return [{ path, message: `${what}${didYouMean(name, known)}` }];
}
