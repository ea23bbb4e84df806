import { afterEach, describe, expect, it } from '@jest/globals';
import type { AutomationOptions } from '../../src/automation.options.js';
import { resolveSettings } from '../../src/automation.options.js';
import { WEEKDAYS } from '../../src/core/time/calendar.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const DAY_MS = 86_400_000;
const day = (at: string | Date | undefined) => new Date(at ?? 0).toISOString().slice(0, 10);

describe('the calendar of a workspace', () => {
  let app: AutomationApp;
  afterEach(async () => {
    await app?.close();
    app = undefined as never;
  });
  const start = async (calendar?: AutomationOptions['calendar']) => {
    app = await startAutomationApp({ calendar });
  };
  /** Every day but those on which nobody works: tomorrow and the day after, whatever day is today. */
  const tomorrowOff = () => ({
    timezone: 'UTC',
    workingDays: [1, 2, 3, 4, 5, 6, 7],
    holidays: [1, 2].map((days) => day(new Date(Date.now() + days * DAY_MS))),
  });
  /** Runs the steps on a new lead; returns what its first step has come to. */
  const run = async (steps: object[], more: object = {}) => {
    const workflowId = await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps, ...more });
    await app.createLead();
    await app.automation.drain();
    const [found] = await app.runsOf({ workflowId });
    return found;
  };
  const daysFromNow = async () => {
    const [row] = await app.query<{ days: number }>(`SELECT ("dueAt"::date - (now() AT TIME ZONE 'UTC')::date) AS days FROM crm_tasks`);
    return row?.days;
  };

  it('says what a business day is: of what is due in one, of conditions, of delays', async () => {
    await start(tomorrowOff);
    const task = { id: 'task', type: 'create_task', with: { title: 'Call', dueIn: 'P1BD' } };
    await run([task]);
    expect(await daysFromNow()).toBe(3);
    const waiting = await run([{ id: 'cool', type: 'delay', for: 'P1BD' }]);
    expect(waiting?.steps[0]?.wakeAt ?? waiting?.waiting?.[0]?.until).toContain(day(new Date(Date.now() + 3 * DAY_MS)));
    const skipped = await run([task], {
      conditions: { field: 'createdAt', operator: 'in_next', value: { amount: 1, unit: 'business_day' } },
    });
    expect(skipped?.status).toBe('skipped');
  });

  it('may be one for all, and delays may end in its hours', async () => {
    await start({ ...tomorrowOff(), hours: { from: '00:00', to: '00:01' }, holidays: [] });
    const waiting = await run([{ id: 'cool', type: 'delay', for: 'PT2M', businessHours: true }]);
    const [wait] = await app.query<{ wake_at: Date }>('SELECT wake_at FROM automation.step_executions WHERE run_id = $1', [waiting?.id]);
    expect(wait?.wake_at.toISOString()).toMatch(/T00:0[01]/);
  });

  it('holds up nothing when the host does not know it: what was known last goes on to count', async () => {
    await start(() => {
      throw new Error('the calendar service is away');
    });
    const done = await run([{ id: 'task', type: 'create_task', with: { title: 'Call', dueIn: 'P5BD' } }]);
    expect(done?.status).toBe('succeeded');
    const today = Math.floor(Date.now() / DAY_MS);
    expect(await daysFromNow()).toBe(WEEKDAYS.addWorkingDays(today, 5) - today);
  });

  it('holds up nothing when it is none either', async () => {
    await start(async () => ({ timezone: 'Mars/Base' }));
    expect((await run([{ id: 'task', type: 'create_task', with: { title: 'Call', dueIn: 'P1BD' } }]))?.status).toBe('succeeded');
  });

  it('is refused as an option when it is none, with the path of each problem', () => {
    expect(() => resolveSettings({ dataSource: {}, crm: {}, calendar: { timezone: 'UTC', workingDays: [9] } } as never)).toThrow(
      expect.objectContaining({
        code: 'options_invalid',
        problems: expect.arrayContaining([expect.objectContaining({ path: 'calendar.workingDays' })]),
      }),
    );
  });
});
