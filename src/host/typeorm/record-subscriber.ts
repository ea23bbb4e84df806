import { Logger } from '@nestjs/common';
import type {
  DataSource,
  EntityManager,
  EntitySubscriberInterface,
  InsertEvent,
  ObjectLiteral,
  QueryRunner,
  RecoverEvent,
  RemoveEvent,
  SoftRemoveEvent,
  UpdateEvent,
} from 'typeorm';
import type { RecordData } from '../../core/event.js';
import type { SeenChange } from '../crm-host.js';
import { type Column, idText, keyIsAny, quoted } from './columns.js';
import type { EntityTable } from './entity-table.js';
import { ownSubscribers } from './own-subscribers.js';
import { queryRows } from './statement.js';

/** A module whose entity is watched. */
export interface WatchedModule {
  name: string;
  table: EntityTable;
}

/** What is heard of the changes of one moment on one connection, in order. */
export type ChangeListener = (changes: readonly SeenChange[], manager: EntityManager) => Promise<void>;

/** A change as TypeORM tells it. */
interface Told extends WatchedModule {
  before: ObjectLiteral | null;
  after: ObjectLiteral | null;
  /** Which columns of `after` were written; the others hold what they held before. Null: all of them. */
  written: ((column: Column) => boolean) | null;
  /** It was soft-deleted, and is no more. */
  restored?: boolean;
}

type EntityEvent = Pick<InsertEvent<ObjectLiteral>, 'dataSource' | 'connection' | 'queryRunner' | 'manager' | 'metadata'>;

interface Round {
  told: Told[];
  done: Promise<void>;
}

/**
 * Sees what the host's code writes through TypeORM's entities, and tells of it in the same transaction. It sees what
 * TypeORM's subscribers see: `save`, `insert`, `remove`, `softRemove`, `recover`. Of `update`, `delete` and query builders
 * TypeORM tells neither which rows nor what they held: there is one warning for each module, and nothing is captured.
 */
export class RecordSubscriber implements EntitySubscriberInterface {
  private readonly logger = new Logger('AutomationEvents');
  /** By the entity's class or name: our own DataSource has metadata of its own. */
  private readonly modules = new Map<unknown, WatchedModule | null>();
  /** Changes that TypeORM tells of at one moment (a `save` of many) become one round. */
  private readonly rounds = new WeakMap<QueryRunner, Round>();
  private readonly warned = new Set<string>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly watched: readonly WatchedModule[],
    private readonly listener: ChangeListener,
  ) {
    ownSubscribers.add(this);
  }

  afterInsert(event: InsertEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.take(event, { before: null, after: event.entity, written: null });
  }

  afterUpdate(event: UpdateEvent<ObjectLiteral>): Promise<void> | undefined {
    const relations = event.updatedRelations.flatMap(({ joinColumns }) => joinColumns);
    const written = writtenColumns(event, [...event.updatedColumns, ...relations]);
    return this.take(event, { before: event.databaseEntity, after: event.entity, written });
  }

  afterRemove(event: RemoveEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.take(event, { before: event.databaseEntity, after: null, written: null });
  }

  afterSoftRemove(event: SoftRemoveEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.take(event, { before: event.databaseEntity, after: null, written: null });
  }

  afterRecover(event: RecoverEvent<ObjectLiteral>): Promise<void> | undefined {
    const written = writtenColumns(event, []);
    return this.take(event, { before: event.databaseEntity, after: event.entity, written, restored: true });
  }

  /** Undefined of `before` or `after`: TypeORM does not know. */
  private take(
    event: EntityEvent,
    { before, after, ...how }: Partial<Pick<Told, 'before' | 'after'>> & Pick<Told, 'written' | 'restored'>,
  ): Promise<void> | undefined {
    // Automation's own writes tell of themselves, with their cause.
    if ((event.dataSource ?? event.connection) !== this.dataSource) return undefined;
    const module = this.moduleOf(event);
    if (!module) return undefined;
    if (before === undefined || after === undefined || idText(module.table.key, after ?? before ?? {}) === null) {
      this.unseen(module.name);
      return undefined;
    }
    const told = { ...module, before, after, ...how };
    const { queryRunner, manager } = event;
    const open = this.rounds.get(queryRunner);
    if (open) {
      open.told.push(told);
      return open.done;
    }
    const round: Round = { told: [told], done: Promise.resolve() };
    round.done = Promise.resolve().then(async () => {
      this.rounds.delete(queryRunner);
      await this.tell(round.told, manager);
    });
    this.rounds.set(queryRunner, round);
    return round.done;
  }

  private async tell(all: readonly Told[], manager: EntityManager): Promise<void> {
    const changes: SeenChange[] = [];
    for (const told of all) {
      const change = await seenChange(told, manager);
      if (change === null) continue;
      if (change === 'unknown') this.unseen(told.name);
      else if (change.workspaceId === '') {
        this.warn(`${told.name}: tenant`, `Something of ${told.name} without a tenant was changed: it is not captured.`);
      } else changes.push(change);
    }
    if (changes.length > 0) await this.listener(changes, manager);
  }

  private moduleOf({ metadata }: EntityEvent): WatchedModule | null {
    const known = this.modules.get(metadata.target);
    if (known !== undefined) return known;
    const kinds: readonly unknown[] = [metadata.target, ...metadata.inheritanceTree];
    const module = this.watched.find(({ table }) => kinds.includes(table.metadata.target)) ?? null;
    this.modules.set(metadata.target, module);
    return module;
  }

  private unseen(module: string): void {
    this.warn(
      `${module}: rows`,
      `${module} were changed by update(), delete() or a query builder: TypeORM does not tell which. Nothing is captured of ` +
        "that: save or remove entities, publish it yourself, or choose capture: 'database'. Further ones are not reported.",
    );
  }

  private warn(about: string, message: string): void {
    if (this.warned.has(about)) return;
    this.warned.add(about);
    this.logger.warn(message);
  }
}

