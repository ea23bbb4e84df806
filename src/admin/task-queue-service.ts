import { Injectable } from '@nestjs/common';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, invalidRequest, REQUEST_LIMITS } from '../core/json-shape.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import {
  countQueues,
  deleteQueue,
  findQueue,
  hasOpenTasks,
  listQueues,
  MOST_QUEUES,
  putQueue,
  type TaskQueue,
} from '../store/task-queues.js';
import { TaskDesk } from './task-desk.js';

/** A queue as people see it. */
export interface QueueItem {
  name: string;
  label: string | null;
  users: string[];
  roles: string[];
  /** ISO 8601. */
  updatedAt: string;
  /** Does the caller work in it? */
  isMine: boolean;
}

/** What a queue is to be. */
export interface QueueCommand {
  label?: string | null;
  users?: string[];
  roles?: string[];
}

/** What the names of queues look like: they stand in addresses. */
const QUEUE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** The queues of the caller's workspace. Each change and its audit entry are one transaction. */
@Injectable()
export class TaskQueueService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly desk: TaskDesk,
  ) {}

  /** All of them by name; without `view` or `manage` those that the caller works in. */
  async list(caller: Caller): Promise<QueueItem[]> {
    const { queues, seesAll } = await this.desk.viewer(caller);
    const found = await this.database.read((manager) => listQueues(manager, caller.workspaceId));
    const items = found.map((queue) => itemOf(queue, queues));
    return seesAll ? items : items.filter(({ isMine }) => isMine);
  }

  /** One queue. Throws `queue_not_found`. */
  async get(name: string, caller: Caller): Promise<QueueItem> {
    const { queues, seesAll } = await this.desk.viewer(caller);
    const queue = await this.database.read((manager) => findQueue(manager, caller.workspaceId, name));
    if (!queue || !(seesAll || queues.includes(name))) throw queueNotFound();
    return itemOf(queue, queues);
  }

  /** Makes a queue, or changes who works in it. Throws `queues_too_many`, and `invalid_request` for a name that cannot stand in an address. */
  async put(name: string, { label = null, users = [], roles = [] }: QueueCommand, caller: Caller): Promise<QueueItem> {
    checkShape({ label, users, roles }, 'command', REQUEST_LIMITS);
    if (!QUEUE_NAME.test(name)) {
      throw invalidRequest([{ path: 'name', message: 'A name is made of letters, digits, "_" and "-", at most 64 of them.' }]);
    }
    if (users.length + roles.length === 0)
      throw invalidRequest([{ path: 'users', message: 'A queue needs users or roles that work in it.' }]);
    const { workspaceId } = caller;
    await this.database.transaction(async (manager) => {
      const { before, after } = await putQueue(manager, workspaceId, {
        name,
        label,
        users: [...new Set(users)],
        roles: [...new Set(roles)],
      });
      if (before === null && (await countQueues(manager, workspaceId)) > MOST_QUEUES) {
        throw new AutomationError('queues_too_many', `A workspace may have ${MOST_QUEUES} queues at the most.`, {
          hint: 'Delete one that nobody uses.',
        });
      }
      await writeAudit(manager, [entryOf(caller, before === null ? 'created' : 'updated', before, after)]);
    });
    return this.get(name, caller);
  }

  /** Removes a queue. Throws `queue_not_found`, and `queue_in_use` while something in it is to be done. */
  async delete(name: string, caller: Caller): Promise<void> {
    const { workspaceId } = caller;
    await this.database.transaction(async (manager) => {
      const before = await deleteQueue(manager, workspaceId, name);
      if (!before) throw queueNotFound();
      if (await hasOpenTasks(manager, workspaceId, name)) {
        throw new AutomationError('queue_in_use', 'Something in this queue is still to be done.', {
          hint: 'Complete or reassign its tasks first: `GET tasks?queue=` lists them.',
        });
      }
      await writeAudit(manager, [entryOf(caller, 'deleted', before, null)]);
    });
  }
}

function itemOf({ name, label, users, roles, updatedAt }: TaskQueue, mine: readonly string[]): QueueItem {
  return { name, label, users, roles, updatedAt: updatedAt.toISOString(), isMine: mine.includes(name) };
}

function entryOf(
  caller: Caller,
  action: string,
  before: TaskQueue | null,
  after: TaskQueue | null,
): Parameters<typeof writeAudit>[1][number] {
  const shown = (queue: TaskQueue | null): JsonObject | null =>
    queue && { name: queue.name, label: queue.label, users: queue.users, roles: queue.roles };
  const target = (before ?? after) as TaskQueue;
  return {
    workspaceId: caller.workspaceId,
    actor: callerAsActor(caller),
    action: `queue.${action}`,
    targetType: 'queue',
    targetId: target.id,
    before: shown(before),
    after: shown(after),
    note: null,
  };
}

function queueNotFound(): AutomationError {
  return new AutomationError('queue_not_found', 'There is no queue of this name.');
}
