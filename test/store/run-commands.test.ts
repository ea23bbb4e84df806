import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { requeueFailed, restartRuns, takeRuns } from '../../src/store/run-command-store.js';
import { groupRuns } from '../../src/store/run-groups.js';
import { RUN_STATUSES, type RunStatus } from '../../src/store/runs/run.js';
import { findStartable } from '../../src/store/workflow-store.js';
import { type OwnDatabase, openOwnDatabase } from './support/own-database.js';

let own: OwnDatabase;
beforeAll(async () => {
  own = await openOwnDatabase();
});
beforeEach(() => own.query('TRUNCATE automation.runs, automation.workflows CASCADE'));
afterAll(() => own.close());

// Each command holds by its own statement, whatever its caller has looked at before.
describe("a person's command on a run", () => {
  const FAILED: RunStatus[] = ['failed'];
  const restart = (id: string, workspaceId = 'acme') => {
    const newId = uuidv7();
    const restarts = [{ id, newId, versionId: uuidv7(), version: 2 }];
    return own.transaction((manager) => restartRuns(manager, workspaceId, restarts, FAILED)).then((made) => made.has(newId));
  };

  it('repeats a run once, one of the given statuses, of its own workspace', async () => {
    const id = await own.run({ status: 'failed' });
    expect(await restart(id, 'rival')).toBe(false);
    expect(await restart(await own.run({ status: 'running' }))).toBe(false);
    expect(await restart(id)).toBe(true);
    expect(await restart(id)).toBe(false);
    const [again] = await own.query('SELECT * FROM automation.runs WHERE retry_of = $1', [id]);
    expect(again).toMatchObject({ status: 'queued', version: 2 });
    expect((await own.runRow(id)).retried_as).toBe(again?.id);
  });

  it('sends a failed run back once, unless another one repeats it', async () => {
    const resume = async (id: string, workspaceId = 'acme') =>
      (await own.transaction((manager) => requeueFailed(manager, workspaceId, [id]))).has(id);
    const id = await own.run({ status: 'failed', reason: 'no', failed_steps: 2, recoveries: 2 });
    expect(await resume(id, 'rival')).toBe(false);
    expect(await resume(await own.run({ status: 'failed', retried_as: uuidv7() }))).toBe(false);
    expect(await resume(id)).toBe(true);
    expect(await resume(id)).toBe(false);
    expect(await own.runRow(id)).toMatchObject({ status: 'queued', reason: null, failed_steps: 0, recoveries: 0 });
  });

  it.each(RUN_STATUSES)('takes a run from its holder while it is not over: %s', async (status) => {
    const id = await own.run({ status, fence: 3 });
    const take = (workspaceId: string) => own.transaction((manager) => takeRuns(manager, workspaceId, [id]));
    expect(await take('rival')).toEqual([]);
    const isOpen = ['queued', 'running', 'waiting'].includes(status);
    expect((await take('acme'))[0]?.fence).toBe(isOpen ? 4 : undefined);
    expect(await own.runRow(id)).toMatchObject({ status: isOpen ? 'running' : status, fence: isOpen ? 4 : 3 });
  });
});

describe('the workflow that a start names', () => {
  const workflow = async (row: object = {}): Promise<string> => {
    const id = uuidv7();
    await own.insert('workflows', {
      workspace_id: 'acme',
      id,
      code: id,
      name: 'Welcome',
      status: 'draft',
      draft: {},
      problems: [],
      ...row,
    });
    return id;
  };
  const find = (idOrCode: string, workspaceId = 'acme') => own.transaction((manager) => findStartable(manager, workspaceId, idOrCode));

  it('is found by its id in any case or by its code, in its own workspace, unless it is archived', async () => {
    const id = await workflow({ code: 'welcome' });
    const published = await workflow({ code: 'sold', published_version_id: uuidv7() });
    const archived = await workflow({ code: 'old', status: 'archived' });
    for (const name of [id, id.toUpperCase(), 'welcome']) expect(await find(name)).toEqual({ id, isPublished: false, trigger: null });
    expect(await find('sold')).toEqual({ id: published, isPublished: true, trigger: null });
    for (const name of ['old', archived, 'Welcome', 'nobody']) expect(await find(name)).toBeNull();
    for (const name of [id, 'welcome']) expect(await find(name, 'rival')).toBeNull();
  });

  it('is the one with that code, where another one has it for its id', async () => {
    const byId = await workflow({ code: 'older' });
    const byCode = await workflow({ code: byId });
    expect((await find(byId))?.id).toBe(byCode);
  });
});

describe('the groups of runs', () => {
  it('are the hundred largest, the largest first and then the newest, and it is said that there are more', async () => {
    // One run of the first reason, two of each other one.
    await own.query(
      `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, status, reason, actor)
       SELECT 'acme', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 'failed', 'r' || n % 101, '{}'
       FROM generate_series(0, 201) AS n WHERE n <> 101`,
    );
    // One workflow, so that groups differ by their reasons alone.
    await own.query('UPDATE automation.runs SET workflow_id = $1', [uuidv7()]);
    const question = { workspaceId: 'acme', filter: {}, modules: [] };
    const { groups, counted, more } = await own.transaction((manager) => groupRuns(manager, question, 'cause'));
    expect([groups.length, counted, more]).toEqual([100, 201, true]);
    expect(groups.filter(({ runs }) => runs !== 2)).toEqual([]);
    const samples = groups.map(({ sampleRunId }) => sampleRunId);
    expect(samples).toEqual([...samples].sort().reverse());
  });
});
