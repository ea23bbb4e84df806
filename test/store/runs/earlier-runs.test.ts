import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { keyOf, lockAndLoadEarlierRuns, type WorkflowOnRecord } from '../../../src/store/runs/earlier-runs.js';
import { type OwnDatabase, openOwnDatabase } from '../support/own-database.js';

const at = (second: number): Date => new Date(Date.parse('2026-01-01T00:00:00Z') + second * 1_000);

describe('the earlier runs of a workflow on a record', () => {
  let own: OwnDatabase;
  beforeAll(async () => {
    own = await openOwnDatabase();
  });
  beforeEach(() => own.query('TRUNCATE automation.runs'));
  afterAll(() => own.close());

  const pair = (more: Partial<WorkflowOnRecord> = {}): WorkflowOnRecord => ({
    workspaceId: 'acme',
    workflowId: uuidv7(),
    module: 'leads',
    recordId: '42',
    ...more,
  });
  const runOf = ({ workspaceId, workflowId, module, recordId }: WorkflowOnRecord, more: object = {}) =>
    own.run({ workspace_id: workspaceId, workflow_id: workflowId, module, record_id: recordId, status: 'succeeded', ...more });
  const load = (...pairs: WorkflowOnRecord[]) => own.transaction((manager) => lockAndLoadEarlierRuns(manager, pairs));

  it('are told by the newest one, and by the newest that failed', async () => {
    const asked = pair();
    const ids: string[] = [];
    for (const second of [1, 3, 2]) ids.push(await runOf(asked, { created_at: at(second) }));
    const failed = await runOf(asked, { created_at: at(0), status: 'failed' });
    const [, newest = ''] = ids;
    expect(await load(asked, asked)).toEqual(
      new Map([[keyOf(asked), { active: null, newest: { id: newest, createdAt: at(3) }, newestFailed: { id: failed, createdAt: at(0) } }]]),
    );
  });

  it.each(['queued', 'running', 'waiting'])('are active while any of them is %s', async (status) => {
    const asked = pair();
    const active = await runOf(asked, { status, created_at: at(1) });
    const over = await runOf(asked, { created_at: at(2) });
    const runs = { active: { id: active, createdAt: at(1) }, newest: { id: over, createdAt: at(2) }, newestFailed: null };
    expect(await load(asked)).toEqual(new Map([[keyOf(asked), runs]]));
  });

  it('are not those that were skipped', async () => {
    const asked = pair();
    await runOf(asked, { status: 'skipped' });
    expect(await load(asked)).toEqual(new Map());
  });

  it.each<[string, Partial<WorkflowOnRecord>]>([
    ['another workflow', { workflowId: uuidv7() }],
    ['another record', { recordId: '43' }],
    ['a record of another module with the same id', { module: 'contacts' }],
    ['another workspace', { workspaceId: 'rival' }],
  ])('are not those of %s', async (_, more) => {
    const asked = pair();
    await runOf({ ...asked, ...more });
    expect(await load(asked)).toEqual(new Map());
  });

  it('are asked for by two routers one after the other: the second one sees the run of the first', async () => {
    const [asked, other] = [pair(), pair()];
    const id = uuidv7();
    let second: ReturnType<typeof load> = Promise.resolve(new Map());
    await own.transaction(async (manager) => {
      expect(await lockAndLoadEarlierRuns(manager, [asked])).toEqual(new Map());
      second = load(other, asked);
      await own.someoneWaits();
      // Nobody else's question is in the way.
      expect(await load(pair({ workflowId: asked.workflowId, module: 'contacts' }))).toEqual(new Map());
      await manager.query(
        `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, module, record_id, status, actor, created_at)
         VALUES ('acme', $1, $2, $1, 1, 'leads', '42', 'queued', '{}', $3)`,
        [id, asked.workflowId, at(5)],
      );
    });
    const run = { id, createdAt: at(5) };
    expect(await second).toEqual(new Map([[keyOf(asked), { active: run, newest: run, newestFailed: null }]]));
  });
});