/** TypeORM sets nullable columns to null in the entity that it was not given: only what was written counts. */
function writtenColumns({ metadata }: EntityEvent, columns: readonly Column[]): (column: Column) => boolean {
  const { updateDateColumn, versionColumn } = metadata;
  const names = new Set([...columns, updateDateColumn, versionColumn].map((column) => column?.databaseName));
  return ({ databaseName }) => names.has(databaseName);
}

/** The change as records; null when it is none to the workspace, `unknown` when TypeORM named a row that there is not. `workspaceId` is empty for a row without a tenant. */
async function seenChange(told: Told, manager: EntityManager): Promise<SeenChange | 'unknown' | null> {
  const { name: module, table, before } = told;
  const marks = [table.metadata.deleteDateColumn, table.deleted].filter((column) => column !== undefined);
  const wasThere = before !== null && !marks.some((column) => isSet(valueIn(before, column)));
  const isThere = told.after !== null && !marks.some((column) => isSet(valueAfter(told, column)));
  if (!wasThere && !isThere) return null;
  let workspaceId = table.workspace ? (idOf(told, table.workspace) ?? '') : null;
  let after = isThere ? table.recordFrom((column) => valueAfter(told, column)) : null;
  const key = idOf(told, table.key);
  const isKnown = workspaceId !== '' && table.columns.every(({ column }) => isPlain(valueAfter(told, column)));
  if (after && key !== null && !isKnown) {
    const row = await rowOf(table, key, manager);
    if (!row) return 'unknown';
    after = row.record;
    workspaceId ||= row.workspaceId ?? workspaceId;
  }
  const previous = before && table.recordFrom((column) => valueIn(before, column));
  if (previous && after) {
    // What TypeORM did not load of the row before (a relation's key) was not written either.
    for (const { column, field, path } of table.columns) {
      if (path.length === 0 && valueIn(before, column) === undefined) previous[field] = after[field] ?? null;
    }
  }
  return { module, workspaceId, before: previous, after };
}

/** What a column holds after the change; undefined when nobody knows. */
function valueAfter({ before, after, written, restored }: Told, column: Column): unknown {
  if (after === null || (restored && column.isDeleteDate)) return null;
  const value = written === null || written(column) ? valueIn(after, column) : undefined;
  if (value !== undefined) return value;
  if (before !== null) return valueIn(before, column);
  return column.isNullable && column.default === undefined && !column.isGenerated ? null : undefined;
}

function valueIn(entity: ObjectLiteral, column: Column): unknown {
  return column.getEntityValue(entity) as unknown;
}

function idOf({ before, after }: Told, column: Column): string | null {
  return (after && idText(column, after)) ?? (before && idText(column, before));
}

function isPlain(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function';
}

/** Whether a column that marks rows as deleted does: a boolean, or anything that is there or not. */
function isSet(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false;
}

/** The row as the transaction sees it, for what TypeORM did not tell: defaults, SQL that was given as a value. */
async function rowOf(
  table: EntityTable,
  key: string,
  manager: EntityManager,
): Promise<{ record: RecordData; workspaceId: string | null } | null> {
  const workspace = table.workspace ? `"record".${quoted(table.workspace.databaseName)}::text` : 'NULL';
  const [row] = await queryRows(
    manager,
    `SELECT ${table.selectList('"record"', 'c')}, ${workspace} AS "w" FROM ${table.sql} AS "record"
     WHERE ${keyIsAny(table.dataSource, table.key, '"record"', '$1')}`,
    [[key]],
  );
  const [record] = row ? await table.toRecords(manager, [row], 'c') : [];
  return row && record ? { record, workspaceId: row.w === null ? null : String(row.w) } : null;
}
