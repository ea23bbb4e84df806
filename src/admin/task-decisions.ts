import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError, type Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { type CheckedAnswers, checkAnswers } from '../core/people/answers.js';
import { completeRefusal } from '../core/people/duty.js';
import { type Vote, voteOutcome } from '../core/people/votes.js';
import { Inbox } from '../engine/waits/inbox.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import { type TaskPerson, writeDecision } from '../store/human-task-people.js';
import { completeTask, lockRunOfTask, raiseTaskRevision, type TaskRow } from '../store/human-tasks.js';
import { dutyOf, lockSeen, TaskDesk, taskRefused, workerOf } from './task-desk.js';

/** By which way an answer came. */
export const TASK_DOORS = ['api', 'console', 'link'] as const;
export type TaskDoor = (typeof TASK_DOORS)[number];

/** What somebody answers. */
export interface TaskAnswer {
  /** Of an approval. */
  decision?: Vote;
  /** Of all others. */
  values?: JsonObject;
  comment?: string | null;
  /** Answer only if the task is still at this revision. */
  revision?: number;
}

/** What became of an answer: the task may wait for others yet. */
export interface TaskAnswered {
  status: 'open' | 'completed';
  /** What the run was told; null while others are still to answer. */
  outcome: JsonObject | null;
}

/**
 * Takes people's answers. What one says, the end of the task and the answer to the run are one transaction: the first that
 * ends the task counts, and all later ones are told what it was.
 */
