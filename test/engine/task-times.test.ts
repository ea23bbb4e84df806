import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Mailer } from '../../src/actions/email/mailer.js';
import { TaskDecisions } from '../../src/admin/task-decisions.js';
import { TaskQueueService } from '../../src/admin/task-queue-service.js';
import { type TaskItem, TaskService } from '../../src/admin/task-service.js';
import { TaskWork } from '../../src/admin/task-work.js';
import { AutomationError } from '../../src/core/errors.js';
import { TaskMails } from '../../src/engine/people/task-mails.js';
import { TaskTimesWork } from '../../src/engine/people/task-times.js';
import { isDue, Timing } from '../../src/engine/timing/timing.js';
import { WakeUp } from '../../src/engine/wake-up.js';
import type { Caller } from '../../src/host/access.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const APPROVAL = { id: 'ok', type: 'approval', message: 'A discount for {{name}}?', assignees: ['u-2', 'u-3'] };
const ONE: Caller = { userId: 'u-1', name: 'User 1', workspaceId: 'acme', permissions: ['tasks'] };

describe('tasks, as time goes by', () => {
  let app: AutomationApp;
  let tasks: TaskService;
  const send = jest.fn<Mailer['send']>();
  beforeAll(async () => {
    app = await startAutomationApp();
    tasks = app.module.get(TaskService);
    jest.spyOn(app.module.get(Mailer), 'send').mockImplementation(send);
    await app.module.get(TaskQueueService).put('desk', { users: ['u-2'], roles: ['senior'] }, ADMIN);
  });
  const published: string[] = [];
  beforeEach(async () => {
    send.mockReset();
    send.mockResolvedValue({ messageId: 'm', accepted: [], rejected: [] });
    for (const id of published.splice(0)) await app.workflows.pause(id, ADMIN);
    await app.query('TRUNCATE automation.human_tasks CASCADE');
    await app.query('DELETE FROM crm_notifications');
  });
  afterAll(() => app?.close());

  const ask = async (step: object): Promise<TaskItem> => {
    published.push(await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [step] }));
    await app.createLead();
    await app.automation.drain();
    const [task] = (await tasks.list({}, { limit: 10 }, ADMIN)).items;
    if (!task) throw new Error('nobody was asked');
    return task;
  };
  /** All that is due now, by as many rounds as it takes. */
  const rounds = async (): Promise<void> => {
    for (const work of [app.module.get(TaskTimesWork), app.module.get(TaskMails)]) {
      while (isDue((await app.module.get(Timing).dueTimes())[work.kind])) await work.round();
    }
  };
  /** Lets so many hours pass for all tasks. */
  const pass = async (hours: number): Promise<void> => {
    const earlier = ['due_at', 'remind_at', 'escalate_at', 'next_at'].map((name) => `${name} = ${name} - $1 * interval '1 hour'`);
    await app.query(`UPDATE automation.human_tasks SET ${earlier.join(', ')}`, [hours]);
    await rounds();
  };
  const told = async (): Promise<string[]> => {
    const rows = await app.query<{ told: string }>(
      `SELECT concat_ws(' ', "userId", title) AS told FROM crm_notifications ORDER BY "userId", title`,
    );
    await app.query('DELETE FROM crm_notifications');
    return rows.map((row) => row.told);
  };

  it('are told of once to those who are asked, in the CRM and by mail', async () => {
    await ask({ ...APPROVAL, name: 'Discount', priority: 'high', dueIn: 'P1D' });
    await rounds();
    const [{ body, module, record } = {}] = await app.query(
      `SELECT body, "recordModule" AS module, "recordId" IS NOT NULL AS record FROM crm_notifications WHERE "userId" = 'u-2'`,
    );
    expect([module, record]).toEqual(['leads', true]);
    expect(body).toMatch(/^A discount for Ada\?\n\nDue: \d{4}-\d\d-\d\d \d\d:\d\d UTC\. Priority: high\.$/);
    expect(await told()).toEqual(['u-2 Discount (Ada)', 'u-3 Discount (Ada)']);
    expect(send.mock.calls.map(([content, { workspaceId }]) => [content.to, content.subject, content.text, workspaceId])).toEqual(
      expect.arrayContaining([
        [[{ name: '', address: 'u2@acme.test' }], 'Discount (Ada)', body, 'acme'],
        [[{ name: '', address: 'u3@acme.test' }], 'Discount (Ada)', body, 'acme'],
      ]),
    );
    await rounds();
    expect(await told()).toEqual([]);
    expect(send).toHaveBeenCalledTimes(2);
  });

  it('are told of at once: what asks and what tells wakes those who come next', async () => {
    const wakeUp = app.module.get(WakeUp);
    await wakeUp.start();
    const heard: string[] = [];
    const forget = wakeUp.onWork((kind) => void heard.push(kind));
    const workflowId = await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [APPROVAL] });
    published.push(workflowId);
    await app.createLead();
    heard.length = 0;
    await app.automation.drain();
    expect(heard).toContain('timing');
    heard.length = 0;
    await app.query("UPDATE automation.human_tasks SET next_at = now(), pending = ARRAY['new']");
    await app.module.get(TaskTimesWork).round();
    expect(heard).toContain('timing');
    forget();
    await wakeUp.stop();
  });

  it('are reminded of and told to be overdue, each once, and only to those who have not answered', async () => {
    const task = await ask({ ...APPROVAL, required: 'all', remindIn: 'PT8H', dueIn: 'P1D' });
    await rounds();
    await told();
    await app.module.get(TaskDecisions).complete(task.id, { decision: 'approved' }, 'api', { ...ONE, userId: 'u-2' });
    await pass(9);
    expect(await told()).toEqual(['u-3 Reminder: Approval (Ada)']);
    await pass(16);
    expect(await told()).toEqual(['u-3 Overdue: Approval (Ada)']);
    await pass(100);
    expect(await told()).toEqual([]);
  });

  it('are mails of their own each time, in one thread, and the same mail when it is tried again', async () => {
    send.mockRejectedValueOnce(new AutomationError('smtp_unavailable', 'Later.', { retry: { kind: 'transient' } }));
    const task = await ask({ ...APPROVAL, assignees: ['u-2'], remindIn: 'PT8H' });
    const sent = () => send.mock.calls.splice(0).map(([, options]) => options as { idempotencyKey: string; thread: string });
    await rounds();
    await app.query('UPDATE automation.human_task_mails SET next_at = now()');
    await rounds();
    const [failed, first] = sent();
    expect(first).toEqual(failed);
    await pass(9);
    const work = app.module.get(TaskWork);
    await work.reassign(task.id, { userId: 'u-3' }, ADMIN);
    await rounds();
    await work.reassign(task.id, { userId: 'u-2' }, ADMIN);
    await rounds();
    const [reminder, others, again] = sent();
    const keys = [first, reminder, others, again].map((one) => one?.idempotencyKey);
    expect(new Set(keys).size).toBe(4);
    expect([reminder?.thread, again?.thread]).toEqual([first?.thread, first?.thread]);
    expect(others?.thread).not.toBe(first?.thread);
  });

  it('come to others, who are told and decide alone; what was said before counts no more', async () => {
    const task = await ask({ ...APPROVAL, required: 1, escalation: { after: 'P2D', role: 'senior' }, remindIn: 'PT47H' });
    const decisions = app.module.get(TaskDecisions);
    await decisions.complete(task.id, { decision: 'rejected', comment: 'No.' }, 'api', { ...ONE, userId: 'u-2', name: 'User 2' });
    await rounds();
    await told();
    await pass(48);
    expect(await told()).toEqual(['u-1 Passed on to you: Approval (Ada)']);
    const mine = async (userId: string) => (await tasks.list({ whose: 'mine' }, { limit: 10 }, { ...ONE, userId })).items.length;
    expect([await mine('u-1'), await mine('u-3')]).toEqual([1, 0]);
    expect((await tasks.get(task.id, ADMIN)).history.map(({ action, actor }) => [action, actor.type])).toEqual([
      ['decided', 'user'],
      ['escalated', 'system'],
    ]);
    await expect(decisions.complete(task.id, { decision: 'rejected' }, 'api', { ...ONE, userId: 'u-3' })).rejects.toMatchObject({
      code: 'task_not_found',
    });
    expect(await decisions.complete(task.id, { decision: 'approved' }, 'api', ONE)).toMatchObject({
      status: 'completed',
      outcome: { decision: 'approved', by: { id: 'u-1' }, votes: [{ by: { id: 'u-1' } }] },
    });
  });

  it('come to a queue, whose members are told; where there is nobody to ask instead, all stays as it is, and says so', async () => {
    const queued = await ask({ ...APPROVAL, escalation: { after: 'P1D', queue: 'desk' } });
    await told();
    await pass(24);
    expect(await told()).toEqual(['u-1 Passed on to you: Approval (Ada)', 'u-2 Passed on to you: Approval (Ada)']);
    await app.module.get(TaskWork).claim(queued.id, ONE);
    const stuck = await ask({ ...APPROVAL, escalation: { after: 'P1D', assignees: ["{{default ownerId 'u-99'}}"] } });
    const id = stuck.id === queued.id ? (await tasks.list({}, { sort: 'newest', limit: 1 }, ADMIN)).items[0]?.id : stuck.id;
    await pass(24);
    const { history, people } = await tasks.get(String(id), ADMIN);
    expect(history.map(({ action }) => action)).toEqual(['not_escalated']);
    expect(people.filter(({ isReplaced }) => !isReplaced).map((one) => one.id)).toEqual(['u-2', 'u-3']);
  });

  it('are told of when quiet hours are over', async () => {
    const hour = (await app.query<{ hour: number }>(`SELECT extract(hour FROM now() AT TIME ZONE 'UTC')::int AS hour`))[0]?.hour ?? 0;
    const clock = (at: number): string => `${String((at + 24) % 24).padStart(2, '0')}:00`;
    const settings = (app.module.get(TaskTimesWork) as unknown as { settings: { tasks: { quietHours: object | null } } }).settings;
    settings.tasks.quietHours = { from: clock(hour - 1), to: clock(hour + 2) };
    try {
      await ask(APPROVAL);
      await rounds();
      expect(await told()).toEqual([]);
    } finally {
      settings.tasks.quietHours = null;
    }
    await pass(3);
    expect(await told()).toEqual(['u-2 Approval (Ada)', 'u-3 Approval (Ada)']);
  });

  it('are told of to those who were asked, after quiet hours, where there was nobody to ask instead', async () => {
    const hour = (await app.query<{ hour: number }>(`SELECT extract(hour FROM now() AT TIME ZONE 'UTC')::int AS hour`))[0]?.hour ?? 0;
    const clock = (at: number): string => `${String((at + 24) % 24).padStart(2, '0')}:00`;
    const settings = (app.module.get(TaskTimesWork) as unknown as { settings: { tasks: { quietHours: object | null } } }).settings;
    settings.tasks.quietHours = { from: clock(hour - 1), to: clock(hour + 2) };
    try {
      await ask({ ...APPROVAL, escalation: { after: 'PT1H', assignees: ["{{default ownerId 'u-99'}}"] } });
      await pass(1);
      expect(await told()).toEqual([]);
    } finally {
      settings.tasks.quietHours = null;
    }
    await pass(3);
    expect(await told()).toEqual(['u-2 Approval (Ada)', 'u-3 Approval (Ada)']);
  });

  it('are told of to everybody who is asked, however many they are', async () => {
    await app.query(
      `INSERT INTO crm_users (id, "workspaceId", name, email, roles, active)
       SELECT 'crowd-' || n, 'acme', 'One of many', NULL, '["crowd"]', true FROM generate_series(1, 60) AS n`,
    );
    await ask({ id: 'ok', type: 'approval', message: 'All of you?', role: 'crowd', required: 'all' });
    await rounds();
    expect(await told()).toHaveLength(60);
  });

  it('are tried again where the CRM fails, and told once in the end', async () => {
    const crm = (app.module.get(TaskTimesWork) as unknown as { crm: { createNotifications: () => Promise<string[]> } }).crm;
    const broken = jest.spyOn(crm, 'createNotifications').mockRejectedValue(new Error('away'));
    await ask(APPROVAL);
    await rounds();
    broken.mockRestore();
    expect(await told()).toEqual([]);
    await pass(1);
    expect(await told()).toEqual(['u-2 Approval (Ada)', 'u-3 Approval (Ada)']);
  });

  it('are told of by mail alone where the CRM has no place for notifications', async () => {
    const { crm } = app.module.get(TaskTimesWork) as unknown as { crm: { createNotifications: () => Promise<string[]> } };
    const lacking = new AutomationError('crm_config_invalid', 'typeOrmCrm() was not told where notifications go.');
    const without = jest.spyOn(crm, 'createNotifications').mockRejectedValue(lacking);
    await ask(APPROVAL);
    await rounds();
    without.mockRestore();
    expect(send.mock.calls.map(([{ to }]) => to[0]?.address).sort()).toEqual(['u2@acme.test', 'u3@acme.test']);
  });

  it('have their mails sent again while that may help, and never for what is over', async () => {
    const refuse = (kind: 'transient' | 'permanent') =>
      new AutomationError(kind === 'permanent' ? 'smtp_rejected_recipient' : 'smtp_unavailable', 'No.', { retry: { kind } });
    const again = async (): Promise<number> => {
      send.mockClear();
      await app.query('UPDATE automation.human_task_mails SET next_at = now()');
      await rounds();
      return send.mock.calls.length;
    };
    send.mockImplementation(({ to }) => Promise.reject(refuse(to[0]?.address === 'u2@acme.test' ? 'permanent' : 'transient')));
    const task = await ask(APPROVAL);
    await rounds();
    expect(send).toHaveBeenCalledTimes(2);
    expect(await again()).toBe(1);
    for (let attempt = 3; attempt <= 5; attempt += 1) expect(await again()).toBe(1);
    expect(await again()).toBe(0);
    await app.module.get(TaskWork).reassign(task.id, { userId: 'u-1', from: 'u-2' }, ADMIN);
    await app.module.get(TaskTimesWork).round();
    await app.module.get(TaskDecisions).complete(task.id, { decision: 'approved' }, 'api', ONE);
    expect(await again()).toBe(0);
    expect(await app.query('SELECT 1 FROM automation.human_task_mails')).toEqual([]);
  });

  it('have a mail sent that was noted anew while the one before was on its way', async () => {
    send.mockImplementationOnce(async () => {
      const [task] = (await tasks.list({}, { limit: 1 }, ADMIN)).items;
      for (const userId of ['u-3', 'u-2']) await app.module.get(TaskWork).reassign(String(task?.id), { userId }, ADMIN);
      await app.module.get(TaskTimesWork).round();
      return { messageId: 'm', accepted: [], rejected: [] };
    });
    await ask({ ...APPROVAL, assignees: ['u-2'] });
    await rounds();
    expect(send.mock.calls.map(([{ to }]) => to[0]?.address)).toEqual(['u2@acme.test', 'u2@acme.test']);
  });
});
