import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { claimRuns, queueDueRuns, type RunClaimRequest } from '../../../src/store/runs/claim.js';
import { Turns } from '../../../src/store/turns.js';
import { type OwnDatabase, openOwnDatabase } from '../support/own-database.js';

const LONG_AGO = Date.parse('2026-01-01T00:00:00Z');
const at = (second: number): Date => new Date(LONG_AGO + second * 1_000);
const NEVER = new Date('2999-01-01T00:00:00Z');

let own: OwnDatabase;
beforeAll(async () => {
  own = await openOwnDatabase();
});
beforeEach(() => own.query('TRUNCATE automation.runs'));
afterAll(() => own.close());

describe('a claim of runs', () => {
  const claim = (request: Partial<RunClaimRequest> = {}, turns = new Turns()) =>
    own.transaction((manager) => claimRuns(manager, { limit: 10, mostOfOne: 10, leaseMs: 60_000, full: [], ...request }, turns));
  /** How many of each workspace: `a2 b1`. */
  const shares = (claimed: readonly { workspaceId: string }[]): string => {
    const counts = new Map<string, number>();
    for (const { workspaceId } of claimed) counts.set(workspaceId, (counts.get(workspaceId) ?? 0) + 1);
    return [...counts]
      .map(([name, count]) => `${name}${count}`)
      .sort()
      .join(' ');
  };
  const queueOf = async (counts: Record<string, number>): Promise<void> => {
    for (const [workspace_id, count] of Object.entries(counts))
      for (let index = 0; index < count; index += 1) await own.run({ workspace_id, due_at: at(index) });
  };

  it('gives each workspace an equal share, however much another one has queued', async () => {
    await queueOf({ a: 12, b: 3, c: 4 });
    expect(shares(await claim({ limit: 6 }))).toBe('a2 b2 c2');
  });

  it('takes no more of one workspace than it was told, even of the only one', async () => {
    await queueOf({ a: 8 });
    expect(shares(await claim({ mostOfOne: 3 }))).toBe('a3');
  });

  it('goes on with the workspaces that the claim before had no room for, then begins anew', async () => {
    await queueOf({ a: 9, b: 9, c: 9 });
    const turns = new Turns();
    const claims: string[] = [];
    for (let round = 0; round < 5; round += 1) claims.push(shares(await claim({ limit: 2, mostOfOne: 1 }, turns)));
    expect(claims).toEqual(['a1 b1', 'c1', 'a1 b1', 'c1', 'a1 b1']);
  });

  it('begins anew at once where nothing is left behind the last turn', async () => {
    await queueOf({ a: 3, b: 1 });
    const turns = new Turns();
    expect(shares(await claim({ limit: 2 }, turns))).toBe('a1 b1');
    expect(shares(await claim({ limit: 2 }, turns))).toBe('a2');
    expect(shares(await claim({ limit: 2 }, turns))).toBe('');
  });

  it('leaves out the workspaces of which the worker is full, and looks behind them', async () => {
    await queueOf({ a: 4, b: 4, c: 4, d: 4 });
    expect(shares(await claim({ limit: 2, full: ['a', 'b'] }))).toBe('c1 d1');
    await own.query("UPDATE automation.runs SET recoveries = 2 WHERE workspace_id = 'a'");
    expect(shares(await claim({ full: ['a', 'c', 'd'] }))).toBe('b4');
  });

  it('takes the longest due first, and nothing that is not due or not queued', async () => {
    const [late, early] = [await own.run({ due_at: at(9) }), await own.run({ due_at: at(1) })];
    await own.run({ due_at: NEVER });
    for (const status of ['running', 'waiting', 'failed']) await own.run({ status });
    expect((await claim({ limit: 1 })).map(({ id }) => id)).toEqual([early]);
    expect((await claim()).map(({ id }) => id)).toEqual([late]);
    expect(await claim()).toEqual([]);
  });

  it('takes one recovered run at a time, the least recovered first: it may bring its process down', async () => {
    const [worse, bad, later] = [
      await own.run({ recoveries: 3, due_at: at(1) }),
      await own.run({ recoveries: 2, due_at: at(2) }),
      await own.run({ recoveries: 2, due_at: at(3) }),
    ];
    await own.run({ recoveries: 2, due_at: NEVER });
    const once = await own.run({ recoveries: 1, due_at: at(9) });
    const ids = async () => (await claim()).map(({ id }) => id).sort();
    expect(await ids()).toEqual([bad, once].sort());
    expect(await ids()).toEqual([later]);
    expect(await ids()).toEqual([worse]);
    expect(await ids()).toEqual([]);
  });

  it('raises the fence, leases, forgets what the run waited for, and keeps when it began', async () => {
    const began = at(5);
    const fresh = await own.run({ fence: 3, waiting: [{ path: 'x' }] });
    const resumed = await own.run({ started_at: began, resumed_at: at(7), answers: 2, recoveries: 1 });
    const again = await own.run({ started_at: began });
    const claimed = await own.transaction(async (manager) => {
      const rows = await claimRuns(manager, { limit: 10, mostOfOne: 10, leaseMs: 60_000, full: [] }, new Turns());
      const [lease] = await manager.query(
        `SELECT bool_and(due_at = now() + interval '60 s' AND status = 'running' AND waiting IS NULL) AS held FROM automation.runs`,
      );
      expect(lease).toEqual({ held: true });
      return new Map(rows.map((row) => [row.id, row]));
    });
    expect(claimed.get(fresh)).toMatchObject({ workspaceId: 'acme', fence: 4, recoveries: 0, answers: 0, startedAt: expect.any(Date) });
    expect(claimed.get(resumed)).toMatchObject({ fence: 1, recoveries: 1, answers: 2, startedAt: at(7) });
    expect(claimed.get(again)).toMatchObject({ fence: 1, startedAt: began });
    expect(await own.runRow(resumed)).toMatchObject({ started_at: began, fence: 1 });
    expect((await own.runRow(fresh)).started_at).toEqual(claimed.get(fresh)?.startedAt);
  });

  it('passes over what another worker is taking right now, recovered or not', async () => {
    const [mine, theirs] = [await own.run({ due_at: at(2) }), await own.run({ due_at: at(1) })];
    const [recovered, locked] = [await own.run({ recoveries: 2, due_at: at(2) }), await own.run({ recoveries: 2, due_at: at(1) })];
    await own.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM automation.runs WHERE id = ANY($1) FOR UPDATE', [[theirs, locked]]);
      expect((await claim({ limit: 1 })).map(({ id }) => id).sort()).toEqual([mine, recovered].sort());
    });
  });
});

