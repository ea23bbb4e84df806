import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const DEFINITION = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
};

describe('Pause', () => {
  let app: AutomationApp;
  let other: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
    other = await startAutomationApp({ worker: { enabled: false, batchSize: 7 } }, { database: app.database });
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });

  it('starts nothing after its commit, on any node, while events keep coming', async () => {
    const id = await app.publishWorkflow(DEFINITION);
    // Both nodes know the workflow as active before the load begins.
    await app.createLead();
    await app.automation.drain();
    await other.createLead();
    await other.automation.drain();
    for (let round = 0; round < 5; round += 1) {
      await app.workflows.activate(id, ADMIN);
      const leads = Array.from({ length: 60 }, (_, index) => (index % 2 ? app : other).createLead());
      const routing = Promise.all([app.automation.drain(), other.automation.drain(), ...leads]);
      await app.workflows.pause(id, ADMIN);
      const [{ started } = { started: -1 }] = await app.query<{ started: number }>(
        "SELECT count(*)::int AS started FROM automation.runs WHERE status <> 'skipped'",
      );
      await routing;
      await app.automation.drain();
      await other.automation.drain();
      const [after] = await app.query<{ started: number }>(
        "SELECT count(*)::int AS started FROM automation.runs WHERE status <> 'skipped'",
      );
      expect(after?.started).toBe(started);
    }
    expect(await app.query('SELECT 1 FROM automation.events WHERE routed_at IS NULL')).toEqual([]);
  });

  it('lets runs in flight finish, and Active resumes the published version', async () => {
    const id = await app.publishWorkflow({ ...DEFINITION, steps: [{ id: 'cool', type: 'delay', for: 'P1D' }, ...DEFINITION.steps] });
    await app.createLead();
    await app.automation.drain();
    await app.workflows.pause(id, ADMIN);
    await app.passTime();
    await app.automation.drain();
    expect((await app.runsOf({ workflowId: id })).map(({ status }) => status)).toEqual(['succeeded']);
    await app.createLead();
    await app.automation.drain();
    expect(await app.runsOf({ workflowId: id })).toHaveLength(1);
    await app.workflows.activate(id, ADMIN);
    await app.createLead();
    await app.automation.drain();
    expect(await app.runsOf({ workflowId: id })).toHaveLength(2);
  });
});
