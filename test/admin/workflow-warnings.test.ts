import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { PublishPreviews } from '../../src/admin/publish-preview.js';
import { WorkflowContextService } from '../../src/admin/workflow-context-service.js';
import type { CrmHost } from '../../src/host/crm-host.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Account, Lead } from '../support/sample-crm.js';

const definition = (stage: string) => ({
  trigger: { type: 'event', module: 'leads', event: 'stage_changed', to: stage },
  steps: [{ id: 'stop', type: 'stop', outcome: 'succeeded' }],
});
let app: AutomationApp;
let crm: CrmHost;
beforeAll(async () => {
  // Stages are rows, as accounts are here: the CRM's people add some when they like.
  crm = typeOrmCrm({ leads: { entity: Lead, stage: 'stage', stages: { entity: Account, order: 'name' } } });
  app = await startAutomationApp({ crm });
  await app.source.getRepository(Account).insert(['New', 'Won'].map((name) => ({ id: name, workspaceId: 'acme', name })));
  await app.source.getRepository(Account).insert({ id: 'a', workspaceId: 'rival', name: 'Lost' });
});
afterAll(() => app?.close());

it('a stage that the CRM has not now is warned of when a workflow is created, edited and published, and keeps it from nothing', async () => {
  const created = await app.workflows.create({ name: 'W', definition: definition('Lost') }, ADMIN);
  const warning = {
    path: 'trigger.to',
    code: 'stage_not_listed',
    message: 'The CRM has no stage "Lost" now. Its stages are: New, Won.',
    hint: 'Correct it, unless the stage is yet to be added.',
  };
  expect(created).toMatchObject({ problems: [], warnings: [warning] });
  const { id } = created;
  expect((await app.module.get(PublishPreviews).preview(id, null, ADMIN)).warnings).toEqual([{ ...warning, workflows: [] }]);
  expect(await app.workflows.publish(id, ADMIN)).toMatchObject({ status: 'active', warnings: [warning] });

  const { revision } = await app.workflows.get(id, ADMIN);
  const mended = await app.workflows.update(id, { revision, definition: definition('won') }, ADMIN);
  expect(mended).toMatchObject({ problems: [], warnings: [] });

  await app.source.getRepository(Account).insert({ id: 'b', workspaceId: 'acme', name: 'Lost' });
  const again = await app.workflows.update(id, { revision: revision + 1, definition: definition('Lost') }, ADMIN);
  expect(again.warnings).toEqual([]);
});

it('a host that cannot say its stages keeps nobody from saving, and a warning says that they were not checked', async () => {
  const findStages = jest.spyOn(crm, 'findStages').mockRejectedValue(new Error('away'));
  const created = await app.workflows.create({ name: 'W', definition: definition('Nowhere') }, ADMIN);
  expect(created).toMatchObject({ problems: [], warnings: [{ path: '', code: 'crm_no_answer' }] });
  expect(created.warnings[0]?.message).toContain('the stages of leads');
  expect(findStages).toHaveBeenCalled();
  findStages.mockRestore();
});

it('what nothing puts into the context is warned of where it is read, until somebody puts it there', async () => {
  const reading = {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    conditions: { field: 'context.score', operator: 'is_not_empty' },
    steps: [
      {
        id: 'b',
        type: 'branch',
        branches: [{ name: 'x', when: { field: 'context.kept', operator: 'equals', value: '{{context.mistyped}}' }, steps: [] }],
        extract: { score: '{{output.taken}}' },
        extractToContext: { cursor: '{{context.cursor}}' },
      },
      { id: 'stop', type: 'stop', outcome: 'failed', message: '{{context.score}} {{context.kept}}' },
    ],
  };
  const { id, problems, warnings } = await app.workflows.create({ name: 'W', definition: reading }, ADMIN);
  expect(problems).toEqual([]);
  const told = (list: typeof warnings) => list.map(({ path, code, message }) => `${path} ${code} ${/"(\w+)"/.exec(message)?.[1]}`);
  expect(told(warnings)).toEqual([
    'conditions context_not_written score',
    'steps[0] context_not_written mistyped',
    'steps[0] context_not_written kept',
    'steps[1] context_not_written kept',
  ]);
  await app.module.get(WorkflowContextService).patch(id, { values: { kept: 'now' } }, ADMIN);
  expect(told((await app.workflows.get(id, ADMIN)).warnings)).toEqual([
    'conditions context_not_written score',
    'steps[0] context_not_written mistyped',
  ]);
});

it('a mail is warned of where the application has no mail set up', async () => {
  const mail = { id: 'mail', type: 'send_email', with: { to: 'ann@acme.test', subject: 'Hello', text: 'Hello' } };
  const steps = [{ id: 'side_by_side', type: 'parallel', branches: [{ name: 'mail', steps: [mail] }] }];
  const created = await app.workflows.create({ name: 'W', definition: { ...definition('New'), steps } }, ADMIN);
  expect(created.problems).toEqual([]);
  expect(created.warnings).toMatchObject([
    { path: 'steps[0].branches[0].steps[0]', code: 'mail_not_configured', message: expect.stringContaining('will fail') },
  ]);
});
