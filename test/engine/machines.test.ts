import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { InstanceService } from '../../src/admin/instance-service.js';
import { RetryPreviews } from '../../src/admin/retry-preview.js';
import { RunBatches } from '../../src/admin/run-batches.js';
import type { RetryCommand } from '../../src/admin/run-retry.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import type { Lead } from '../support/sample-crm.js';
import { machinesOf } from './support/machines.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const UPDATED = { type: 'event', module: 'leads', event: 'updated' };
const STATES = [{ code: 'NEW', initial: true }, { code: 'OPEN' }, { code: 'DONE', final: true }];
const WAIT = { id: 'cool', type: 'delay', for: 'PT1H' };
const TASK = { id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } };
const FAIL = { id: 'fail', type: 'move_stage', with: { to: 'Nowhere' } };
const isSource = (value: string) => ({ field: 'source', operator: 'equals', value });

describe('a machine', () => {
  let app: AutomationApp;
  let machines: ReturnType<typeof machinesOf>;
  beforeAll(async () => {
    app = await startAutomationApp();
    machines = machinesOf(app);
  });
  beforeEach(() =>
    app.query(
      `TRUNCATE automation.workflows, automation.events, automation.runs, automation.step_executions, automation.instances,
         automation.transitions, automation.instance_counts, automation.deferred_events, crm_tasks CASCADE`,
    ),
  );
  afterAll(() => app?.close());

  const update = (lead: Lead, to: Partial<Lead>) =>
    app.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'updated',
      record: { ...lead, ...to } as never,
      previous: { ...lead } as never,
    });
  const only = async (id: string) => {
    const [instance, ...others] = await machines.instances(id);
    expect(others).toEqual([]);
    if (!instance) throw new Error('there is no instance');
    return instance;
  };
  const closing = { code: 'close', from: ['OPEN'], to: 'DONE', trigger: UPDATED, conditions: isSource('Fair') };

  it('makes an instance by the first event that a transition out of the initial state hears, and asks that transition too', async () => {
    const id = await machines.publish({
      states: STATES,
      transitions: [{ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED }, closing],
    });
    const lead = await app.createLead({ source: 'Web Form' });
    await app.automation.drain();
    const instance = await only(id);
    expect(instance).toMatchObject({ record_id: lead.id, state: 'OPEN', entry: '2', transition: null });
    expect(await machines.history(instance.id)).toEqual(['created -> NEW by event', 'fired open NEW -> OPEN by event']);
    expect(await machines.counts(id)).toEqual({ OPEN: 1 });
    expect(await app.query('SELECT 1 FROM automation.runs')).toEqual([]);
  });

  it('says of each event that fired nothing which transitions were asked, with their conditions as they were evaluated', async () => {
    const id = await machines.publish({
      states: STATES,
      transitions: [{ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED }, closing],
    });
    const lead = await app.createLead();
    await update(lead, { name: 'Grace' });
    await app.automation.drain();
    const instance = await only(id);
    expect(instance.state).toBe('OPEN');
    const [row] = await app.query(`SELECT transition, explanation FROM automation.transitions WHERE kind = 'not_fired'`);
    expect(row).toMatchObject({
      transition: 'close',
      explanation: [{ transition: 'close', reason: 'conditions', explanation: { result: false, seen: 'Web Form' } }],
    });
  });

  it('takes the events of one batch in their order, and enters no state twice for one of them', async () => {
    const id = await machines.publish({
      states: STATES,
      transitions: [{ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED }, closing],
    });
    const lead = await app.createLead();
    await update(lead, { source: 'Fair' });
    await update(lead, { source: 'Fair', name: 'Again' });
    await app.automation.drain();
    const instance = await only(id);
    expect(await machines.history(instance.id)).toEqual([
      'created -> NEW by event',
      'fired open NEW -> OPEN by event',
      'fired close OPEN -> DONE by event',
    ]);
    expect(await machines.counts(id)).toEqual({ DONE: 1 });
  });

  it('fires the first transition in order whose conditions hold, and says what they saw, and why those before it did not', async () => {
    const id = await machines.publish({
      states: STATES,
      transitions: [
        { code: 'never', from: ['NEW'], to: 'DONE', trigger: CREATED, enabled: false },
        { code: 'fair', from: ['NEW'], to: 'DONE', trigger: CREATED, conditions: isSource('Fair') },
        { code: 'open', from: 'any', to: 'OPEN', trigger: CREATED, conditions: isSource('Web Form') },
        { code: 'later', from: 'any', to: 'DONE', trigger: CREATED },
      ],
    });
    await app.createLead();
    await app.automation.drain();
    expect((await only(id)).state).toBe('OPEN');
    const [row] = await app.query<{ explanation: { conditions: object; notFired: object[] } }>(
      `SELECT explanation FROM automation.transitions WHERE kind = 'fired'`,
    );
    expect(row?.explanation.conditions).toMatchObject({ result: true, field: 'source', seen: 'Web Form' });
    expect(row?.explanation.notFired).toMatchObject([
      { transition: 'never', reason: 'disabled' },
      { transition: 'fair', reason: 'conditions' },
    ]);
  });

  it('does not ask the starting event about a transition where it says what makes an instance', async () => {
    const id = await machines.publish({
      start: { trigger: CREATED, conditions: isSource('Fair') },
      states: STATES,
      transitions: [{ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED }],
    });
    await app.createLead();
    await app.createLead({ source: 'Fair' });
    await app.automation.drain();
    expect((await machines.instances(id)).map(({ state }) => state)).toEqual(['NEW']);
  });

  it('moves in the transaction that ends the run of the steps, which may be the one that routes the event', async () => {
    const id = await machines.publish({
      states: STATES,
      transitions: [{ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED, steps: [TASK] }],
    });
    await app.createLead();
    await app.automation.drain();
    const instance = await only(id);
    expect(instance).toMatchObject({ state: 'OPEN', transition: null, run_id: null });
    const [run] = await app.runsOf({ workflowId: id });
    expect(run?.status).toBe('succeeded');
    const [row] = await app.query(`SELECT run_id, trigger, time_in_state_ms FROM automation.transitions WHERE kind = 'fired'`);
    expect(row).toMatchObject({ run_id: run?.id, trigger: 'event' });
    expect(await app.query('SELECT title FROM crm_tasks')).toEqual([{ title: 'Call Ada' }]);
  });

  it('is in transition while the steps wait, and asks what came meanwhile when they are done, in its order', async () => {
    const id = await machines.publish({
      states: STATES,
      transitions: [{ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED, steps: [WAIT] }, closing],
    });
    const lead = await app.createLead();
    await update(lead, { name: 'In the same batch' });
    await app.automation.drain();
    await update(lead, { source: 'Fair' });
    await app.automation.drain();
    expect(await only(id)).toMatchObject({ state: 'NEW', transition: 'open', deferred: 2 });
    await app.passTime();
    await app.automation.drain();
    const instance = await only(id);
    expect(await machines.history(instance.id)).toEqual([
      'created -> NEW by event',
      'fired open NEW -> OPEN by event',
      'not_fired close OPEN by event',
      'fired close OPEN -> DONE by event',
    ]);
    expect(instance).toMatchObject({ state: 'DONE', deferred: 0 });
    expect(await app.query('SELECT 1 FROM automation.deferred_events')).toEqual([]);
    expect(await machines.counts(id)).toEqual({ DONE: 1 });
  });

  it('stays where it was when the steps fail, says so, and asks what came meanwhile from there', async () => {
    const id = await machines.publish({
      states: STATES,
      transitions: [
        { code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED, steps: [WAIT, FAIL] },
        { code: 'skip', from: ['NEW'], to: 'DONE', trigger: UPDATED, conditions: isSource('Fair') },
      ],
    });
    const lead = await app.createLead();
    await app.automation.drain();
    await app.passTime();
    await app.automation.drain();
    const failed = await only(id);
    const [run] = await app.runsOf({ workflowId: id });
    expect(failed).toMatchObject({
      state: 'NEW',
      transition: null,
      failure: { transition: 'open', runId: run?.id, error: { code: run?.reason } },
    });
    await update(lead, { source: 'Fair' });
    await app.automation.drain();
    expect(await machines.history(failed.id)).toEqual([
      'created -> NEW by event',
      'failed open NEW by event',
      'fired skip NEW -> DONE by event',
    ]);
    expect(await only(id)).toMatchObject({ failure: null });
  });

  it('leaves instances on their version, and makes new ones on the published one', async () => {
    const to = (state: string) => ({
      states: STATES,
      transitions: [
        { code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED },
        { code: 'go', from: ['OPEN'], to: state, trigger: UPDATED },
      ],
    });
    const id = await machines.publish(to('DONE'));
    const first = await app.createLead();
    await app.automation.drain();
    await machines.publishAgain(id, 2, to('NEW'));
    const second = await app.createLead();
    await app.automation.drain();
    await update(first, { name: 'A' });
    await update(second, { name: 'B' });
    await app.automation.drain();
    expect((await machines.instances(id)).map(({ state }) => state)).toEqual(['DONE', 'NEW']);
  });

  it('makes no instance and asks nothing while it is disabled; a transition under way ends all the same', async () => {
    const id = await machines.publish({
      states: STATES,
      transitions: [{ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED, steps: [WAIT] }, closing],
    });
    const lead = await app.createLead();
    await app.automation.drain();
    await machines.setStatus(id, 'paused');
    await app.createLead();
    await update(lead, { source: 'Fair' });
    await app.passTime();
    await app.automation.drain();
    expect(await only(id)).toMatchObject({ state: 'OPEN', record_id: lead.id });
  });

  it('goes in circles with the events of its own steps no further than one run of each transition', async () => {
    const touch = (id: string) => ({ id, type: 'change_field', with: { field: 'touches', increment: 1 } });
    const id = await machines.publish({
      states: STATES,
      transitions: [
        { code: 'open', from: ['NEW'], to: 'OPEN', trigger: UPDATED, steps: [touch('one')] },
        { code: 'back', from: ['OPEN'], to: 'NEW', trigger: UPDATED, steps: [touch('other')] },
      ],
    });
    const lead = await app.createLead();
    await update(lead, { name: 'Go' });
    await app.automation.drain();
    const instance = await only(id);
    expect(await machines.history(instance.id)).toEqual([
      'created -> NEW by event',
      'fired open NEW -> OPEN by event',
      'fired back OPEN -> NEW by event',
      'not_fired open NEW by event',
    ]);
  });

  describe('whose transition has failed', () => {
    const opening = (...steps: object[]) => ({ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED, steps });
    /** Needs what the lead does not have at first. */
    const demanding = { id: 'demand', type: 'create_task', with: { title: '{{record.source}}' } };
    const failed = async () => {
      const id = await machines.publish({ states: STATES, transitions: [opening(WAIT, demanding), { ...closing, from: 'any' }] });
      const lead = await app.createLead({ source: '' });
      await app.automation.drain();
      await app.passTime();
      await app.automation.drain();
      const [run] = await app.runsOf({ workflowId: id });
      expect(run?.status).toBe('failed');
      return { id, lead, runId: run?.id ?? '' };
    };
    const preview = (runId: string, command: RetryCommand) => app.module.get(RetryPreviews).preview(runId, command, ADMIN);
    const bulk = async (workflowId: string, command: RetryCommand): Promise<[number, string[]]> => {
      const { matched, refusals } = await app.module.get(RunBatches).retry({ workflowId }, { ...command, dryRun: true }, ADMIN);
      return [matched, refusals.map(({ code }) => code)];
    };
    const mend = (lead: Lead) => app.query(`UPDATE crm_leads SET source = 'Fair' WHERE id = $1`, [lead.id]);

    it.each(['failed_step', 'start'] as const)('goes on with it when its run is retried (%s)', async (from) => {
      const { id, lead, runId } = await failed();
      await mend(lead);
      expect(await preview(runId, { from, version: 'newest' })).toMatchObject({
        version: { same: 1, newest: 1, differs: [] },
        refused: null,
      });
      expect(await bulk(id, { from, version: 'newest' })).toEqual([1, []]);
      await app.runs.retry(runId, { from }, ADMIN);
      expect(await only(id)).toMatchObject({ state: 'NEW', transition: 'open' });
      await app.automation.drain();
      await app.passTime();
      await app.automation.drain();
      const instance = await only(id);
      expect(instance).toMatchObject({ state: 'OPEN', transition: null, failure: null });
      expect(await machines.history(instance.id)).toEqual([
        'created -> NEW by event',
        'failed open NEW by event',
        'fired open NEW -> OPEN by event',
      ]);
    });

    it('refuses the retry of its run once it has gone on', async () => {
      const { id, lead, runId } = await failed();
      await update(lead, { source: 'Fair' });
      await app.automation.drain();
      expect(await only(id)).toMatchObject({ state: 'DONE' });
      for (const from of ['failed_step', 'start'] as const) {
        const message = expect.stringContaining('it has gone on, or was reset, and is in "DONE"');
        expect((await preview(runId, { from })).refused).toMatchObject({ code: 'transition_over', message });
        expect(await bulk(id, { from })).toEqual([0, ['transition_over']]);
        await expect(app.runs.retry(runId, { from }, ADMIN)).rejects.toMatchObject({ code: 'transition_over' });
      }
    });

    it('is taken up where it failed last: the retry of an earlier run says which one that is', async () => {
      const again = { code: 'again', from: ['NEW'], to: 'OPEN', trigger: UPDATED, steps: [{ ...FAIL, id: 'fail_again' }] };
      const id = await machines.publish({ states: STATES, transitions: [{ ...opening(FAIL) }, again] });
      const lead = await app.createLead();
      await app.automation.drain();
      await update(lead, { name: 'Again' });
      await app.automation.drain();
      const [first, last] = (await app.runsOf({ workflowId: id })).map((run) => run.id).sort();
      const refused = { code: 'transition_over', message: expect.stringContaining('it is in "NEW", where "again" was tried after it') };
      await expect(app.runs.retry(first ?? '', { from: 'start' }, ADMIN)).rejects.toMatchObject({ ...refused, details: { runId: last } });
      expect((await preview(first ?? '', { from: 'start' })).refused).toMatchObject(refused);
      await app.runs.retry(last ?? '', { from: 'start' }, ADMIN);
      const underWay = {
        code: 'transition_over',
        message: expect.stringContaining('it is in "NEW", and the transition "again" is under way'),
      };
      await expect(app.runs.retry(first ?? '', { from: 'start' }, ADMIN)).rejects.toMatchObject(underWay);
    });

    it('shows with the failure who has set it off, and not what its conditions saw of the record', async () => {
      const id = await machines.publish({ states: STATES, transitions: [{ ...opening(FAIL), conditions: isSource('Fair') }] });
      await app.createLead({ source: 'Fair' });
      await app.automation.drain();
      const { failure } = await app.module.get(InstanceService).get((await only(id)).id, ADMIN);
      expect(Object.keys(failure ?? {}).sort()).toEqual(['actor', 'at', 'error', 'eventId', 'runId', 'transition', 'trigger']);
    });

    it('is told by lists of runs without a look at the definition of the machine', async () => {
      const { id } = await failed();
      await app.query(`UPDATE automation.workflow_versions SET definition = '{}' WHERE workflow_id = $1 AND transition IS NULL`, [id]);
      const { items } = await app.runs.list({ workflowId: id }, { limit: 10 }, ADMIN);
      expect(items.map(({ transition }) => transition)).toEqual([{ code: 'open', from: ['NEW'], to: 'OPEN' }]);
    });

    it('stays where it was when its run is cancelled, and what waited for the end is asked from there', async () => {
      const id = await machines.publish({ states: STATES, transitions: [opening(WAIT), { ...closing, from: 'any' }] });
      const lead = await app.createLead();
      await app.automation.drain();
      await update(lead, { source: 'Fair' });
      await app.automation.drain();
      const [run] = await app.runsOf({ workflowId: id });
      await app.runs.cancel(run?.id ?? '', 'not now', ADMIN);
      expect(await only(id)).toMatchObject({ state: 'NEW', transition: null, failure: { transition: 'open' } });
      await app.automation.drain();
      const instance = await only(id);
      expect(await machines.history(instance.id)).toEqual([
        'created -> NEW by event',
        'cancelled open NEW by event',
        'fired close NEW -> DONE by event',
      ]);
    });

    it('stays where it was when its run is abandoned', async () => {
      const id = await machines.publish({ states: STATES, transitions: [opening(WAIT)] });
      await app.createLead();
      await app.automation.drain();
      await app.query(`UPDATE automation.runs SET status = 'running', due_at = now(), recoveries = 50`);
      await app.automation.drain();
      expect(await only(id)).toMatchObject({ state: 'NEW', transition: null, failure: { error: { code: 'run_abandoned' } } });
    });
  });

  it('keeps a hundred events for the end of a transition, and says of the others that they were too many', async () => {
    const id = await machines.publish({
      states: STATES,
      transitions: [{ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED, steps: [WAIT] }, closing],
    });
    const lead = await app.createLead();
    await app.source.transaction(async (manager) => {
      for (let nth = 0; nth < 102; nth += 1) {
        const record = { ...lead, name: `Ada ${nth}` } as never;
        await app.automation.publish(
          { workspaceId: 'acme', module: 'leads', event: 'updated', record, previous: { ...lead } as never },
          manager,
        );
      }
    });
    await app.automation.drain();
    const instance = await only(id);
    expect(instance.deferred).toBe(100);
    const refused = await app.query(`SELECT explanation->0->>'reason' AS reason FROM automation.transitions WHERE kind = 'not_fired'`);
    expect(refused).toEqual([{ reason: 'too_many' }, { reason: 'too_many' }]);
  });

  it('tells workflows of states that are entered, where one listens', async () => {
    const heard = await app.publishWorkflow({
      trigger: { type: 'machine_entered', module: 'leads', machine: 'order', state: 'OPEN' },
      steps: [{ id: 'task', type: 'create_task', with: { title: '{{trigger.from}} {{trigger.transition}} {{trigger.state}}' } }],
    });
    await machines.publish(
      { states: STATES, transitions: [{ code: 'open', from: ['NEW'], to: 'OPEN', trigger: CREATED, steps: [TASK] }] },
      'order',
    );
    await app.createLead();
    await app.automation.drain();
    expect((await app.runsOf({ workflowId: heard })).map(({ status, reason }) => reason ?? status)).toEqual(['trigger', 'succeeded']);
    expect(await app.query(`SELECT title FROM crm_tasks WHERE title <> 'Call Ada'`)).toEqual([{ title: 'NEW open OPEN' }]);
  });
});