describe('runs that become due by themselves', () => {
  const queue = (limit = 10, held: readonly string[] = []) => own.transaction((manager) => queueDueRuns(manager, limit, held));
  const statuses = async (ids: readonly string[]) => Promise.all(ids.map(async (id) => (await own.runRow(id)).status));

  it('are waits that are over; they go on as they were', async () => {
    const over = await own.run({ status: 'waiting', fence: 4, recoveries: 1 });
    const not = await own.run({ status: 'waiting', due_at: NEVER });
    expect(await queue()).toEqual({ waits: 1, leases: 0, heldBack: 0 });
    expect(await own.runRow(over)).toMatchObject({ status: 'queued', fence: 4, recoveries: 1, due_at: at(0) });
    expect(await statuses([not])).toEqual(['waiting']);
  });

  it('are leases that ran out: that counts as a recovery, and shuts the former holder out', async () => {
    const expired = await own.run({ status: 'running', fence: 4, recoveries: 1 });
    const held = await own.run({ status: 'running', due_at: NEVER });
    expect(await queue()).toEqual({ waits: 0, leases: 1, heldBack: 0 });
    expect(await own.runRow(expired)).toMatchObject({ status: 'queued', fence: 5, recoveries: 2 });
    expect(await statuses([held])).toEqual(['running']);
  });

  it('are not those that the caller holds itself, however old their lease', async () => {
    const [mine, dead] = [await own.run({ status: 'running' }), await own.run({ status: 'running' })];
    expect(await queue(10, [mine])).toEqual({ waits: 0, leases: 1, heldBack: 0 });
    expect(await statuses([mine, dead])).toEqual(['running', 'queued']);
  });

  it('are nothing that is over or queued already', async () => {
    const ids: string[] = [];
    for (const status of ['queued', 'succeeded', 'failed', 'skipped', 'cancelled']) ids.push(await own.run({ status, fence: 1 }));
    const before = await own.allRuns();
    expect(await queue()).toEqual({ waits: 0, leases: 0, heldBack: 0 });
    expect(await own.allRuns()).toEqual(before);
    expect(before).toHaveLength(ids.length);
  });

  it.each(['waiting', 'running'])('come by batches, the longest due first: %s', async (status) => {
    const [third, first, second] = [
      await own.run({ status, due_at: at(3) }),
      await own.run({ status, due_at: at(1) }),
      await own.run({ status, due_at: at(2) }),
    ];
    const due = await queue(2);
    expect(due.waits + due.leases).toBe(2);
    expect(await statuses([first, second, third])).toEqual(['queued', 'queued', status]);
  });

  it('wait while their workspace has enough in the queue, and another one does not wait for them', async () => {
    const crowd = [await own.run({ due_at: at(0) }), await own.run({ due_at: at(0) })];
    const next = await own.run({ status: 'waiting', due_at: at(1) });
    const other = await own.run({ workspace_id: 'other', status: 'waiting', due_at: at(2) });
    expect(await queue(2)).toEqual({ waits: 1, leases: 0, heldBack: 1 });
    expect(await statuses([next, other])).toEqual(['waiting', 'queued']);
    await own.query(`UPDATE automation.runs SET status = 'succeeded' WHERE id = $1`, [crowd[0]]);
    expect(await queue(2)).toEqual({ waits: 1, leases: 0, heldBack: 0 });
    expect(await statuses([next])).toEqual(['queued']);
  });

  it.each(['waiting', 'running'])('are passed over while somebody else has them: %s', async (status) => {
    const [theirs, free] = [await own.run({ status, due_at: at(1) }), await own.run({ status, due_at: at(2) })];
    await own.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM automation.runs WHERE id = $1 FOR UPDATE', [theirs]);
      const due = await queue(1);
      expect(due.waits + due.leases).toBe(1);
    });
    expect(await statuses([theirs, free])).toEqual([status, 'queued']);
  });
});
