import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MachineService } from '../../src/admin/machine-service.js';
import { StateTimeouts } from '../../src/engine/machines/state-timeouts.js';
import { Router } from '../../src/engine/routing/router.js';
import { WakeUp } from '../../src/engine/wake-up.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import type { Lead } from '../support/sample-crm.js';
import { machinesOf } from './support/machines.js';
import { holdCommit } from './support/transactions.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const UPDATED = { type: 'event', module: 'leads', event: 'updated' };
const WAIT = { id: 'cool', type: 'delay', for: 'P9D' };
const FAIL = { id: 'fail', type: 'move_stage', with: { to: 'Nowhere' } };

const states = (more: object = {}) => [
  { code: 'NEW', initial: true, timeout: { after: 'PT48H', transition: 'escalate' } },
  { code: 'ANSWERED' },
  { code: 'ESCALATED', ...more },
];
const escalate = (more: object = {}) => ({ code: 'escalate', from: ['NEW'], to: 'ESCALATED', trigger: { type: 'timeout' }, ...more });
const answer = (more: object = {}) => ({ code: 'answer', from: ['NEW'], to: 'ANSWERED', trigger: UPDATED, ...more });
const start = { trigger: CREATED };

describe('the timeout of a state', () => {
  let app: AutomationApp;
  let other: AutomationApp;
  let machines: ReturnType<typeof machinesOf>;
  beforeAll(async () => {
    app = await startAutomationApp({ calendar: { timezone: 'UTC' } });
    other = await startAutomationApp({ calendar: { timezone: 'UTC' } }, { database: app.database });
    machines = machinesOf(app);
  });
  beforeEach(() =>
    app.query(
      `TRUNCATE automation.workflows, automation.events, automation.runs, automation.step_executions, automation.instances,
         automation.transitions, automation.instance_counts, automation.deferred_events CASCADE`,
    ),
  );
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(async () => {
    await other?.close();
    await app?.close();
  });

  const update = (lead: Lead) =>
    app.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'updated',
      record: { ...lead, name: 'Grace' } as never,
      previous: { ...lead } as never,
    });
  const only = async (id: string) => {
    const [instance, ...others] = await machines.instances(id);
    expect(others).toEqual([]);
    if (!instance) throw new Error('there is no instance');
    return instance;
  };
  /** As if so many hours had passed since all that there is. */
  const pass = (hours: number) =>
    app.query(
      `UPDATE automation.instances SET entered_at = entered_at - $1 * interval '1 hour', timeout_at = timeout_at - $1 * interval '1 hour'`,
      [hours],
    );
  const made = async (definition: Parameters<typeof machines.publish>[0]) => {
    const id = await machines.publish({ start, ...definition });
    const lead = await app.createLead();
    await app.automation.drain();
    return { id, lead };
  };

  it('fires its transition once, whoever looks, and counts from entering the state', async () => {
    const { id } = await made({
      states: states({ timeout: { after: 'PT1H', transition: 'again' } }),
      transitions: [escalate(), answer(), { code: 'again', from: ['ESCALATED'], to: 'NEW', trigger: { type: 'timeout' } }],
    });
    await pass(47.9);
    await app.automation.drain();
    expect((await only(id)).state).toBe('NEW');
    await pass(0.2);
    await Promise.all([app.module.get(StateTimeouts).round(), other.module.get(StateTimeouts).round()]);
    await Promise.all([app.automation.drain(), other.automation.drain()]);
    const instance = await only(id);
    expect(instance.state).toBe('ESCALATED');
    expect(Math.round(((instance.timeout_at?.getTime() ?? 0) - Date.now()) / 60_000)).toBe(60);
    expect(await machines.history(instance.id)).toEqual(['created -> NEW by event', 'fired escalate NEW -> ESCALATED by timeout']);
    expect(await app.query(`SELECT count(*)::int AS count FROM automation.events WHERE event = 'timeout'`)).toEqual([{ count: 1 }]);
  });

  it('is told of where it is sooner than whoever waits for the next one looks', async () => {
    const announced = jest.spyOn(app.module.get(WakeUp), 'announceAfterCommit');
    const soon = states();
    await made({ states: soon, transitions: [escalate(), answer()] });
    expect(announced.mock.calls.filter(([, kind]) => kind === 'timing')).toEqual([]);
    await made({
      states: [{ ...soon[0], timeout: { after: 'PT2S', transition: 'escalate' } }, ...soon.slice(1)] as object[],
      transitions: [escalate(), answer()],
    });
    expect(announced.mock.calls.filter(([, kind]) => kind === 'timing').length).toBe(1);
  });

  it('waits while a thousand events of its workspace are to be routed, and holds up nobody else’s', async () => {
    await made({ states: states(), transitions: [escalate()] });
    await pass(72);
    await app.query(
      `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final, timeout_at)
       SELECT 'brook', gen_random_uuid(), machine_id, version_id, module, record_id, state, is_final, timeout_at FROM automation.instances`,
    );
    const waiting = async () =>
      (
        await app.query<{ workspace_id: string }>('SELECT workspace_id FROM automation.instances WHERE timeout_at IS NOT NULL ORDER BY 1')
      ).map(({ workspace_id }) => workspace_id);
    const timeouts = app.module.get(StateTimeouts);
    await app.automation.publish(
      Array.from({ length: 1_000 }, (_, n) => ({ workspaceId: 'acme', module: 'leads', event: 'read', recordId: `${n}` })),
    );
    expect(await waiting()).toEqual(['acme', 'brook']);
    await timeouts.round();
    expect(await waiting()).toEqual(['acme']);
    expect(await timeouts.round()).toEqual({ starts: 0, more: 'soon' });
    await app.module.get(Router).route();
    expect(await timeouts.round()).toMatchObject({ starts: 1 });
    await app.automation.drain();
    expect(await app.query(`SELECT state FROM automation.instances WHERE workspace_id = 'acme'`)).toEqual([{ state: 'ESCALATED' }]);
  });

  it('loses to a transition that committed before it was captured', async () => {
    const { id, lead } = await made({ states: states(), transitions: [escalate(), answer()] });
    await pass(49);
    await update(lead);
    const commit = holdCommit(app);
    const routing = app.module.get(Router).route();
    await commit.reached;
    // The instance is locked: it is passed by.
    expect(await other.module.get(StateTimeouts).round()).toMatchObject({ starts: 0 });
    commit.letGo();
    await routing;
    await other.automation.drain();
    const instance = await only(id);
    expect(await machines.history(instance.id)).toEqual(['created -> NEW by event', 'fired answer NEW -> ANSWERED by event']);
  });

  it('loses to a transition that was captured later and committed before it was routed', async () => {
    const { id, lead } = await made({ states: states(), transitions: [escalate(), answer()] });
    await pass(49);
    expect(await app.module.get(StateTimeouts).round()).toMatchObject({ starts: 1 });
    // Somebody holds it, so that the later one comes first.
    const held = app.source.createQueryRunner();
    await held.startTransaction();
    await held.query(`SELECT 1 FROM automation.events WHERE event = 'timeout' FOR UPDATE`);
    await update(lead);
    await app.module.get(Router).route();
    await held.rollbackTransaction();
    await held.release();
    await app.automation.drain();
    const instance = await only(id);
    expect(instance.state).toBe('ANSWERED');
    expect(await machines.history(instance.id)).toEqual([
      'created -> NEW by event',
      'fired answer NEW -> ANSWERED by event',
      'not_fired ANSWERED by timeout',
    ]);
  });

  it('wins over a transition that has not committed before it: that one is asked where it has led', async () => {
    const { id, lead } = await made({ states: states(), transitions: [escalate(), answer()] });
    await pass(49);
    await app.module.get(StateTimeouts).round();
    const commit = holdCommit(app);
    const routing = app.module.get(Router).route();
    await commit.reached;
    await update(lead);
    const behind = other.module.get(Router).route();
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await app.eventually(async () => expect((await app.query(waiting)).length).toBeGreaterThan(0));
    commit.letGo();
    await Promise.all([routing, behind]);
    await app.automation.drain();
    const instance = await only(id);
    expect(await machines.history(instance.id)).toEqual(['created -> NEW by event', 'fired escalate NEW -> ESCALATED by timeout']);
  });

  it('waits for the end of a transition that is under way: it fires when that fails, and not when it succeeds', async () => {
    const { id, lead } = await made({ states: states(), transitions: [escalate(), answer({ steps: [WAIT, FAIL] })] });
    await update(lead);
    await app.automation.drain();
    await pass(49);
    await app.automation.drain();
    expect(await only(id)).toMatchObject({ state: 'NEW', transition: 'answer', deferred: 1 });
    await app.passTime();
    await app.automation.drain();
    const failed = await only(id);
    expect(await machines.history(failed.id)).toEqual([
      'created -> NEW by event',
      'failed answer NEW by event',
      'fired escalate NEW -> ESCALATED by timeout',
    ]);
    await app.query('DELETE FROM automation.instances');
    await machines.setStatus(id, 'paused');

    const next = await made({ states: states(), transitions: [escalate(), answer({ steps: [WAIT] })] });
    await update(next.lead);
    await app.automation.drain();
    await pass(49);
    await app.automation.drain();
    await app.passTime();
    await app.automation.drain();
    const moved = await only(next.id);
    expect(await machines.history(moved.id)).toEqual([
      'created -> NEW by event',
      'fired answer NEW -> ANSWERED by event',
      'not_fired ANSWERED by timeout',
    ]);
  });

  it('does not fire again when the steps of its own transition fail', async () => {
    const { id } = await made({ states: states(), transitions: [escalate({ steps: [FAIL] }), answer()] });
    await pass(49);
    await app.automation.drain();
    await pass(49);
    await app.automation.drain();
    const instance = await only(id);
    expect(await machines.history(instance.id)).toEqual(['created -> NEW by event', 'failed escalate NEW by timeout']);
  });

  describe('that comes due while the machine is disabled', () => {
    const enable = (id: string, how: 'fire' | 'restart') => app.module.get(MachineService).enable(id, ADMIN, how);
    const missed = async () => {
      const { id } = await made({ states: states(), transitions: [escalate(), answer()] });
      // One is captured before and routed after, another is found later.
      await pass(49);
      await app.module.get(StateTimeouts).round();
      await machines.setStatus(id, 'paused');
      await app.query(
        `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final, timeout_at)
         SELECT workspace_id, gen_random_uuid(), machine_id, version_id, module, 'another', state, is_final, now() FROM automation.instances`,
      );
      await app.automation.drain();
      expect((await machines.instances(id)).map(({ state, timeout_at: at }) => [state, at])).toEqual([
        ['NEW', null],
        ['NEW', null],
      ]);
      return id;
    };

    it('fires when it is enabled again', async () => {
      const id = await missed();
      await enable(id, 'fire');
      await app.automation.drain();
      expect((await machines.instances(id)).map(({ state }) => state)).toEqual(['ESCALATED', 'ESCALATED']);
    });

    it('is forgotten where the present version has none for the state', async () => {
      const { id } = await made({ states: states(), transitions: [escalate(), answer()] });
      await pass(49);
      await machines.setStatus(id, 'paused');
      await app.query("UPDATE automation.instances SET state = 'OF_BEFORE', timeout_at = NULL, missed_timeout = entry");
      await enable(id, 'restart');
      expect(await app.query('SELECT timeout_at, missed_timeout FROM automation.instances')).toEqual([
        { timeout_at: null, missed_timeout: null },
      ]);
    });

    it('begins anew when that is wanted', async () => {
      const id = await missed();
      await enable(id, 'restart');
      await app.automation.drain();
      expect((await machines.instances(id)).map(({ state }) => state)).toEqual(['NEW', 'NEW']);
      await pass(48.1);
      await app.automation.drain();
      expect((await machines.instances(id)).map(({ state }) => state)).toEqual(['ESCALATED', 'ESCALATED']);
    });
  });
});
