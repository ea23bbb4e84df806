import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { machinesOf } from '../engine/support/machines.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import type { Lead } from '../support/sample-crm.js';
import { workUntilDeath } from './support/mortal-app.js';

// Some twenty deaths, one after the other.
jest.setTimeout(240_000);

const STATES = [
  { code: 'NEW', initial: true, timeout: { after: 'PT48H', transition: 'escalate' } },
  { code: 'OPEN' },
  { code: 'DONE', final: true },
];
const CREATED = { type: 'event', module: 'leads', event: 'created' };
const UPDATED = { type: 'event', module: 'leads', event: 'updated' };
const task = (id: string) => ({ id, type: 'create_task', with: { title: '{{record.name}}' } });
const WAIT = { id: 'cool', type: 'delay', for: 'P9D' };

/** What else is written between them leaves what it leaves of runs without machines. */
const MACHINES = /automation\.(instances|transitions|instance_counts|deferred_events)|^COMMIT/;

describe('a process that dies between any two statements of a transition', () => {
  let app: AutomationApp;
  let machines: ReturnType<typeof machinesOf>;
  beforeAll(async () => {
    app = await startAutomationApp();
    machines = machinesOf(app);
  });
  afterAll(() => app?.close());

  /** Lets a worker die before its first statement, another before its second, … until one had done it all; after each another process takes over. */
  async function dieEverywhere(
    transitions: object[],
    expected: { history: string[]; tasks: number },
    { prepare, start }: { prepare: (lead: Lead) => Promise<void>; start?: object },
  ): Promise<number> {
    const id = await machines.publish({ states: STATES, transitions, ...(start && { start }) });
    for (let dieAt = 1; ; dieAt += 1) {
      const lead = await app.createLead({ name: `Dead at ${dieAt}` });
      await prepare(lead);
      const died = await workUntilDeath(app.database.url, dieAt, { among: MACHINES });
      const stateOf = async () => {
        const [instance] = await machines.instances(id, lead.id);
        return instance ? { at: instance.transition === null ? instance.state : null, history: await machines.history(instance.id) } : null;
      };
      const left = await stateOf();
      await app.eventually(async () => {
        await app.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");
        await app.automation.drain();
        expect([dieAt, await stateOf()]).toEqual([dieAt, { at: 'DONE', history: expected.history }]);
      });
      const [made] = await app.query('SELECT count(*)::int AS tasks FROM crm_tasks WHERE "recordId" = $1', [lead.id]);
      expect([dieAt, made]).toEqual([dieAt, { tasks: expected.tasks }]);
      const all = await machines.instances(id);
      expect([dieAt, await machines.counts(id)]).toEqual([dieAt, { DONE: all.length }]);
      // What dies later leaves the same.
      if (!died || left?.at === 'DONE') {
        await machines.setStatus(id, 'paused');
        return dieAt - 1;
      }
    }
  }
  const update = (lead: Lead) =>
    app.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'updated',
      record: { ...lead, email: 'new@lead.test' } as never,
      previous: { ...lead } as never,
    });

  it('moves the instance once, with the effects of the steps, and loses no event that waits for the end of a transition', async () => {
    const transitions = [
      { code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED, steps: [WAIT, task('opened')] },
      { code: 'close', from: ['OPEN'], to: 'DONE', trigger: UPDATED, steps: [task('closed')] },
      { code: 'escalate', from: ['NEW'], to: 'DONE', trigger: { type: 'timeout' } },
    ];
    const prepare = async (lead: Lead) => {
      await app.automation.drain();
      await update(lead);
      await app.automation.drain();
      await app.passTime();
    };
    const history = ['created -> NEW by event', 'fired open NEW -> OPEN by event', 'fired close OPEN -> DONE by event'];
    expect(await dieEverywhere(transitions, { history, tasks: 2 }, { prepare })).toBeGreaterThan(4);
  });

  it('fires a timeout once', async () => {
    const transitions = [
      { code: 'escalate', from: ['NEW'], to: 'DONE', trigger: { type: 'timeout' }, steps: [task('escalated')] },
      { code: 'open', from: ['NEW'], to: 'OPEN', trigger: UPDATED },
      { code: 'close', from: ['OPEN'], to: 'DONE', trigger: UPDATED },
    ];
    const prepare = async () => {
      await app.automation.drain();
      await app.query('UPDATE automation.instances SET timeout_at = now() WHERE timeout_at IS NOT NULL');
    };
    const history = ['created -> NEW by event', 'fired escalate NEW -> DONE by timeout'];
    expect(await dieEverywhere(transitions, { history, tasks: 1 }, { prepare, start: { trigger: CREATED } })).toBeGreaterThan(4);
  });
});
