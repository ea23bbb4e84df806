import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Task } from '../support/sample-crm.js';

const HOUR_MS = 3_600_000;
const STEPS = [{ id: 'touch', type: 'change_field', with: { field: 'description', value: 'seen' } }];

describe('an emitted event that nobody but a date trigger follows', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp({ calendar: { timezone: 'UTC' } }, { emitter: true });
    await app.publishWorkflow({ trigger: { type: 'date', module: 'tasks', field: 'dueAt', offset: '-PT1H' }, steps: STEPS });
    await app.automation.drain();
  });
  afterAll(() => app?.close());

  const task = (values: Partial<Task> = {}): Task =>
    app.source.manager.create(Task, {
      ...{ id: uuidv7(), workspaceId: 'acme', title: 'Call', dueAt: new Date(Date.now() + 3 * HOUR_MS) },
      ...values,
    });
  const waits = async ({ id }: Task) => (await app.query('SELECT 1 FROM automation.date_triggers WHERE record_id = $1', [id])).length;
  const isRouted = async ({ id }: Task) =>
    (
      await app.query<{ routed: boolean; error: { code: string } | null }>(
        'SELECT routed_at IS NOT NULL AS routed, error FROM automation.events WHERE record_id = $1 ORDER BY id DESC LIMIT 1',
        [id],
      )
    )[0];
  const routeAgain = async (): Promise<void> => {
    await app.passTime();
    await app.automation.drain();
  };

  it('waits for its transaction to commit: the record’s date is noted then', async () => {
    const made = task();
    await app.source.transaction(async (manager) => {
      await manager.save(made);
      app.emitter.emit('task.created', { ...made });
      await app.captured();
      await app.automation.drain();
      expect(await isRouted(made)).toEqual({ routed: false, error: null });
    });
    await routeAgain();
    expect(await waits(made)).toBe(1);
  });

  it('is seen with the date that its transaction commits', async () => {
    const moved = await app.source.manager.save(task({ dueAt: null }));
    await app.source.transaction(async (manager) => {
      const saved = await manager.save(Task, { ...moved, dueAt: new Date(Date.now() + 3 * HOUR_MS) });
      app.emitter.emit('task.updated', saved);
      await app.captured();
      await app.automation.drain();
    });
    // Transactions of other tests on this server may be open, and are waited for, too.
    await app.eventually(async () => {
      await routeAgain();
      expect(await waits(moved)).toBe(1);
    });
  });

  it('notes nothing when its transaction was rolled back, and says so', async () => {
    const ghost = task();
    await app.source
      .transaction(async (manager) => {
        app.emitter.emit('task.created', { ...(await manager.save(ghost)) });
        throw new Error('the host changes its mind');
      })
      .catch(() => undefined);
    await app.captured();
    await app.query(`UPDATE automation.events SET occurred_at = now() - interval '1 min' WHERE record_id = $1`, [ghost.id]);
    await routeAgain();
    expect(await waits(ghost)).toBe(0);
    expect(await isRouted(ghost)).toMatchObject({ routed: true, error: { code: 'record_not_found' } });
  });
});
