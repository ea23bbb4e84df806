import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const STEPS = [{ id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: 'At {{trigger.at}}' } }];
const DAY_MS = 86_400_000;
/** A minute that is just over: of a schedule that ticks in it once a day, nothing becomes due while a test runs. */
const TODAY = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;

describe('a schedule', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
  });
  beforeEach(() =>
    app.query('TRUNCATE automation.workflows, automation.events, automation.runs, automation.step_executions, crm_notifications CASCADE'),
  );
  afterAll(() => app?.close());

  const daily = (more: object = {}) => ({
    type: 'schedule',
    cron: `${new Date(TODAY).getUTCMinutes()} ${new Date(TODAY).getUTCHours()} * * *`,
    timezone: 'UTC',
    ...more,
  });
  const publish = (trigger: object, more: object = {}) => app.publishWorkflow({ trigger, steps: STEPS, ...more });
  const nextAt = async (workflowId: string): Promise<string | undefined> => {
    const [row] = await app.query<{ next_at: Date }>('SELECT next_at FROM automation.schedules WHERE workflow_id = $1', [workflowId]);
    return row?.next_at.toISOString();
  };
  /** As if nobody had looked for so many days, a tick being due then. Returns that tick. */
  const missSince = async (workflowId: string, days: number): Promise<Date> => {
    const at = new Date(TODAY - days * DAY_MS);
    await app.query('UPDATE automation.schedules SET next_at = $2 WHERE workflow_id = $1', [workflowId, at]);
    return at;
  };
  const runs = async (workflowId: string) =>
    (
      await app.query<{ found: string }>(
        'SELECT coalesce(reason, status) AS found FROM automation.runs WHERE workflow_id = $1 ORDER BY id',
        [workflowId],
      )
    ).map(({ found }) => found);
  const ticks = async () =>
    (await app.query<{ trigger: { at: string } }>(`SELECT trigger FROM automation.events WHERE source = 'schedule' ORDER BY id`)).map(
      ({ trigger }) => trigger,
    );

  it('ticks first when its time has come after it was published, in its zone', async () => {
    const workflowId = await publish({ type: 'schedule', cron: '30 9 1 1 *', timezone: 'Asia/Kolkata' });
    const [{ now }] = (await app.query<{ now: Date }>('SELECT now() AS now')) as [{ now: Date }];
    const next = (await nextAt(workflowId)) ?? '';
    expect(next).toMatch(/-01-01T04:00:00\.000Z$/);
    expect(Date.parse(next)).toBeGreaterThan(now.getTime());
    await app.automation.drain();
    expect(await runs(workflowId)).toEqual([]);
  });

  it('starts a run by the ordinary way: the event names the workflow, and steps see when it was due', async () => {
    const workflowId = await publish(daily());
    const at = await missSince(workflowId, 0);
    await app.automation.drain();
    expect(await runs(workflowId)).toEqual(['succeeded']);
    const [run] = await app.runsOf({ workflowId });
    expect(run).toMatchObject({ module: null, recordId: null, actor: { type: 'system', name: 'Schedule' } });
    expect(await app.runs.getEvent(run?.eventId ?? '', ADMIN)).toMatchObject({
      event: 'schedule',
      target: { workflowId },
      trigger: { type: 'schedule', at: at.toISOString() },
    });
    expect(await app.query('SELECT title FROM crm_notifications')).toEqual([{ title: `At ${at.toISOString()}` }]);
    expect(await nextAt(workflowId)).toBe(new Date(TODAY + DAY_MS).toISOString());
    await app.automation.drain();
    expect(await runs(workflowId)).toHaveLength(1);
  });

  it('starts beside one that cannot be read, which is left for a node that can', async () => {
    const [broken, healthy] = [await publish(daily()), await publish(daily())];
    for (const workflowId of [broken, healthy]) await missSince(workflowId, 0);
    const due = await nextAt(broken);
    const trigger = JSON.stringify(daily({ timezone: 'Mars/Base' }));
    await app.query(`UPDATE automation.workflow_versions SET definition = jsonb_set(definition, '{trigger}', $2) WHERE workflow_id = $1`, [
      broken,
      trigger,
    ]);
    await app.automation.drain();
    expect(await runs(healthy)).toEqual(['succeeded']);
    expect(await runs(broken)).toEqual([]);
    expect(await nextAt(broken)).toBe(due);
  });

  it('starts one run for all that was missed, unless it says otherwise, and tells since when', async () => {
    const workflowId = await publish(daily());
    const since = await missSince(workflowId, 600);
    await app.automation.drain();
    expect(await runs(workflowId)).toEqual(['succeeded']);
    const [tick] = await ticks();
    expect(tick).toMatchObject({ missedSince: since.toISOString() });
    expect(tick?.at).toBe(new Date(TODAY).toISOString());
  });

  it('starts a run for each that was missed where it says "each", in their order', async () => {
    const workflowId = await publish(daily({ misfire: 'each' }));
    const since = await missSince(workflowId, 120);
    await app.automation.drain();
    const at = (await ticks()).map((tick) => Date.parse(tick.at));
    expect(at).toEqual(Array.from({ length: 121 }, (_, index) => since.getTime() + index * DAY_MS));
    expect(new Set(await runs(workflowId))).toEqual(new Set(['succeeded']));
  });

  it('starts nothing for what was missed where it says "skip", and a skipped run says so', async () => {
    const workflowId = await publish({ type: 'schedule', cron: '0 0 1 1 *', timezone: 'UTC', misfire: 'skip' });
    const lastYear = new Date(Date.UTC(new Date().getUTCFullYear(), 0, 1));
    await app.query('UPDATE automation.schedules SET next_at = $2 WHERE workflow_id = $1', [workflowId, lastYear]);
    await app.automation.drain();
    const [run, ...others] = await app.runsOf({ workflowId });
    expect(others).toEqual([]);
    expect(run).toMatchObject({ status: 'skipped', reason: 'misfire' });
    expect(JSON.stringify(run?.explanation)).toContain(lastYear.toISOString());
  });

  it('goes on with the tick that is due now where it skips what was missed before it', async () => {
    const workflowId = await publish(daily({ misfire: 'skip' }));
    await missSince(workflowId, 600);
    await app.automation.drain();
    expect(await runs(workflowId)).toEqual(['succeeded']);
  });

  it('of a paused workflow is skipped with that reason, and goes on afterwards', async () => {
    const workflowId = await publish(daily({ misfire: 'each' }));
    await app.workflows.pause(workflowId, ADMIN);
    await missSince(workflowId, 0);
    await app.automation.drain();
    expect(await runs(workflowId)).toEqual(['paused']);
    await app.workflows.activate(workflowId, ADMIN);
    await missSince(workflowId, 1);
    await app.automation.drain();
    // The tick of today is known already.
    expect(await runs(workflowId)).toEqual(['paused', 'succeeded']);
  });

  const edit = async (id: string, trigger: object) => {
    const { revision } = await app.workflows.get(id, ADMIN);
    await app.workflows.update(id, { revision, definition: { trigger, steps: STEPS } as never }, ADMIN);
    await app.workflows.publish(id, ADMIN);
  };

  it('follows the version that is published; with the same times no tick is lost', async () => {
    const workflowId = await publish(daily());
    const at = await missSince(workflowId, 5);
    await edit(workflowId, daily({ misfire: 'each' }));
    expect(await nextAt(workflowId)).toBe(at.toISOString());
    await edit(workflowId, { type: 'schedule', cron: '0 0 1 1 *', timezone: 'UTC' });
    expect(await nextAt(workflowId)).toMatch(/-01-01T00:00:00\.000Z$/);
    await edit(workflowId, { type: 'manual' });
    expect(await nextAt(workflowId)).toBeUndefined();
  });

  it('ends with its workflow, and with its version, whoever has withdrawn that', async () => {
    const deleted = await publish(daily());
    await app.workflows.delete(deleted, ADMIN);
    expect(await nextAt(deleted)).toBeUndefined();
    const withdrawn = await publish(daily());
    await app.query('UPDATE automation.workflows SET published_version_id = NULL WHERE id = $1', [withdrawn]);
    await missSince(withdrawn, 0);
    await app.automation.drain();
    expect(await nextAt(withdrawn)).toBeUndefined();
    expect(await ticks()).toEqual([]);
  });

  it('ends when its workflow is unpublished or archived, and begins anew when that is restored', async () => {
    const workflowId = await publish(daily());
    await app.workflows.unpublish(workflowId, ADMIN);
    expect(await nextAt(workflowId)).toBeUndefined();
    await app.workflows.publish(workflowId, ADMIN);
    expect(await nextAt(workflowId)).toBe(new Date(TODAY + DAY_MS).toISOString());
    await app.workflows.archive(workflowId, ADMIN);
    expect(await nextAt(workflowId)).toBeUndefined();
    await app.workflows.restore(workflowId, ADMIN);
    expect(await nextAt(workflowId)).toBe(new Date(TODAY + DAY_MS).toISOString());
  });

  it('makes no start twice, should its row ever go back', async () => {
    const workflowId = await publish(daily());
    const at = await missSince(workflowId, 0);
    await app.automation.drain();
    await app.query('UPDATE automation.schedules SET next_at = $2 WHERE workflow_id = $1', [workflowId, at]);
    await app.automation.drain();
    expect((await ticks()).filter((tick) => tick.at === at.toISOString())).toHaveLength(1);
  });
});
