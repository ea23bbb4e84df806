import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { addTag } from '../../src/actions/add-tag.js';
import { removeTag } from '../../src/actions/remove-tag.js';
import { HostError as AutomationError } from '../../src/core/errors.js';
import type { RecordData } from '../../src/core/event.js';
import { type CrmSession, CrmUnitOfWork } from '../../src/host/crm-session.js';
import { Deal, Lead } from './crm-entities.js';
import { CrmFixture } from './crm-fixture.js';

let fixture: CrmFixture;
beforeAll(async () => {
  fixture = await CrmFixture.create();
});
beforeEach(() => fixture.clear());
afterAll(() => fixture.close());

const MISSING = '00000000-0000-0000-0000-000000000000';
const task = { title: 'Call', description: null, assigneeId: null, dueAt: null, priority: null, record: null };
const leadRef = ({ id }: { id: string }) => ({ module: 'leads', id });

/** One transaction with a unit of work; `step()` is the session of one more step. */
function work<T>(run: (unit: CrmUnitOfWork, step: (workspaceId?: string, runId?: string) => CrmSession) => Promise<T>): Promise<T> {
  return fixture.transaction((manager) => {
    const unit = new CrmUnitOfWork(fixture.host, manager);
    fixture.forgetStatements();
    return run(unit, (workspaceId = 'acme', runId = 'run-1') =>
      unit.forStep({ workspaceId, actor: { type: 'workflow', id: 'w-1' }, cause: { runId, depth: 1, path: [] } }),
    );
  });
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );

const add = (field: string, amount: number) => (record: RecordData) => ({ [field]: Number(record[field] ?? 0) + amount });

describe('reading', () => {
  it('makes one statement per workspace and module of what many steps ask for in one tick, and none the second time', async () => {
    const leads = await Promise.all([fixture.lead(), fixture.lead(), fixture.lead({ workspaceId: 'rival' })]);
    const deal = await fixture.deal();
    await work(async (unit, step) => {
      const ask = () =>
        Promise.all([
          step().get(leadRef(leads[0])),
          step().get(leadRef(leads[0])),
          step().get(leadRef(leads[1])),
          step('rival').get(leadRef(leads[2])),
          step('rival').get(leadRef(leads[0])),
          step().get({ module: 'opportunities', id: String(deal.id) }),
          unit.read('acme', leadRef({ id: 'abc' })),
        ]);
      const found = await ask();
      expect(found.map((record) => record?.id)).toEqual([
        leads[0].id,
        leads[0].id,
        leads[1].id,
        leads[2].id,
        undefined,
        String(deal.id),
        undefined,
      ]);
      expect(fixture.statements).toHaveLength(3);
      expect(await ask()).toEqual(found);
      expect(fixture.statements).toHaveLength(3);
    });
  });

  it('nests the relations that are asked for, as the transaction has left them', async () => {
    const [account, other] = [await fixture.account(), await fixture.account({ name: 'Other' })];
    const lead = await fixture.lead({ account });
    await work(async (unit, step) => {
      await unit.loadRecords([{ workspaceId: 'acme', ref: leadRef(lead), relations: ['account'] }]);
      expect(fixture.statements).toHaveLength(1);
      expect(await step().get(leadRef(lead))).toMatchObject({ account: { name: 'Analytical Engines' } });
      await step().update({ module: 'accounts', id: account.id }, () => ({ name: 'Renamed' }));
      expect(await step().get(leadRef(lead), ['account'])).toMatchObject({ account: { name: 'Renamed' } });
      await step().update(leadRef(lead), () => ({ name: 'Grace' }));
      fixture.forgetStatements();
      expect(await unit.read('acme', leadRef(lead), ['account'])).toMatchObject({ name: 'Grace', account: { name: 'Renamed' } });
      expect(fixture.statements).toHaveLength(0);
      await step().update(leadRef(lead), () => ({ accountId: other.id }));
      expect(await step().get(leadRef(lead), ['account'])).toMatchObject({ name: 'Grace', account: { name: 'Other' } });
      await step().update(leadRef(lead), () => ({ accountId: null }));
      expect(await step().get(leadRef(lead), ['account'])).toMatchObject({ account: null });
      await step().update(leadRef(lead), () => ({ accountId: other.id }));
      expect(await step().get(leadRef(lead), ['account'])).toMatchObject({ account: { name: 'Other' } });
    });
  });

  it('hands out copies', async () => {
    const lead = await fixture.lead();
    await work(async (_, step) => {
      const record = (await step().get(leadRef(lead))) as RecordData;
      record.name = 'changed by mistake';
      expect((await step().get(leadRef(lead)))?.name).toBe('Ada');
    });
  });

  it('asks the database again after it was told to forget', async () => {
    const lead = await fixture.lead();
    await fixture.transaction(async (manager) => {
      const unit = new CrmUnitOfWork(fixture.host, manager);
      await unit.read('acme', leadRef(lead));
      await manager.update(Lead, lead.id, { name: 'Grace' });
      expect((await unit.read('acme', leadRef(lead)))?.name).toBe('Ada');
      unit.forget();
      expect((await unit.read('acme', leadRef(lead)))?.name).toBe('Grace');
    });
  });

  it('refuses a module that does not exist without failing its neighbours', async () => {
    const lead = await fixture.lead();
    await work(async (_, step) => {
      const found = step().get(leadRef(lead));
      await expect(step().get({ module: 'planets', id: '1' })).rejects.toMatchObject({
        code: 'module_unknown',
        retry: { kind: 'permanent' },
      });
      await expect(step().update({ module: 'planets', id: '1' }, () => ({}))).rejects.toMatchObject({ code: 'module_unknown' });
      await expect(found).resolves.toMatchObject({ id: lead.id });
    });
  });
});

