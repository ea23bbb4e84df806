import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CRM_HOST, type CrmHost } from '../../src/host/crm-host.js';
import { AdminDatabase } from '../../src/store/admin-database.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { deleteInstances, MOST_HISTORY } from '../../src/store/machines/delete-instances.js';
import { countMissedTimeouts } from '../../src/store/machines/instance-list.js';
import { machinesOf } from '../engine/support/machines.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import type { AutomationApp } from '../support/automation-app.js';
import { rows } from './support/seed.js';

const BY_HAND = { type: 'manual' };
const TASK = { id: 'call', type: 'create_task', with: { title: '{{trigger.input.why}}' } };
const MACHINE = {
  states: [
    { code: 'NEW', initial: true, timeout: { after: 'PT1H', transition: 'lapse' } },
    { code: 'SENT', timeout: { after: 'PT48H', transition: 'lapse' } },
    { code: 'DONE', final: true },
  ],
  transitions: [
    { code: 'send', from: ['NEW'], to: 'SENT', trigger: BY_HAND },
    {
      code: 'confirm',
      from: ['SENT'],
      to: 'DONE',
      trigger: { ...BY_HAND, input: [{ name: 'why', type: 'text', required: true }] },
      steps: [TASK],
    },
    {
      code: 'big',
      from: ['NEW'],
      to: 'DONE',
      trigger: BY_HAND,
      conditions: { field: 'source', operator: 'equals', value: 'Fair' },
    },
    { code: 'boss', from: ['NEW'], to: 'DONE', trigger: { ...BY_HAND, roles: ['boss'] } },
    { code: 'off', from: ['NEW'], to: 'DONE', trigger: BY_HAND, enabled: false },
    { code: 'heard', from: ['NEW'], to: 'DONE', trigger: { type: 'event', module: 'leads', event: 'created' } },
    { code: 'lapse', from: 'any', to: 'DONE', trigger: { type: 'timeout' } },
  ],
};

