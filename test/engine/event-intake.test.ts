import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AutomationError } from '../../src/core/errors.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Lead } from '../support/sample-crm.js';

const count = async (app: AutomationApp): Promise<number> =>
  Number((await app.query<{ count: string }>('SELECT count(*) FROM automation.events'))[0]?.count);
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AutomationError)) throw new Error(`expected an AutomationError, got ${String(error)}`);
  return error.code;
};

describe('publishing events', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  it('captures an event exactly when the transaction it was published in commits', async () => {
    const before = await count(app);
    await expect(
      app.source.transaction(async (manager) => {
        await manager.insert(Lead, { id: 'rolled-back', workspaceId: 'acme', name: 'Ghost' });
        await app.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: { id: 'rolled-back' } }, manager);
        throw new Error('the host changes its mind');
      }),
    ).rejects.toThrow('changes its mind');
    expect(await count(app)).toBe(before);
    await app.createLead();
    expect(await count(app)).toBe(before + 1);
  });

  it('takes an event of one workspace, source and key once, from however many connections it comes', async () => {
    const event = { workspaceId: 'acme', module: 'leads', event: 'created', recordId: 'x', key: 'order-4711' };
    const before = await count(app);
    await Promise.all(Array.from({ length: 40 }, () => app.automation.publish(event)));
    await app.automation.publish({ ...event, source: 'another' });
    await app.automation.publish({ ...event, workspaceId: 'rival' });
    expect(await count(app)).toBe(before + 3);
  });

  it.each([1, 2, 40])('tells the host when %s of its events cannot be written: nothing of the transaction is kept', async (events) => {
    await app.query(`ALTER TABLE automation.events ADD CONSTRAINT no_room CHECK (record_id <> 'no-room')`);
    try {
      const publishing = app.source.transaction(async (manager) => {
        await manager.insert(Lead, { id: `no-room-${events}`, workspaceId: 'acme', name: 'Ada' });
        const event = { workspaceId: 'acme', module: 'leads', event: 'created', recordId: 'no-room' };
        await app.automation.publish(
          Array.from({ length: events }, () => event),
          manager,
        );
      });
      await expect(publishing).rejects.toThrow('no_room');
    } finally {
      await app.query('ALTER TABLE automation.events DROP CONSTRAINT no_room');
    }
    expect(await app.query('SELECT id FROM crm_leads WHERE id LIKE $1', ['no-room%'])).toEqual([]);
  });

  it.each([1, 2, 16, 17, 40])(
    'captures %s events at once as it captures one, and those without a key as often as they come',
    async (events) => {
      const record = (at: number) => ({ id: `many-${events}`, name: `"Ada" ${at}`, amount: at });
      const event = { workspaceId: 'acme', module: 'leads', event: 'updated', actor: { type: 'user' as const, id: 'u-1' } };
      const list = Array.from({ length: events }, (_, at) => ({ ...event, previous: record(-1), record: record(at) }));
      await app.automation.publish(list);
      await app.automation.publish(list);
      const rows = await app.query(
        `SELECT record, previous, changes->'amount' AS amount, actor, cause, source, key FROM automation.events WHERE record_id = $1 ORDER BY id`,
        [`many-${events}`],
      );
      const one = ({ record, previous }: (typeof list)[number]) => ({
        ...{ record, previous, amount: { from: -1, to: record.amount } },
        ...{ actor: event.actor, cause: null, source: 'publish', key: null },
      });
      expect(rows).toEqual([...list, ...list].map(one));
    },
  );

  it('takes a key once when only some of the events have one', async () => {
    const event = { workspaceId: 'acme', module: 'leads', event: 'created', recordId: 'mixed' };
    const before = await count(app);
    for (let time = 0; time < 2; time += 1) await app.automation.publish([event, { ...event, key: 'mixed' }, { ...event, key: 'mixed' }]);
    expect(await count(app)).toBe(before + 3);
  });

  it('takes the singular of a module for its plural', async () => {
    await app.automation.publish({ workspaceId: 'acme', module: 'lead', event: 'created', recordId: 'singular' });
    expect(await app.query("SELECT module FROM automation.events WHERE record_id = 'singular'")).toEqual([{ module: 'leads' }]);
  });

  it('derives the events of a change by the rules of the module', async () => {
    await app.automation.publishChange({
      workspaceId: 'acme',
      module: 'leads',
      before: { id: 'derived', stage: 'New', name: 'A' },
      after: { id: 'derived', stage: 'Contacted', name: 'A' },
    });
    const events = await app.query<{ event: string; changes: unknown }>(
      "SELECT event, changes FROM automation.events WHERE record_id = 'derived' ORDER BY id",
    );
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['updated', 'stage_changed']));
    expect(events[0]?.changes).toEqual({ stage: { from: 'New', to: 'Contacted' } });
  });

  it('stores what Postgres refuses in a form that it takes', async () => {
    let deep: object = {};
    for (let depth = 0; depth < 50_000; depth += 1) deep = { deep };
    await app.automation.publish({
      workspaceId: 'acme',
      module: 'leads',
      event: 'created',
      record: { id: 'odd', name: 'a\u0000b', email: 'x\ud800y', touches: Number.POSITIVE_INFINITY, source: deep, createdAt: new Date(0) },
    });
    const [row] = await app.query<{ record: Record<string, unknown> }>("SELECT record FROM automation.events WHERE record_id = 'odd'");
    expect(row?.record).toMatchObject({ name: 'a\ufffdb', email: 'x\ufffdy', touches: null, createdAt: '1970-01-01T00:00:00.000Z' });
  });

  it('refuses what is no event, with a code, before anything is written', async () => {
    const before = await count(app);
    const publish = (event: unknown): Promise<string> => codeOf(app.automation.publish(event as never));
    expect(await publish({ workspaceId: '', module: 'leads', event: 'created' })).toBe('event_invalid');
    expect(await publish({ workspaceId: 'acme', module: 'nothing', event: 'created' })).toBe('event_invalid');
    expect(await publish({ workspaceId: 'acme', module: 'leads', event: 7 })).toBe('event_invalid');
    expect(await publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: 'text' })).toBe('event_invalid');
    expect(await publish(null)).toBe('event_invalid');
    expect(await publish([{ workspaceId: 'acme', module: 'leads', event: 'created' }, null])).toBe('event_invalid');
    expect(await count(app)).toBe(before);
  });
});

