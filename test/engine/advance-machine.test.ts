import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { machinesOf } from './support/machines.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const task = (title: string) => ({ id: 'task', type: 'create_task', with: { title } });

describe('the action advance_machine', () => {
  let app: AutomationApp;
  let machines: ReturnType<typeof machinesOf>;
  let id: string;
  let code: string;
  beforeAll(async () => {
    app = await startAutomationApp();
    machines = machinesOf(app);
    id = await machines.publish({
      states: [{ code: 'COLD', initial: true }, { code: 'HOT' }],
      start: { trigger: { type: 'event', module: 'leads', event: 'updated' } },
      transitions: [{ code: 'warm', from: ['COLD'], to: 'HOT', trigger: { type: 'manual' }, steps: [task('Call: {{trigger.input.why}}')] }],
    });
    code = `machine_${id}`;
  });
  afterAll(() => app?.close());

  const advancing = (withs: object) => ({
    trigger: CREATED,
    steps: [{ id: 'drive', type: 'advance_machine', with: { machine: code, ...withs } }],
  });
  const titles = async () => (await app.query<{ title: string }>('SELECT title FROM crm_tasks ORDER BY title')).map(({ title }) => title);

  it('begins the machine for a record, fires a transition of it, and others hear of the state that it enters', async () => {
    const trigger = { type: 'machine_entered', module: 'leads', machine: code, state: 'HOT' };
    await app.publishWorkflow({ trigger, steps: [task('{{trigger.from}} -> {{trigger.state}} of {{record.name}}')] });
    const begins = await app.publishWorkflow(advancing({}));
    const drives = await app.publishWorkflow(advancing({ transition: 'warm', input: { why: 'score' } }));
    await app.createLead({ name: 'Ada' });
    await app.automation.drain();
    expect(await titles()).toEqual(['COLD -> HOT of Ada', 'Call: score']);
    const [instance] = await machines.instances(id);
    expect(instance).toMatchObject({ state: 'HOT', entry: '2' });
    for (const workflowId of [begins, drives]) {
      const [run] = await app.runsOf({ workflowId });
      expect(run).toMatchObject({ status: 'succeeded', steps: [{ output: { machineId: id, eventId: expect.any(String) } }] });
    }
    const [row] = await app.query('SELECT actor FROM automation.transitions WHERE transition = $1', ['warm']);
    expect(row).toMatchObject({ actor: { type: 'workflow', id: drives } });
  });

  it('fails where there is no such machine, and says what to do', async () => {
    const workflowId = await app.publishWorkflow({
      ...advancing({ machine: 'nowhere', transition: 'warm' }),
      trigger: { type: 'event', module: 'leads', event: 'deleted' },
    });
    const record = { id: 'gone', workspaceId: 'acme', name: 'Gone' };
    await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'deleted', record: record as never });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run).toMatchObject({ status: 'failed', error: { code: 'machine_unknown', hint: expect.stringContaining('code of a machine') } });
  });
});
