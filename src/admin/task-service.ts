import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../core/errors.js';
import type { Actor } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { claimRefusal, completeRefusal, releaseRefusal } from '../core/people/duty.js';
import type { FormField } from '../core/people/form-field.js';
import type { Priority, TaskKind } from '../core/people/question.js';
import { titleOf } from '../core/record-title.js';
import { readMember } from '../core/scope.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import type { Caller } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { loadAudit } from '../store/audit-store.js';
import { answersBefore } from '../store/earlier-answers.js';
import { countTasks, listTasks, type TaskFilter, type TaskViewer } from '../store/human-task-list.js';
import { type TaskPerson, taskPeople } from '../store/human-task-people.js';
import { findTask, type TaskRow, type TaskStatus } from '../store/human-tasks.js';
import { type CollectedAnswer, collectedAnswer, MOST_COLLECTED } from './collected-answers.js';
import { type RecordLinks, recordLinks } from './record-link.js';
import type { Page } from './run-service.js';
import { dutyOf, seen, TaskDesk, workerOf } from './task-desk.js';

/** A person as lists show them. */
export interface PersonName {
  id: string;
  /** Their id where the CRM has no such active user. */
  name: string;
}

/** A task as lists show it. Moments are ISO 8601. */
export interface TaskItem {
  id: string;
  kind: TaskKind;
  status: TaskStatus;
  title: string;
  message: string | null;
  record: { module: string; id: string; title: string; url: string | null } | null;
  queue: string | null;
  /** Who has it; null: whoever takes it, or everybody who is asked. */
  assignee: PersonName | null;
  priority: Priority;
  createdAt: string;
  dueAt: string | null;
  isOverdue: boolean;
  expiresAt: string | null;
  finishedAt: string | null;
  /** Of an approval. */
  votes: { approved: number; rejected: number; asked: number; needed: number | null } | null;
  /** What the caller may do with it. */
  may: { claim: boolean; release: boolean; complete: boolean };
  workflow: { id: string; name: string | null };
  runId: string;
  revision: number;
}

/** One person who is, or was, asked, and what they said. */
export interface TaskAnswerer extends PersonName {
  isAsked: boolean;
  isReplaced: boolean;
  decision: 'approved' | 'rejected' | null;
  comment: string | null;
  door: string | null;
  decidedAt: string | null;
}

/** One thing that happened to a task. */
export interface TaskEntry {
  at: string;
  actor: Actor;
  action: string;
  note: string | null;
  details: JsonObject | null;
}

/** All of one task. */
export interface TaskDetail extends TaskItem {
  path: string;
  attempt: number;
  /** What is to be filled in. */
  fields: FormField[];
  /** What those who are asked get to see of the record, as it is now. */
  shown: { field: string; label: string; value: Json }[];
  /** What people have answered in its run so far: the newest 20, oldest first. */
  collected: CollectedAnswer[];
  reasonRequired: boolean;
  people: TaskAnswerer[];
  outcome: JsonObject | null;
  /** Why nobody is asked any more. */
  reason: LoggedError | null;
  /** Oldest first. */
  history: TaskEntry[];
}

/** How many tasks there are, each counted up to 10,000. */
export interface TaskCounts {
  mine: number;
  queues: number;
  overdue: number;
  all: number;
}

const MOST_COUNTED = 10_000;

/** What people have to do, and what became of it. Everything is bound to the caller's workspace, and to what they may see. */
@Injectable()
export class TaskService {
  private readonly logger = new Logger('AutomationTasks');

  constructor(
    private readonly desk: TaskDesk,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: Pick<EngineSettings, 'recordUrl'>,
  ) {}

  /** Tasks by due date, or the newest first; what is over always the newest first. */
  async list(
    filter: TaskFilter,
    { sort = 'due', cursor, limit }: { sort?: 'due' | 'newest'; cursor?: string; limit: number },
    caller: Caller,
  ): Promise<Page<TaskItem>> {
    checkShape(filter, 'filter', REQUEST_LIMITS);
    const viewer = await this.desk.viewer(caller);
    const order = (filter.status ?? 'open') === 'open' ? sort : 'newest';
    return this.desk.read(caller.workspaceId, async (manager) => {
      const rows = await listTasks(manager, viewer, filter, { sort: order, limit: limit + 1, ...(cursor && { after: cursor }) });
      const items = await this.items(manager, viewer, rows.slice(0, limit));
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    });
  }

  /** How many there are to do. */
  async counts(caller: Caller): Promise<TaskCounts> {
    const viewer = await this.desk.viewer(caller);
    const filters = { mine: { whose: 'mine' }, queues: { whose: 'queues' }, overdue: { overdue: true }, all: {} } as const;
    const counts = await this.desk.read(caller.workspaceId, (manager) => countTasks(manager, viewer, filters, MOST_COUNTED));
    return counts as unknown as TaskCounts;
  }

