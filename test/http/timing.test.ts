import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, rows } from './support/seed.js';

const STEPS = [{ id: 'call', type: 'create_task', with: { title: 'Call' } }];

describe('what is to come', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
  });
  afterAll(() => real?.close());

  const preview = (body: object) => real.call('post', '/automation/schedules/preview', 'viewer').send(body);

  it('is told of a schedule: its next five times, for programs and for people', async () => {
    const { next } = (await preview({ cron: '30 9 4 7 *', timezone: 'Europe/Berlin' }).expect(200)).body;
    expect(next).toHaveLength(5);
    const year = Number(next[0].at.slice(0, 4));
    expect(next.map(({ at }: { at: string }) => at)).toEqual([0, 1, 2, 3, 4].map((later) => `${year + later}-07-04T07:30:00.000Z`));
    expect(next[0].words).toMatch(new RegExp(`^[A-Z][a-z]+day, 4 July ${year}, 09:30 \\(Europe/Berlin, UTC\\+02:00\\)$`));
  });

  it('is not told of what is no schedule: each problem has its path', async () => {
    const refused = (await preview({ cron: '0 99 * * *', timezone: 'Mars/Base' }).expect(422)).body;
    expect(refused).toMatchObject({ code: 'schedule_invalid', problems: [{ path: 'timezone' }, { path: 'cron' }] });
  });

  it('is told of a workflow, as it is published', async () => {
    const timing = async (trigger: object) => {
      const { id } = await publishedWorkflow(real as never, { trigger, steps: STEPS });
      return (await real.call('get', `/automation/workflows/${id}/timing`, 'viewer').expect(200)).body;
    };
    expect(await timing({ type: 'schedule', cron: '0 9 * * *', timezone: 'UTC' })).toMatchObject({
      type: 'schedule',
      next: Array.from({ length: 5 }, () => ({ at: expect.stringMatching(/T09:00:00\.000Z$/) })),
    });
    expect(await timing({ type: 'manual' })).toEqual({ type: 'manual', status: 'active', next: [], dates: null });
    const { id } = (
      await real
        .call('post', '/automation/workflows', 'admin')
        .send({ name: 'Draft', definition: { trigger: { type: 'manual' }, steps: STEPS } })
    ).body;
    expect((await real.call('get', `/automation/workflows/${id}/timing`, 'viewer').expect(200)).body).toEqual({
      type: null,
      status: 'draft',
      next: [],
      dates: null,
    });
  });

  it('is no time of a schedule while it is paused', async () => {
    const { id } = await publishedWorkflow(real as never, {
      trigger: { type: 'schedule', cron: '0 9 * * *', timezone: 'UTC' },
      steps: STEPS,
    });
    const timing = async () => (await real.call('get', `/automation/workflows/${id}/timing`, 'viewer').expect(200)).body;
    await real.call('post', `/automation/workflows/${id}/pause`, 'admin').expect(200);
    expect(await timing()).toEqual({ type: 'schedule', status: 'paused', next: [], dates: null });
    await real.call('post', `/automation/workflows/${id}/activate`, 'admin').expect(200);
    expect(await timing()).toMatchObject({ status: 'active', next: { length: 5 } });
  });

  it('is told of a date trigger: how many records wait, when the first is due, how far existing ones have been looked at', async () => {
    const { id } = await publishedWorkflow(real as never, {
      trigger: { type: 'date', module: 'tasks', field: 'dueAt', offset: 'P1D' },
      steps: STEPS,
    });
    await rows(real.database, `INSERT INTO crm_tasks ("workspaceId", title, "dueAt") VALUES ('acme', 'x', now() + interval '1 day')`);
    const timing = async () => (await real.call('get', `/automation/workflows/${id}/timing`, 'viewer').expect(200)).body;
    expect(await timing()).toMatchObject({
      type: 'date',
      dates: { waiting: 0, nextAt: null, build: { state: 'building', finishedAt: null } },
    });
    await real.automation.drain();
    expect(await timing()).toMatchObject({
      next: [],
      dates: {
        waiting: 1,
        waitingIsExact: true,
        nextAt: expect.stringMatching(/Z$/),
        build: { state: 'done', seen: 1, noted: 1, problem: null, finishedAt: expect.stringMatching(/Z$/) },
      },
    });
  });

  it('is shown by the catalogue: kinds of triggers with the schema of each', async () => {
    const { triggers } = (await real.call('get', '/automation/catalog', 'viewer').expect(200)).body;
    expect(triggers).toContainEqual(
      expect.objectContaining({
        type: 'schedule',
        executable: true,
        schema: expect.objectContaining({ required: ['type', 'cron', 'timezone'], additionalProperties: false }),
      }),
    );
  });
});
