import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { captureSql, installCapture } from '../../src/automation.capture.js';
import type { AutomationOptions } from '../../src/automation.options.js';
import type { Actor } from '../../src/core/event.js';
import { CRM_HOST, type CrmHost } from '../../src/host/crm-host.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { type CapturedApp, Company, Deal, dealsCrm, startCapturedApp, takeEvents } from './support/captured-crm.js';

const names = (events: readonly { event: string }[]): string[] => events.map(({ event }) => event);

describe.each(['subscriber', 'database'] as const)('what the host writes, captured by the door %s', (door) => {
  let app: CapturedApp;
  beforeAll(async () => {
    app = await startCapturedApp({ capture: { deals: door } });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await takeEvents(app);
  });

  const save = (values: Partial<Deal> = {}): Promise<Deal> =>
    app.crm.manager.save(Deal, app.crm.manager.create(Deal, { tenantId: 'acme', title: 'Engine', ...values }));
  const saved = async (values: Partial<Deal> = {}): Promise<Deal> => {
    const deal = await save(values);
    await takeEvents(app);
    return deal;
  };

  it('is an event with the record as conditions know it, in the tenant of the row', async () => {
    const seenAt = new Date('2026-03-01T08:15:30.250Z');
    const localAt = new Date(2026, 2, 1, 9, 30);
    const deal = await save({
      ...{ amount: '1200.50', tags: ['a', 'b'], closeDate: '2026-05-01', extra: { deep: [1] }, seenAt, localAt, margin: 'secret' },
      ...{ address: { city: 'London' }, company: { id: 'c-1' } as Company, exact: '12345678901234567.5' },
    });
    const [event, ...others] = await takeEvents(app);
    expect(others).toEqual([]);
    expect(event).toMatchObject({ workspace_id: 'acme', event: 'created', record_id: String(deal.dealId), previous: null, source: door });
    expect(event?.changes).toBeNull();
    expect(event?.record).toEqual({
      ...{ id: String(deal.dealId), tenantId: 'acme', title: 'Engine', stage: 'New', ownerId: null, amount: 1200.5, tags: ['a', 'b'] },
      ...{ closeDate: '2026-05-01', extra: { deep: [1] }, seenAt: seenAt.toISOString(), localAt: localAt.toISOString() },
      ...{
        address: { city: 'London' },
        companyId: 'c-1',
        exact: '12345678901234567.5',
        version: 1,
        deletedAt: null,
        updatedAt: deal.updatedAt.toISOString(),
      },
    });
  });

  it.each(['100000000000000000000', '9007199254740991', '9007199254740993', '-0.000000001', '0'])(
    'has the number %s as every record has it',
    async (exact) => {
      const deal = await save({ exact });
      const [event] = await takeEvents(app);
      const records = await app.module
        .get<CrmHost>(CRM_HOST)
        .findRecords({ manager: app.crm.manager, workspaceId: 'acme' }, 'deals', [String(deal.dealId)], { lock: false, relations: [] });
      expect(event?.record).toEqual(records.get(String(deal.dealId)));
    },
  );

  it('is `updated`, and what follows from it, with what has changed alone', async () => {
    const deal = await saved({ margin: 'secret', seenAt: new Date(), amount: '5' });
    await app.crm.manager.save(Deal, { dealId: deal.dealId, stage: 'Won', amount: '7.25', company: { id: 'c-1' } });
    const events = await takeEvents(app);
    expect(names(events).sort()).toEqual(['stage_changed', 'updated']);
    for (const event of events) {
      expect(event.changes).toMatchObject({
        ...{ stage: { from: 'New', to: 'Won' }, amount: { from: 5, to: 7.25 }, companyId: { from: null, to: 'c-1' } },
      });
      expect(Object.keys(event.changes ?? {}).sort()).toEqual(['amount', 'companyId', 'stage', 'updatedAt', 'version']);
      expect(event.record).toMatchObject({ title: 'Engine', stage: 'Won', seenAt: deal.seenAt?.toISOString() });
      expect(event.previous).toMatchObject({ stage: 'New', companyId: null });
    }
  });

  it('is no event when nothing has changed', async () => {
    const deal = await saved();
    await app.crm.manager.save(Deal, { dealId: deal.dealId, stage: 'New' });
    expect(await takeEvents(app)).toEqual([]);
  });

  it('is `deleted` when it is removed or soft-removed, and `updated` when it is recovered', async () => {
    const [hard, soft] = [await saved(), await saved()];
    const id = String(hard.dealId);
    await app.crm.manager.remove(hard);
    expect(await takeEvents(app)).toMatchObject([{ event: 'deleted', record_id: id, record: { title: 'Engine' } }]);
    await app.crm.manager.softRemove(soft);
    expect(await takeEvents(app)).toMatchObject([{ event: 'deleted', record_id: String(soft.dealId) }]);
    await app.crm.manager.recover(soft);
    expect(await takeEvents(app)).toMatchObject([{ event: 'updated', changes: { deletedAt: { to: null } } }]);
  });

  it('is captured exactly when the host’s transaction commits', async () => {
    const writing = app.crm.transaction(async (manager) => {
      await manager.save(Deal, { tenantId: 'acme', title: 'Ghost' });
      throw new Error('the host changes its mind');
    });
    await expect(writing).rejects.toThrow('changes its mind');
    expect(await takeEvents(app)).toEqual([]);
  });

  it('is captured of each of many that are saved at once', async () => {
    const deals = Array.from({ length: 30 }, (_, at) =>
      app.crm.manager.create(Deal, { tenantId: at % 2 ? 'acme' : 'rival', title: `${at}` }),
    );
    await app.crm.manager.save(deals);
    const events = await takeEvents(app);
    expect(new Set(events.map(({ record_id }) => record_id)).size).toBe(30);
    for (const { workspace_id, record } of events) expect(record.tenantId).toBe(workspace_id);
  });

  it('says who did it, where the transaction says so', async () => {
    await app.crm.transaction(async (manager) => {
      await app.automation.actAs({ type: 'user', id: 'u-1', name: 'Ada' }, manager);
      await manager.save(Deal, { tenantId: 'acme', title: 'Hers' });
    });
    await save();
    expect((await takeEvents(app)).map(({ actor }) => actor)).toMatchObject([
      { type: 'user', id: 'u-1', name: 'Ada' },
      { type: 'system', id: null },
    ]);
    await expect(app.automation.actAs({ type: 'user', id: 'u-1' }, app.crm.manager)).rejects.toMatchObject({
      code: 'transaction_required',
    });
  });

  it('is not captured of a row without a tenant', async () => {
    await save({ tenantId: null });
    expect(await takeEvents(app)).toEqual([]);
  });

  it('is not captured a second time from the emitter, unless only the CRM can tell of it', async () => {
    const deal = await saved();
    app.emitter.emit('deal.created', deal);
    app.emitter.emit('deal.updated', deal);
    await app.captured();
    expect(await takeEvents(app)).toEqual([]);
  });

  it('is not captured of what a workflow writes: that tells of itself, with its cause', async () => {
    const touch = { id: 'touch', type: 'change_field', with: { field: 'title', value: 'Touched' } };
    await app.publishWorkflow({ trigger: { type: 'event', module: 'deals', event: 'created' }, steps: [touch] }, `By ${door}`);
    await app.publishWorkflow(
      { trigger: { type: 'event', module: 'deals', event: 'updated' }, steps: [{ ...touch, with: { field: 'title', value: 'Again' } }] },
      `After ${door}`,
    );
    // With a subscriber of the host's, automation writes through entities, too.
    app.crm.subscribers.push({ listenTo: () => Deal, afterUpdate: () => undefined });
    const deal = await save();
    await app.automation.tick();
    const events = await app.query<{ event: string; source: string; cause: { depth: number } | null }>(
      'SELECT event, source, cause FROM automation.events WHERE record_id = $1 ORDER BY id LIMIT 2 OFFSET 1',
      [String(deal.dealId)],
    );
    expect(events[0]).toMatchObject({ event: 'updated', source: 'workflow', cause: { depth: 1 } });
    await app.automation.drain();
    const all = await takeEvents(app);
    expect(names(all.filter(({ record_id }) => record_id === String(deal.dealId)))).toEqual(['created', 'updated', 'updated']);
  });
});