  /** Everything about one task. Throws `task_not_found`. */
  async get(id: string, caller: Caller): Promise<TaskDetail> {
    const viewer = await this.desk.viewer(caller);
    return this.desk.read(caller.workspaceId, async (manager) => {
      const { task, people } = await seen(manager, id, viewer, findTask);
      return this.detail(manager, viewer, task, people);
    });
  }

  private async detail(manager: EntityManager, viewer: TaskViewer, row: TaskRow, people: readonly TaskPerson[]): Promise<TaskDetail> {
    const { workspaceId } = viewer;
    const users = await this.desk.users(
      manager,
      workspaceId,
      people.map(({ userId }) => userId),
    );
    const [item] = await this.items(manager, viewer, [row]);
    const history = await loadAudit(manager, workspaceId, 'task', row.id);
    return {
      ...(item as TaskItem),
      path: row.path,
      attempt: row.attempt,
      fields: row.fields,
      ...(await this.aboutRecord(manager, workspaceId, row, item as TaskItem)),
      collected: (await answersBefore(manager, workspaceId, row, MOST_COLLECTED)).map(collectedAnswer),
      reasonRequired: row.reasonRequired,
      people: people.map(({ userId, name, isAsked, isReplaced, decision, comment, door, decidedAt }) => ({
        id: userId,
        name: name ?? users.get(userId)?.name ?? userId,
        isAsked,
        isReplaced,
        decision,
        comment,
        door,
        decidedAt: decidedAt?.toISOString() ?? null,
      })),
      outcome: row.outcome,
      reason: row.reason,
      history: history.map(({ at, actor, action, after, note }) => ({
        at: at.toISOString(),
        actor,
        action: action.replace(/^task\./, ''),
        note,
        details: after,
      })),
    };
  }

  /** The record by what it is called now, and those of its fields that the step shows; hidden ones are never among them. */
  private async aboutRecord(
    manager: EntityManager,
    workspaceId: string,
    { shown, module: name, recordId }: TaskRow,
    { record }: TaskItem,
  ): Promise<Pick<TaskDetail, 'shown' | 'record'>> {
    const module = name === null ? undefined : this.catalog.modules.get(name);
    if (!module || recordId === null || record === null) return { shown: [], record };
    const relations: string[] = [];
    const found = (await this.crm.findRecords({ manager, workspaceId }, module.name, [recordId], { lock: false, relations })).get(recordId);
    if (!found) return { shown: [], record };
    const fields = shown.flatMap((field) => module.fields.filter((one) => one.name === field));
    return {
      record: { ...record, title: titleOf(module, found) },
      shown: fields.map((field) => ({ field: field.name, label: field.label, value: readMember(found, field.name.split('.')) ?? null })),
    };
  }

  private async items(manager: EntityManager, viewer: TaskViewer, rows: readonly TaskRow[]): Promise<TaskItem[]> {
    const { workspaceId } = viewer;
    const people = await taskPeople(
      manager,
      workspaceId,
      rows.map(({ id }) => id),
    );
    const users = await this.desk.users(
      manager,
      workspaceId,
      rows.flatMap(({ assigneeId }) => assigneeId ?? []),
    );
    const links = recordLinks(this.settings.recordUrl, workspaceId, this.logger);
    return rows.map((row) => {
      const duty = dutyOf(row, people.get(row.id) ?? []);
      const worker = workerOf(viewer);
      return {
        id: row.id,
        kind: row.kind,
        status: row.status,
        title: row.title,
        message: row.message,
        record: recordOf(row, links),
        queue: row.queue,
        assignee: row.assigneeId === null ? null : { id: row.assigneeId, name: users.get(row.assigneeId)?.name ?? row.assigneeId },
        priority: row.priority,
        createdAt: row.createdAt.toISOString(),
        dueAt: row.dueAt?.toISOString() ?? null,
        isOverdue: row.isOverdue,
        expiresAt: row.expiresAt?.toISOString() ?? null,
        finishedAt: row.finishedAt?.toISOString() ?? null,
        votes: row.kind === 'approval' ? votesOf(row, people.get(row.id) ?? []) : null,
        may: {
          claim: duty.assigneeId !== viewer.userId && claimRefusal(duty, worker) === null,
          release: releaseRefusal(duty, worker) === null,
          complete: completeRefusal(duty, worker) === null,
        },
        workflow: { id: row.workflowId, name: row.workflowName },
        runId: row.runId,
        revision: row.revision,
      };
    });
  }
}

function recordOf({ module, recordId, recordTitle }: TaskRow, links: RecordLinks): TaskItem['record'] {
  if (module === null || recordId === null) return null;
  return { module, id: recordId, title: recordTitle ?? recordId, url: links({ module, id: recordId }) };
}

function votesOf({ approvals }: TaskRow, people: readonly TaskPerson[]): TaskItem['votes'] {
  const counting = people.filter(({ isReplaced }) => !isReplaced);
  const count = (decision: TaskPerson['decision']): number => counting.filter((one) => one.decision === decision).length;
  return { approved: count('approved'), rejected: count('rejected'), asked: counting.length, needed: approvals };
}
