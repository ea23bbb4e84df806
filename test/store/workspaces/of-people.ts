import * as earlierAnswers from '../../../src/store/earlier-answers.js';
import * as taskList from '../../../src/store/human-task-list.js';
import * as taskPeople from '../../../src/store/human-task-people.js';
import * as taskTimes from '../../../src/store/human-task-times.js';
import * as tasks from '../../../src/store/human-tasks.js';
import * as queues from '../../../src/store/task-queues.js';
import * as waitTokens from '../../../src/store/wait-tokens.js';
import { ID, NOW } from './names.js';
import type { Statements } from './statement.js';

const NOBODY = { assigneeId: null, approvals: null, escalation: null, dueAt: null, expiresAt: null, remindAt: null, escalateAt: null };

/** What is asked and written of human tasks, their queues and links. */
export const OF_PEOPLE: Statements = {
  'earlier-answers.ts': {
    answersBefore: (m, w) => earlierAnswers.answersBefore(m, w, { id: ID.task, runId: ID.waiting, finishedAt: null }, 9),
  },
  'human-task-list.ts': {
    listTasks: async (m, w) => {
      const viewer = { workspaceId: w, userId: 'u-1', queues: ['sales'], seesAll: false, modules: ['leads'] };
      const pages: unknown[] = [];
      for (const filter of [{}, { whose: 'mine' }, { whose: 'queues' }, { search: 'appr' }] as const) {
        for (const sort of ['due', 'newest'] as const) {
          pages.push(await taskList.listTasks(m, viewer, filter, { sort, limit: 1 }));
          pages.push(await taskList.listTasks(m, { ...viewer, seesAll: true }, filter, { sort, limit: 9, after: ID.fresh }));
          pages.push(await taskList.listTasks(m, viewer, { ...filter, status: 'completed' }, { sort, limit: 1, after: ID.task }));
        }
      }
      return pages;
    },
    countTasks: (m, w) => {
      const viewer = { workspaceId: w, userId: 'u-1', queues: ['sales'], seesAll: true, modules: ['leads'] };
      return taskList.countTasks(m, viewer, { all: {}, mine: { whose: 'mine' }, queues: { whose: 'queues' } }, 9);
    },
  },
  'human-task-people.ts': {
    taskPeople: (m, w) => taskPeople.taskPeople(m, w, [ID.task]),
    writeDecision: async (m, w) => {
      const said = { userId: 'u-1', name: 'Ann', decision: 'approved', comment: null, door: 'inbox' } as const;
      return tasks.findTask(m, w, ID.task).then((task) => (task ? taskPeople.writeDecision(m, w, ID.task, said) : null));
    },
    claimTask: (m, w) => taskPeople.claimTask(m, w, ID.task, 'u-1'),
    releaseTask: (m, w) => taskPeople.releaseTask(m, w, ID.task),
    replacePeople: (m, w) => {
      return taskPeople.replacePeople(m, w, ID.task, { people: ['u-3'], queue: null, from: null, approvals: null, notice: 'new' });
    },
  },
  'human-task-times.ts': {
    holdDueTasks: (m, w) => taskTimes.holdDueTasks(m, w, 9),
    advanceTask: (m, w) => {
      const left = { pending: [], dueAt: null, remindAt: null, escalateAt: null };
      return taskTimes.advanceTask(m, w, { id: ID.task, heldUntil: '2026-01-01T00:00:00Z' }, { left, nextAt: NOW });
    },
    openPeople: (m, w) => taskTimes.openPeople(m, w, ID.task),
    insertMails: async (m, w) => {
      const mail = { taskId: ID.task, notice: 'new', userId: 'u-1', address: 'ann@b.test' } as const;
      return tasks.findTask(m, w, ID.task).then((task) => (task ? taskTimes.insertMails(m, w, [mail]) : null));
    },
    holdDueMails: (m, w) => taskTimes.holdDueMails(m, w, 9),
    removeMail: (m, w) => taskTimes.removeMail(m, w, { taskId: ID.task, notice: 'new', userId: 'u-1', attempts: 0 } as never),
  },
  'human-tasks.ts': {
    insertTasks: (m, w) => {
      const task = {
        workspaceId: w,
        id: ID.fresh,
        runId: ID.held,
        path: 'ask',
        attempt: 1,
        workflowId: ID.workflow,
        kind: 'approval',
      } as const;
      const about = { title: 'Approval', message: null, module: null, recordId: null, recordTitle: null } as const;
      return tasks.insertTasks(m, [
        { ...task, ...about, ...NOBODY, fields: [], shown: [], priority: 'normal', queue: null, people: ['u-1'], reasonRequired: false },
      ]);
    },
    closeTasks: (m, w) => {
      return tasks.closeTasks(m, [{ workspaceId: w, runId: ID.waiting, path: null, attempt: null, status: 'expired', reason: null }]);
    },
    findTask: (m, w) => tasks.findTask(m, w, ID.task),
    lockTask: (m, w) => tasks.lockTask(m, w, ID.task),
    lockRunOfTask: (m, w) => tasks.lockRunOfTask(m, w, ID.waiting),
    raiseTaskRevision: (m, w) => tasks.raiseTaskRevision(m, w, ID.task),
    completeTask: (m, w) => tasks.completeTask(m, w, ID.task, {}),
  },
  'task-queues.ts': {
    listQueues: (m, w) => queues.listQueues(m, w),
    findQueue: (m, w) => queues.findQueue(m, w, 'sales'),
    queuesOf: (m, w) => queues.queuesOf(m, w, { userId: 'u-1', roles: [] }),
    putQueue: (m, w) => queues.putQueue(m, w, { name: 'sales', label: null, users: [], roles: [] }),
    countQueues: (m, w) => queues.countQueues(m, w),
    hasOpenTasks: (m, w) => queues.hasOpenTasks(m, w, 'sales'),
    deleteQueue: (m, w) => queues.deleteQueue(m, w, 'sales'),
  },
  'wait-tokens.ts': {
    insertWaitTokens: (m, w) => {
      const address = { workspaceId: w, runId: ID.waiting, path: 'ask', attempt: 1 };
      return waitTokens.insertWaitTokens(m, [{ ...address, hash: 'ee'.repeat(32), purpose: 'resume', who: null }]);
    },
  },
};
