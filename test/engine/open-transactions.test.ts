import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { Router } from '../../src/engine/routing/router.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { seedUsers } from '../support/sample-crm.js';
import { endsOrWaits, holdCommit } from './support/transactions.js';

class Nothing {
  @IsString() what!: string;
}

/** The host's own code: its runs are begun by whoever claims them. */
const keep = defineAction({
  type: 'keep',
  label: 'Keep',
  effect: 'local',
  transaction: 'shared',
  arguments: Nothing,
  execute: async () => undefined,
});

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const TOUCH = { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } };
const RIVAL = { ...ADMIN, workspaceId: 'rival' };

describe('while a transaction of another node is open', () => {
  let app: AutomationApp;
  let other: AutomationApp;
  beforeEach(async () => {
    const options = { actions: [keep], worker: { enabled: false, batchSize: 1 } };
    app = await startAutomationApp(options);
    other = await startAutomationApp(options, { database: app.database });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await other.close();
    await app.close();
  });
  const started = async () =>
    (await app.query<{ count: number }>("SELECT count(*)::int AS count FROM automation.runs WHERE status <> 'skipped'"))[0]?.count;

  it('that routes, pause waits for it: what starts had started when it answers, and nothing starts afterwards', async () => {
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [TOUCH] });
    await app.createLead();
    const held = holdCommit(app);
    const routing = app.module.get(Router).route();
    await held.reached;
    const pausing = other.workflows.pause(workflowId, ADMIN);
    expect(await endsOrWaits(other, pausing)).toBe('waits');
    expect(await started()).toBe(0);
    held.letGo();
    await pausing;
    expect(await started()).toBe(1);
    await routing;
    await app.createLead();
    await app.automation.drain();
    await other.automation.drain();
    expect(await started()).toBe(1);
  });

  it('that routes, pause in another workspace does not wait', async () => {
    await seedUsers(app.source, 'rival');
    await app.publishWorkflow({ trigger: CREATED, steps: [TOUCH] });
    const { id } = await other.workflows.create({ name: 'Rival', definition: { trigger: CREATED, steps: [TOUCH] } as never }, RIVAL);
    await other.workflows.publish(id, RIVAL);
    await app.createLead();
    const held = holdCommit(app);
    const routing = app.module.get(Router).route();
    await held.reached;
    expect(await endsOrWaits(other, other.workflows.pause(id, RIVAL))).toBe('ends');
    held.letGo();
    await routing;
  });

  it('in which a step has caused an event that nobody listens to, whoever publishes a listener waits: no such event falls between', async () => {
    await app.publishWorkflow({ trigger: CREATED, steps: [{ id: 'keep', type: 'keep', with: { what: 'it' } }, TOUCH] });
    await app.createLead();
    await app.module.get(Router).route();
    const driver = app.module.get(RunDriver);
    // The runs of the host's code are advanced in the second transaction; the first one loads them.
    const held = holdCommit(app, 2);
    const ticking = driver.tick();
    await held.reached;
    const publishing = other.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'updated' },
      steps: [{ id: 'task', type: 'create_task', with: { title: 'heard' } }],
    });
    expect(await endsOrWaits(other, publishing)).toBe('waits');
    held.letGo();
    await ticking;
    await driver.settled();
    await publishing;
    expect(await app.query("SELECT 1 FROM automation.events WHERE event = 'updated'")).toEqual([]);
    await app.createLead();
    await app.automation.drain();
    // From the moment at which publishing answered every such event is heard, by a node that knew nothing of the workflow.
    expect(await app.query('SELECT title FROM crm_tasks')).toEqual([{ title: 'heard' }]);
  });

  it('that starts the one run of a record, the second event of that record waits for it, and is skipped', async () => {
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [TOUCH], settings: { reentry: 'once_per_record' } });
    const lead = await app.createLead();
    await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: lead });
    const held = holdCommit(app);
    const first = app.module.get(Router).route();
    await held.reached;
    const second = other.module.get(Router).route();
    expect(await endsOrWaits(other, second)).toBe('waits');
    held.letGo();
    expect([(await first).events, (await second).events]).toEqual([1, 1]);
    expect((await app.runsOf({ workflowId })).map(({ status, reason }) => reason ?? status).sort()).toEqual(['reentry', 'succeeded']);
    expect(await app.query('SELECT touches FROM crm_leads')).toEqual([{ touches: 1 }]);
  });
});
