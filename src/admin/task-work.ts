import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, invalidRequest, REQUEST_LIMITS } from '../core/json-shape.js';
import { claimRefusal, type DutyRefusal, isVote, releaseRefusal } from '../core/people/duty.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import { claimTask, type Replacement, releaseTask, replacePeople } from '../store/human-task-people.js';
import { raiseTaskRevision } from '../store/human-tasks.js';
import { findQueue } from '../store/task-queues.js';
import { dutyOf, lockSeen, type SeenTask, TaskDesk, taskRefused, workerOf } from './task-desk.js';

/** Who is to do a task from now on: a user, or a queue. */
export interface Reassignment {
  userId?: string;
  queue?: string;
  /** Of a vote: in whose place. */
  from?: string;
  note?: string | null;
}

/** What people do with tasks before they answer. Each change and its entry in the log are one transaction. */
@Injectable()
export class TaskWork {
  constructor(
    private readonly database: AdminDatabase,
    private readonly desk: TaskDesk,
  ) {}

  /** Takes a task; what the caller has already stays theirs. Of two at once one gets it. Throws `task_claimed`, `task_of_others`, `task_not_claimable`, `task_finished`. */
  claim(id: string, caller: Caller): Promise<void> {
    return this.change(id, caller, async (manager, { task, people }, worker) => {
      refuse(claimRefusal(dutyOf(task, people), worker), task);
      if (task.assigneeId === caller.userId) return null;
      await claimTask(manager, caller.workspaceId, task.id, caller.userId);
      return { action: 'task.claimed', before: { assigneeId: task.assigneeId }, after: { assigneeId: caller.userId }, note: null };
    });
  }

  /** Gives a task back to those who were asked, or to its queue. Throws `task_claimed`, `task_not_claimable`, `task_finished`. */
  release(id: string, note: string | null, caller: Caller): Promise<void> {
    checkShape({ note }, 'command', REQUEST_LIMITS);
    return this.change(id, caller, async (manager, { task, people }, worker) => {
      refuse(releaseRefusal(dutyOf(task, people), worker), task);
      await releaseTask(manager, caller.workspaceId, task.id);
      return { action: 'task.released', before: { assigneeId: caller.userId }, after: { assigneeId: null }, note };
    });
  }

  /** Has somebody else do it. Throws `task_finished`, `task_decided` for a vote that is cast, `invalid_request` for who cannot be asked. */
  async reassign(id: string, { userId, queue, from, note = null }: Reassignment, caller: Caller): Promise<void> {
    checkShape({ userId, queue, from, note }, 'command', REQUEST_LIMITS);
    const { workspaceId } = caller;
    if ((userId === undefined) === (queue === undefined))
      throw invalidRequest([{ path: 'userId', message: 'Give either a user or a queue.' }]);
    // First, so that a task that nobody may see is not told from one that is not there.
    await this.desk.task(id, await this.desk.viewer(caller));
    const isKnown = await this.desk.read(workspaceId, async (manager) =>
      queue === undefined
        ? (await this.desk.users(manager, workspaceId, [String(userId)])).has(String(userId))
        : (await findQueue(manager, workspaceId, queue)) !== null,
    );
    if (!isKnown) {
      throw invalidRequest([
        queue === undefined
          ? { path: 'userId', message: 'There is no active user of this id.' }
          : { path: 'queue', message: 'There is no queue of this name.' },
      ]);
    }
    await this.change(id, caller, async (manager, seen) => {
      const replacement = replacementOf(seen, { userId, queue, from });
      await replacePeople(manager, workspaceId, seen.task.id, replacement);
      const before = { assigneeId: seen.task.assigneeId, queue: seen.task.queue, ...(from !== undefined && { userId: from }) };
      const after: JsonObject = queue === undefined ? { userId: String(userId) } : { queue };
      return { action: 'task.reassigned', before, after, note };
    });
  }

  /** Notes what somebody has to say about a task, which may be over. */
  comment(id: string, text: string, caller: Caller): Promise<void> {
    checkShape({ text }, 'command', REQUEST_LIMITS);
    return this.change(id, caller, async (manager, { task }) => {
      await raiseTaskRevision(manager, caller.workspaceId, task.id);
      return { action: 'task.commented', before: null, after: null, note: text };
    });
  }

  /** One change of one task that the caller may see; `work` returns null when there was nothing to change. */
  private async change(
    id: string,
    caller: Caller,
    work: (
      manager: EntityManager,
      seen: SeenTask,
      worker: ReturnType<typeof workerOf>,
    ) => Promise<{ action: string; before: JsonObject | null; after: JsonObject | null; note: string | null } | null>,
  ): Promise<void> {
    const { workspaceId } = caller;
    const viewer = await this.desk.viewer(caller);
    await this.database.transaction(async (manager) => {
      const seen = await lockSeen(manager, id, viewer);
      const change = await work(manager, seen, workerOf(viewer));
      if (change === null) return;
      await writeAudit(manager, [{ workspaceId, actor: callerAsActor(caller), targetType: 'task', targetId: seen.task.id, ...change }]);
    });
  }
}

function refuse(refusal: DutyRefusal | null, task: SeenTask['task']): void {
  if (refusal !== null) throw taskRefused(refusal, task);
}

function replacementOf({ task, people }: SeenTask, { userId, queue, from }: Reassignment): Replacement {
  const duty = dutyOf(task, people);
  if (task.status !== 'open') throw taskRefused('finished', task);
  const isOneOfMany = isVote(duty);
  const problems: Problem[] = [];
  if (isOneOfMany && from === undefined) problems.push({ path: 'from', message: 'Several are asked: say in whose place.' });
  if (isOneOfMany && queue !== undefined) problems.push({ path: 'queue', message: 'A vote is for users, not for a queue.' });
  if (!isOneOfMany && from !== undefined) problems.push({ path: 'from', message: 'Only where several vote somebody is replaced alone.' });
  const replaced = people.find((one) => one.userId === from && !one.isReplaced);
  if (isOneOfMany && from !== undefined && !replaced) problems.push({ path: 'from', message: 'This user is not asked.' });
  const isAskedAlready = people.some((one) => one.userId === userId && one.isAsked && !one.isReplaced);
  if (isOneOfMany && isAskedAlready) problems.push({ path: 'userId', message: 'This user is asked already.' });
  if (problems.length > 0) throw invalidRequest(problems);
  if (replaced?.decidedAt) throw taskRefused('decided', task);
  return {
    people: userId === undefined ? [] : [userId],
    queue: queue ?? null,
    from: isOneOfMany ? (from ?? null) : null,
    approvals: isOneOfMany ? task.approvals : null,
    notice: 'new',
  };
}