describe('updating', () => {
  it('merges the updates of one tick into one write, each with its own before and after', async () => {
    const lead = await fixture.lead({ amount: '10' });
    await work(async (unit, step) => {
      const [first, second, third] = [step(), step(), step()];
      const results = await Promise.all([
        first.update(leadRef(lead), add('amount', 1)),
        second.update(leadRef(lead), ({ amount }) => ({ amount: Number(amount) * 2, stage: 'Qualified' })),
        third.update(leadRef(lead), ({ amount }) => ({ name: `worth ${amount}` })),
      ]);
      expect(results.map(({ before, after }) => [before.amount, after.amount, after.stage, after.name])).toEqual([
        [10, 11, 'New', 'Ada'],
        [11, 22, 'Qualified', 'Ada'],
        [22, 22, 'Qualified', 'worth 22'],
      ]);
      expect(fixture.statements.map((sql) => sql.slice(0, 6))).toEqual(['SELECT', 'UPDATE']);
      expect([results[1]?.after.version, results[2]?.after.version]).toEqual([1, 2]);
      expect(await step().get(leadRef(lead))).toEqual(results[2]?.after);
      expect(unit.takeEvents().map(({ event, changes }) => [event, Object.keys(changes ?? {})])).toEqual([
        ['updated', ['amount']],
        ['updated', ['stage', 'amount']],
        ['stage_changed', ['stage', 'amount']],
        ['updated', ['name', 'updatedAt', 'version']],
      ]);
      expect(unit.takeEvents()).toEqual([]);
    });
  });

  it('writes many records of many steps with one statement', async () => {
    const leads = await Promise.all(Array.from({ length: 20 }, (_, at) => fixture.lead({ amount: String(at) })));
    await work(async (_, step) => {
      await Promise.all(leads.map((lead) => step().update(leadRef(lead), add('amount', 100))));
      expect(fixture.statements).toHaveLength(2);
      const after = await Promise.all(leads.map((lead) => step().get(leadRef(lead))));
      expect(after.map((record) => record?.amount)).toEqual(leads.map((_, at) => at + 100));
    });
  });

  it('sees the writes of earlier ticks, and of calls that overlap', async () => {
    const lead = await fixture.lead({ amount: '0' });
    await work(async (_, step) => {
      const first = step().update(leadRef(lead), add('amount', 1));
      await step().get(leadRef(lead));
      const second = step().update(leadRef(lead), add('amount', 1));
      await Promise.all([first, second]);
      const { before, after } = await step().update(leadRef(lead), add('amount', 1));
      expect([before.amount, after.amount]).toEqual([2, 3]);
    });
    expect((await fixture.dataSource.getRepository(Lead).findOneByOrFail({ id: lead.id })).amount).toBe('3.00');
  });

  it('loses no increment of transactions that run at the same time', async () => {
    const leads = await Promise.all([fixture.lead({ amount: '0' }), fixture.lead({ amount: '0' })]);
    const increment = () => work((_, step) => Promise.all(leads.map((lead) => step().update(leadRef(lead), add('amount', 1)))));
    await Promise.all(Array.from({ length: 8 }, increment));
    const saved = await fixture.dataSource.getRepository(Lead).find();
    expect(saved.map(({ amount }) => amount)).toEqual(['8.00', '8.00']);
  });

  it('reads a date-time without an offset in the zone of its step', async () => {
    const lead = await fixture.lead();
    const inZone = (timezone: string | undefined) =>
      work(async (unit) => {
        const session = unit.forStep({ workspaceId: 'acme', actor: { type: 'workflow', id: 'w-1' }, cause: null, timezone });
        const { after } = await session.update(leadRef(lead), () => ({ contactedAt: '2030-05-01T09:00' }));
        return after.contactedAt;
      });
    expect(await inZone('Europe/Berlin')).toBe('2030-05-01T07:00:00.000Z');
    expect(await inZone('America/New_York')).toBe('2030-05-01T13:00:00.000Z');
    expect(await inZone(undefined)).toBe('2030-05-01T09:00:00.000Z');
  });

  it('writes nothing, and tells of nothing, when nothing changes', async () => {
    const lead = await fixture.lead({ amount: '5', tags: ['a'] });
    await work(async (unit, step) => {
      const session = step();
      const { before, after } = await session.update(leadRef(lead), () => ({
        amount: '5.00',
        tags: ['a'],
        address: { since: null, street: null },
      }));
      expect(after).toEqual(before);
      await session.update(leadRef(lead), () => ({}));
      expect(fixture.statements).toHaveLength(1);
      expect([session.wrote, unit.takeEvents()]).toEqual([false, []]);
    });
  });

  it('fails a call alone when its record is missing or its change is wrong, and writes the others', async () => {
    const [lead, foreign] = [await fixture.lead(), await fixture.lead({ workspaceId: 'rival' })];
    await work(async (unit, step) => {
      const sessions = Array.from({ length: 8 }, () => step());
      const changes: [string, (record: RecordData) => object][] = [
        [lead.id, () => ({ name: 'First' })],
        [MISSING, () => ({ name: 'x' })],
        [foreign.id, () => ({ name: 'x' })],
        [lead.id, () => ({ nmae: 'x' })],
        [lead.id, () => ({ stage: 'Nowhere', name: 'x' })],
        [lead.id, () => ({ address: { since: 'soon' }, name: 'x' })],
        [
          lead.id,
          () => {
            throw new AutomationError('own_reason', 'no');
          },
        ],
        [lead.id, ({ name }) => ({ name: `${name}, last` })],
      ];
      const codes = await Promise.all(
        changes.map(([id, change], at) => codeOf((sessions[at] as CrmSession).update({ module: 'leads', id }, (r) => ({ ...change(r) })))),
      );
      expect(codes).toEqual([
        'done',
        'record_not_found',
        'record_not_found',
        'field_unknown',
        'value_not_allowed',
        'value_invalid',
        'own_reason',
        'done',
      ]);
      expect(sessions.map(({ wrote }) => wrote)).toEqual([true, false, false, false, false, false, false, true]);
      expect((await step().get(leadRef(lead)))?.name).toBe('First, last');
      expect(unit.takeEvents()).toHaveLength(2);
    });
  });

  it('tells of each change with its workspace, actor and cause', async () => {
    const [lead, foreign] = [await fixture.lead(), await fixture.lead({ workspaceId: 'rival' })];
    await work(async (unit, step) => {
      const results = await Promise.all([
        step('acme', 'run-a').update(leadRef(lead), () => ({ stage: 'Qualified' })),
        step('rival', 'run-b').update(leadRef(foreign), () => ({ name: 'Renamed' })),
      ]);
      const events = unit.takeEvents();
      expect(events.map(({ workspaceId, event, cause }) => [workspaceId, event, cause?.runId])).toEqual([
        ['acme', 'updated', 'run-a'],
        ['acme', 'stage_changed', 'run-a'],
        ['rival', 'updated', 'run-b'],
      ]);
      expect(events[1]).toMatchObject({
        module: 'leads',
        recordId: lead.id,
        record: results[0].after,
        previous: results[0].before,
        changes: { stage: { from: 'New', to: 'Qualified' } },
        actor: { type: 'workflow', id: 'w-1' },
      });
    });
  });

  it('is refused for those alone whose values the database refuses, and stands for all others of the statement', async () => {
    const leads = await Promise.all(Array.from({ length: 9 }, () => fixture.lead()));
    await fixture.dataSource.query(`ALTER TABLE "crm leads" ADD CONSTRAINT clean CHECK (name <> 'Drat')`);
    await work(async (_, step) => {
      const sessions = leads.map(() => step());
      const codes = await Promise.all(
        leads.map((lead, at) => codeOf(sessions[at]!.update(leadRef(lead), () => ({ name: at % 4 === 1 ? 'Drat' : 'fine' })))),
      );
      expect(codes.map((code) => code === 'done')).toEqual(leads.map((_, at) => at % 4 !== 1));
      expect(sessions.map(({ wrote }) => wrote)).toEqual(leads.map((_, at) => at % 4 !== 1));
      expect((await step().get(leadRef(leads[1]!)))?.name).toBe('Ada');
    });
    expect(await fixture.dataSource.getRepository(Lead).countBy({ name: 'fine' })).toBe(7);
  });

  it('creates the records that the rules of their classes accept, together, and refuses the others alone', async () => {
    const { host } = fixture;
    const create = host.createRecord.bind(host);
    const spy = jest.spyOn(host, 'createRecord').mockImplementation(async (tx, module, set) => {
      const record = await create(tx, module, set);
      if (set.name === 'Shorty') throw new AutomationError('change_refused', 'The CRM does not accept this record.');
      return record;
    });
    await work(async (unit, step) => {
      const sessions = Array.from({ length: 5 }, () => step());
      const codes = await Promise.all(
        sessions.map((session, at) => codeOf(session.createRecord('leads', { name: at === 2 ? 'Shorty' : 'Made together' }))),
      );
      expect(codes.map((code) => code === 'done')).toEqual([true, true, false, true, true]);
      expect(sessions.map(({ wrote }) => wrote)).toEqual([true, true, false, true, true]);
      expect(unit.takeEvents()).toHaveLength(4);
    }).finally(() => spy.mockRestore());
    const leads = fixture.dataSource.getRepository(Lead);
    expect([await leads.countBy({ name: 'Made together' }), await leads.countBy({ name: 'Shorty' })]).toEqual([4, 0]);
  });

  it('fails everything that follows a statement of its own that was refused with its reason', async () => {
    const [lead, neighbour] = [await fixture.lead(), await fixture.lead()];
    await fixture.dataSource.query(`ALTER TABLE "crm leads" ADD CONSTRAINT polite CHECK (name <> 'Damn')`);
    const spoiled = work(async (_, step) => {
      const sessions = [step(), step(), step()] as const;
      const codes = [
        await codeOf(sessions[0].update(leadRef(lead), () => ({ name: 'Damn' }))),
        await codeOf(sessions[1].update(leadRef(neighbour), () => ({ name: 'fine' }))),
        await codeOf(sessions[2].notify([{ userId: '1', title: 't', body: null, record: null }])),
      ];
      expect(codes).toEqual(['23514', '23514', '23514']);
      expect(sessions.map(({ wrote }) => wrote)).toEqual([true, false, false]);
      throw new Error('rolled back');
    });
    await expect(spoiled).rejects.toThrow('rolled back');
    expect(await fixture.dataSource.getRepository(Lead).countBy({ name: 'Ada' })).toBe(2);
  });
});

