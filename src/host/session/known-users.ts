import type { CrmHost, CrmTransaction, CrmUser } from '../crm-host.js';
import type { UsersQuery } from '../typeorm/people.js';

/** The users of one transaction: each id and each role is asked for once, by whichever steps want to know. */
export class KnownUsers {
  /** By workspace and id; null: there is no such active user. */
  private readonly byId = new Map<string, CrmUser | null>();
  private readonly byRole = new Map<string, readonly CrmUser[]>();

  constructor(private readonly host: CrmHost) {}

  /** Forgets everything: the next query asks the host. */
  clear(): void {
    this.byId.clear();
    this.byRole.clear();
  }

  /** Returns what the queries find, in their order: of ids the active users, in the order asked; of a role in the order of the host. */
  async find(tx: CrmTransaction, queries: readonly UsersQuery[]): Promise<CrmUser[][]> {
    const { workspaceId } = tx;
    const ids = new Set(queries.flatMap((query) => ('ids' in query ? query.ids : [])));
    const unknown = [...ids].filter((id) => !this.byId.has(nameOf(workspaceId, id)));
    if (unknown.length > 0) {
      const found = new Map((await this.host.findUsers(tx, { ids: unknown })).map((user) => [user.id, user]));
      for (const id of unknown) this.byId.set(nameOf(workspaceId, id), found.get(id) ?? null);
    }
    for (const query of queries) {
      if ('ids' in query || this.byRole.has(nameOf(workspaceId, query.role))) continue;
      const users = await this.host.findUsers(tx, query);
      this.byRole.set(nameOf(workspaceId, query.role), users);
      for (const user of users) this.byId.set(nameOf(workspaceId, user.id), user);
    }
    return queries.map((query) => {
      if (!('ids' in query)) return [...(this.byRole.get(nameOf(workspaceId, query.role)) ?? [])];
      return [...new Set(query.ids)].map((id) => this.byId.get(nameOf(workspaceId, id)) ?? null).filter((user) => user !== null);
    });
  }
}

function nameOf(workspaceId: string, name: string): string {
  return JSON.stringify([workspaceId, name]);
}