describe('what people do with instances', () => {
  let real: RealApp;
  let machines: ReturnType<typeof machinesOf>;
  let machine: string;
  let id: string;
  beforeAll(async () => {
    real = await startRealApp();
    const query = (sql: string, parameters?: unknown[]) => rows(real.database, sql, parameters);
    machines = machinesOf({ query, module: real.app } as unknown as AutomationApp);
    machine = await machines.publish(MACHINE);
    await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name, source) VALUES ('sold', 'acme', 'Ann', 'Web')`);
  });
  beforeEach(async () => {
    await rows(
      real.database,
      `TRUNCATE automation.events, automation.runs, automation.step_executions, automation.audit_log, automation.instances,
         automation.transitions, automation.instance_counts, crm_tasks`,
    );
    await rows(real.database, `UPDATE crm_leads SET source = 'Web'`);
    const [row] = await rows(
      real.database,
      `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final, entered_at)
       SELECT 'acme', gen_random_uuid(), id, published_version_id, 'leads', 'sold', 'NEW', false, now() - interval '1 hour'
       FROM automation.workflows WHERE id = $1 RETURNING id`,
      [machine],
    );
    id = String(row?.id);
    await rows(
      real.database,
      `INSERT INTO automation.instance_counts SELECT workspace_id, machine_id, version_id, state, 0, 1 FROM automation.instances`,
    );
  });
  afterAll(() => real?.close());

  const post = (what: string, body: object, token = 'support') =>
    real.call('post', `/automation/instances/${id}/${what}`, token).send(body);
  const advance = (body: object, token?: string) => post('advance', body, token);
  const instance = async () => (await real.call('get', `/automation/instances/${id}`, 'viewer').expect(200)).body;
  const history = () => machines.history(id);

  it('are told which transitions are offered, which not, and why', async () => {
    const { body } = await real.call('get', `/automation/instances/${id}/transitions`, 'viewer').expect(200);
    const told = body.items.map((one: { code: string; isOffered: boolean; reason: string }) => [one.code, one.isOffered || one.reason]);
    expect(told).toEqual([
      ['send', true],
      ['confirm', 'state'],
      ['big', 'conditions'],
      ['boss', 'roles'],
      ['off', 'disabled'],
      ['heard', 'trigger'],
      ['lapse', 'trigger'],
    ]);
    expect(body.items[2]).toMatchObject({ explanation: { result: false, field: 'source', seen: 'Web', expected: 'Fair' } });
    expect(body.items[5].explanation).toEqual({ rule: 'What happens to the record fires it, not a person.' });
  });

  it('fire a transition without steps: it has moved when they are answered, and their comment stands in its history', async () => {
    const { body } = await advance({ transition: 'send', comment: 'Signed.' }).expect(200);
    expect(body).toMatchObject({ runId: null, instance: { state: 'SENT', entry: 2, lastTransition: 'send', lastTrigger: 'manual' } });
    expect(body.instance.lastActor).toMatchObject({ type: 'user', id: 'u-support' });
    expect(await history()).toEqual(['fired send NEW -> SENT by manual']);
    const { items } = (await real.call('get', `/automation/instances/${id}/history`, 'viewer').expect(200)).body;
    expect(items[0]).toMatchObject({ eventId: body.eventId, explanation: { comment: 'Signed.' }, actor: { id: 'u-support' } });
    expect(await rows(real.database, 'SELECT action, target_id, before, after, note FROM automation.audit_log')).toEqual([
      {
        action: 'instance.advanced',
        target_id: id,
        before: { state: 'NEW' },
        after: { transition: 'send', eventId: body.eventId },
        note: 'Signed.',
      },
    ]);
    expect(await machines.counts(machine)).toEqual({ SENT: 1 });
  });

  it('fire one with steps: it is under way when they are answered, and moves with the end of its run', async () => {
    await advance({ transition: 'send' }).expect(200);
    const { body } = await advance({ transition: 'confirm', input: { why: 'Paid' } }).expect(200);
    expect(body.instance).toMatchObject({ state: 'SENT', transitioning: { transition: 'confirm', runId: body.runId } });
    expect(body.runId).toEqual(expect.any(String));
    const again = (await advance({ transition: 'confirm', input: { why: 'Paid' } }).expect(409)).body;
    expect(again).toMatchObject({ code: 'instance_transitioning' });
    await real.automation.drain();
    expect(await instance()).toMatchObject({ state: 'DONE', isFinal: true, transitioning: null, lastRunId: body.runId });
    expect(await rows(real.database, 'SELECT title, "recordId" FROM crm_tasks')).toEqual([{ title: 'Paid', recordId: 'sold' }]);
  });

  it('find in the log which transition a run belongs to, and of which instance', async () => {
    await advance({ transition: 'send' }).expect(200);
    const { runId } = (await advance({ transition: 'confirm', input: { why: 'Paid' } }).expect(200)).body;
    const transition = { code: 'confirm', from: ['SENT'], to: 'DONE' };
    const { items } = (await real.call('get', `/automation/runs?workflowId=${machine}`, 'viewer').expect(200)).body;
    expect(items).toMatchObject([{ id: runId, workflowName: 'Order', transition }]);
    const run = async () => (await real.call('get', `/automation/runs/${runId}`, 'viewer').expect(200)).body;
    expect(await run()).toMatchObject({ transition, instanceId: id });
    await rows(real.database, 'DELETE FROM automation.instances');
    expect(await run()).toMatchObject({ transition, instanceId: null });
  });

  it('find it by what its own version says', async () => {
    const steps = [{ id: 'call', type: 'create_task', with: { title: 'Call' } }];
    const states = [
      { code: 'NEW', initial: true },
      { code: 'DONE', final: true },
    ];
    const to = (from: string) => ({ states, transitions: [{ code: 'end', from, to: 'DONE', trigger: BY_HAND, steps }] });
    const second = await machines.publish(to('NEW'));
    const fired = async (): Promise<object> => {
      const recordIds = ['sold'];
      await real.call('post', `/automation/machines/${second}/instances`, 'support').send({ recordIds }).expect(200);
      const [made] = await machines.instances(second);
      const { body } = await real.call('post', `/automation/instances/${made?.id}/advance`).send({ transition: 'end' }).expect(200);
      await rows(real.database, 'DELETE FROM automation.instances');
      return body.runId;
    };
    const first = await fired();
    await machines.publishAgain(second, 2, to('any'));
    const runs = [await fired(), first];
    const { items } = (await real.call('get', `/automation/runs?workflowId=${second}`, 'viewer').expect(200)).body;
    expect(items.map((run: { id: string; transition: object }) => [run.id, run.transition])).toEqual([
      [runs[0], { code: 'end', from: 'any', to: 'DONE' }],
      [runs[1], { code: 'end', from: ['NEW'], to: 'DONE' }],
    ]);
  });

  it.each([
    ['a transition that is not there', { transition: 'sent' }, 422, 'transition_unknown'],
    ['one that does not leave the state', { transition: 'confirm', input: { why: 'x' } }, 409, 'transition_not_offered'],
    ['one whose conditions do not hold', { transition: 'big' }, 409, 'transition_not_offered'],
    ['one for other roles', { transition: 'boss' }, 403, 'permission_denied'],
    ['one that is disabled', { transition: 'off' }, 409, 'transition_not_offered'],
    ['one that something else fires', { transition: 'lapse' }, 409, 'transition_not_offered'],
    ['an entry that is over', { transition: 'send', entry: 7 }, 409, 'instance_moved'],
  ])('are refused %s, and nothing is written', async (_what, body, status, code) => {
    const answer = await advance(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await history()).toEqual([]);
    expect(await rows(real.database, 'SELECT 1 FROM automation.events UNION ALL SELECT 1 FROM automation.audit_log')).toEqual([]);
  });

  it('are refused an input that the transition does not ask for, with the path of what is wrong', async () => {
    await advance({ transition: 'send' }).expect(200);
    const { body } = await advance({ transition: 'confirm', input: { because: 'x' } }).expect(422);
    expect(body).toMatchObject({ code: 'start_invalid', problems: [{ path: 'input.because' }, { path: 'input.why' }] });
  });

  it('fire it once when two of them do so at the same time; the other is told where the instance is', async () => {
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all([advance({ transition: 'send' }), advance({ transition: 'send' }, 'admin')]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      const lost = answers.find(({ status }) => status === 409)?.body;
      expect(lost).toMatchObject({ code: 'transition_not_offered', details: { state: 'SENT', reason: 'state' } });
      expect(await rows(real.database, `SELECT 1 FROM automation.transitions WHERE kind = 'fired'`)).toHaveLength(round + 1);
      await post('reset', { state: 'NEW', reason: 'again' }).expect(200);
    }
  });

  it('cannot fire anything while the machine is disabled', async () => {
    await machines.setStatus(machine, 'paused');
    const { body } = await advance({ transition: 'send' }).expect(409);
    await machines.setStatus(machine, 'active');
    expect(body).toMatchObject({ code: 'transition_not_offered', details: { reason: 'paused' } });
  });

  it('put an instance into another state: its run is cancelled, its timeout counts from now, no steps are run', async () => {
    await advance({ transition: 'send' }).expect(200);
    const { runId } = (await advance({ transition: 'confirm', input: { why: 'Paid' } }).expect(200)).body;
    const { body } = await post('reset', { state: 'NEW', reason: 'Entered twice.' }).expect(200);
    expect(body).toMatchObject({ state: 'NEW', transitioning: null, failure: null, lastTrigger: 'reset' });
    expect(Math.abs(Date.parse(body.nextTimeout) - Date.now() - 3_600_000)).toBeLessThan(600_000);
    expect(await rows(real.database, 'SELECT status, reason FROM automation.runs WHERE id = $1', [runId])).toEqual([
      { status: 'cancelled', reason: 'cancelled_by_user' },
    ]);
    await real.automation.drain();
    expect(await rows(real.database, 'SELECT 1 FROM crm_tasks')).toEqual([]);
    expect(await instance()).toMatchObject({ state: 'NEW' });
    expect((await history()).slice(1)).toEqual(['cancelled confirm SENT by manual', 'reset SENT -> NEW by reset']);
    expect(await machines.counts(machine)).toEqual({ NEW: 1 });
    const [entry] = await rows(real.database, `SELECT before, after, note FROM automation.audit_log WHERE action = 'instance.reset'`);
    expect(entry).toEqual({ before: { state: 'SENT' }, after: { state: 'NEW' }, note: 'Entered twice.' });
  });

  it('put it into no state that the machine does not have, and not without a reason', async () => {
    const { body } = await post('reset', { state: 'NOW', reason: 'x' }).expect(422);
    expect(body).toMatchObject({ code: 'state_unknown', problems: [{ path: 'state', message: 'must be one of: NEW, SENT, DONE' }] });
    await post('reset', { state: 'NEW' }).expect(400);
    await post('reset', { state: 'NEW', reason: ' ' }).expect(400);
    await post('reset', { state: 'NEW', reason: 'x', entry: 9 }).expect(409);
  });

  it('delete it with its history; then it counts no more', async () => {
    await advance({ transition: 'send' }).expect(200);
    await real.call('delete', `/automation/instances/${id}`, 'support').send({}).expect(403);
    await real.call('delete', `/automation/instances/${id}`, 'admin').send({ reason: 'A test.' }).expect(204);
    await real.call('get', `/automation/instances/${id}`, 'viewer').expect(404);
    expect(await history()).toEqual([]);
    expect(await machines.counts(machine)).toEqual({});
    const [entry] = await rows(real.database, `SELECT before, note FROM automation.audit_log WHERE action = 'instance.deleted'`);
    expect(entry).toMatchObject({ before: { module: 'leads', recordId: 'sold', state: 'SENT' }, note: 'A test.' });
  });

  it('delete one that has been through more than one transaction takes away', async () => {
    await rows(
      real.database,
      `INSERT INTO automation.transitions (workspace_id, instance_id, id, machine_id, kind)
       SELECT 'acme', $1, gen_random_uuid(), gen_random_uuid(), 'fired' FROM generate_series(1, 7)`,
      [id],
    );
    /** What a transaction that takes three at the most leaves. */
    const part = () =>
      real.app.get(AutomationDatabase).transaction(async (manager) => {
        const isGone = await deleteInstances(manager, 'acme', [id], 3);
        const left = 'SELECT 1 FROM automation.transitions WHERE instance_id = $1';
        const instances = 'SELECT 1 FROM automation.instances WHERE id = $1';
        return [isGone, (await manager.query(left, [id])).length, (await manager.query(instances, [id])).length];
      });
    expect(await part()).toEqual([false, 4, 1]);
    expect(await part()).toEqual([false, 1, 1]);
    expect(await part()).toEqual([true, 0, 0]);
  });

  it('delete one with a long history by one call, which is told once', async () => {
    await rows(
      real.database,
      `INSERT INTO automation.transitions (workspace_id, instance_id, id, machine_id, kind)
       SELECT 'acme', $1, gen_random_uuid(), gen_random_uuid(), 'fired' FROM generate_series(1, $2::int)`,
      [id, MOST_HISTORY],
    );
    await real.call('delete', `/automation/instances/${id}`, 'admin').send({}).expect(204);
    expect(await history()).toEqual([]);
    expect(await machines.counts(machine)).toEqual({});
    expect(await rows(real.database, `SELECT 1 FROM automation.audit_log WHERE action = 'instance.deleted'`)).toHaveLength(1);
  });

  it('hear when a history is too long for one call, which the audit tells; the next one goes on with it', async () => {
    await rows(
      real.database,
      `INSERT INTO automation.transitions (workspace_id, instance_id, id, machine_id, kind)
       SELECT 'acme', $1, gen_random_uuid(), gen_random_uuid(), 'fired' FROM generate_series(1, $2::int)`,
      [id, MOST_HISTORY + 2],
    );
    const audited = () => rows(real.database, 'SELECT action, note FROM automation.audit_log ORDER BY id');
    const remove = () => real.call('delete', `/automation/instances/${id}`, 'admin').send({ reason: 'A loop.' });
    const database = real.app.get(AdminDatabase);
    const transact = database.transaction.bind(database);
    const hour = Date.now() + 3_600_000;
    const slow = jest.spyOn(database, 'transaction').mockImplementation(async (work) => {
      const done = await transact(work);
      jest.spyOn(Date, 'now').mockReturnValue(hour);
      return done;
    });
    try {
      const { body } = await remove().expect(503);
      expect(body).toMatchObject({ code: 'deletion_unfinished', hint: expect.stringContaining('goes on with the rest') });
    } finally {
      slow.mockRestore();
      jest.spyOn(Date, 'now').mockRestore();
    }
    expect(await history()).toHaveLength(2);
    expect(await audited()).toEqual([{ action: 'instance.deletion_begun', note: 'A loop.' }]);
    await remove().expect(204);
    expect(await history()).toEqual([]);
    expect(await machines.counts(machine)).toEqual({});
    expect((await audited()).map(({ action }) => action)).toEqual(['instance.deletion_begun', 'instance.deleted']);
  });

  describe('for many at once', () => {
    const create = (body: object, token = 'support') => real.call('post', `/automation/machines/${machine}/instances`, token).send(body);
    const advanceAll = (body: object) =>
      real.call('post', '/automation/instances/advance', 'support').send({ filter: { machineId: machine }, transition: 'send', ...body });
    const leads = ['m1', 'm2', 'm3', 'm4'];
    beforeEach(async () => {
      await rows(
        real.database,
        `INSERT INTO crm_leads (id, "workspaceId", name, source) SELECT id, 'acme', id, 'Web' FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING`,
        [leads],
      );
    });

    it('take records that are there into the machine: first only told, then each begins once', async () => {
      const recordIds = [...leads, 'sold', 'nobody'];
      const preview = (await create({ recordIds, dryRun: true }).expect(200)).body;
      expect(preview).toEqual({
        ...{ dryRun: true, seen: 6, created: 4, existing: 1, missing: ['nobody'], nextCursor: null },
        sample: leads,
      });
      expect(await machines.instances(machine)).toHaveLength(1);
      expect((await create({ recordIds, reason: 'Old ones.' }).expect(200)).body).toEqual({ ...preview, dryRun: false });
      expect(await machines.counts(machine)).toEqual({ NEW: 5 });
      const [made] = await machines.instances(machine, 'm1');
      expect(made).toMatchObject({ state: 'NEW', timeout_at: expect.any(Date) });
      expect(await machines.history(String(made?.id))).toEqual(['created -> NEW by create']);
      expect((await create({ recordIds }).expect(200)).body).toMatchObject({ created: 0, existing: 5 });
      expect(await rows(real.database, 'SELECT action, after, note FROM automation.audit_log')).toEqual([
        { action: 'machine.instances_created', after: { module: 'leads', records: 4 }, note: 'Old ones.' },
      ]);
    });

    it('go through all records of the module, so many a call, and leave out none when one is deleted meanwhile', async () => {
      const left = await rows(real.database, `SELECT id FROM crm_leads WHERE "workspaceId" = 'acme' ORDER BY id`);
      const gone = String(left[0]?.id);
      let cursor: string | null = null;
      let seen = 0;
      do {
        const { body }: { body: { seen: number; nextCursor: string | null } } = await create({
          limit: 2,
          ...(cursor !== null && { cursor }),
        }).expect(200);
        seen += body.seen;
        cursor = body.nextCursor;
        await rows(real.database, 'DELETE FROM crm_leads WHERE id = $1', [gone]);
      } while (cursor !== null);
      expect(seen).toBe(left.length);
      const made = (await machines.instances(machine)).map((one) => one.record_id);
      expect(made.sort()).toEqual(left.map((one) => one.id));
      expect((await create({ cursor: 'zzz' }).expect(200)).body).toMatchObject({ seen: 0, nextCursor: null });
    });

    it('go on for ever with no CRM that lists its records from the start each time: that is refused', async () => {
      const listIds = jest.spyOn(real.app.get<Required<CrmHost>>(CRM_HOST), 'listIds').mockResolvedValue(['m1', 'm2', 'm3']);
      const { nextCursor } = (await create({ limit: 2 }).expect(200)).body;
      expect(nextCursor).toBe('m2');
      const { body } = await create({ limit: 2, cursor: nextCursor }).expect(422);
      expect(body).toMatchObject({ code: 'crm_unable', message: 'The CRM was asked for the leads behind "m2", and gave that one again.' });
      listIds.mockRestore();
    });

    it('make no instance while the machine is disabled, and none of a machine that is not theirs', async () => {
      await machines.setStatus(machine, 'paused');
      const { body } = await create({ recordIds: leads }).expect(409);
      await machines.setStatus(machine, 'active');
      expect(body.code).toBe('workflow_not_active');
      await create({ recordIds: leads }, 'rival').expect(404);
      await create({ recordIds: leads }, 'viewer').expect(403);
    });

    it('fire a transition of all that offer it, part by part, and say why the others do not', async () => {
      await create({ recordIds: leads }).expect(200);
      await advance({ transition: 'send' }).expect(200);
      const preview = (await advanceAll({ dryRun: true }).expect(200)).body;
      expect(preview).toMatchObject({ dryRun: true, seen: 5, advanced: 4, nextCursor: null, refused: [{ reason: 'state', count: 1 }] });
      expect(preview).toMatchObject({ matched: 5, matchedIsExact: true });
      expect(preview.refused[0].sample).toEqual([{ instanceId: id, explanation: { rule: 'It does not lead out of "SENT".' } }]);
      expect(await machines.counts(machine)).toEqual({ NEW: 4, SENT: 1 });
      let cursor: string | undefined;
      let advanced = 0;
      do {
        const { body } = await advanceAll({ limit: 2, filter: { machineId: machine, state: ['NEW'] }, ...(cursor && { cursor }) }).expect(
          200,
        );
        advanced += body.advanced;
        cursor = body.nextCursor ?? undefined;
      } while (cursor);
      expect(advanced).toBe(4);
      expect(await machines.counts(machine)).toEqual({ SENT: 5 });
      expect(await rows(real.database, `SELECT 1 FROM automation.audit_log WHERE action = 'instance.advanced'`)).toHaveLength(5);
    });

    it('are not sorted where they are counted, however many have missed a timeout', async () => {
      const plan = await real.app.get(AutomationDatabase).transaction(async (manager) => {
        const query = jest.spyOn(manager, 'query');
        expect(await countMissedTimeouts(manager, 'acme', machine)).toEqual({ count: 0, isExact: true });
        const [statement, parameters] = query.mock.lastCall ?? [''];
        return JSON.stringify(await manager.query(`EXPLAIN ${statement}`, parameters));
      });
      expect(plan).toContain('Limit');
      expect(plan).not.toContain('Sort');
    });

    it('are found by their ids, or because they have stayed too long; how many there are is counted once', async () => {
      await create({ recordIds: leads }).expect(200);
      const [one, two] = (await machines.instances(machine)).map((instance) => String(instance.id));
      const ofIds = { machineId: machine, ids: [one, two, '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11'] };
      const first = (await advanceAll({ dryRun: true, limit: 1, filter: ofIds }).expect(200)).body;
      expect(first).toMatchObject({ seen: 1, matched: 2, matchedIsExact: true });
      const next = (await advanceAll({ dryRun: true, limit: 1, filter: ofIds, cursor: first.nextCursor }).expect(200)).body;
      expect(next).toMatchObject({ seen: 1, matched: null, nextCursor: null });
      const none = (await advanceAll({ dryRun: true, filter: { ...ofIds, machineId: '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11' } })).body;
      expect(none).toMatchObject({ seen: 0, matched: 0 });
      const ofRun = (await advanceAll({ dryRun: true, filter: { machineId: machine, runKey: 'sync-1' } }).expect(200)).body;
      expect(ofRun).toMatchObject({ seen: 0, matched: 0 });
      await advanceAll({ filter: { machineId: machine, ids: ['x'] } }).expect(400);
      await rows(real.database, `UPDATE automation.instances SET timeout_at = now() - interval '1 hour' WHERE id = $1`, [one]);
      const late = { filter: { machineId: machine, overdue: true } };
      expect((await advanceAll({ dryRun: true, ...late }).expect(200)).body).toMatchObject({ seen: 1, matched: 1, advanced: 1 });
      expect((await advanceAll(late).expect(200)).body).toMatchObject({ seen: 1, advanced: 1, matched: null });
      expect(await machines.counts(machine)).toEqual({ NEW: 4, SENT: 1 });
    });
  });
});
