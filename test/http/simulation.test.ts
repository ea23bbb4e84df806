import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { loadPastEvents } from '../../src/store/past-events.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, rows, seedEvent, seedRun } from './support/seed.js';

describe('a workflow held against the events of the past', () => {
  let real: RealApp;
  const STEPS = [{ id: 'task', type: 'create_task', with: { title: 'x' } }];
  const on = (event: string, more: object = {}) => ({ trigger: { type: 'event', module: 'leads', event }, steps: STEPS, ...more });
  const amount = (least: number) => ({ conditions: { field: 'amount', operator: 'greater_than', value: least } });
  const lead = (name: string, value: number, more: object = {}) => ({
    record_id: name,
    record: { id: name, name, amount: value },
    ...more,
  });

  beforeAll(async () => {
    real = await startRealApp();
    for (const [name, value] of Object.entries({ small: 10, middle: 100, large: 1_000 })) await seedEvent(real.database, lead(name, value));
    await seedEvent(real.database, lead('changed', 5_000, { event: 'updated', previous: { id: 'changed', amount: 1 } }));
    await seedEvent(real.database, lead('old', 5_000, { occurred_at: new Date(Date.now() - 10 * 86_400_000) }));
    await seedEvent(real.database, lead('theirs', 5_000, { workspace_id: 'rival' }));
    await seedEvent(real.database, lead('false', 5_000, { error: { code: 'never', message: 'It did not happen.' } }));
    await seedEvent(real.database, lead('asked', 5_000, { target: { workflowId: 'w' } }));
  });
  afterAll(() => real?.close());

  async function draft(definition: object): Promise<string> {
    return (await real.call('post', '/automation/workflows').send({ name: 'Draft', definition }).expect(201)).body.id;
  }
  const simulate = async (id: string, body: object = {}) =>
    (await real.call('post', `/automation/workflows/${id}/simulate`, 'viewer').send(body).expect(200)).body;
  const names = (events: { recordId: string }[]) => events.map(({ recordId }) => recordId);

  it('says how many would match, with samples; nothing starts', async () => {
    const id = await draft(on('created', amount(50)));
    const before = await real.state();
    const answer = await simulate(id);
    expect(answer).toMatchObject({
      version: null,
      comparedWith: null,
      days: 7,
      events: 3,
      matched: 2,
      published: null,
      differing: 0,
      differences: [],
      isApproximate: false,
      partial: false,
      nextCursor: null,
    });
    expect(answer.samples[0]).toMatchObject({
      recordId: 'large',
      title: 'large',
      module: 'leads',
      event: 'created',
      matches: true,
      publishedMatches: null,
    });
    expect(names(answer.samples)).toEqual(['large', 'middle']);
    expect(await real.state()).toBe(before);
    expect((await simulate(id, { days: 30 })).events).toBe(4);
  });

  it('says where the published version differs, also where it listens to something else', async () => {
    const { id } = await publishedWorkflow(real as never, on('created', amount(500)));
    const edit = async (definition: object, revision: number) =>
      real.call('patch', `/automation/workflows/${id}`).send({ revision, definition }).expect(200);
    await edit(on('created', amount(50)), 1);
    const wider = await simulate(id);
    expect(wider).toMatchObject({ version: null, comparedWith: 1, matched: 2, published: 1, differing: 1 });
    expect(wider.differences).toMatchObject([{ recordId: 'middle', matches: true, publishedMatches: false }]);
    await edit(on('updated'), 2);
    const other = await simulate(id);
    expect(other).toMatchObject({ events: 4, matched: 1, published: 1, differing: 2 });
    expect(names(other.differences)).toEqual(['changed', 'large']);
    expect(await simulate(id, { version: '1' })).toMatchObject({ version: 1, matched: 1, published: 1, differing: 0 });
  });

  it('asks re-entry of the starts that it would have made itself, and of the runs before, and tells loops', async () => {
    const module = 'tasks';
    const DAY_MS = 86_400_000;
    const event = (record: string, daysAgo: number, more: object = {}) =>
      seedEvent(real.database, {
        module,
        event: 'updated',
        record_id: record,
        record: { id: record, title: record },
        occurred_at: new Date(Date.now() - daysAgo * DAY_MS),
        ...more,
      });
    for (const daysAgo of [5, 4, 1]) await event('often', daysAgo);
    await event('ran', 2);
    const trigger = { type: 'event', module, event: 'updated' };
    const reentering = (reentry: unknown) => ({ trigger, steps: STEPS, settings: { reentry } });
    const workflow = await publishedWorkflow(real as never, reentering('always'));
    const longAgo = new Date(Date.now() - 20 * DAY_MS);
    const ranBefore = { module, record_id: 'ran', status: 'succeeded', created_at: longAgo, finished_at: longAgo };
    const run = await seedRun(real.database, workflow, ranBefore);
    const cause = { runId: run, depth: 1, path: [{ workflowId: workflow.id, module, recordId: 'looped' }] };
    await event('looped', 3, { cause });
    let revision = 1;
    const asked = async (reentry: unknown) => {
      await real
        .call('patch', `/automation/workflows/${workflow.id}`)
        .send({ revision, definition: reentering(reentry) })
        .expect(200);
      revision += 1;
      return simulate(workflow.id);
    };
    const once = await asked('once_per_record');
    expect(once).toMatchObject({ matched: 5, starting: 1, published: 5, publishedStarting: 4, differing: 3, isApproximate: false });
    const seen = ({ recordId, starts, publishedStarts, reason, rule }: Record<string, unknown>) => [
      recordId,
      starts,
      publishedStarts,
      reason,
      rule,
    ];
    const onceRule = 'the workflow runs once per record';
    expect(once.samples.map(seen)).toEqual([
      ['looped', false, false, 'loop', expect.stringContaining('in this very chain')],
      ['ran', false, true, 'reentry', onceRule],
      ['often', false, true, 'reentry', onceRule],
      ['often', false, true, 'reentry', onceRule],
      ['often', true, true, null, null],
    ]);
    expect(once.differences.map(({ recordId }: { recordId: string }) => recordId)).toEqual(['ran', 'often', 'often']);
    // A period counts from the start before, not from a refused one.
    expect(await asked({ oncePer: 'P2D' })).toMatchObject({ matched: 5, starting: 3, isApproximate: false });
    await seedRun(real.database, workflow, {
      module,
      record_id: 'often',
      status: 'succeeded',
      created_at: new Date(Date.now() - 4.5 * DAY_MS),
      finished_at: new Date(Date.now() - 3.5 * DAY_MS),
    });
    // How long runs of its own would have taken is not known: those that there were tell.
    expect(await asked('not_while_active')).toMatchObject({ matched: 5, starting: 3, isApproximate: true });
  });

  it('counts relative dates from the event, and says that related records are as they are now', async () => {
    await seedEvent(real.database, {
      ...lead('dated', 1),
      record: { id: 'dated', createdAt: new Date(Date.now() - 3 * 86_400_000).toISOString() },
      occurred_at: new Date(Date.now() - 3 * 86_400_000),
    });
    const today = { conditions: { field: 'createdAt', operator: 'is_today' } };
    expect(names((await simulate(await draft(on('created', today)))).samples)).toEqual(['dated']);
    await rows(real.database, `INSERT INTO crm_accounts (id, "workspaceId", name, industry) VALUES ('a-1', 'acme', 'Acme', 'Retail')`);
    await rows(real.database, `UPDATE crm_leads SET "accountId" = 'a-1' WHERE id = '42'`);
    await seedEvent(real.database, { record_id: '42', record: { id: '42', name: 'Ann' } });
    const related = await simulate(
      await draft(on('created', { conditions: { field: 'account.industry', operator: 'equals', value: 'Retail' } })),
    );
    expect([names(related.samples), related.isApproximate]).toEqual([['42'], true]);
  });

  it('comes in parts, each of which is bounded; together they are the whole', async () => {
    await rows(
      real.database,
      `INSERT INTO automation.events (workspace_id, id, module, event, record_id, record, actor, source, routed_at, occurred_at)
       SELECT 'acme', (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'accounts', 'created', n::text,
         jsonb_build_object('id', n::text, 'name', 'Acme'), '{"type": "system", "id": null}', 'publish', now(), now() - n * interval '1 second'
       FROM (SELECT n, lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - n * 1000), 12, '0') AS h FROM generate_series(1, 7100) AS n) AS ids`,
    );
    const id = await draft({ trigger: { type: 'event', module: 'accounts', event: 'created' }, steps: STEPS });
    let [matched, parts] = [0, 0];
    for (let cursor: string | undefined; ; ) {
      const answer = await simulate(id, { days: 1, ...(cursor && { cursor }) });
      expect(answer.events).toBeLessThanOrEqual(7_000);
      expect(answer.partial).toBe(answer.nextCursor !== null);
      matched += answer.matched;
      parts += 1;
      if (answer.nextCursor === null) break;
      cursor = answer.nextCursor;
    }
    expect(matched).toBe(7_100);
    expect(parts).toBeGreaterThan(1);
  });

  it('reads few events at once, and goes on behind them', async () => {
    const kinds = [{ module: 'leads', event: 'created' }];
    const read = (before: string | null, most: number) =>
      real.database.transaction((manager) => loadPastEvents(manager, 'acme', kinds, { from: new Date(0), before, window: 2_000, most }));
    const all = (await read(null, 250)).events.map(({ id }) => id);
    const first = await read(null, 2);
    expect(first).toMatchObject({ events: [{ id: all[0] }, { id: all[1] }], end: all[1] });
    expect((await read(first.end, 2)).events.map(({ id }) => id)).toEqual(all.slice(2, 4));
  });

  it('ends a part in the middle of what it has read when its time is over', async () => {
    const module = 'tasks';
    for (let n = 0; n < 9; n += 1) await seedEvent(real.database, { module, record_id: `t-${n}`, record: { id: `t-${n}`, title: 'x' } });
    const id = await draft({ trigger: { type: 'event', module, event: 'created' }, steps: STEPS });
    const whole = await simulate(id);
    expect(whole).toMatchObject({ events: 9, partial: false });
    const now = performance.now.bind(performance);
    let late = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => {
      late += 500;
      return now() + late;
    });
    const seen: string[] = [];
    let parts = 0;
    for (let cursor: string | null = null; ; ) {
      const answer = await simulate(id, cursor === null ? {} : { cursor });
      seen.push(...names(answer.samples));
      parts += 1;
      cursor = answer.nextCursor;
      if (cursor === null) break;
    }
    clock.mockRestore();
    expect(seen).toEqual(names(whole.samples));
    expect(parts).toBeGreaterThan(2);
  });

  it('is refused where no event starts it, and where it has problems or is not there', async () => {
    const ask = (id: string, body: object = {}) => real.call('post', `/automation/workflows/${id}/simulate`, 'viewer').send(body);
    expect((await ask(await draft({ trigger: { type: 'manual' }, steps: STEPS })).expect(422)).body.code).toBe('not_simulated');
    expect((await ask(await draft(on('created', { steps: [{ id: 'x', type: 'create_task', with: {} }] }))).expect(422)).body.code).toBe(
      'definition_invalid',
    );
    const id = await draft(on('created'));
    expect((await ask(id, { version: 'published' }).expect(409)).body.code).toBe('workflow_not_published');
    for (const body of [{ days: 0 }, { days: 91 }, { days: 1.5 }, { cursor: 'x' }, { version: 'newest' }]) await ask(id, body).expect(400);
    await ask('019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11').expect(404);
  });
});