@Injectable()
export class TaskDecisions {
  constructor(
    private readonly database: AdminDatabase,
    private readonly desk: TaskDesk,
    private readonly inbox: Inbox,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /**
   * Throws `task_not_found`, `task_finished` with the outcome, `task_claimed`, `task_of_others`, `task_decided`,
   * `revision_conflict`, and `answers_invalid` with a problem for each value.
   */
  async complete(id: string, answer: TaskAnswer, door: TaskDoor, caller: Caller): Promise<TaskAnswered> {
    checkShape(answer, 'answer', REQUEST_LIMITS);
    const { workspaceId } = caller;
    const viewer = await this.desk.viewer(caller);
    const task = await this.desk.task(id, viewer);
    const values = task.kind === 'approval' ? null : await this.checkedValues(task, answer, workspaceId);
    const answered = await this.database.transaction(async (manager) => {
      await lockRunOfTask(manager, workspaceId, task.runId);
      const { task: row, people } = await lockSeen(manager, id, viewer);
      const refusal = completeRefusal(dutyOf(row, people), workerOf(viewer));
      if (refusal !== null) throw taskRefused(refusal, row);
      if (answer.revision !== undefined && answer.revision !== row.revision) throw revisionConflict(row);
      return values === null
        ? this.vote(manager, row, people, answer, door, caller)
        : this.fillIn(manager, row, values, answer.comment ?? null, door, caller);
    });
    if (answered.status === 'completed') this.inbox.announce(task.runId);
    return answered;
  }

  private async vote(
    manager: EntityManager,
    task: TaskRow,
    people: readonly TaskPerson[],
    { decision, comment = null, values }: TaskAnswer,
    door: TaskDoor,
    caller: Caller,
  ): Promise<TaskAnswered> {
    const problems: Problem[] = [];
    if (decision === undefined) problems.push({ path: 'decision', message: 'An approval needs a "decision": approved or rejected.' });
    if (values !== undefined) problems.push({ path: 'values', message: 'An approval has no fields.' });
    if (decision === 'rejected' && task.reasonRequired && (comment ?? '').trim() === '') {
      problems.push({ path: 'comment', message: 'A no needs a reason.' });
    }
    if (decision === undefined || problems.length > 0) throw answersInvalid(problems);
    const by = nameOf(caller);
    const said = { userId: by.id, name: by.name, decision, comment, door };
    const decidedAt = await writeDecision(manager, caller.workspaceId, task.id, said);
    const earlier = people.filter((one) => one.userId !== by.id && !one.isReplaced);
    const votes = [...earlier.filter((one) => one.decision !== null), { ...said, decidedAt }];
    const outcome = voteOutcome(
      task.approvals,
      earlier.length + 1,
      votes.map((vote) => vote.decision as Vote),
    );
    await this.audit(manager, task, caller, { action: 'task.decided', after: { decision, door }, note: comment });
    if (outcome === 'open') {
      await raiseTaskRevision(manager, caller.workspaceId, task.id);
      return { status: 'open', outcome: null };
    }
    const shown = votes.map((vote) => ({
      by: { id: vote.userId, name: vote.name },
      decision: vote.decision,
      comment: vote.comment,
      door: vote.door,
      at: vote.decidedAt?.toISOString() ?? null,
    }));
    return this.end(manager, task, caller, { decision: outcome, comment, by, door, votes: shown });
  }

  private async fillIn(
    manager: EntityManager,
    task: TaskRow,
    values: JsonObject,
    comment: string | null,
    door: TaskDoor,
    caller: Caller,
  ): Promise<TaskAnswered> {
    const by = nameOf(caller);
    await writeDecision(manager, caller.workspaceId, task.id, { userId: by.id, name: by.name, decision: null, comment, door });
    await this.audit(manager, task, caller, { action: 'task.completed', after: { door }, note: comment });
    return this.end(manager, task, caller, { values, comment, by, door });
  }

  private async end(manager: EntityManager, task: TaskRow, { workspaceId }: Caller, outcome: JsonObject): Promise<TaskAnswered> {
    await completeTask(manager, workspaceId, task.id, outcome);
    const { runId, path, attempt } = task;
    const delivery = await this.inbox.answerIn(manager, { workspaceId, runId, path, attempt }, outcome);
    if (delivery === 'taken') return { status: 'completed', outcome };
    // Another way was faster, or a process of an earlier release has ended the run, which knows nothing of tasks.
    throw taskRefused('finished', { ...task, status: 'cancelled' });
  }

  /** Values as they are kept. What must exist in the CRM is asked before anything is locked: it is the host's own code. */
  private async checkedValues(task: TaskRow, { values = {}, decision }: TaskAnswer, workspaceId: string): Promise<JsonObject> {
    const checked = checkAnswers(task.fields, values);
    const problems = checked.problems.map(({ path, message }) => ({ path: `values.${path}`, message }));
    if (decision !== undefined) problems.push({ path: 'decision', message: 'Only an approval has a "decision".' });
    if (problems.length === 0) problems.push(...(await this.unknownOnes(checked, workspaceId)));
    // Of a task that is over, what was wrong with a late answer is nobody's concern.
    if (problems.length > 0 && task.status === 'open') throw answersInvalid(problems);
    return checked.values;
  }

  private unknownOnes({ users, records }: CheckedAnswers, workspaceId: string): Promise<Problem[]> {
    if (users.length + records.length === 0) return Promise.resolve([]);
    return this.desk.read(workspaceId, async (manager) => {
      const problems: Problem[] = [];
      const known = await this.desk.users(
        manager,
        workspaceId,
        users.map(({ id }) => id),
      );
      for (const { path, id } of users) {
        if (!known.has(id)) problems.push({ path: `values.${path}`, message: 'There is no active user of this id.' });
      }
      for (const { path, module, id } of records) {
        const found = await this.crm.findRecords({ manager, workspaceId }, module, [id], { lock: false, relations: [] });
        if (!found.has(id)) problems.push({ path: `values.${path}`, message: `There is no record of this id in "${module}".` });
      }
      return problems;
    });
  }

  private audit(
    manager: EntityManager,
    { id }: TaskRow,
    caller: Caller,
    { action, after, note }: { action: string; after: JsonObject; note: string | null },
  ): Promise<void> {
    const { workspaceId } = caller;
    return writeAudit(manager, [
      { workspaceId, actor: callerAsActor(caller), action, targetType: 'task', targetId: id, before: null, after, note },
    ]);
  }
}

/** The task has changed since it was looked at. */
function revisionConflict(task: TaskRow): AutomationError {
  return new AutomationError('revision_conflict', `The task has gone on in between: it is at revision ${task.revision}.`, {
    hint: 'Load it again, and decide on what it is now.',
    details: { revision: task.revision },
  });
}

function answersInvalid(problems: Problem[]): AutomationError {
  return new AutomationError('answers_invalid', 'The answer does not fit the task.', {
    hint: 'Correct what the problems name.',
    problems,
  });
}

function nameOf({ userId, name }: Caller): { id: string; name: string } {
  return { id: userId, name: name ?? userId };
}
