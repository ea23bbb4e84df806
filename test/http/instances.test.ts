import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type AdminApp, startAdminApp } from './support/admin-app.js';
import { seedInstance, seedMachine } from './support/seed-machines.js';

describe('the list of instances', () => {
  let admin: AdminApp;
  let orders: string;
  let nurturing: string;
  const list = async (query = '', token = 'viewer') => {
    const { body } = await admin.call('get', `/automation/instances${query}`, token).expect(200);
    return body as { items: { recordId: string; state: string }[]; nextCursor: string | null };
  };
  const records = async (query: string): Promise<string[]> => (await list(query)).items.map(({ recordId }) => recordId);

  beforeAll(async () => {
    admin = await startAdminApp();
    orders = await seedMachine(admin.database, { code: 'orders' });
    nurturing = await seedMachine(admin.database, { code: 'nurturing' });
    const at = (minute: number): string => `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`;
    const seed = (machine_id: string, record_id: string, values: Record<string, unknown> & { state: string }) =>
      seedInstance(admin.database, { machine_id, record_id, ...values });
    await seed(orders, 'a', { state: 'NEW', entered_at: at(1) });
    await seed(orders, 'b', { state: 'NEW', entered_at: at(5), timeout_at: at(20) });
    await seed(orders, 'c', { state: 'SENT', entered_at: at(3), timeout_at: at(10) });
    await seed(orders, 'd', { state: 'SENT', entered_at: at(4), transition: 'confirm', run_id: uuidv7(), transition_since: at(6) });
    await seed(orders, 'e', { state: 'DONE', is_final: true, entered_at: at(2), missed_timeout: 7 });
    const [early, late] = [uuidv7({ msecs: 1_000 }), uuidv7({ msecs: 2_000 })];
    await seed(nurturing, 'a', { state: 'COLD', entered_at: at(7), failure: { transition: 'warm', runId: early, error: null } });
    await seed(nurturing, 'f', { state: 'NEW', entered_at: at(6), timeout_at: '2999-01-01T00:00:00Z' });
    await seed(nurturing, 'g', { state: 'COLD', entered_at: at(0), failure: { transition: 'warm', runId: late, error: null } });
    // Its machine was disabled when its time came; that of the other one was for a state that it has left.
    await seed(nurturing, 'm', { state: 'WARM', entered_at: at(2), missed_timeout: 1 });
    const foreign = await seedMachine(admin.database, { code: 'orders', workspace_id: 'rival' });
    await seedInstance(admin.database, { workspace_id: 'rival', machine_id: foreign, record_id: 'a', state: 'NEW' });
  });
  afterAll(() => admin.close());

  it('begins with those that have entered their states last, whatever the machine', async () => {
    expect(await records('')).toEqual(['a', 'f', 'b', 'd', 'c', 'm', 'e', 'a', 'g']);
    expect((await list('?limit=1')).items[0]).toMatchObject({
      machineId: nurturing,
      machineCode: 'nurturing',
      version: 1,
      module: 'leads',
      state: 'COLD',
      isFinal: false,
      entry: 1,
      since: '2026-01-01T00:07:00.000Z',
      nextTimeout: null,
      isOverdue: false,
      transitioning: null,
      failure: { transition: 'warm' },
    });
  });

  it('shows what came due while the machine was disabled as overdue', async () => {
    expect((await list('?overdue=true&limit=1')).items).toMatchObject([{ recordId: 'm', isOverdue: true, nextTimeout: null }]);
  });

  it('is read page by page, and no instance twice, in every order', async () => {
    for (const query of ['', `machineId=${orders}`, 'state=NEW,SENT', 'overdue=true', 'failed=true', 'recordId=a']) {
      const whole = await records(`?${query}`);
      const paged: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await list(`?${query}&limit=2${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
        paged.push(...page.items.map(({ recordId }) => recordId));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(paged).toEqual(whole);
    }
  });

  it.each([
    [() => `machineId=${orders}`, ['b', 'd', 'c', 'e', 'a']],
    [() => `machineId=${orders}&state=NEW`, ['b', 'a']],
    [() => 'state=NEW', ['f', 'b', 'a']],
    [() => 'recordId=a', ['a', 'a']],
    [() => `recordId=a&module=leads&machineId=${orders}`, ['a']],
    [() => 'recordId=a&module=accounts', []],
    [() => 'overdue=true', ['m', 'c', 'b']],
    [() => `overdue=true&machineId=${orders}`, ['c', 'b']],
    [() => 'overdue=true&state=WARM', ['m']],
    [() => `overdue=false&machineId=${orders}`, ['d', 'e', 'a']],
    [() => 'transitioning=true', ['d']],
    [() => `transitioning=true&machineId=${nurturing}`, []],
    [() => 'transitioning=false&state=SENT', ['c']],
    [() => 'failed=true', ['g', 'a']],
    [() => 'enteredFrom=2026-01-01T00:03:00Z&enteredBefore=2026-01-01T00:05:00Z', ['d', 'c']],
    [() => `machineId=${uuidv7()}`, []],
  ])('filters: case %#', async (query, expected) => {
    expect(await records(`?${query()}`)).toEqual(expected);
  });

  it('shows those of the own workspace alone', async () => {
    const { items } = await list('', 'rival');
    expect(items).toHaveLength(1);
    await admin.call('get', `/automation/instances/${(items[0] as unknown as { id: string }).id}`, 'viewer').expect(404);
    await admin.call('get', `/automation/instances/${(items[0] as unknown as { id: string }).id}/history`, 'viewer').expect(404);
  });

  it.each([
    'cursor=x',
    `cursor=2026-02-31T00:00:00.000000Z~${uuidv7()}`,
    `failed=true&cursor=2026-01-01T00:00:00.000000Z~${uuidv7()}`,
    'overdue=1',
    'state=',
  ])('refuses %s', async (query) => {
    const { body } = await admin.call('get', `/automation/instances?${query}`, 'viewer').expect(400);
    expect(body).toMatchObject({ code: 'invalid_request' });
  });

  it('tells the history of each, the newest first, with what did not fire', async () => {
    const id = await seedInstance(admin.database, { machine_id: orders, record_id: 'h', state: 'NEW' });
    const add = (kind: string, more: string): Promise<unknown> =>
      admin.database.dataSource.query(
        `INSERT INTO automation.transitions (workspace_id, instance_id, id, machine_id, kind, transition, to_state, explanation)
         VALUES ('acme', $1, $2, $3, $4, $5, 'NEW', $6)`,
        [id, uuidv7(), orders, kind, more, JSON.stringify([{ transition: more, reason: 'conditions' }])],
      );
    await add('created', 'none');
    await add('not_fired', 'submit');
    await add('fired', 'submit');
    const history = async (query = '') =>
      (await admin.call('get', `/automation/instances/${id}/history${query}`, 'viewer').expect(200)).body;
    const { items, nextCursor } = await history('?limit=2');
    expect(items.map(({ kind }: { kind: string }) => kind)).toEqual(['fired', 'not_fired']);
    expect(items[1]).toMatchObject({ transition: 'submit', explanation: [{ transition: 'submit', reason: 'conditions' }] });
    const rest = await history(`?limit=2&cursor=${nextCursor}`);
    expect(rest).toMatchObject({ items: [{ kind: 'created' }], nextCursor: null });
    expect((await history('?kind=not_fired')).items).toHaveLength(1);
  });
});