describe('creating', () => {
  it('creates the tasks of many steps with one statement, each an event and a known record', async () => {
    await work(async (unit, step) => {
      const created = await Promise.all([
        step('acme', 'run-a').createTask({ ...task, title: 'A' }),
        step('rival', 'run-b').createTask({ ...task, title: 'B' }),
        step('acme', 'run-c').createTask({ ...task, title: 'C' }),
      ]);
      expect(fixture.statements).toHaveLength(2);
      expect(created.map(({ title, workspaceId }) => [title, workspaceId])).toEqual([
        ['A', 'acme'],
        ['B', 'rival'],
        ['C', 'acme'],
      ]);
      expect(unit.takeEvents()).toMatchObject([
        {
          module: 'tasks',
          event: 'created',
          recordId: created[0].id,
          record: { title: 'A' },
          previous: null,
          changes: null,
          cause: { runId: 'run-a' },
        },
        { workspaceId: 'acme', record: { title: 'C' }, cause: { runId: 'run-c' } },
        { workspaceId: 'rival', record: { title: 'B' }, cause: { runId: 'run-b' } },
      ]);
      const { after } = await step().update({ module: 'tasks', id: String(created[0].id) }, () => ({ status: 'Done' }));
      expect(after.status).toBe('Done');
      expect(fixture.statements).toHaveLength(3);
      expect(unit.takeEvents().map(({ event }) => event)).toEqual(['updated', 'stage_changed', 'completed']);
    });
  });

  it('creates the notifications of many steps with one statement, and answers each its own ids', async () => {
    await work(async (_, step) => {
      const notification = (userId: string) => ({ userId, title: 't', body: null, record: null });
      const session = step();
      const [two, none, one] = await Promise.all([
        session.notify([notification('1'), notification('2')]),
        step().notify([]),
        step().notify([notification('3')]),
      ]);
      expect(fixture.statements).toHaveLength(1);
      expect([two.length, none.length, one.length]).toEqual([2, 0, 1]);
      expect(new Set([...two, ...one]).size).toBe(3);
      expect(session.wrote).toBe(true);
    });
  });
});

