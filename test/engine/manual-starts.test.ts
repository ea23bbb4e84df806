import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Account, Lead } from '../support/sample-crm.js';

const task = (title: string) => ({ id: 'task', type: 'create_task', with: { title } });

describe('a start by the host’s own code', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  const manual = (title: string, more: object = {}) =>
    app.publishWorkflow({ trigger: { type: 'manual', module: 'leads' }, steps: [task(title)], ...more });
  const statuses = async (workflowId: string) => (await app.runsOf({ workflowId })).map(({ status, reason }) => reason ?? status);

  it('runs the workflow that it names on its record, whose steps see the input, and tells under its id what came of it', async () => {
    const workflowId = await manual('{{trigger.input.why}}: {{record.name}}');
    const bystander = await manual('never');
    const lead = await app.createLead({ name: 'Ada' });
    const { code } = await app.workflows.get(workflowId, ADMIN);
    const actor = { type: 'user' as const, id: 'u-1' };
    const id = await app.automation.start({
      workspaceId: 'acme',
      workflow: code,
      input: { why: 'Because' },
      record: { module: 'leads', id: lead.id },
      actor,
    });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run).toMatchObject({ status: 'succeeded', module: 'leads', recordId: lead.id, actor });
    expect(run?.steps[0]?.input).toMatchObject({ title: 'Because: Ada' });
    expect(await app.runs.getEvent(id ?? '', ADMIN)).toMatchObject({ event: 'manual', runs: [{ workflowId, status: 'succeeded' }] });
    expect(await statuses(bystander)).toEqual([]);
  });

  it('with a key that is known starts nothing once more', async () => {
    const workflowId = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [task('once')] });
    const start = { workspaceId: 'acme', workflow: workflowId, key: 'order-1' };
    expect(await app.automation.start(start)).toEqual(expect.any(String));
    expect(await app.automation.start(start)).toBeNull();
    await app.automation.drain();
    expect(await app.automation.start(start)).toBeNull();
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['succeeded']);
  });

  it('exists if and only if the transaction does that it was given', async () => {
    const workflowId = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [task('with it')] });
    const start = { workspaceId: 'acme', workflow: workflowId };
    await app.source
      .transaction(async (manager) => {
        await app.automation.start(start, manager);
        throw new Error('no');
      })
      .catch(() => undefined);
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual([]);
    await app.source.transaction((manager) => app.automation.start(start, manager));
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['succeeded']);
  });

  it('of a paused workflow is skipped and says so, in the run and at the event', async () => {
    const workflowId = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [task('paused')] });
    await app.workflows.pause(workflowId, ADMIN);
    const id = await app.automation.start({ workspaceId: 'acme', workflow: workflowId });
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual(['paused']);
    expect(await app.runs.getEvent(id ?? '', ADMIN)).toMatchObject({ runs: [{ workflowId, status: 'skipped', reason: 'paused' }] });
  });

  it('is bound to the workspace, to published workflows, and to inputs that can be kept', async () => {
    const workflowId = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [task('x')] });
    const draft = await app.workflows.create(
      { name: 'Draft', definition: { trigger: { type: 'manual' }, steps: [task('x')] } as never },
      ADMIN,
    );
    const start = { workspaceId: 'acme', workflow: workflowId };
    const refused: [object, string][] = [
      [{ workspaceId: 'rival' }, 'workflow_not_found'],
      [{ workflow: 'nowhere' }, 'workflow_not_found'],
      [{ workflow: draft.id }, 'workflow_not_published'],
      [{ record: { module: 'spaceships', id: '1' } }, 'start_invalid'],
      [{ input: [1, 2] }, 'start_invalid'],
      [{ input: { long: 'x'.repeat(300_000) } }, 'payload_too_large'],
    ];
    for (const [change, code] of refused) await expect(app.automation.start({ ...start, ...change })).rejects.toMatchObject({ code });
    await app.automation.drain();
    expect(await statuses(workflowId)).toEqual([]);
  });

  it('keeps the rules of re-entry; the same id in two modules is two records', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'manual' },
      steps: [task('once')],
      settings: { reentry: 'once_per_record' },
    });
    await app.source.manager.insert(Lead, { id: 'same', workspaceId: 'acme', name: 'Lead' });
    await app.source.manager.insert(Account, { id: 'same', workspaceId: 'acme', name: 'Account' });
    for (const module of ['leads', 'accounts', 'leads', 'accounts']) {
      await app.automation.start({ workspaceId: 'acme', workflow: workflowId, record: { module, id: 'same' } });
      await app.automation.drain();
    }
    expect((await app.runsOf({ workflowId })).map(({ module, status, reason }) => [module, reason ?? status])).toEqual([
      ['leads', 'succeeded'],
      ['accounts', 'succeeded'],
      ['leads', 'reentry'],
      ['accounts', 'reentry'],
    ]);
  });

  it('keeps the rules of re-entry for two modules in one batch too', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'manual' },
      steps: [task('once')],
      settings: { reentry: 'once_per_record' },
    });
    for (const module of ['leads', 'accounts', 'leads', 'accounts']) {
      await app.automation.start({ workspaceId: 'acme', workflow: workflowId, record: { module, id: 'same' } });
    }
    await app.automation.drain();
    expect((await app.runsOf({ workflowId })).map(({ module, status, reason }) => `${module} ${reason ?? status}`).sort()).toEqual([
      'accounts reentry',
      'accounts succeeded',
      'leads reentry',
      'leads succeeded',
    ]);
  });

  it('are refused with the path of each problem when they are no starts, before the database is asked', async () => {
    const workflow = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [task('x')] });
    const good = { workspaceId: 'acme', workflow };
    const odd: [unknown, string[]][] = [
      [null, ['workspaceId', 'workflow']],
      [[], ['workspaceId', 'workflow']],
      [{ ...good, workspaceId: 7 }, ['workspaceId']],
      [{ ...good, workflow: 'w'.repeat(1_000_000) }, ['workflow']],
      [{ ...good, key: '' }, ['key']],
      [{ ...good, record: [] }, ['record.module', 'record.id']],
      [{ ...good, record: { module: 'leads', id: 5 } }, ['record.id']],
    ];
    for (const [start, paths] of odd) {
      const problems = paths.map((path) => expect.objectContaining({ path }));
      await expect(app.automation.start(start as never)).rejects.toMatchObject({ code: 'start_invalid', problems });
    }
    await expect(app.automation.start({ ...good, workflow: `no\u0000thing` })).rejects.toMatchObject({ code: 'workflow_not_found' });
    await expect(app.automation.start({ ...good, workspaceId: 'rival' })).rejects.toMatchObject({ code: 'workflow_not_found' });
    await expect(app.automation.start({ ...good, actor: 'nobody' as never })).resolves.toEqual(expect.any(String));
  });
});
