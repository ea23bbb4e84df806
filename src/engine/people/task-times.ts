import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import type { Actor } from '../../core/event.js';
import type { Asked } from '../../core/people/question.js';
import { quietUntil } from '../../core/people/quiet-hours.js';
import { nextTaskStep, type TaskNotice, type TaskStep } from '../../core/people/task-times.js';
import { CRM_HOST, type CrmHost, type CrmTransaction, type CrmUser } from '../../host/crm-host.js';
import { writeAudit } from '../../store/audit-store.js';
import { AutomationDatabase } from '../../store/database.js';
import { workspacesWithDue } from '../../store/due-by-workspace.js';
import { replacePeople } from '../../store/human-task-people.js';
import { advanceTask, type DueTask, holdDueTasks, insertMails, openPeople } from '../../store/human-task-times.js';
import { findQueue } from '../../store/task-queues.js';
import { Turns } from '../../store/turns.js';
import { Calendars } from '../calendars.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { isConnectionLoss } from '../failures.js';
import type { DueWork, TimingRound } from '../timing/timed-trigger.js';
import { WakeUp } from '../wake-up.js';
import { taskMessage } from './task-message.js';

/** Tasks of one workspace that one round looks at, a transaction each. */
const BATCH = 50;
/** Workspaces that one round goes through. */
const MOST_WORKSPACES = 20;
/** The most members of a queue that are told of what is in it. */
const MOST_TOLD = 50;
const SYSTEM: Actor = { type: 'system', id: null, name: 'Escalation' };

/** The task has gone on since it was looked at: what was done about it is taken back, and done anew on what it is now. */
class GoneOn extends Error {
  override readonly name = 'GoneOn';
}

/**
 * What becomes due of tasks by itself: that those who are asked hear of them, are reminded, hear that they are late, and
 * that others are asked instead. What the CRM notes for people commits together with what is left to be done.
 */
@Injectable()
export class TaskTimesWork implements DueWork {
  readonly name = 'human tasks';
  readonly kind = 'tasks';
  private readonly turns = new Turns();
  private readonly logger = new Logger('AutomationTasks');

  constructor(
    private readonly database: AutomationDatabase,
    private readonly calendars: Calendars,
    private readonly wakeUp: WakeUp,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  async round(): Promise<TimingRound> {
    const workspaces = await this.database.statement((manager) => workspacesWithDue(manager, 'human_tasks', MOST_WORKSPACES, this.turns));
    let more = workspaces.length === MOST_WORKSPACES;
    for (const workspaceId of workspaces) {
      const due = await this.database.statement((manager) => holdDueTasks(manager, workspaceId, BATCH));
      if (due.length === BATCH) more = true;
      await this.calendars.prepare([workspaceId]);
      for (const task of due) {
        // Those who are asked instead are told by the next look.
        if ((await this.advance(workspaceId, task)) === 'escalate') more = true;
      }
    }
    return { starts: 0, more };
  }

  /** What cannot be done now is tried again when the task is nobody's to look at any more, in a minute. */
  private async advance(workspaceId: string, task: DueTask): Promise<TaskStep['kind'] | 'failed'> {
    const quiet = quietUntil(this.settings.tasks.quietHours, task.now, this.calendars.of(workspaceId).timezone);
    const step = nextTaskStep(task, task.now, quiet);
    try {
      await this.database.transaction(async (manager) => {
        await this.database.enter(manager, workspaceId);
        if (step.kind === 'escalate') return this.escalate(manager, workspaceId, task, step);
        if (step.kind === 'tell') await this.tell({ manager, workspaceId }, task, step.notice);
        if (!(await advanceTask(manager, workspaceId, task, step))) throw new GoneOn();
      });
      return step.kind;
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
      if (!(error instanceof GoneOn)) this.logger.error(`Workspace ${workspaceId}: task ${task.id} waits: ${String(error)}`);
      return 'failed';
    }
  }

  private async escalate(manager: EntityManager, workspaceId: string, task: DueTask, step: TaskStep): Promise<void> {
    const asked = task.escalation ?? { assignees: [], role: null, queue: null };
    const people = await this.usersOf({ manager, workspaceId }, asked);
    const queue = asked.queue !== null && (await findQueue(manager, workspaceId, asked.queue)) !== null ? asked.queue : null;
    const isPossible = people.length > 0 || queue !== null;
    // Where nobody is asked instead, those who were asked still have to hear of what they were not told.
    const left = isPossible ? step.left : { ...step.left, pending: task.pending };
    if (!(await advanceTask(manager, workspaceId, task, { left, nextAt: step.nextAt }))) throw new GoneOn();
    const ids = people.map(({ id }) => id);
    if (isPossible)
      await replacePeople(manager, workspaceId, task.id, { people: ids, queue, from: null, approvals: null, notice: 'escalated' });
    await writeAudit(manager, [
      {
        workspaceId,
        actor: SYSTEM,
        action: isPossible ? 'task.escalated' : 'task.not_escalated',
        targetType: 'task',
        targetId: task.id,
        before: { assigneeId: task.assigneeId, queue: task.queue },
        after: isPossible ? { users: ids, queue } : null,
        note: isPossible ? null : 'There is nobody to ask instead: those who were asked still are.',
      },
    ]);
  }

  private async tell(tx: CrmTransaction, task: DueTask, notice: TaskNotice): Promise<void> {
    const users = await this.receivers(tx, task);
    if (users.length === 0) return;
    const { title, body } = taskMessage(task, notice);
    const record = task.module === null || task.recordId === null ? null : { module: task.module, id: task.recordId };
    try {
      await this.crm.createNotifications(
        tx,
        users.map(({ id }) => ({ userId: id, title, body, record })),
      );
    } catch (error) {
      // A CRM that has no place for notifications: its people have their mails.
      if (!(error instanceof AutomationError && error.code === 'crm_config_invalid')) throw error;
    }
    this.wakeUp.announceAfterCommit(tx.manager, 'timing');
    await insertMails(
      tx.manager,
      tx.workspaceId,
      users.flatMap(({ id, email }) => (email === null ? [] : [{ taskId: task.id, notice, userId: id, address: email }])),
    );
  }

  /** Those whose it is to do; of what lies in a queue, who works in it. */
  private async receivers(tx: CrmTransaction, { id, queue, assigneeId }: DueTask): Promise<CrmUser[]> {
    const people = await openPeople(tx.manager, tx.workspaceId, id);
    const members = queue === null || assigneeId !== null ? null : await findQueue(tx.manager, tx.workspaceId, queue);
    const users = new Map<string, CrmUser>();
    const add = (found: readonly CrmUser[]): void => {
      for (const user of found) users.set(user.id, user);
    };
    const ids = [...new Set([...people, ...(members?.users ?? [])])];
    if (ids.length > 0) add(await this.crm.findUsers(tx, { ids }));
    for (const role of members?.roles ?? []) add(await this.crm.findUsers(tx, { role }));
    // Who is asked hears of it, however many they are: all of them may have to answer.
    const asked = new Set(people);
    const [own, others] = [[...users.values()].filter(({ id }) => asked.has(id)), [...users.values()].filter(({ id }) => !asked.has(id))];
    return [...own, ...others.slice(0, MOST_TOLD)];
  }

  private async usersOf(tx: CrmTransaction, { assignees, role }: Asked): Promise<CrmUser[]> {
    const named = assignees.length > 0 ? await this.crm.findUsers(tx, { ids: assignees }) : [];
    const withRole = role === null ? [] : await this.crm.findUsers(tx, { role });
    return [...new Map([...named, ...withRole].map((user) => [user.id, user])).values()];
  }
}
