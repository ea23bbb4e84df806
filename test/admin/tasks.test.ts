import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AskedPeople } from '../../src/admin/asked-people.js';
import { CrmInquiries } from '../../src/admin/crm-inquiry.js';
import { PublishPreviews } from '../../src/admin/publish-preview.js';
import { missingWorkflowsOfAll } from '../../src/admin/started-workflows.js';
import { TaskDecisions } from '../../src/admin/task-decisions.js';
import { TaskQueueService } from '../../src/admin/task-queue-service.js';
import { type TaskItem, TaskService } from '../../src/admin/task-service.js';
import { TaskWork } from '../../src/admin/task-work.js';
import { WorkflowLifecycle } from '../../src/admin/workflow-lifecycle.js';
import { AutomationEngine } from '../../src/engine/automation-engine.js';
import type { Caller } from '../../src/host/access.js';
import { CRM_HOST, type CrmHost } from '../../src/host/crm-host.js';
import { AutomationDatabase } from '../../src/store/database.js';
import type { TaskFilter } from '../../src/store/human-task-list.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const member = (number: number, more: Partial<Caller> = {}): Caller => ({
  userId: `u-${number}`,
  name: `User ${number}`,
  workspaceId: 'acme',
  permissions: ['tasks'],
  ...more,
});
const ONE = member(1);
const TWO = member(2);
const THREE = member(3);
const RIVAL: Caller = { userId: 'rival-u-1', workspaceId: 'rival', permissions: ['view', 'operate', 'manage', 'tasks'] };
const APPROVAL = { id: 'ok', type: 'approval', message: 'A discount for {{name}}?' };
const FORM = {
  id: 'ask',
  type: 'form',
  queue: 'desk',
  fields: [
    { name: 'budget', type: 'money', required: true, min: 10 },
    { name: 'note', type: 'text', default: 'For {{name}}' },
    { name: 'who', type: 'user' },
    { name: 'account', type: 'record', module: 'leads' },
  ],
};