describe('what an event keeps of a record', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  const stored = async (id: string) => {
    const rows = await app.query<{ record: object; previous: object; changes: object; cut: string[] | null; actor: object }>(
      'SELECT record, previous, changes, cut, actor FROM automation.events WHERE record_id = $1 ORDER BY id',
      [id],
    );
    return rows[0];
  };
  const created = { workspaceId: 'acme', module: 'leads', event: 'created' };

  it('is its fields and those of related records: not what else is loaded, no getters, no methods, nothing of the actor but who it is', async () => {
    class LoadedLead {
      readonly id = 'loaded';
      readonly name = 'Ada';
      readonly amount = '5.50';
      readonly lines = [{ sku: 'a' }];
      readonly account = { id: 'a-1', name: 'Engines', industry: 'Steel', password: 'x', leads: [this] };
      get total(): number {
        throw new Error('lines are not loaded');
      }
    }
    const actor = { type: 'user' as const, id: 'u-1', name: 'Ann', passwordHash: 'x', sessions: [{}] };
    await app.automation.publish({ ...created, record: new LoadedLead(), actor });
    expect(await stored('loaded')).toEqual({
      record: { id: 'loaded', name: 'Ada', amount: 5.5, accountId: 'a-1', account: { id: 'a-1', name: 'Engines', industry: 'Steel' } },
      previous: null,
      changes: null,
      cut: null,
      actor: { type: 'user', id: 'u-1', name: 'Ann' },
    });
  });

  it.each([1, 20])('is cut when %s of them are too large, the longest texts first, and the event says so', async (events) => {
    const id = `large-${events}`;
    const before = { id, name: 'x'.repeat(300_000), source: 'Web Form' };
    const event = { ...created, event: 'updated', previous: before, record: { ...before, name: 'y'.repeat(300_000), email: 'a@b.test' } };
    await app.source.transaction((manager) =>
      app.automation.publish(
        Array.from({ length: events }, () => event),
        manager,
      ),
    );
    expect(await stored(id)).toMatchObject({
      record: { id, name: expect.stringMatching(/^y+…$/), source: 'Web Form', email: 'a@b.test' },
      previous: { id, name: expect.stringMatching(/^x+…$/), source: 'Web Form' },
      changes: {
        name: { from: expect.stringMatching(/^x+…$/), to: expect.stringMatching(/^y+…$/) },
        email: { from: null, to: 'a@b.test' },
      },
      cut: ['record.name', 'previous.name', 'changes.name'],
    });
    const [row] = await app.query<{ bytes: number }>(
      'SELECT length(record::text) + length(previous::text) + length(changes::text) AS bytes FROM automation.events WHERE record_id = $1',
      [id],
    );
    expect(row?.bytes).toBeLessThan(256 * 1024);
  });

  it('lets conditions see what was cut as it is now', async () => {
    const text = `${'x'.repeat(300_000)} urgent`;
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'source', operator: 'ends_with', value: 'urgent' },
      steps: [{ id: 'note', type: 'change_field', with: { field: 'email', value: 'seen@lead.test' } }],
    });
    const lead = await app.createLead({ source: text });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId, recordId: lead.id });
    expect(run).toMatchObject({ status: 'succeeded', event: { cut: ['record.source'], recordId: lead.id } });
  });

  it('is no more of what a step has written', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'name', operator: 'equals', value: 'Long' },
      steps: [{ id: 'grow', type: 'change_field', with: { field: 'email', value: 'x'.repeat(40_000) } }],
    });
    await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'updated' },
      steps: [{ id: 'stop', type: 'stop' }],
    });
    const lead = await app.createLead({ name: 'Long', source: 'y'.repeat(150_000) });
    await app.automation.drain();
    expect((await app.runsOf({ workflowId })).map(({ status }) => status)).toEqual(['succeeded']);
    const [event] = await app.query("SELECT cut FROM automation.events WHERE record_id = $1 AND source = 'workflow'", [lead.id]);
    expect(event).toEqual({ cut: ['record.source', 'previous.source'] });
  });
});

