import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunDetail } from '../../src/admin/run-detail.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const ONE = { maxConcurrentRuns: 1 };
const IN_ORDER = { order: 'per_record' };

describe('two workflows that run each other and wait for it', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  afterAll(() => app.close());

  /** Each is started by a lead of this source. Answers their ids. */
  const mutual = async (source: string, ...settings: [object, object]) => {
    const ids: string[] = [];
    for (const [at, code] of [`${source}-ping`, `${source}-pong`].entries()) {
      const workflow = at === 0 ? `${source}-pong` : `${source}-ping`;
      const steps = [{ id: 'sub', type: 'run_workflow', workflow, wait: true }];
      const conditions = { field: 'source', operator: 'equals', value: source };
      const definition = { trigger: CREATED, conditions, steps, settings: settings[at] } as never;
      const { id } = await app.workflows.create({ name: code, code, definition }, ADMIN);
      ids.push(id);
    }
    for (const id of ids) await app.workflows.publish(id, ADMIN);
    return ids;
  };
  const runsOf = async (ids: readonly string[]): Promise<RunDetail[]> =>
    (await Promise.all(ids.map((workflowId) => app.runsOf({ workflowId })))).flat();
  const endings = async (ids: readonly string[]) => (await runsOf(ids)).map(({ status, reason }) => reason ?? status).sort();

  it.each([
    ['limit their runs', 'limit', ONE, ONE],
    ['keep those of a record in order', 'order', IN_ORDER, IN_ORDER],
    ['do the one and the other', 'both', ONE, IN_ORDER],
  ])('and %s: a run that would wait for ever fails, who waits for it knows why, and both go on', async (_, source, ping, pong) => {
    const ids = await mutual(source, ping, pong);
    await app.createLead({ source });
    await app.automation.drain();
    expect(await endings(ids)).toEqual(['deadlock', 'loop', 'sub_run_failed', 'succeeded', 'succeeded']);
    const runs = await runsOf(ids);
    const stuck = runs.find(({ reason }) => reason === 'deadlock');
    expect(stuck).toMatchObject({ status: 'failed', startedAt: null, error: { hint: expect.any(String) } });
    for (const { id } of runs.filter(({ parent }) => parent === null)) expect(stuck?.error?.message).toContain(id);
    const parent = runs.find(({ reason }) => reason === 'sub_run_failed');
    expect(parent?.error?.message).toContain('wait for each other');
    await app.runs.retry(parent?.id ?? '', { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    expect(await app.runs.get(parent?.id ?? '', ADMIN)).toMatchObject({ status: 'succeeded' });
  });

  it('are left alone while a place will become free', async () => {
    const ids = await mutual('room', { maxConcurrentRuns: 2 }, { maxConcurrentRuns: 2 });
    await app.createLead({ source: 'room' });
    await app.automation.drain();
    expect(await endings(ids)).toEqual(['loop', 'loop', 'succeeded', 'succeeded', 'succeeded', 'succeeded']);
  });

  it('come to their ends however many there are, on whatever node', async () => {
    const ids = await mutual('many', { maxConcurrentRuns: 2 }, ONE);
    const node = await startAutomationApp({}, { database: app.database });
    for (let index = 0; index < 6; index += 1) await app.createLead({ source: 'many' });
    await Promise.all([app.automation.drain(), node.automation.drain()]);
    await app.automation.drain();
    await node.close();
    const runs = await runsOf(ids);
    expect(runs.filter(({ finishedAt }) => finishedAt === null)).toEqual([]);
    // What nobody had to step in for has succeeded, or was a loop.
    const reasons = new Set(runs.filter(({ status }) => status !== 'succeeded').map(({ reason }) => reason));
    expect([...reasons].filter((reason) => !['deadlock', 'sub_run_failed', 'loop'].includes(reason ?? ''))).toEqual([]);
  });
});
