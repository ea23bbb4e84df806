import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { MASK } from '../../src/core/definition/secrets.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { UNKNOWN } from '../security/support/routes.js';
import { rows, seedEvent, seedRun } from './support/seed.js';

const SECRET = `whsec_${Buffer.from('the signing secret of a receiver').toString('base64')}`;
const DEFINITION = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [{ id: 'tell', type: 'webhook', with: { url: 'https://receiver.test/', secret: SECRET } }],
};

interface Entry {
  id: string;
  at: string;
  action: string;
  actor: { id: string; name: string };
  target: { type: string; id: string; workflowId: string | null; workflowName: string | null };
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  note: string | null;
}

describe('the audit log', () => {
  let real: RealApp;
  let workflowId: string;
  let failed: string;
  let waiting: string;
  beforeAll(async () => {
    real = await startRealApp();
    const made = await real.call('post', '/automation/workflows').send({ name: 'Told of', definition: DEFINITION }).expect(201);
    workflowId = made.body.id;
    const path = `/automation/workflows/${workflowId}`;
    await real.call('post', `${path}/publish`).send({ note: 'The first one.' }).expect(200);
    await real
      .call('patch', path)
      .send({ revision: 1, name: 'Renamed', definition: { ...DEFINITION, settings: { reentry: 'once_per_record' } } })
      .expect(200);
    await real.call('post', `${path}/discard`).expect(200);
    await real.call('post', `${path}/pause`, 'support').expect(200);
    await real.call('post', `${path}/activate`, 'support').expect(200);
    await real.call('post', `${path}/runs`).send({ reason: 'The customer asked for it.', key: 'k' }).expect(202);
    const [version] = await rows(real.database, 'SELECT id FROM automation.workflow_versions WHERE workflow_id = $1', [workflowId]);
    const workflow = { id: workflowId, versionId: String(version?.id) };
    failed = await seedRun(real.database, workflow, { event_id: await seedEvent(real.database) });
    waiting = await seedRun(real.database, workflow, { status: 'waiting' });
    await real.call('post', `/automation/runs/${failed}/retry`, 'support').send({ from: 'start', reason: 'It is back.' }).expect(200);
    await real.call('post', `/automation/runs/${waiting}/cancel`, 'only:operate').send({ reason: 'Not wanted.' }).expect(200);
    const bulk = await seedRun(real.database, workflow, { event_id: await seedEvent(real.database, { record_id: '43' }) });
    await real.call('post', '/automation/runs/retry', 'support').send({ from: 'failed_step', filter: { workflowId } }).expect(200);
    await rows(real.database, `UPDATE automation.runs SET status = 'succeeded' WHERE status <> 'failed'`);
    await real.call('post', `${path}/unpublish`).expect(200);
    await real.call('post', `${path}/archive`).expect(200);
    await real.call('post', `${path}/restore`).expect(200);
    await real.call('delete', path).expect(204);
    expect(bulk).not.toBe(failed);
    await real.call('post', '/automation/workflows', 'rival').send({ name: 'Not yours', definition: {} }).expect(201);
  });
  afterAll(() => real?.close());

  const list = async (query = ''): Promise<Entry[]> =>
    (await real.call('get', `/automation/audit?${query}`, 'viewer').expect(200)).body.items;
  const actions = async (query: string): Promise<string[]> => (await list(query)).map(({ action }) => action.replace(/^workflow\./, ''));

  it('has every change of workflows and runs, newest first, and none of another workspace', async () => {
    expect(await actions('')).toEqual([
      'deleted',
      'restored',
      'archived',
      'unpublished',
      'run.retried',
      'run.cancelled',
      'run.retried',
      'started',
      'activated',
      'paused',
      'discarded',
      'updated',
      'published',
      'created',
    ]);
    expect((await list()).every(({ at }, index, all) => index === 0 || at <= (all[index - 1]?.at ?? ''))).toBe(true);
  });

  it('says who, with the name that they had, what before and after, and why; secrets are masked', async () => {
    const published = (await list('action=workflow.published'))[0];
    expect(published).toEqual({
      id: expect.any(String),
      at: expect.stringMatching(/Z$/),
      actor: { type: 'user', id: 'u-admin', name: 'Ada' },
      action: 'workflow.published',
      target: { type: 'workflow', id: workflowId, workflowId, workflowName: 'Renamed' },
      before: { status: 'draft', version: null },
      after: { status: 'active', version: 1 },
      note: 'The first one.',
    });
    const updated = (await list('action=workflow.updated'))[0];
    expect(updated?.before).toMatchObject({ name: 'Told of', definition: { steps: [{ with: { secret: MASK } }] } });
    expect(updated?.after).toMatchObject({ name: 'Renamed', definition: { settings: { reentry: 'once_per_record' } } });
    expect((await list('action=workflow.discarded'))[0]).toMatchObject({
      before: { definition: { settings: { reentry: 'once_per_record' } } },
      after: { definition: { trigger: { event: 'created' } } },
    });
    expect(JSON.stringify(await list())).not.toContain(SECRET);
    const cancelled = (await list(`target=${waiting}`))[0];
    expect(cancelled).toMatchObject({
      action: 'run.cancelled',
      // Whoever has no name is shown by the id.
      actor: { id: 'u', name: 'u' },
      target: { type: 'run', id: waiting, workflowId, workflowName: 'Renamed' },
      before: { status: 'waiting' },
      after: { status: 'cancelled' },
      note: 'Not wanted.',
    });
  });

  it('is asked by target, person, action and period, and by several of them', async () => {
    expect(await actions(`target=${failed}`)).toEqual(['run.retried']);
    expect(await actions(`target=${workflowId}`)).toHaveLength(11);
    expect(await actions('actor=u-support')).toEqual(['run.retried', 'run.retried', 'activated', 'paused']);
    expect(await actions('action=run.retried')).toHaveLength(2);
    expect(await actions('actor=u-support&action=workflow.paused')).toEqual(['paused']);
    expect(await actions('action=workflow.paused,workflow.activated,workflow.nothing')).toEqual(['activated', 'paused']);
    expect(await actions(`actor=u-admin&target=${failed}`)).toEqual([]);
    expect(await actions(`target=${UNKNOWN}`)).toEqual([]);
    const [latest] = await list();
    const at = encodeURIComponent(latest?.at ?? '');
    expect(await actions(`from=${at}`)).toContain('deleted');
    expect(await actions(`to=${at}`)).not.toContain('deleted');
    expect(await actions(`to=2020-01-01`)).toEqual([]);
  });

  it('is read page by page', async () => {
    const all = (await list()).map(({ id }) => id);
    const read: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await real.call('get', `/automation/audit?limit=5${cursor}`, 'viewer').expect(200);
      read.push(...body.items.map(({ id }: Entry) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(read).toEqual(all);
  });

  it('names the people of 0.1.0, who had none, by their ids, and runs that retention has removed by theirs alone', async () => {
    await rows(
      real.database,
      `INSERT INTO automation.audit_log (workspace_id, id, actor, action, target_type, target_id)
       VALUES ('acme', $1, '{"type": "user", "id": "u-old"}', 'run.cancelled', 'run', $2)`,
      [uuid(), UNKNOWN],
    );
    expect((await list(`target=${UNKNOWN}`))[0]).toMatchObject({
      actor: { id: 'u-old', name: 'u-old' },
      target: { type: 'run', id: UNKNOWN, workflowId: null, workflowName: null },
    });
  });

  it('is found by an index, whatever is asked, among many entries', async () => {
    await rows(
      real.database,
      `INSERT INTO automation.audit_log (workspace_id, id, at, actor, action, target_type, target_id)
       SELECT CASE WHEN i % 10 = 0 THEN 'acme' ELSE 'big' END, ('01890000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, now(),
         json_build_object('type', 'user', 'id', 'u-' || (i % 50)), 'run.retried', 'run', gen_random_uuid() FROM generate_series(1, 40000) i`,
    );
    await rows(real.database, 'ANALYZE automation.audit_log');
    const { listAudit } = await import('../../src/store/audit-list.js');
    const plans: string[] = [];
    const explaining = {
      query: async (statement: string, parameters: unknown[]) => {
        const plan = await rows(real.database, `EXPLAIN ${statement}`, parameters);
        plans.push(plan.map((row) => row['QUERY PLAN']).join('\n'));
        return [];
      },
    };
    const one = { actions: ['workflow.published'] };
    const several = { actions: ['workflow.published', 'workflow.paused'] };
    for (const filter of [{}, { target: UNKNOWN }, { actor: 'u-7' }, one, several, { from: new Date() }]) {
      await listAudit(explaining as never, 'big', filter, { limit: 51 });
    }
    const indexes = ['audit_log_pkey', 'audit_log_target', 'audit_log_actor', 'audit_log_action', 'audit_log_action', 'audit_log_pkey'];
    for (const [index, plan] of plans.entries()) {
      expect(plan).toContain(`using ${indexes[index]} on audit_log`);
      expect(plan).not.toContain('Seq Scan on audit_log');
    }
  });
});