describe('publishing what cannot be looked at', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  const throwing = (): never => {
    throw new Error('do not look at me');
  };
  const revoked = (target: object): object => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  const created = { workspaceId: 'acme', module: 'leads', event: 'created', recordId: 'x' };
  const updated = { workspaceId: 'acme', module: 'leads', before: { id: 'x', name: 'A' }, after: { id: 'x', name: 'B' } };
  const without = (from: object, member: string): object => Object.defineProperty({ ...from }, member, { get: throwing, enumerable: true });

  it.each<[string, () => unknown]>([
    ['a revoked proxy', () => revoked({})],
    ['a revoked proxy of a list', () => revoked([created])],
    ['a list with a revoked proxy', () => [created, revoked({})]],
    ['a list that throws', () => new Proxy([created], { get: throwing })],
    ...Object.keys({ ...created, record: 0, previous: 0, actor: 0, key: 0, source: 0 }).map(
      (member) => [`an event whose ${member} throws`, () => without(created, member)] as [string, () => unknown],
    ),
  ])('refuses %s', async (_, make) => {
    expect(await codeOf(app.automation.publish(make() as never))).toBe('event_invalid');
    expect(await count(app)).toBe(0);
  });

  it.each<[string, () => unknown]>([
    ['nothing', () => null],
    ['a revoked proxy', () => revoked({})],
    ...Object.keys({ ...updated, actor: 0 }).map(
      (member) => [`one whose ${member} throws`, () => without(updated, member)] as [string, () => unknown],
    ),
  ])('refuses as a change %s', async (_, make) => {
    expect(await codeOf(app.automation.publishChange(make() as never))).toBe('event_invalid');
    expect(await count(app)).toBe(0);
  });

  it('tells what the host’s object threw', async () => {
    const error = await app.automation.publish(without(created, 'actor') as never).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ problems: [{ path: 'event' }], cause: expect.objectContaining({ message: 'do not look at me' }) });
  });

  it('takes an event whose members are accessors of a class', async () => {
    class Created {
      readonly #id = 'of-a-class';
      get workspaceId(): string {
        return 'acme';
      }
      get module(): string {
        return 'leads';
      }
      get event(): string {
        return 'created';
      }
      get record(): object {
        return { id: this.#id };
      }
    }
    await app.automation.publish(new Created());
    expect(await app.query('SELECT record_id FROM automation.events')).toEqual([{ record_id: 'of-a-class' }]);
  });
});

describe('events of EventEmitter2', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp({ emitter: { names: { 'crm.lead.new': { module: 'leads', event: 'created' } } } }, { emitter: true });
  });
  afterAll(() => app.close());

  it('are captured under their singular, plural and mapped names, the record bare or wrapped', async () => {
    app.emitter.emit('lead.created', { id: 'one', workspaceId: 'acme', name: 'A' });
    app.emitter.emit('leads.created', { workspaceId: 'acme', record: { id: 'two' }, actor: { type: 'user', id: 'u-1' } });
    app.emitter.emit('crm.lead.new', { workspaceId: 'acme', recordId: 'three' });
    await app.captured();
    const rows = await app.query<{ record_id: string; actor: object }>('SELECT record_id, actor FROM automation.events ORDER BY record_id');
    expect(rows.map(({ record_id }) => record_id)).toEqual(['one', 'three', 'two']);
    expect(rows[2]?.actor).toMatchObject({ type: 'user', id: 'u-1' });
  });

  it('are in the table after an immediate close', async () => {
    const reader = await startAutomationApp({});
    const closing = await startAutomationApp({}, { database: reader.database, emitter: true });
    for (let index = 0; index < 20; index += 1) closing.emitter.emit('lead.created', { id: `late-${index}`, workspaceId: 'acme' });
    await closing.close();
    expect(await reader.query("SELECT count(*)::int AS count FROM automation.events WHERE record_id LIKE 'late-%'")).toEqual([
      { count: 20 },
    ]);
    await reader.close();
  });

  it('never make the emitter suffer: bad payloads are logged and dropped', async () => {
    for (const payload of [null, 'text', {}, { record: { id: 'x' } }, { workspaceId: 7, record: [] }]) {
      expect(() => app.emitter.emit('lead.created', payload)).not.toThrow();
    }
    await app.captured();
    expect(await count(app)).toBe(3);
  });
});
