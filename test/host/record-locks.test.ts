import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RecordData } from '../../src/core/event.js';
import { type CrmSession, CrmUnitOfWork } from '../../src/host/crm-session.js';
import { Lead } from './crm-entities.js';
import { CrmFixture } from './crm-fixture.js';

let fixture: CrmFixture;
beforeAll(async () => {
  fixture = await CrmFixture.create();
});
beforeEach(() => fixture.clear());
afterAll(() => fixture.close());

const leadRef = ({ id }: { id: string }) => ({ module: 'leads', id });
const add = (amount: number) => (record: RecordData) => ({ amount: Number(record.amount ?? 0) + amount });

/** One transaction with a unit of work; `step()` is the session of one more step. */
function work<T>(run: (unit: CrmUnitOfWork, step: () => CrmSession) => Promise<T>): Promise<T> {
  return fixture.transaction((manager) => {
    const unit = new CrmUnitOfWork(fixture.host, manager);
    fixture.forgetStatements();
    return run(unit, () => unit.forStep({ workspaceId: 'acme', actor: { type: 'workflow', id: 'w-1' }, cause: null }));
  });
}

/** Somebody else changes the record, if the row is free at this moment. */
async function changeElsewhere({ id }: { id: string }, values: Partial<Lead>): Promise<void> {
  await fixture.dataSource.transaction(async (manager) => {
    await manager.query('SELECT 1 FROM "crm leads" WHERE id = $1 FOR NO KEY UPDATE NOWAIT', [id]);
    await manager.getRepository(Lead).save({ id, ...values });
  });
}
const BUSY = { code: '55P03' };
const kinds = () => fixture.statements.map((sql) => (/FOR NO KEY UPDATE/.test(sql) ? 'LOCK' : sql.slice(0, 6)));

describe('who only reads a record', () => {
  it('keeps nobody from changing it', async () => {
    const account = await fixture.account();
    const lead = await fixture.lead({ account });
    await work(async (unit, step) => {
      expect(await unit.read('acme', leadRef(lead), ['account'])).toMatchObject({ name: 'Ada' });
      await unit.loadRecords([{ workspaceId: 'acme', ref: leadRef(lead) }]);
      await step().get(leadRef(lead));
      await changeElsewhere(lead, { name: 'Grace' });
    });
    expect(await fixture.dataSource.getRepository(Lead).countBy({ name: 'Grace' })).toBe(1);
  });

  it('sees the same for as long as the transaction lasts, with what the transaction itself writes', async () => {
    const [lead, neighbour] = [await fixture.lead(), await fixture.lead()];
    await work(async (unit, step) => {
      await unit.read('acme', leadRef(lead));
      await changeElsewhere(lead, { name: 'Grace' });
      await step().update(leadRef(neighbour), () => ({ name: 'Joan' }));
      expect((await unit.read('acme', leadRef(lead)))?.name).toBe('Ada');
      expect((await unit.read('acme', leadRef(neighbour)))?.name).toBe('Joan');
      expect((await unit.read('acme', leadRef(lead), [], { lock: true }))?.name).toBe('Grace');
    });
  });
});

describe('who writes a record', () => {
  it('works on what is there, whatever an earlier step of the transaction has read, and tells of that as before', async () => {
    const [before, after] = [await fixture.account({ name: 'Before' }), await fixture.account({ name: 'After' })];
    const lead = await fixture.lead({ amount: '10', account: before });
    await work(async (unit, step) => {
      await unit.read('acme', leadRef(lead), ['account']);
      await changeElsewhere(lead, { amount: '50', account: after });
      fixture.forgetStatements();
      const result = await step().update(leadRef(lead), (record) => {
        expect(record).toMatchObject({ accountId: after.id, account: { name: 'After' } });
        return add(1)(record);
      });
      expect([result.before.amount, result.after.amount]).toEqual([50, 51]);
      expect(kinds()).toEqual(['LOCK', 'UPDATE']);
      expect(unit.takeEvents()).toMatchObject([{ event: 'updated', changes: { amount: { from: 50, to: 51 } } }]);
      // It is locked now: nobody comes between two steps.
      await expect(changeElsewhere(lead, { amount: '0' })).rejects.toMatchObject(BUSY);
    });
  });

  it('finds a record gone that was there when it was read', async () => {
    const lead = await fixture.lead();
    await work(async (unit, step) => {
      await unit.read('acme', leadRef(lead));
      await fixture.dataSource.getRepository(Lead).delete(lead.id);
      await expect(step().update(leadRef(lead), add(1))).rejects.toMatchObject({ code: 'record_not_found' });
    });
  });

  it('needs one read when it says beforehand that it will write', async () => {
    const leads = await Promise.all(Array.from({ length: 20 }, () => fixture.lead({ amount: '0' })));
    await work(async (unit, step) => {
      await Promise.all(leads.map((lead) => unit.read('acme', leadRef(lead), ['account'], { lock: true })));
      await Promise.all(leads.map((lead) => step().update(leadRef(lead), add(1))));
      await Promise.all(leads.map((lead) => unit.read('acme', leadRef(lead), [], { lock: true })));
      await Promise.all(leads.map((lead) => step().update(leadRef(lead), add(1))));
      expect(kinds()).toEqual(['LOCK', 'UPDATE', 'UPDATE']);
    });
  });

  it('needs one statement more for a whole batch that was read before without a lock', async () => {
    const leads = await Promise.all(Array.from({ length: 20 }, () => fixture.lead({ amount: '0' })));
    await work(async (unit, step) => {
      await Promise.all(leads.map((lead) => unit.read('acme', leadRef(lead), ['account'])));
      await Promise.all(leads.map((lead) => step().update(leadRef(lead), add(1))));
      expect(kinds()).toEqual(['SELECT', 'LOCK', 'UPDATE']);
    });
  });

  it('shares the statement with a neighbour that only looks at the record, and locks no other', async () => {
    const [lead, other] = [await fixture.lead(), await fixture.lead()];
    await work(async (unit) => {
      const [looked, locked] = await Promise.all([
        unit.read('acme', leadRef(lead)),
        unit.read('acme', leadRef(lead), [], { lock: true }),
        unit.read('acme', leadRef(other)),
      ]);
      expect(looked).toEqual(locked);
      expect(kinds()).toEqual(['LOCK', 'SELECT']);
      await expect(changeElsewhere(lead, { name: 'x' })).rejects.toMatchObject(BUSY);
      await changeElsewhere(other, { name: 'x' });
    });
  });

  it('keeps its lock when relations are read afterwards', async () => {
    const lead = await fixture.lead({ account: await fixture.account() });
    await work(async (unit, step) => {
      await unit.read('acme', leadRef(lead), [], { lock: true });
      expect(await unit.read('acme', leadRef(lead), ['account'])).toMatchObject({ account: { name: 'Analytical Engines' } });
      fixture.forgetStatements();
      await step().update(leadRef(lead), add(1));
      expect(kinds()).toEqual(['UPDATE']);
    });
  });

  it('loses no increment of transactions that run at the same time, though each has read before', async () => {
    const leads = await Promise.all([fixture.lead({ amount: '0' }), fixture.lead({ amount: '0' })]);
    const increment = () =>
      work(async (unit, step) => {
        await Promise.all(leads.map((lead) => unit.read('acme', leadRef(lead))));
        await Promise.all(leads.map((lead) => step().update(leadRef(lead), add(1))));
      });
    await Promise.all(Array.from({ length: 8 }, increment));
    const saved = await fixture.dataSource.getRepository(Lead).find();
    expect(saved.map(({ amount }) => amount)).toEqual(['8.00', '8.00']);
  });
});