describe('choosing people', () => {
  it('asks once for the users that many steps look for, and answers each its own', async () => {
    const users = [await fixture.user({ roles: ['sales'] }), await fixture.user({ roles: ['sales', 'boss'] }), await fixture.user()];
    const ids = users.map(({ id }) => String(id));
    await work(async (_, step) => {
      const found = await Promise.all([
        step().findUsers({ ids: [ids[2] as string, ids[0] as string] }),
        step().findUsers({ ids: [ids[1] as string, 'abc'] }),
        step().findUsers({ role: 'sales' }),
        step().findUsers({ role: 'sales' }),
        step('rival').findUsers({ ids }),
      ]);
      expect(found.map((people) => people.map(({ id }) => id))).toEqual([
        [ids[2], ids[0]],
        [ids[1]],
        [ids[0], ids[1]],
        [ids[0], ids[1]],
        [],
      ]);
      expect(fixture.statements).toHaveLength(3);
      // Later steps of the transaction find what earlier ones have asked for.
      expect(await step().findUsers({ ids: [ids[0] as string, 'abc'] })).toMatchObject([{ id: ids[0] }]);
      expect(await step().findUsers({ role: 'sales' })).toHaveLength(2);
      expect(fixture.statements).toHaveLength(3);
    });
  });

  it('counts what users own, writes of the transaction included', async () => {
    const [one, two] = [await fixture.user(), await fixture.user()];
    const lead = await fixture.lead({ ownerId: one.id });
    await work(async (_, step) => {
      const ids = [String(one.id), String(two.id)];
      const [both, second] = await Promise.all([
        step().countOwned('leads', ids),
        step().countOwned('leads', ids.slice(1)),
        step().countOwned('leads', []),
      ]);
      expect([both, second]).toEqual([new Map([[ids[0], 1]]), new Map()]);
      expect(fixture.statements).toHaveLength(1);
      await step().update(leadRef(lead), () => ({ ownerId: ids[1] as string }));
      expect(await step().countOwned('leads', ids)).toEqual(new Map([[ids[1], 1]]));
    });
  });

  it('spreads the records of one batch over the least busy', async () => {
    const [busy, free, idle] = [await fixture.user(), await fixture.user(), await fixture.user()];
    for (const owner of [busy, busy, free]) await fixture.lead({ ownerId: owner.id });
    const ids = [busy, free, idle].map(({ id }) => String(id));
    await work(async (_, step) => {
      const chosen = await Promise.all(Array.from({ length: 6 }, () => step().leastBusy('leads', ids)));
      expect(chosen).toEqual([ids[2], ids[1], ids[2], ids[0], ids[1], ids[2]]);
      await expect(step().leastBusy('leads', [])).rejects.toMatchObject({ code: 'candidates_missing' });
    });
  });

  it('hands out the places of a rotation one after the other, with one statement for all', async () => {
    await work(async (_, step) => {
      const places = await Promise.all([
        ...Array.from({ length: 5 }, () => step().nextInRotation('pool', 3)),
        step().nextInRotation('other', 3),
        step('rival').nextInRotation('pool', 3),
      ]);
      expect(places).toEqual([0, 1, 2, 0, 1, 0, 0]);
      fixture.statements.length = 0;
      expect(await step().nextInRotation('pool', 3)).toBe(2);
      expect(fixture.statements).toHaveLength(1);
      await expect(step().nextInRotation('pool', 0)).rejects.toMatchObject({ code: 'candidates_missing' });
    });
    await work(async (_, step) => expect(await step().nextInRotation('pool', 3)).toBe(0));
  });

  it('gives the places of failed transactions again', async () => {
    const failed = work(async (_, step) => {
      await step().nextInRotation('pool', 1000);
      throw new Error('undo');
    });
    await expect(failed).rejects.toThrow('undo');
    await work(async (_, step) => expect(await step().nextInRotation('pool', 1000)).toBe(0));
  });

  it('has transactions that overlap take places on tracks of their own, so that none waits and none is given twice on a track', async () => {
    const take = (step: (workspaceId?: string) => CrmSession, count: number) =>
      Promise.all(Array.from({ length: count }, () => step().nextInRotation('pool', 1000)));
    await work(async (_, first) => {
      expect(await take(first, 3)).toEqual([0, 1, 2]);
      // The first transaction is open: with one row for all, this one would wait for it for ever.
      await work(async (_, second) => expect(await take(second, 2)).toEqual([0, 1]));
      expect(await take(first, 1)).toEqual([3]);
    });
    // Nobody else is there: the oldest track goes on.
    await work(async (_, step) => expect(await take(step, 2)).toEqual([4, 5]));
    const batches = await Promise.all(Array.from({ length: 8 }, () => work((_, step) => take(step, 5))));
    for (const five of batches) expect(five).toEqual(Array.from({ length: 5 }, (_, at) => (five[0] as number) + at));
    const [all] = (await fixture.dataSource.query('SELECT sum(position)::int AS places FROM automation.rotations')) as { places: number }[];
    expect(all?.places).toBe(3 + 2 + 1 + 2 + 40);
  });

  it('finds the stages of many records', async () => {
    const deal = await fixture.deal();
    await work(async (_, step) => {
      const [ofLead, ofDeal, ofAccount] = await Promise.all([
        step().findStages('leads', {}),
        step().findStages('opportunities', { amount: deal.amount }),
        step().findStages('accounts', {}),
      ]);
      expect([ofLead?.[0], ofDeal, ofAccount]).toEqual(['New', [], null]);
    });
    expect(await fixture.dataSource.getRepository(Deal).count()).toBe(1);
  });
});

