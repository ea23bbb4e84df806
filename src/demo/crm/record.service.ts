import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Actor, Caller, JsonObject, RecordData } from '../../index.js';
import { ChangeAnnouncer, type RecordChange } from './change-announcer.js';
import { crmError, invalidInput } from './crm-error.js';
import type { CrmModule } from './crm-modules.js';
import type { ListQuery } from './list-query.dto.js';
import type { CrmRecord } from './record.entity.js';
import { referenceProblems } from './reference-check.js';

/** A page of records. */
export interface RecordPage {
  items: RecordData[];
  total: number;
}

/** Creates, changes and finds the records of all modules. Every query is bound to the caller's workspace. */
@Injectable()
export class RecordService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  create(module: CrmModule, input: object, caller: Caller): Promise<RecordData> {
    return this.change(module, caller, async (manager) => {
      const record = manager.create(module.entity);
      return { before: null, record: Object.assign(record, this.asValues(module, input), { workspaceId: caller.workspaceId }) };
    });
  }

  patch(module: CrmModule, id: string, input: object, caller: Caller): Promise<RecordData> {
    return this.change(module, caller, async (manager) => {
      // Locked, so that `before` is what this change really started from.
      const record = await manager.findOne(module.entity, {
        where: { id, workspaceId: caller.workspaceId },
        lock: { mode: 'pessimistic_write' },
      });
      if (record === null) throw notFound(module);
      const before = this.asRecord(module, record);
      return { before, record: Object.assign(record, this.asValues(module, input)) };
    });
  }

  async get(module: CrmModule, id: string, caller: Caller): Promise<RecordData> {
    const record = await this.dataSource.manager.findOneBy(module.entity, { id, workspaceId: caller.workspaceId });
    if (record === null) throw notFound(module);
    return this.asRecord(module, record);
  }

  async list(module: CrmModule, query: ListQuery, caller: Caller): Promise<RecordPage> {
    if (query.relatedId !== undefined && module.name !== 'tasks') {
      throw invalidInput([{ path: 'relatedId', message: 'filters tasks and notifications only' }]);
    }
    const [records, total] = await this.dataSource.manager.findAndCount(module.entity, {
      where: { workspaceId: caller.workspaceId, ...(query.relatedId === undefined ? {} : { relatedId: query.relatedId }) },
      order: { createdAt: 'DESC', id: 'DESC' },
      take: query.limit,
      skip: query.offset,
    });
    return { items: records.map((record) => this.asRecord(module, record)), total };
  }

  private async change(
    module: CrmModule,
    caller: Caller,
    prepare: (manager: EntityManager) => Promise<{ before: RecordData | null; record: CrmRecord }>,
  ): Promise<RecordData> {
    const change = await this.dataSource.transaction(async (manager): Promise<RecordChange> => {
      const { before, record } = await prepare(manager);
      const problems = await referenceProblems(manager, module, caller.workspaceId, { ...record });
      if (problems.length > 0) throw invalidInput(problems);
      const after = this.asRecord(module, await manager.save(module.entity, record));
      const made = { module, workspaceId: caller.workspaceId, before, after, actor: actorOf(caller) };
      await this.announcer.inTransaction(made, manager);
      return made;
    });
    this.announcer.afterCommit(change);
    return change.after;
  }

  /** The input as the entity keeps it: moments as Date, nothing for what was left out. */
  private asValues(module: CrmModule, input: object): object {
    const moments = this.dataSource.getMetadata(module.entity).columns.filter((column) => column.type === 'timestamptz');
    const names = new Set(moments.map((column) => column.propertyName));
    return Object.fromEntries(
      Object.entries(input)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, names.has(name) && typeof value === 'string' ? new Date(value) : value]),
    );
  }

  /** The record as JSON, with every column, null where the database has null. */
  private asRecord(module: CrmModule, record: CrmRecord): RecordData {
    const columns = this.dataSource.getMetadata(module.entity).columns.map((column) => column.propertyName);
    const values = columns.map((column): [string, unknown] => [column, record[column as keyof CrmRecord] ?? null]);
    return JSON.parse(JSON.stringify(Object.fromEntries(values))) as JsonObject;
  }
}

/** The caller as the one who made an event happen: `{{actor.name}}`, `is_actor`, `has_role`. */
function actorOf({ userId, name, roles }: Caller): Actor {
  return { type: 'user', id: userId, name, roles: [...(roles ?? [])] };
}

function notFound(module: CrmModule): Error {
  return crmError(404, 'not_found', `There is no such ${module.singular}.`);
}
