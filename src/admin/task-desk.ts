import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { AutomationError } from '../core/errors.js';
import { concerns, type Duty, type DutyRefusal, type Worker } from '../core/people/duty.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { CRM_HOST, type CrmHost, type CrmUser } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import type { TaskViewer } from '../store/human-task-list.js';
import { type TaskPerson, taskPeople } from '../store/human-task-people.js';
import { findTask, lockTask, type TaskRow } from '../store/human-tasks.js';
import { queuesOf } from '../store/task-queues.js';

/** Who works on tasks: for whom the queues are, and what people are called. */
@Injectable()
export class TaskDesk {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /** What the caller gets to see and to do. Whoever may look at runs, or manages, sees everybody's tasks. */
  async viewer({
    workspaceId,
    userId,
    roles,
    permissions,
  }: Pick<Caller, 'workspaceId' | 'userId' | 'roles' | 'permissions'>): Promise<TaskViewer> {
    const seesAll = permissions.includes('view') || permissions.includes('manage');
    const queues = await this.read(workspaceId, async (manager) => {
      // A policy that says nothing of roles leaves it to the CRM.
      const known = roles ?? (await this.crm.findUsers({ manager, workspaceId }, { ids: [userId] }))[0]?.roles ?? [];
      return queuesOf(manager, workspaceId, { userId, roles: known });
    });
    return { workspaceId, userId, queues, seesAll, modules: [...this.catalog.modules.keys()] };
  }

  /** A task that the viewer may see. Throws `task_not_found`. */
  async task(id: string, viewer: TaskViewer): Promise<TaskRow> {
    return (await this.read(viewer.workspaceId, (manager) => seen(manager, id, viewer, findTask))).task;
  }

  /** The active users of these ids, by id. */
  async users(manager: EntityManager, workspaceId: string, ids: Iterable<string>): Promise<Map<string, CrmUser>> {
    const wanted = [...new Set(ids)];
    if (wanted.length === 0) return new Map();
    const found = await this.crm.findUsers({ manager, workspaceId }, { ids: wanted });
    return new Map(found.map((user) => [user.id, user]));
  }

  /** Runs `work`, which only reads, in a transaction that may ask the CRM. */
  read<Answer>(workspaceId: string, work: (manager: EntityManager) => Promise<Answer>): Promise<Answer> {
    return this.database.read(async (manager) => {
      await this.database.enter(manager, workspaceId);
      return work(manager);
    });
  }
}

/** A task that a viewer may see, with its people. */
export interface SeenTask {
  task: TaskRow;
  people: TaskPerson[];
}

/** The same, with the task locked until the transaction ends. Throws `task_not_found`. */
export function lockSeen(manager: EntityManager, id: string, viewer: TaskViewer): Promise<SeenTask> {
  return seen(manager, id, viewer, lockTask);
}

/** Reads a task, and throws `task_not_found` where there is none that the viewer may see. */
export async function seen(manager: EntityManager, id: string, viewer: TaskViewer, find: typeof findTask): Promise<SeenTask> {
  const { workspaceId, seesAll } = viewer;
  const task = isUuid(id) ? await find(manager, workspaceId, id) : null;
  const people = task ? ((await taskPeople(manager, workspaceId, [task.id])).get(task.id) ?? []) : [];
  if (task && (seesAll || concerns(dutyOf(task, people), workerOf(viewer)))) return { task, people };
  throw new AutomationError('task_not_found', 'There is no task of this id.');
}

/** A task as the rules of who may do what see it. */
export function dutyOf(task: TaskRow, people: readonly TaskPerson[]): Duty {
  return {
    kind: task.kind,
    status: task.status,
    queue: task.queue,
    assigneeId: task.assigneeId,
    people: people.map(({ userId, isAsked, isReplaced, decidedAt }) => ({ userId, isAsked, isReplaced, hasDecided: decidedAt !== null })),
  };
}

/** Who a viewer is to these rules. */
export function workerOf({ userId, queues }: TaskViewer): Worker {
  return { userId, queues };
}

/** The error for what somebody may not do with a task; of one that is over it says how it ended. */
export function taskRefused(refusal: DutyRefusal, task: TaskRow): AutomationError {
  switch (refusal) {
    case 'finished':
      return new AutomationError('task_finished', `The task is ${task.status} already.`, {
        hint: 'The first answer counts: `details` says what it was.',
        details: {
          status: task.status,
          outcome: task.outcome,
          reason: task.reason && { code: task.reason.code, message: task.reason.message },
          finishedAt: task.finishedAt?.toISOString() ?? null,
        },
      });
    case 'claimed':
      return new AutomationError('task_claimed', 'Somebody else has this task.', {
        hint: 'Take another one, or have somebody with `manage` reassign it.',
        details: { assigneeId: task.assigneeId },
      });
    case 'of_others':
      return new AutomationError('task_of_others', 'Others are asked: only they may do this.', {
        hint: 'Somebody with `manage` may reassign it.',
      });
    case 'decided':
      return new AutomationError('task_decided', 'You have decided this already; a decision is final.');
    case 'not_claimable':
      return new AutomationError('task_not_claimable', 'This is for nobody to take or to give back: whoever is asked answers.', {
        hint: 'Answer it, or have somebody with `manage` reassign it.',
      });
    case 'not_claimed':
      return new AutomationError('task_not_claimable', 'Nobody has this task, so that nobody can give it back.');
  }
}
