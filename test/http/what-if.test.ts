import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow, rows } from './support/seed.js';

describe('what would start if a record changed so', () => {
  let real: RealApp;
  const STEPS = [{ id: 'task', type: 'create_task', with: { title: 'x' } }];
  const published = async (definition: object, token = 'admin') =>
    (await publishedWorkflow(real as never, { steps: STEPS, ...definition }, token)).id;
  const on = (event: string, more: object = {}) => ({ trigger: { type: 'event', module: 'leads', event, ...more } });

  beforeAll(async () => {
    real = await startRealApp();
    await rows(real.database, `INSERT INTO crm_accounts (id, "workspaceId", name, industry) VALUES ('a-1', 'acme', 'Acme', 'Retail')`);
    await rows(real.database, `UPDATE crm_leads SET "accountId" = 'a-1', stage = 'New' WHERE id = '42'`);
  });
  afterAll(() => real?.close());

  const ask = (changes: object, path = 'leads/42', token = 'viewer') =>
    real.call('post', `/automation/records/${path}/what-if`, token).send({ changes });

  it('is told of every active workflow that listens, with the reason why it would or would not', async () => {
    const won = await published(on('stage_changed', { to: ['Won'] }));
    const lost = await published(on('stage_changed', { to: ['Qualified'] }));
    const steel = await published({ ...on('updated'), conditions: { field: 'account.industry', operator: 'equals', value: 'Steel' } });
    const paused = await published(on('updated'));
    await real.call('post', `/automation/workflows/${paused}/pause`).expect(200);
    await published(on('created'));
    await published(on('updated'), 'rival');
    const before = await real.state();
    const { body } = await ask({ stage: 'Won' }).expect(200);
    expect(body.record).toEqual({ module: 'leads', id: '42', title: 'Ann Example' });
    expect(body.changes).toEqual({ stage: { from: 'New', to: 'Won' } });
    const looks = new Map(body.events.map(({ event, looks }: { event: string; looks: object[] }) => [event, looks]));
    expect(looks.get('stage_changed')).toMatchObject([
      { workflow: { id: won }, version: 1, starts: true, reason: null },
      { workflow: { id: lost }, starts: false, reason: 'trigger', rule: expect.stringContaining('Won') },
    ]);
    expect(looks.get('updated')).toMatchObject([
      { workflow: { id: steel }, starts: false, reason: 'conditions', conditions: { seen: 'Retail', expected: 'Steel' } },
    ]);
    expect(await real.state()).toBe(before);
    expect(await rows(real.database, `SELECT stage FROM crm_leads WHERE id = '42'`)).toEqual([{ stage: 'New' }]);
  });

  it('knows who has run on the record already', async () => {
    const once = await published({ ...on('updated', { fields: ['source'] }), settings: { reentry: 'once_per_record' } });
    const look = async () => {
      const { body } = await ask({ source: 'Fair' }).expect(200);
      const [updated] = body.events;
      return updated.looks.find(({ workflow }: { workflow: { id: string } }) => workflow.id === once);
    };
    expect(await look()).toMatchObject({ starts: true });
    await rows(
      real.database,
      `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, module, record_id, status, actor)
       SELECT 'acme', gen_random_uuid(), id, published_version_id, 1, 'leads', '42', 'succeeded', '{}' FROM automation.workflows WHERE id = $1`,
      [once],
    );
    expect(await look()).toMatchObject({ starts: false, reason: 'reentry' });
  });

  it('is nothing for what is so already', async () => {
    expect((await ask({ stage: 'New' }).expect(200)).body).toMatchObject({ changes: {}, events: [] });
  });

  it('is refused for what is not there, and what no record can have', async () => {
    expect((await ask({ stage: 'Won' }, 'nope/42').expect(404)).body.code).toBe('module_not_found');
    expect((await ask({ stage: 'Won' }, 'leads/none').expect(404)).body.code).toBe('record_not_found');
    expect((await ask({ stage: 'Won' }, 'leads/42', 'rival').expect(404)).body.code).toBe('record_not_found');
    expect((await ask({ nope: 1 }).expect(422)).body.code).toBe('field_unknown');
    expect((await ask({ touches: 'many' }).expect(422)).body.code).toBe('value_invalid');
    await real.call('post', '/automation/records/leads/42/what-if', 'viewer').send({}).expect(400);
  });
});
