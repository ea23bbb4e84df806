import { describe, expect, it } from '@jest/globals';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { ADMIN, startAutomationApp } from '../support/automation-app.js';

describe('admin requests that hang', () => {
  it('cost neither claims nor heartbeats: they have a share of the connections', async () => {
    const poolSize = 4;
    const app = await startAutomationApp({ admin: { queryTimeoutMs: 60_000 }, database: { poolSize } });
    const id = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
    });
    const blocked = await app.workflows.create({ name: 'Somebody holds it', definition: {} }, ADMIN);
    const hanging = Array.from({ length: 2 * poolSize }, (_, index) => index);
    let ended = 0;
    const holder = app.source.createQueryRunner();
    await holder.startTransaction();
    await holder.query('SELECT 1 FROM automation.workflows WHERE id = $1 FOR UPDATE', [blocked.id]);
    const edits = hanging.map((index) =>
      app.workflows
        .update(blocked.id, { revision: blocked.revision, name: `Edit ${index}` }, ADMIN)
        .catch(() => undefined)
        .finally(() => (ended += 1)),
    );
    await app.eventually(async () => {
      const [row] = await app.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(row?.waiting).toBeGreaterThan(0);
    });
    await app.createLead();
    expect(await app.automation.drain()).toMatchObject({ events: 1 });
    await app.module.get(RunDriver).heartbeat();
    const done = "SELECT count(*)::int AS runs FROM automation.runs WHERE workflow_id = $1 AND status = 'succeeded'";
    expect(await app.query(done, [id])).toEqual([{ runs: 1 }]);
    expect(ended).toBe(0);
    await holder.rollbackTransaction();
    await holder.release();
    await Promise.all(edits);
    expect(ended).toBe(hanging.length);
    await app.close();
  });
});