describe('tags', () => {
  const tagged = (id: string, action: typeof addTag, tags: string[]) =>
    work(async (unit, step) => {
      const module = unit.module('leads');
      const output = await action.execute({ tags }, { crm: step(), record: { module: 'leads', id }, module } as never);
      return { output, events: unit.takeEvents().map(({ event, changes }) => [event, changes?.tags?.to]) };
    });

  it('are added and taken off whatever their letter case, each change an event, and none where nothing changes', async () => {
    const { id } = await fixture.lead();
    expect(await tagged(id, addTag, ['VIP', 'new', 'vip'])).toEqual({
      output: { tags: ['VIP', 'new'], added: ['VIP', 'new'] },
      events: [['updated', ['VIP', 'new']]],
    });
    expect(await tagged(id, addTag, ['Vip'])).toEqual({ output: { tags: ['VIP', 'new'], added: [] }, events: [] });
    expect(await tagged(id, removeTag, ['vip', 'none'])).toMatchObject({ output: { tags: ['new'], removed: ['VIP'] } });
  });

  it('that many steps add at the same time are all there', async () => {
    const { id } = await fixture.lead();
    await Promise.all(['a', 'b', 'c'].map((tag) => tagged(id, addTag, [tag])));
    const lead = await work((_, step) => step().get({ module: 'leads', id }));
    expect([...((lead?.tags ?? []) as string[])].sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('finding', () => {
  const all = { anyOf: {}, sort: [], limit: 100, relations: [], accepts: () => true };

  it('looks at the records of the workspace alone, in order, what is empty last', async () => {
    const made = await Promise.all([fixture.lead({ amount: '1' }), fixture.lead({ amount: '3' }), fixture.lead({ amount: null })]);
    await fixture.lead({ amount: '9', workspaceId: 'rival' });
    const found = await work((_, step) => step().find('leads', { ...all, sort: [{ field: 'amount', direction: 'desc' }] }));
    expect(found.map(({ id }) => id)).toEqual([made[1]?.id, made[0]?.id, made[2]?.id]);
    const [one] = await work((_, step) =>
      step().find('leads', { ...all, anyOf: { id: [String(made[0]?.id).toUpperCase()], amount: [1] } }),
    );
    expect(one?.id).toBe(made[0]?.id);
    expect(await work((_, step) => step().find('leads', { ...all, anyOf: { id: ['no uuid'] } }))).toEqual([]);
  });

  it('goes on from page to page until it has enough, and says so when that would be too many', async () => {
    const lead = await fixture.lead();
    let looked = 0;
    const host = {
      ...fixture.host,
      describeModules: () => fixture.host.describeModules(),
      findRecords: fixture.host.findRecords.bind(fixture.host),
    };
    const listIds = async (_tx: unknown, _module: string, { limit }: { limit: number }) => {
      looked += limit;
      return Array.from({ length: limit }, () => lead.id);
    };
    const found = fixture.transaction((manager) =>
      new CrmUnitOfWork({ ...host, listIds } as never, manager)
        .forStep({ workspaceId: 'acme', actor: { type: 'workflow', id: 'w-1' }, cause: null })
        .find('leads', { ...all, accepts: () => false }),
    );
    expect(await codeOf(found)).toBe('too_many_records');
    expect(looked).toBe(10_000);
  });

  it('is refused for what is no column, and in a CRM that finds nothing for workflows', async () => {
    expect(await codeOf(work((_, step) => step().find('leads', { ...all, sort: [{ field: 'nothing', direction: 'asc' }] })))).toBe(
      'field_unknown',
    );
    expect(await codeOf(work((_, step) => step().find('leeds', all)))).toBe('module_unknown');
  });
});
