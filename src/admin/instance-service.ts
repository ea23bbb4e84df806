import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { AutomationError } from '../core/errors.js';
import { checkShape, invalidRequest, REQUEST_LIMITS } from '../core/json-shape.js';
import { knownHistory } from '../core/machine/known-history.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { type HistoryItem, listHistory, type TransitionKind } from '../store/machines/history-list.js';
import { findInstance, type InstanceItem, listInstances } from '../store/machines/instance-list.js';
import { type InstanceFilter, type InstancePlace, isSortedByMoment } from '../store/machines/instance-ways.js';
import type { Page } from './run-service.js';

/** Instances of state machines, as people look for them, and what they have been through. */
@Injectable()
export class InstanceService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
  ) {}

  /** One page of instances, in the order of {@link listInstances}. Throws `invalid_request`. */
  list(filter: InstanceFilter, { cursor, limit }: { cursor?: string; limit: number }, caller: Caller): Promise<Page<InstanceItem>> {
    checkShape(filter, 'filter', REQUEST_LIMITS);
    const after = cursor === undefined ? undefined : instancePlaceOf(cursor, filter);
    const question = { workspaceId: caller.workspaceId, filter, modules: [...this.catalog.modules.keys()] };
    return this.database.read(async (manager) => {
      const found = await listInstances(manager, question, { after, limit: limit + 1 });
      const items = found.slice(0, limit).map(({ place: _, ...item }) => item);
      const last = found.length > limit ? found[limit - 1] : undefined;
      return { items, nextCursor: last ? instanceCursor(last.place) : null };
    });
  }

  /** Throws `instance_not_found`. */
  get(id: string, caller: Caller): Promise<InstanceItem> {
    return this.database.read(async (manager) => {
      const found = isUuid(id) ? await findInstance(manager, caller.workspaceId, id) : null;
      return found ?? instanceNotFound();
    });
  }

  /** What an instance has been through, and what was tried and did not happen, the newest first. Throws `instance_not_found`. */
  history(
    id: string,
    { kinds, cursor, limit }: { kinds?: readonly TransitionKind[]; cursor?: string; limit: number },
    caller: Caller,
  ): Promise<Page<HistoryItem>> {
    const { workspaceId } = caller;
    return this.database.read(async (manager) => {
      const instance = isUuid(id) ? await findInstance(manager, workspaceId, id) : null;
      if (!instance) return instanceNotFound();
      const found = await listHistory(manager, { workspaceId, instanceId: id, kinds }, { before: cursor, limit: limit + 1 });
      const items = found.slice(0, limit).map((item) => ({
        ...item,
        explanation: knownHistory(this.catalog, instance.module, item.explanation),
      }));
      return { items, nextCursor: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    });
  }
}

/** Throws what is told of an instance that the workspace does not have. */
export function instanceNotFound(): never {
  throw new AutomationError('instance_not_found', 'There is no instance of this id.');
}

const CURSOR = /^([\w:.-]{20,40})~([\da-f-]{36})$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** The place in a list as its cursor. */
export function instanceCursor({ at, id }: InstancePlace): string {
  return `${at}~${id}`;
}

/** The place that the cursor of such a list names. Throws `invalid_request`: whoever writes one himself is told so, and not by the database. */
export function instancePlaceOf(cursor: string, filter: InstanceFilter): InstancePlace {
  const [, at = '', id = ''] = CURSOR.exec(cursor) ?? [];
  if (isUuid(id) && (isSortedByMoment(filter) ? isMoment(at) : isUuid(at))) return { at, id };
  throw invalidRequest([{ path: 'cursor', message: 'cursor must be the nextCursor of an earlier page' }]);
}

/** False for what only looks like one: a 31 February, or a year that Postgres does not have. */
function isMoment(text: string): boolean {
  const ms = MOMENT.test(text) ? Date.parse(text) : Number.NaN;
  return ms >= 0 && new Date(ms).toISOString().slice(0, 19) === text.slice(0, 19);
}