describe('the door subscriber', () => {
  let app: CapturedApp;
  let actor: Actor | null = null;
  const warnings: string[] = [];
  beforeAll(async () => {
    app = await startCapturedApp({ capture: { deals: 'subscriber', companies: 'subscriber' }, actor: () => actor });
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => void warnings.push(String(message)));
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  it('asks the host who acts at this moment', async () => {
    actor = { type: 'user', id: 'u-7', roles: ['senior'] };
    await app.crm.manager.save(Deal, { tenantId: 'acme', title: 'Hers' });
    actor = null;
    expect(await takeEvents(app)).toMatchObject([{ actor: { type: 'user', id: 'u-7', roles: ['senior'] } }]);
  });

  it('completes what was inserted in part: defaults of the table, and SQL that was given as a value', async () => {
    await app.crm.manager.insert(Deal, { tenantId: 'acme', title: 'In part' });
    const insertion = app.crm.createQueryBuilder().insert().into(Company).updateEntity(false);
    await insertion.values({ id: 'c-9', tenantId: 'acme', name: () => "upper('sql')" }).execute();
    expect(await takeEvents(app)).toMatchObject([
      { record: { title: 'In part', stage: 'New', tags: [], version: 1, amount: null, companyId: null } },
      { record_id: 'c-9', record: { name: 'SQL' } },
    ]);
  });

  it('warns once of what TypeORM does not tell it, and captures nothing of that', async () => {
    const deal = await app.crm.manager.save(Deal, { tenantId: 'acme', title: 'Seen' });
    await takeEvents(app);
    for (let time = 0; time < 2; time += 1) {
      await app.crm.manager.update(Deal, { dealId: deal.dealId }, { title: `Unseen ${time}` });
      await app.crm.createQueryBuilder().update(Deal).set({ title: 'Unseen' }).execute();
      await app.crm.manager.delete(Deal, { dealId: -1 });
      await app.crm.createQueryBuilder().insert().into(Deal).values({ tenantId: 'acme', title: 'Whose?' }).updateEntity(false).execute();
    }
    expect(await takeEvents(app)).toEqual([]);
    expect(warnings.filter((line) => line.includes('deals were changed by update()'))).toHaveLength(1);
  });

  it('fails the host’s write when the event cannot be written', async () => {
    await app.query(`ALTER TABLE automation.events ADD CONSTRAINT no_room CHECK (record->>'title' <> 'no room')`);
    await expect(app.crm.manager.save(Deal, { tenantId: 'acme', title: 'no room' })).rejects.toThrow('no_room');
    await app.query('ALTER TABLE automation.events DROP CONSTRAINT no_room');
    expect(await app.crm.manager.countBy(Deal, { title: 'no room' })).toBe(0);
  });
});

describe('the door database', () => {
  let app: CapturedApp;
  beforeAll(async () => {
    app = await startCapturedApp({ capture: { deals: 'database' } });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    await takeEvents(app);
  });

  const triggers = (): Promise<{ name: string; made: string }[]> =>
    app.query(`SELECT tgname AS name, obj_description(tgfoid, 'pg_proc') AS made FROM pg_trigger WHERE tgname LIKE 'automation%'`);
  /** The module in another process, or after a deployment. */
  const again = (options: Partial<AutomationOptions>): Promise<AutomationApp> =>
    startAutomationApp({ dataSource: app.crm, crm: dealsCrm(), ...options }, { database: app.database });

  it('captures what SQL writes, of many rows as of one', async () => {
    await app.query(
      `INSERT INTO deals ("tenantId", title, amount, version) SELECT 'acme', 'Deal ' || n, n, 1 FROM generate_series(1, 20) AS n`,
    );
    expect(names(await takeEvents(app))).toEqual(Array.from({ length: 20 }, () => 'created'));
    await app.query(`UPDATE deals SET stage = 'Won' WHERE amount > 15`);
    const events = await takeEvents(app);
    expect(events).toHaveLength(10);
    expect(events[0]).toMatchObject({
      changes: { stage: { from: 'New', to: 'Won' } },
      previous: { stage: 'New' },
      record: { stage: 'Won' },
    });
    await app.crm.manager.update(Deal, { title: 'Deal 3' }, { title: 'Three' });
    expect(Object.keys((await takeEvents(app))[0]?.changes ?? {}).sort()).toEqual(['title', 'updatedAt', 'version']);
    await app.query('UPDATE deals SET stage = stage');
    expect(await takeEvents(app)).toEqual([]);
    await app.query('DELETE FROM deals');
    expect(new Set(names(await takeEvents(app)))).toEqual(new Set(['deleted']));
  });

  it('captures what roles write who may not look into the schema `automation`', async () => {
    const role = `clerk_${app.database.url.slice(-8)}`;
    await app.query(`CREATE ROLE ${role}`);
    await app.query(`GRANT INSERT ON deals TO ${role}; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
    await app.crm.transaction(async (manager) => {
      await manager.query(`SET LOCAL ROLE ${role}`);
      await manager.query(`INSERT INTO deals ("tenantId", title, version) VALUES ('acme', 'By a clerk', 1)`);
    });
    await app.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    expect(await takeEvents(app)).toMatchObject([{ event: 'created', record: { title: 'By a clerk' } }]);
  });

  it.each([
    ['an id', 'u-9', { type: 'user', id: 'u-9' }],
    ['an actor', '{"type":"user","id":"u-9","name":"Ada","roles":["senior"]}', { type: 'user', id: 'u-9', name: 'Ada', roles: ['senior'] }],
    ['no actor at all', '{what', { type: 'system', id: null }],
    ['a type that there is not', '{"type":"god","id":7}', { type: 'user', id: '7' }],
  ])('takes %s from SET LOCAL automation.actor', async (_, said, actor) => {
    await app.crm.transaction(async (manager) => {
      await manager.query(`SET LOCAL automation.actor = '${said}'`);
      await manager.query(`INSERT INTO deals ("tenantId", title, version) VALUES ('acme', 'Whose?', 1)`);
    });
    expect((await takeEvents(app)).map((event) => event.actor)).toEqual([actor]);
  });

  it('leaves out what a transaction asks it to', async () => {
    await app.crm.transaction(async (manager) => {
      await manager.query("SET LOCAL automation.capture = 'off'");
      await manager.query(`INSERT INTO deals ("tenantId", title, version) VALUES ('acme', 'Imported', 1)`);
    });
    expect(await takeEvents(app)).toEqual([]);
  });

  it('leaves a large record to be read when it is routed', async () => {
    await app.query(`INSERT INTO deals ("tenantId", title, version) VALUES ('acme', repeat('x', 300000), 1)`);
    expect(await takeEvents(app)).toMatchObject([{ event: 'created', record: null, record_id: expect.stringMatching(/^\d+$/) }]);
  });

  it('is installed once, replaced when the catalogue has changed, and removed for another door', async () => {
    const before = await triggers();
    expect(before).toHaveLength(1);
    const same = await again({ capture: { deals: 'database' }, database: { migrate: 'check' } });
    await same.close();
    expect(await triggers()).toEqual(before);
    const changed = { capture: { deals: 'database' as const }, limits: { payloadBytes: 100_000 } };
    await expect(again({ ...changed, database: { migrate: 'check' } })).rejects.toMatchObject({
      code: 'schema_behind',
      hint: expect.stringContaining('CREATE OR REPLACE TRIGGER'),
    });
    await (await again(changed)).close();
    expect((await triggers())[0]?.made).not.toBe(before[0]?.made);
    await (await again({ capture: { deals: 'subscriber' } })).close();
    expect(await triggers()).toEqual([]);
  });

  it('can be installed by a script of the host’s, which may print the SQL first', async () => {
    // As they are given to forRoot.
    const module = { path: 'api/automation', isGlobal: false };
    const options = { ...module, dataSource: app.crm, crm: dealsCrm(), capture: { deals: 'database' as const } };
    const sql = captureSql(options);
    expect(sql).toContain('AFTER INSERT OR UPDATE OR DELETE ON "deals"');
    expect(sql).not.toContain('margin');
    await app.query(sql);
    const installed = await triggers();
    expect(installed).toHaveLength(1);
    await installCapture(options);
    expect(await triggers()).toEqual(installed);
  });

  it('derives what is declared of members', async () => {
    const changed = (field: string, to?: string[]) => ({ rule: { on: 'changed' as const, field, ...(to && { to }) } });
    const events = { moved: changed('address.city'), home: changed('address.city', ['Rome']) };
    const crm = typeOrmCrm({ deals: { entity: Deal, events } }, { workspace: 'tenantId' });
    await app.query(captureSql({ dataSource: app.crm, crm, capture: { deals: 'database' } }));
    await app.query(`INSERT INTO deals ("tenantId", title, version) VALUES ('acme', 'Engine', 1)`);
    expect(names(await takeEvents(app))).toEqual(['created']);
    const namesAfter = async (set: string): Promise<string[]> => {
      await app.query(`UPDATE deals SET ${set} WHERE title LIKE 'Engine%'`);
      return names(await takeEvents(app)).sort();
    };
    expect(await namesAfter(`"addressCity" = 'Paris'`)).toEqual(['moved', 'updated']);
    expect(await namesAfter(`"addressCity" = 'Rome'`)).toEqual(['home', 'moved', 'updated']);
    expect(await namesAfter(`title = 'Engine 2'`)).toEqual(['updated']);
    expect(await namesAfter('"addressCity" = NULL')).toEqual(['moved', 'updated']);
  });

  it.each([
    ['amount', 'date', 'numeric'],
    ['title', 'number', 'text'],
    ['title', 'datetime', 'text'],
  ] as const)('refuses a type that the column cannot be read as, which would fail every write: %s as %s', async (field, type, column) => {
    const crm = typeOrmCrm({ deals: { entity: Deal, fields: { [field]: { type } } } }, { workspace: 'tenantId' });
    expect(() => captureSql({ dataSource: app.crm, crm, capture: { deals: 'database' } })).toThrow(
      new RegExp(`field ${field} of Deal is said to be of type '${type}'; its column is of type '${column}'`),
    );
  });

  it('takes a type that is read like the column’s own', async () => {
    const fields = { amount: { type: 'number' }, seenAt: { type: 'date' }, title: { type: 'list' }, tags: { type: 'json' } } as const;
    const crm = typeOrmCrm({ deals: { entity: Deal, fields } }, { workspace: 'tenantId' });
    await app.query(captureSql({ dataSource: app.crm, crm, capture: { deals: 'database' } }));
    await app.query(
      `INSERT INTO deals ("tenantId", title, amount, "seenAt", tags, version) VALUES ('acme', 'A', 2.5, '2026-05-05T12:00:00Z', '{x}', 1)`,
    );
    const record = { amount: 2.5, seenAt: '2026-05-05', title: ['A'], tags: ['x'] };
    expect(await takeEvents(app)).toMatchObject([{ event: 'created', record }]);
  });

  it('refuses columns that only the host’s code can read', async () => {
    @Entity('secrets')
    class Secret {
      @PrimaryColumn({ type: 'text' }) id!: string;
      @Column({ type: 'text' }) workspaceId!: string;
      @Column({ type: 'numeric', transformer: { to: (value: number) => value, from: (value: string) => Number.parseFloat(value) } })
      amount!: number;
      @Column({ type: 'text', transformer: { to: (value: string) => btoa(value), from: (value: string) => atob(value) } }) note!: string;
    }
    const source = await new DataSource({ type: 'postgres', url: app.database.url, entities: [Secret] }).initialize();
    const sqlFor = (fields: Record<string, { hidden: boolean }>): string =>
      captureSql({ dataSource: source, crm: typeOrmCrm({ secrets: { entity: Secret, fields } }), capture: { secrets: 'database' } });
    expect(() => sqlFor({})).toThrow('Secret.note has a transformer');
    expect(sqlFor({ note: { hidden: true } })).toContain('"amount"');
    await source.destroy();
  });
});

describe('the option capture', () => {
  it.each(['subscriber', 'database'] as const)('refuses %s for rows of which only conditions say whose they are', async (door) => {
    const crm = typeOrmCrm({ deals: { entity: Deal, where: (tenant) => ({ company: { tenantId: tenant } }) } });
    await expect(startCapturedApp({ crm, capture: { deals: door } })).rejects.toThrow('deals cannot be captured');
  });

  it.each([
    ['a door that there is not', { deals: 'window' }, 'capture.deals must be one of'],
    ['a module that there is not', { boats: 'subscriber' }, 'capture.boats is no module of the CRM; there are deals, companies'],
  ])('refuses %s at start', async (_, capture, message) => {
    await expect(startCapturedApp({ capture: capture as never })).rejects.toThrow(message);
  });
});
