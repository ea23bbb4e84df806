import { describe, expect, it } from '@jest/globals';
import { AutomationEngine } from '../../src/engine/automation-engine.js';
import { lockRun } from '../../src/store/run-command-store.js';
import { startAutomationApp } from '../support/automation-app.js';

describe('retention', () => {
  it('removes what is past its age with its steps, and never what still waits', async () => {
    const app = await startAutomationApp({ retention: { runs: 'P90D', skippedRuns: 'P10D', events: 'P30D' } });
    await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'source', operator: 'is_any_of', value: ['Done', 'Waits'] },
      steps: [
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
        {
          id: 'gate',
          type: 'branch',
          branches: [
            {
              name: 'wait',
              when: { field: 'source', operator: 'equals', value: 'Waits' },
              steps: [{ id: 'cool', type: 'delay', for: 'P1D' }],
            },
          ],
        },
      ],
    });
    const age = async (days: number, source: string): Promise<void> => {
      const lead = await app.createLead({ source });
      await app.automation.drain();
      await app.query(
        `UPDATE automation.runs SET created_at = now() - $2 * interval '1 day', finished_at = finished_at - $2 * interval '1 day' WHERE record_id = $1`,
        [lead.id, days],
      );
      await app.query(`UPDATE automation.events SET occurred_at = now() - $2 * interval '1 day' WHERE record_id = $1`, [lead.id, days]);
    };
    await age(100, 'Done');
    await age(50, 'Done');
    await age(50, 'Skipped');
    await age(5, 'Skipped');
    await age(400, 'Waits');
    await app.module.get(AutomationEngine).cleanUp();
    const left = await app.query<{ status: string; days: number }>(
      `SELECT status, round(extract(epoch FROM now() - created_at) / 86400)::int AS days FROM automation.runs ORDER BY days`,
    );
    expect(left).toEqual([
      { status: 'skipped', days: 5 },
      { status: 'succeeded', days: 50 },
      { status: 'waiting', days: 400 },
    ]);
    expect(
      await app.query(
        'SELECT count(*)::int AS orphans FROM automation.step_executions s WHERE NOT EXISTS (SELECT 1 FROM automation.runs r WHERE r.id = s.run_id)',
      ),
    ).toEqual([{ orphans: 0 }]);
    const events = await app.query<{ days: number }>(
      `SELECT round(extract(epoch FROM now() - occurred_at) / 86400)::int AS days FROM automation.events ORDER BY days`,
    );
    expect(events.map(({ days }) => days)).toEqual([5, 400]);
    await app.close();
  });
});

describe('a restart against retention', () => {
  it('keeps the event that the new run needs while it is being decided', async () => {
    const app = await startAutomationApp({ retention: { events: 'P30D' } });
    const id = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
    });
    await app.createLead();
    await app.automation.drain();
    await app.query("UPDATE automation.events SET occurred_at = now() - interval '40 days'");
    const [run] = await app.runsOf({ workflowId: id });
    await app.source.transaction(async (manager) => {
      const locked = await lockRun(manager, 'acme', run?.id ?? '');
      expect(locked?.hasInput).toBe(true);
      await app.module.get(AutomationEngine).cleanUp();
    });
    expect(await app.query('SELECT count(*)::int AS events FROM automation.events')).toEqual([{ events: 1 }]);
    await app.module.get(AutomationEngine).cleanUp();
    expect(await app.query('SELECT count(*)::int AS events FROM automation.events')).toEqual([{ events: 0 }]);
    await app.close();
  });
});
