import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ModuleDescription } from '../core/catalog.js';
import { AutomationError } from '../core/errors.js';
import type { RecordData } from '../core/event.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { didYouMean } from '../core/nearest.js';
import { titleOf } from '../core/record-title.js';
import { knownOf } from '../core/record-values.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { CRM_HOST, type CrmHost, type CrmTransaction, type CrmUser } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';

/** Which users: those of the ids, or those that a search finds. */
export interface UserLookUp {
  ids?: readonly string[];
  search?: string;
  role?: string;
  limit: number;
}

/** Which records of a module: those of the ids, or those that a search finds. */
export interface RecordLookUp {
  module: string;
  ids?: readonly string[];
  search?: string;
  limit: number;
}

/** Things to choose from. */
export interface Choice<Item> {
  items: Item[];
  /** There are more: the search should be narrower. */
  hasMore: boolean;
}

/** A record by what people call it. */
export interface RecordName {
  module: string;
  id: string;
  title: string;
}

/** What can be looked up in the CRM: what a host cannot list, nobody is offered. */
export interface LookUps {
  users: boolean;
  roles: boolean;
  records: boolean;
}

/** Lets people choose from what is in the CRM. Bound to the caller's workspace; hidden fields are neither searched nor shown. */
@Injectable()
export class LookUpService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /** What this CRM lets look up. */
  get available(): LookUps {
    const { listUsers, listRoles, searchRecords } = this.crm;
    return { users: listUsers !== undefined, roles: listRoles !== undefined, records: searchRecords !== undefined };
  }

  /** Active users. Throws `not_available`. */
  users({ ids, search, role, limit }: UserLookUp, caller: Caller): Promise<Choice<CrmUser>> {
    return this.read(caller, async (tx) => {
      if (ids !== undefined) return { items: shownUsers(await this.crm.findUsers(tx, { ids })), hasMore: false };
      if (!this.crm.listUsers) throw notAvailable('The users of this CRM cannot be listed.', 'listUsers');
      const found = await this.crm.listUsers(tx, { search: textOrNull(search), role: role ?? null, limit: limit + 1 });
      return choice(shownUsers(found), limit);
    });
  }

  /** The roles that users have. Throws `not_available`. */
  roles(caller: Caller): Promise<string[]> {
    return this.read(caller, async (tx) => {
      if (!this.crm.listRoles) throw notAvailable('The roles of this CRM cannot be listed.', 'listRoles');
      return this.crm.listRoles(tx);
    });
  }

  /** Records by id or by a search. Throws `module_not_found`, `not_available`. */
  records({ module, ids, search, limit }: RecordLookUp, caller: Caller): Promise<Choice<RecordName>> {
    const description = this.moduleOf(module);
    return this.read(caller, async (tx) => {
      if (ids !== undefined) {
        const found = await this.crm.findRecords(tx, module, ids, { lock: false, relations: [] });
        return { items: [...found.values()].map((record) => nameOf(description, record)), hasMore: false };
      }
      if (!this.crm.searchRecords) throw notAvailable('The records of this CRM cannot be searched.', 'searchRecords');
      const found = await this.crm.searchRecords(tx, module, { search: search ?? '', limit: limit + 1 });
      return choice(
        found.map((record) => nameOf(description, record)),
        limit,
      );
    });
  }

  /** One record as workflows see it. Throws `module_not_found`, `record_not_found`. */
  record({ module, id }: { module: string; id: string }, caller: Caller): Promise<RecordName & { record: RecordData }> {
    checkShape({ module, id }, 'record', REQUEST_LIMITS);
    const description = this.moduleOf(module);
    return this.read(caller, async (tx) => {
      const relations = description.relations.map(({ name }) => name);
      const record = (await this.crm.findRecords(tx, module, [id], { lock: false, relations })).get(id);
      if (record === undefined) throw new AutomationError('record_not_found', 'There is no record of this id.');
      return { ...nameOf(description, record), record: knownOf(this.catalog, description, record) };
    });
  }

  private moduleOf(name: string): ModuleDescription {
    const module = this.catalog.modules.get(name);
    if (module) return module;
    const names = [...this.catalog.modules.keys()];
    throw new AutomationError('module_not_found', `There is no module of this name.${didYouMean(name, names)}`, {
      hint: `Modules are: ${names.join(', ')}.`,
    });
  }

  private read<Answer>({ workspaceId }: Caller, work: (tx: CrmTransaction) => Promise<Answer>): Promise<Answer> {
    return this.database.read(async (manager: EntityManager) => {
      await this.database.enter(manager, workspaceId);
      return work({ manager, workspaceId });
    });
  }
}

function choice<Item>(found: readonly Item[], limit: number): Choice<Item> {
  return { items: found.slice(0, limit), hasMore: found.length > limit };
}

function nameOf(module: ModuleDescription, record: RecordData): RecordName {
  return { module: module.name, id: String(record.id), title: titleOf(module, record) };
}

/** A host's users may have more members than the port says: entities, with whatever hangs on them. */
function shownUsers(users: readonly CrmUser[]): CrmUser[] {
  return users.map(({ id, name, email, roles }) => ({ id, name, email, roles }));
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined || text.trim() === '' ? null : text;
}

function notAvailable(message: string, method: keyof CrmHost): AutomationError {
  return new AutomationError('not_available', message, {
    hint: `Ids can be written in by hand. For developers: the CrmHost has no \`${method}\`.`,
  });
}
