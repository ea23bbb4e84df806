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
      record: { id: 'odd', zero: 'a\u0000b', lone: 'x\ud800y', endless: Number.POSITIVE_INFINITY, deep, at: new Date(0) },
    });
    const [row] = await app.query<{ record: Record<string, unknown> }>("SELECT record FROM automation.events WHERE record_id = 'odd'");
    expect(row?.record).toMatchObject({ zero: 'a\ufffdb', lone: 'x\ufffdy', endless: null, at: '1970-01-01T00:00:00.000Z' });
  });

  it('refuses what is no event, with a code, before anything is written', async () => {
    const before = await count(app);
    const publish = (event: unknown): Promise<string> => codeOf(app.automation.publish(event as never));
    expect(await publish({ workspaceId: '', module: 'leads', event: 'created' })).toBe('event_invalid');
    expect(await publish({ workspaceId: 'acme', module: 'nothing', event: 'created' })).toBe('event_invalid');
    expect(await publish({ workspaceId: 'acme', module: 'leads', event: 7 })).toBe('event_invalid');
    expect(await publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: 'text' })).toBe('event_invalid');
    expect(await publish(null)).toBe('event_invalid');
    expect(
      await publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: { id: 'big', text: 'x'.repeat(300_000) } }),
    ).toBe('payload_too_large');
    expect(await count(app)).toBe(before);
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

  it('never make the emitter suffer: bad payloads are logged and dropped', async () => {
    for (const payload of [null, 'text', {}, { record: { id: 'x' } }, { workspaceId: 7, record: [] }]) {
      expect(() => app.emitter.emit('lead.created', payload)).not.toThrow();
    }
    await app.captured();
    expect(await count(app)).toBe(3);
  });
});