describe('human tasks', () => {
  let app: AutomationApp;
  let tasks: TaskService;
  let work: TaskWork;
  let decisions: TaskDecisions;
  let queues: TaskQueueService;
  beforeAll(async () => {
    app = await startAutomationApp();
    tasks = app.module.get(TaskService);
    work = app.module.get(TaskWork);
    decisions = app.module.get(TaskDecisions);
    queues = app.module.get(TaskQueueService);
    await queues.put('desk', { users: ['u-2'], roles: ['senior'] }, ADMIN);
  });
  const published: string[] = [];
  beforeEach(async () => {
    for (const id of published.splice(0)) await app.workflows.pause(id, ADMIN);
    await app.query('TRUNCATE automation.human_tasks CASCADE');
  });
  afterAll(() => app?.close());

  const start = async (...steps: object[]): Promise<string> => {
    const workflowId = await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps });
    published.push(workflowId);
    await app.createLead();
    await app.automation.drain();
    return workflowId;
  };
  const list = async (filter: TaskFilter = {}, caller: Caller = ADMIN): Promise<TaskItem[]> =>
    (await tasks.list(filter, { limit: 50 }, caller)).items;
  const ask = async (...steps: object[]): Promise<{ task: TaskItem; workflowId: string }> => {
    const workflowId = await start(...steps);
    const [task] = await list();
    if (!task) throw new Error(`nobody was asked: ${JSON.stringify(await app.runsOf({ workflowId }))}`);
    return { task, workflowId };
  };
  const runOf = async (workflowId: string) => {
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    if (!run) throw new Error('there is no run');
    return run;
  };
  const code = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'done',
      (error: { code?: string }) => error.code ?? error,
    );
  const yes = { decision: 'approved' as const };
  const no = { decision: 'rejected' as const };

  it('are there when the run waits, with what is asked, of whom and about what', async () => {
    const { task, workflowId } = await ask({
      ...APPROVAL,
      name: 'Discount',
      assignees: ['u-1', 'u-2'],
      show: ['source'],
      priority: 'high',
      dueIn: 'P1D',
      expiresIn: 'P3D',
    });
    const run = await runOf(workflowId);
    expect(run).toMatchObject({ status: 'waiting', summary: expect.stringMatching(/^Waits at Discount for an approval until/) });
    expect(task).toEqual({
      id: expect.any(String),
      kind: 'approval',
      status: 'open',
      title: 'Discount',
      message: 'A discount for Ada?',
      record: { module: 'leads', id: run.recordId, title: 'Ada', url: null },
      queue: null,
      assignee: null,
      priority: 'high',
      createdAt: expect.any(String),
      dueAt: expect.any(String),
      isOverdue: false,
      expiresAt: expect.any(String),
      finishedAt: null,
      votes: { approved: 0, rejected: 0, asked: 2, needed: null },
      may: { claim: false, release: false, complete: false },
      workflow: { id: workflowId, name: 'A workflow' },
      runId: run.id,
      revision: 1,
    });
    expect(await tasks.get(task.id, ONE)).toMatchObject({
      path: 'ok',
      attempt: 1,
      shown: [{ field: 'source', label: expect.any(String), value: 'Web Form' }],
      people: [
        { id: 'u-1', name: 'User 1', decision: null },
        { id: 'u-2', name: 'User 2', decision: null },
      ],
      may: { claim: false, complete: true },
      outcome: null,
      history: [],
    });
  });

  it('are decided once: the first answer goes to the run, a later one is told what it was', async () => {
    const { task, workflowId } = await ask({ ...APPROVAL, assignees: ['u-1', 'u-2'] }, { id: 'end', type: 'stop' });
    const outcomes = await Promise.allSettled([
      decisions.complete(task.id, { ...yes, comment: 'Fine.' }, 'api', ONE),
      decisions.complete(task.id, { ...no, comment: 'Never.' }, 'console', TWO),
    ]);
    const [won] = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const [lost] = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(won).toMatchObject({ status: 'completed', outcome: { decision: expect.any(String) } });
    expect(lost).toMatchObject({ code: 'task_finished', details: { status: 'completed', outcome: won?.outcome } });
    const run = await runOf(workflowId);
    const decision = won?.outcome?.decision;
    expect(run.status).toBe(decision === 'approved' ? 'succeeded' : 'cancelled');
    expect(run.steps[0]?.output).toEqual({ ...won?.outcome, expired: false });
    expect(await tasks.get(task.id, THREE).catch((error: { code: string }) => error.code)).toBe('task_not_found');
    const { history, outcome, status } = await tasks.get(task.id, ADMIN);
    expect([status, outcome]).toEqual(['completed', won?.outcome]);
    expect(history).toEqual([expect.objectContaining({ action: 'decided', note: decision === 'approved' ? 'Fine.' : 'Never.' })]);
  });

  it('of a vote are open until enough have agreed, and each has one vote', async () => {
    const { task, workflowId } = await ask({ ...APPROVAL, assignees: ['u-1', 'u-2', 'u-3'], required: 2, onReject: 'continue' });
    expect(await decisions.complete(task.id, yes, 'api', ONE)).toEqual({ status: 'open', outcome: null });
    expect(await code(decisions.complete(task.id, no, 'api', ONE))).toBe('task_decided');
    expect((await list({ whose: 'mine' }, ONE)).length).toBe(0);
    expect((await list({ whose: 'mine' }, TWO)).map(({ votes }) => votes)).toEqual([{ approved: 1, rejected: 0, asked: 3, needed: 2 }]);
    expect((await runOf(workflowId)).status).toBe('waiting');
    expect(await decisions.complete(task.id, { ...no, comment: 'No.' }, 'api', TWO)).toMatchObject({ status: 'open' });
    expect(await decisions.complete(task.id, yes, 'console', THREE)).toMatchObject({
      status: 'completed',
      outcome: { decision: 'approved' },
    });
    const run = await runOf(workflowId);
    expect(run.steps[0]?.output).toMatchObject({
      decision: 'approved',
      by: { id: 'u-3', name: 'User 3' },
      door: 'console',
      votes: [
        { by: { id: 'u-1', name: 'User 1' }, decision: 'approved', comment: null, door: 'api', at: expect.any(String) },
        { by: { id: 'u-2', name: 'User 2' }, decision: 'rejected', comment: 'No.', door: 'api', at: expect.any(String) },
        { by: { id: 'u-3', name: 'User 3' }, decision: 'approved', comment: null, door: 'console', at: expect.any(String) },
      ],
    });
  });

  it('tell who is asked next what people answered in the run before, and nothing that other steps or other runs left', async () => {
    const form = {
      ...FORM,
      name: 'Budget',
      queue: undefined,
      assignees: ['u-1'],
      fields: [
        { name: 'budget', label: 'Budget', type: 'money' },
        { name: 'why', type: 'text' },
      ],
    };
    const made = { id: 'made', type: 'create_task', with: { title: 'Unseen' } };
    const { task } = await ask(made, form, { ...APPROVAL, assignees: ['u-2'] }, { ...APPROVAL, id: 'last', assignees: ['u-3'] });
    await app.createLead();
    await app.automation.drain();
    const other = (await list()).find(({ id }) => id !== task.id) as TaskItem;
    await decisions.complete(other.id, { values: { budget: 1 } }, 'api', ONE);
    expect((await tasks.get(task.id, ONE)).collected).toEqual([]);

    await decisions.complete(task.id, { values: { budget: 700, why: 'x'.repeat(1_001) }, comment: 'As agreed.' }, 'api', ONE);
    await app.automation.drain();
    const { runId } = task;
    const [second] = await list({ runId });
    const budget = {
      taskId: task.id,
      path: 'ask',
      kind: 'form',
      title: 'Budget',
      by: { id: 'u-1', name: 'User 1' },
      at: expect.any(String),
      decision: null,
      comment: 'As agreed.',
      values: [
        { field: 'budget', label: 'Budget', type: 'money', value: 700 },
        { field: 'why', label: 'why', type: 'text', value: `${'x'.repeat(1_000)}…` },
      ],
    };
    expect((await tasks.get(second?.id ?? '', TWO)).collected).toEqual([budget]);

    await decisions.complete(second?.id ?? '', { ...yes, comment: 'Fine.' }, 'api', TWO);
    await app.automation.drain();
    const [last] = await list({ runId });
    const decided = { kind: 'approval', by: { id: 'u-2', name: 'User 2' }, decision: 'approved', comment: 'Fine.', values: [] };
    expect((await tasks.get(last?.id ?? '', THREE)).collected).toEqual([budget, expect.objectContaining(decided)]);
    // Of one that is over, what was known then.
    expect((await tasks.get(second?.id ?? '', TWO)).collected).toEqual([budget]);
  });

  it('ask a role, and only those who have it; nobody else decides, not even an admin', async () => {
    const { task } = await ask({ ...APPROVAL, role: 'senior' });
    expect(task.assignee).toEqual({ id: 'u-1', name: 'User 1' });
    expect(await code(decisions.complete(task.id, yes, 'api', ADMIN))).toBe('task_of_others');
    expect(await code(decisions.complete(task.id, yes, 'api', TWO))).toBe('task_not_found');
    expect(await code(decisions.complete(task.id, yes, 'api', RIVAL))).toBe('task_not_found');
    expect(await code(decisions.complete(task.id, yes, 'api', ONE))).toBe('done');
  });

  it.each<[string, object, string]>([
    ['nobody who is active', { assignees: ["{{default ownerId 'u-99'}}"] }, 'nobody_to_ask'],
    ['nobody at all', { assignees: ['{{ownerId}}'] }, 'nobody_to_ask'],
    ['too few', { assignees: ['u-1', '{{ownerId}}'], required: 2 }, 'too_few_approvers'],
  ])('cannot ask %s: the step fails with the reason', async (_what, who, reason) => {
    const run = await runOf(await start({ ...APPROVAL, ...who }));
    expect([run.status, run.reason]).toEqual(['failed', reason]);
    expect(await list()).toEqual([]);
  });

  it('need a reason for a no where the step says so, and a decision in any case', async () => {
    const { task } = await ask({ ...APPROVAL, assignees: ['u-1'], reasonRequired: true });
    const problems = async (answer: object): Promise<string[]> =>
      decisions.complete(task.id, answer, 'api', ONE).then(
        () => [],
        (error: { problems: { path: string }[] }) => error.problems.map(({ path }) => path),
      );
    expect(await problems({})).toEqual(['decision']);
    expect(await problems({ ...no, comment: ' ' })).toEqual(['comment']);
    expect(await problems({ ...yes, values: {} })).toEqual(['values']);
    expect(await problems({ ...no, comment: 'Too much.' })).toEqual([]);
  });

  describe('in a queue', () => {
    it('are claimed by one of those who work in it, filled in, and used by the run', async () => {
      const { task, workflowId } = await ask(FORM);
      expect(task).toMatchObject({ kind: 'form', queue: 'desk', assignee: null, title: 'Form' });
      expect((await list({ whose: 'queues' }, TWO)).map(({ id }) => id)).toEqual([task.id]);
      expect(await list({}, THREE)).toEqual([]);
      const claims = await Promise.all([code(work.claim(task.id, ONE)), code(work.claim(task.id, TWO))]);
      expect([...claims].sort()).toEqual(['done', 'task_claimed']);
      const [mine, theirs] = claims[0] === 'done' ? [ONE, TWO] : [TWO, ONE];
      expect(await code(work.claim(task.id, mine))).toBe('done');
      expect(await code(work.claim(task.id, THREE))).toBe('task_not_found');
      expect((await list({ whose: 'mine' }, mine)).map(({ may }) => may)).toEqual([{ claim: false, release: true, complete: true }]);
      expect(await code(decisions.complete(task.id, { values: { budget: 20 } }, 'api', theirs))).toBe('task_claimed');
      expect(await code(work.release(task.id, 'Away.', theirs))).toBe('task_claimed');
      await work.release(task.id, 'Away.', mine);
      expect(await list({ whose: 'mine' }, mine)).toEqual([]);
      await work.claim(task.id, theirs);
      await work.comment(task.id, 'On it.', theirs);
      const values = { budget: 20.5, who: 'u-3', note: '' };
      expect(await decisions.complete(task.id, { values }, 'console', theirs)).toMatchObject({ status: 'completed' });
      const run = await runOf(workflowId);
      expect([run.status, run.steps[0]?.output]).toEqual([
        'succeeded',
        {
          values: { budget: 20.5, note: null, who: 'u-3', account: null },
          by: { id: theirs.userId, name: theirs.name },
          comment: null,
          door: 'console',
          expired: false,
        },
      ]);
      const { history, fields } = await tasks.get(task.id, theirs);
      expect(history.map(({ action }) => action)).toEqual(['claimed', 'released', 'claimed', 'commented', 'completed']);
      expect(fields[1]).toMatchObject({ name: 'note', default: 'For Ada' });
    });

    it('are refused with a problem for each answer that does not fit, and go on waiting', async () => {
      const { task, workflowId } = await ask(FORM);
      const refused = decisions.complete(task.id, { values: { budget: 5, who: 7, stranger: true } }, 'api', TWO);
      await expect(refused).rejects.toMatchObject({
        code: 'answers_invalid',
        problems: [{ path: 'values.stranger' }, { path: 'values.budget' }, { path: 'values.who' }],
      });
      const unknown = decisions.complete(task.id, { values: { budget: 50, who: 'u-99', account: 'nowhere' } }, 'api', TWO);
      await expect(unknown).rejects.toMatchObject({ problems: [{ path: 'values.who' }, { path: 'values.account' }] });
      await expect(decisions.complete(task.id, { ...yes, values: { budget: 50 } }, 'api', TWO)).rejects.toMatchObject({
        problems: [{ path: 'decision' }],
      });
      expect((await runOf(workflowId)).status).toBe('waiting');
    });

    it('are decided on what was seen: another revision is told', async () => {
      const { task } = await ask(FORM);
      await work.comment(task.id, 'Wait.', ONE);
      expect(await code(decisions.complete(task.id, { values: { budget: 50 }, revision: 1 }, 'api', ONE))).toBe('revision_conflict');
      expect(await code(decisions.complete(task.id, { values: { budget: 50 }, revision: 2 }, 'api', ONE))).toBe('done');
    });

    it('cannot be asked where there is none any more: the step fails', async () => {
      await queues.put('brief', { users: ['u-1'] }, ADMIN);
      const workflowId = await app.publishWorkflow({
        trigger: { type: 'event', module: 'leads', event: 'created' },
        steps: [{ ...FORM, queue: 'brief' }],
      });
      published.push(workflowId);
      await queues.delete('brief', ADMIN);
      await app.createLead();
      const run = await runOf(workflowId);
      expect([run.status, run.reason]).toEqual(['failed', 'queue_unknown']);
    });
  });

  it('cannot be published for a role, a queue or a workflow that is not there: it says where', async () => {
    const steps = [
      { ...APPROVAL, role: 'seniro', escalation: { after: 'P1D', role: 'pope' } },
      { id: 'either', type: 'parallel', branches: [{ name: 'a', steps: [{ ...FORM, queue: 'desc' }] }] },
      { id: 'other', type: 'run_workflow', workflow: 'nowhere' },
      { id: 'last', type: 'form', purpose: 'review', role: 'senior', escalation: { after: 'P1D', queue: 'desk' } },
    ];
    const refused = app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps });
    await expect(refused).rejects.toMatchObject({
      code: 'definition_invalid',
      problems: [
        { path: 'steps[2].workflow' },
        { path: 'steps[0].role', message: 'Nobody in the workspace has the role "seniro". Did you mean "senior"?' },
        { path: 'steps[0].escalation.role', message: 'Nobody in the workspace has the role "pope".' },
        { path: 'steps[1].branches[0].steps[0].queue', message: 'The workspace has no queue "desc". Did you mean "desk"?' },
      ],
    });
  });

  it('cannot be published for users without whom nobody is left; others who have gone are warned of', async () => {
    const trigger = { type: 'event', module: 'leads', event: 'created' };
    const assign = (id: string, given: object) => ({ id, type: 'assign_owner', with: given });
    const refused = app.publishWorkflow({
      trigger,
      steps: [
        { ...APPROVAL, role: undefined, assignees: ['u-1', 'u-99'], required: 2, escalation: { after: 'P1D', assignees: ['rival-u-1'] } },
        assign('one', { userId: 'u-98' }),
        assign('turn', { strategy: 'round_robin', userIds: ['u-97', 'u-96'] }),
        { id: 'task', type: 'create_task', with: { title: 'T', assigneeId: 'u-95' } },
        { id: 'tell', type: 'send_notification', with: { title: 'T', to: ['u-94'] } },
      ],
    });
    await expect(refused).rejects.toMatchObject({
      code: 'definition_invalid',
      problems: [
        { path: 'steps[0].assignees[1]', message: 'The workspace has no active user "u-99".' },
        { path: 'steps[0].escalation.assignees[0]' },
        { path: 'steps[1].with.userId' },
        { path: 'steps[2].with.userIds[0]' },
        { path: 'steps[2].with.userIds[1]' },
        { path: 'steps[3].with.assigneeId' },
        { path: 'steps[4].with.to[0]' },
      ],
    });
    const id = await app.publishWorkflow({
      trigger,
      steps: [
        { ...APPROVAL, id: 'either', role: undefined, assignees: ['u-1', 'u-99'] },
        { ...APPROVAL, id: 'role', role: 'senior', assignees: ['u-98'] },
        assign('turn', { strategy: 'round_robin', userIds: ['u-97', 'u-1'] }),
        assign('expression', { userId: '{{actor.id}}' }),
        { id: 'task', type: 'create_task', with: { title: 'T', assigneeId: 'owner' } },
        { id: 'tell', type: 'send_notification', with: { title: 'T', to: 'u-96', role: 'senior' } },
        assign('nobody', { strategy: 'least_busy', role: 'seniors' }),
      ],
    });
    published.push(id);
    const { problems, warnings } = await app.workflows.get(id, ADMIN);
    expect(problems).toEqual([]);
    expect(warnings.map(({ path, code, message }) => [path, code, message.slice(-6)])).toEqual([
      ['steps[0].assignees[1]', 'user_not_found', '"u-99".'.slice(-6)],
      ['steps[1].assignees[0]', 'user_not_found', '"u-98".'.slice(-6)],
      ['steps[2].with.userIds[0]', 'user_not_found', '"u-97".'.slice(-6)],
      ['steps[5].with.to', 'user_not_found', '"u-96".'.slice(-6)],
      ['steps[6].with.role', 'role_not_found', 'nior"?'],
    ]);
  });

  it('are published for whomever they name where the CRM does not answer, which is asked once in a request', async () => {
    const crm = app.module.get<Required<CrmHost>>(CRM_HOST);
    const listRoles = jest.spyOn(crm, 'listRoles').mockRejectedValue(new Error('The CRM is away'));
    const findUsers = jest.spyOn(crm, 'findUsers');
    /** How often the CRM is asked for roles and for users by a request that publishes these steps, and what it is warned of. */
    const asked = async (...steps: object[]): Promise<unknown[]> => {
      const definition = { trigger: { type: 'event', module: 'leads', event: 'created' }, steps };
      const { id } = await app.workflows.create({ name: 'Away', definition: definition as never }, ADMIN);
      published.push(id);
      const questions = [listRoles, findUsers];
      for (const question of questions) question.mockClear();
      const { status, warnings } = await app.workflows.publish(id, ADMIN);
      expect(status).toBe('active');
      return [...questions.map(({ mock }) => mock.calls.length), ...warnings.map(({ code }) => code)];
    };
    expect(await asked({ ...APPROVAL, role: 'pope', escalation: { after: 'P1D', assignees: ['u-1'] } })).toEqual([1, 1, 'crm_no_answer']);
    expect(await asked({ id: 'tell', type: 'send_notification', with: { title: 'T', to: 'owner' } })).toEqual([0, 0]);
    findUsers.mockRejectedValue(new Error('The CRM is away'));
    expect(await asked({ ...APPROVAL, role: undefined, assignees: ['u-99'] })).toEqual([0, 1, 'crm_no_answer']);
    expect(await asked({ ...APPROVAL, role: 'pope', escalation: { after: 'P1D', assignees: ['u-99'] } })).toEqual([1, 1, 'crm_no_answer']);
    listRoles.mockRestore();
    findUsers.mockRestore();
  });

  it('what is published goes on when somebody whom it names has left: who makes it active is warned, and waits for the CRM once', async () => {
    const crm = app.module.get<Required<CrmHost>>(CRM_HOST);
    const step = { ...APPROVAL, role: undefined, assignees: ['u-1'] };
    const id = await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [step] });
    published.push(id);
    await app.workflows.pause(id, ADMIN);
    const findUsers = jest.spyOn(crm, 'findUsers').mockResolvedValue([]);
    const { status, problems, warnings } = await app.workflows.activate(id, ADMIN);
    expect([status, problems, warnings]).toMatchObject(['active', [], [{ path: 'steps[0].assignees[0]', code: 'user_not_found' }]]);
    await app.workflows.pause(id, ADMIN);
    findUsers.mockClear();
    await app.module.get(WorkflowLifecycle).activate(id, ADMIN, app.module.get(CrmInquiries).open('acme'));
    expect(findUsers).not.toHaveBeenCalled();
    // What has never been published is: there it counts.
    const draft = { trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [step] };
    const { id: other } = await app.workflows.create({ name: 'Other', definition: draft as never }, ADMIN);
    await expect(app.workflows.activate(other, ADMIN)).rejects.toMatchObject({ code: 'definition_invalid' });
    findUsers.mockRestore();
  });

  it('a preview of publishing asks the CRM once for the users that it checks and warns of', async () => {
    const crm = app.module.get<Required<CrmHost>>(CRM_HOST);
    const steps = [{ ...APPROVAL, role: undefined, assignees: ['u-1', 'u-99'] }];
    const definition = { trigger: { type: 'event', module: 'leads', event: 'created' }, steps };
    const { id } = await app.workflows.create({ name: 'Previewed', definition: definition as never }, ADMIN);
    const findUsers = jest.spyOn(crm, 'findUsers');
    const { warnings } = await app.module.get(PublishPreviews).preview(id, null, ADMIN);
    expect(warnings).toMatchObject([{ code: 'user_not_found' }]);
    expect(findUsers).toHaveBeenCalledTimes(1);
    findUsers.mockRestore();
  });

  it('many definitions, as a machine has them, are held against the workspace by one look at its workflows and one at its queues', async () => {
    const definitions = ['desk', 'none'].map((queue) => ({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [
        { ...APPROVAL, queue },
        { id: 'sub', type: 'run_workflow', workflow: `no-${queue}` },
      ],
    }));
    const { missing, asked, statements } = await app.module.get(AutomationDatabase).transaction(async (manager) => {
      const query = jest.spyOn(manager, 'query');
      const missing = await missingWorkflowsOfAll(manager, 'acme', definitions);
      const asked = await app.module.get(AskedPeople).problemsInAll(manager, definitions, 'acme', { roles: null, absent: null });
      return { missing, asked, statements: query.mock.calls.length };
    });
    expect(missing).toMatchObject([[{ path: 'steps[1].workflow' }], [{ path: 'steps[1].workflow' }]]);
    expect(asked).toMatchObject([[], [{ path: 'steps[0].queue' }]]);
    expect(statements).toBe(2);
  });

  describe('are reassigned', () => {
    it('to a user or a queue, with who asked for it in the log', async () => {
      const { task } = await ask({ ...FORM, queue: undefined, assignees: ['u-1'], purpose: 'hand_off' });
      expect(await code(work.release(task.id, null, ONE))).toBe('task_not_claimable');
      await work.reassign(task.id, { userId: 'u-3', note: 'On holiday.' }, ADMIN);
      expect(await list({ whose: 'mine' }, ONE)).toEqual([]);
      expect((await list({ whose: 'mine' }, THREE)).map(({ assignee }) => assignee?.id)).toEqual(['u-3']);
      await work.reassign(task.id, { queue: 'desk' }, ADMIN);
      expect((await list({ whose: 'queues' }, TWO)).map(({ id }) => id)).toEqual([task.id]);
      expect((await tasks.get(task.id, ADMIN)).history.map(({ action, note, actor }) => [action, note, actor.id])).toEqual([
        ['reassigned', 'On holiday.', 'admin'],
        ['reassigned', null, 'admin'],
      ]);
      expect(await code(decisions.complete(task.id, { values: { budget: 50 } }, 'api', TWO))).toBe('done');
    });

    it('of a vote in one person’s place, unless they have cast it', async () => {
      const { task } = await ask({ ...APPROVAL, assignees: ['u-1', 'u-2'], required: 'all' });
      await decisions.complete(task.id, yes, 'api', ONE);
      const path = (change: object) =>
        work.reassign(task.id, change, ADMIN).then(
          () => 'done',
          (error: { code: string; problems?: { path: string }[] }) => error.problems?.[0]?.path ?? error.code,
        );
      expect(await path({ userId: 'u-3' })).toBe('from');
      expect(await path({ queue: 'desk', from: 'u-2' })).toBe('queue');
      expect(await path({ userId: 'u-3', from: 'u-99' })).toBe('from');
      expect(await path({ userId: 'u-1', from: 'u-2' })).toBe('userId');
      expect(await path({ userId: 'u-99', from: 'u-2' })).toBe('userId');
      expect(await path({ queue: 'nowhere' })).toBe('queue');
      expect(await path({})).toBe('userId');
      expect(await path({ userId: 'u-3', queue: 'desk' })).toBe('userId');
      expect(await path({ userId: 'u-3', from: 'u-1' })).toBe('task_decided');
      expect(await path({ userId: 'u-3', from: 'u-2' })).toBe('done');
      expect(await code(decisions.complete(task.id, yes, 'api', TWO))).toBe('task_not_found');
      expect(await decisions.complete(task.id, yes, 'api', THREE)).toMatchObject({ outcome: { decision: 'approved' } });
      expect(await path({ userId: 'u-2' })).toBe('task_finished');
    });
  });

  describe('disappear', () => {
    it('when their time is over, and take no answer then', async () => {
      const { task, workflowId } = await ask({ ...APPROVAL, assignees: ['u-1'], expiresIn: 'P1D', onExpiry: 'continue' });
      await app.passTime();
      expect((await runOf(workflowId)).status).toBe('succeeded');
      expect(await list({ whose: 'mine' }, ONE)).toEqual([]);
      expect((await list({ status: 'expired' })).map(({ id }) => id)).toEqual([task.id]);
      expect(await code(decisions.complete(task.id, yes, 'api', ONE))).toBe('task_finished');
    });

    it('when their run is cancelled, with the reason', async () => {
      const { task, workflowId } = await ask({ ...APPROVAL, assignees: ['u-1'] });
      await app.runs.cancel((await runOf(workflowId)).id, 'Not needed.', ADMIN);
      expect(await tasks.get(task.id, ONE)).toMatchObject({
        status: 'cancelled',
        reason: { code: 'run_cancelled' },
        may: { complete: false },
      });
      expect(await list({ whose: 'mine' }, ONE)).toEqual([]);
    });

    it('when another branch was faster', async () => {
      const branches = [
        { name: 'a', steps: [{ ...APPROVAL, assignees: ['u-1'] }] },
        { name: 'b', steps: [{ ...APPROVAL, id: 'other', assignees: ['u-2'] }] },
      ];
      await start({ id: 'either', type: 'parallel', join: 'any', branches });
      const [first] = await list({ whose: 'mine' }, ONE);
      await decisions.complete(String(first?.id), yes, 'api', ONE);
      await app.automation.drain();
      expect(await list({ whose: 'mine' }, TWO)).toEqual([]);
    });

    it('but are asked anew when the run is retried from their step', async () => {
      const { workflowId } = await ask({ ...APPROVAL, assignees: ['u-1'], expiresIn: 'P1D' });
      await app.passTime();
      const failed = await runOf(workflowId);
      expect(failed.reason).toBe('wait_expired');
      await app.runs.retry(failed.id, { from: 'failed_step' }, ADMIN);
      await app.automation.drain();
      const [again] = await list({ whose: 'mine' }, ONE);
      await decisions.complete(String(again?.id), yes, 'api', ONE);
      expect((await runOf(workflowId)).status).toBe('succeeded');
    });

    it('with their run, when retention removes it', async () => {
      const { task, workflowId } = await ask({ ...APPROVAL, assignees: ['u-1'] });
      await decisions.complete(task.id, yes, 'api', ONE);
      await runOf(workflowId);
      await app.query(`UPDATE automation.runs SET finished_at = now() - interval '1 year' WHERE workflow_id = $1`, [workflowId]);
      await app.module.get(AutomationEngine).cleanUp();
      expect(await app.query('SELECT 1 FROM automation.human_task_people UNION ALL SELECT 1 FROM automation.human_tasks')).toEqual([]);
    });
  });

  it('are listed by due date, page by page, each way by itself and together', async () => {
    await start({ ...APPROVAL, assignees: ['u-1'], dueIn: 'P2D' });
    await start({ ...APPROVAL, assignees: ['u-2'], dueIn: 'P3D', priority: 'low' });
    await start({ ...FORM, dueIn: 'P1D' });
    await start({ ...FORM, name: 'No date' });
    await app.automation.drain();
    const pages = async (filter: TaskFilter, caller: Caller, sort: 'due' | 'newest' = 'due'): Promise<string[]> => {
      const seen: TaskItem[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await tasks.list(filter, { sort, limit: 1, cursor }, caller);
        seen.push(...page.items);
        if (page.nextCursor === null) return seen.map(({ title, assignee }) => `${title}${assignee === null ? '' : ` ${assignee.id}`}`);
        cursor = page.nextCursor;
      }
    };
    // Workflows of earlier starts run on each lead too: only the last one of each is looked at.
    const all = await pages({}, ADMIN);
    expect(new Set(all)).toEqual(new Set(['Form', 'Approval u-1', 'Approval u-2', 'No date']));
    expect(all[0]).toBe('Form');
    expect(all.at(-1)).toBe('No date');
    expect(await pages({}, ADMIN, 'newest')).toHaveLength(all.length);
    const mine = await pages({ whose: 'mine' }, ONE);
    expect(new Set(mine)).toEqual(new Set(['Approval u-1']));
    const queued = await pages({ whose: 'queues' }, ONE);
    expect(new Set(queued)).toEqual(new Set(['Form', 'No date']));
    expect((await pages({}, ONE)).length).toBe(mine.length + queued.length);
    expect(await pages({ queue: 'desk' }, ONE)).toEqual(queued);
    expect(await pages({ queue: 'back' }, ADMIN)).toEqual([]);
    expect(new Set(await pages({ search: 'discount FOR a' }, ADMIN))).toEqual(new Set(['Approval u-1', 'Approval u-2']));
    expect(await pages({ search: '100 %' }, ADMIN)).toEqual([]);
    expect(await pages({}, RIVAL)).toEqual([]);
    const [first] = await list({ whose: 'mine' }, ONE);
    const recordId = String(first?.record?.id);
    expect(await list({ recordId })).not.toEqual([]);
    expect(await list({ recordId, module: 'accounts' })).toEqual([]);
    expect(await list({ runId: String(first?.runId), kind: 'approval' })).toHaveLength(1);
    expect(await list({ overdue: true })).toEqual([]);
    await app.query(`UPDATE automation.human_tasks SET due_at = now() - interval '1 hour' WHERE id = $1`, [first?.id]);
    expect((await list({ overdue: true })).map(({ id, isOverdue }) => [id, isOverdue])).toEqual([[first?.id, true]]);
    expect(await tasks.counts(ONE)).toEqual({ mine: mine.length, queues: queued.length, overdue: 1, all: mine.length + queued.length });
    expect(await tasks.counts(RIVAL)).toEqual({ mine: 0, queues: 0, overdue: 0, all: 0 });
  });

  describe('have queues', () => {
    it('that whoever may manage makes, changes and deletes, with an entry in the audit log', async () => {
      await queues.put('back-office', { label: 'Back office', roles: ['clerk', 'clerk'] }, ADMIN);
      expect(await queues.get('back-office', ADMIN)).toMatchObject({ label: 'Back office', users: [], roles: ['clerk'], isMine: false });
      await queues.put('back-office', { users: ['u-3'] }, ADMIN);
      expect((await queues.list(THREE)).map(({ name }) => name)).toEqual(['back-office']);
      expect(await code(queues.get('desk', THREE))).toBe('queue_not_found');
      await queues.delete('back-office', ADMIN);
      expect(await code(queues.delete('back-office', ADMIN))).toBe('queue_not_found');
      expect(await code(queues.delete('desk', RIVAL))).toBe('queue_not_found');
      expect(
        await app.query(`SELECT action FROM automation.audit_log WHERE coalesce(before, after)->>'name' = 'back-office' ORDER BY id`),
      ).toEqual([{ action: 'queue.created' }, { action: 'queue.updated' }, { action: 'queue.deleted' }]);
    });

    it('that need members, and a name that can stand in an address', async () => {
      expect(await code(queues.put('empty', {}, ADMIN))).toBe('invalid_request');
      expect(await code(queues.put('a/b', { users: ['u-1'] }, ADMIN))).toBe('invalid_request');
    });

    it('that stay while something in them is to be done', async () => {
      await start(FORM);
      expect(await code(queues.delete('desk', ADMIN))).toBe('queue_in_use');
    });
  });
});
