import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { MACHINE } from './support/admin-app.js';
import { rows } from './support/seed.js';

describe('instances and the versions of their machine', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
  });
  afterAll(() => real?.close());

  const WITHOUT_CALLED = {
    ...MACHINE,
    states: [
      { code: 'NEW', initial: true, timeout: { after: 'PT1H', transition: 'give_up' } },
      { code: 'DONE', final: true },
      { code: 'LOST', final: true },
    ],
    transitions: MACHINE.transitions.slice(1),
  };

  /** A machine with instances on its first version, in these states; the transition of the last one is under way. */
  const withInstances = async (code: string, states: readonly string[]) => {
    const { id } = (await real.call('post', '/automation/machines').send({ code, definition: MACHINE }).expect(201)).body;
    await real.call('post', `/automation/machines/${id}/publish`).expect(200);
    await rows(
      real.database,
      `WITH made AS (INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final, entered_at, transition)
         SELECT w.workspace_id, gen_random_uuid(), w.id, w.published_version_id, 'leads', s.n::text, s.state, false, now(),
           CASE WHEN s.n = cardinality($2::text[]) THEN 'close' END
         FROM automation.workflows w, unnest($2::text[]) WITH ORDINALITY AS s(state, n) WHERE w.id = $1 RETURNING *)
       INSERT INTO automation.instance_counts (workspace_id, machine_id, version_id, state, slot, instances)
       SELECT workspace_id, machine_id, version_id, state, 0, count(*) FROM made GROUP BY 1, 2, 3, 4`,
      [id, states],
    );
    return `/automation/machines/${id}`;
  };
  const edit = async (path: string, definition: object) => {
    const { revision } = (await real.call('get', path).expect(200)).body;
    await real.call('patch', path).send({ revision, definition }).expect(200);
  };
  const stored = (path: string) =>
    rows(
      real.database,
      `SELECT i.record_id AS record, v.version, i.state, extract(epoch FROM i.timeout_at - i.entered_at)::int AS seconds,
         (SELECT count(*)::int FROM automation.transitions t WHERE t.instance_id = i.id AND t.kind = 'migrated') AS told
       FROM automation.instances i JOIN automation.workflow_versions v ON v.id = i.version_id WHERE i.machine_id = $1 ORDER BY i.record_id`,
      [path.split('/').at(-1)],
    );

  it('go over to the published version where it has their state; the others are listed and stay', async () => {
    const path = await withInstances('goes-over', ['NEW', 'CALLED', 'NEW', 'NEW']);
    await edit(path, WITHOUT_CALLED);
    await real.call('post', `${path}/publish`).expect(200);
    const staying = [{ version: 1, state: 'CALLED', instances: 1 }];
    const preview = (await real.call('post', `${path}/migrate`).send({ dryRun: true }).expect(200)).body;
    expect(preview).toEqual({ version: 2, migrated: 3, staying, left: 0 });
    expect((await stored(path)).map(({ version }) => version)).toEqual([1, 1, 1, 1]);
    const done = (await real.call('post', `${path}/migrate`).expect(200)).body;
    expect(done).toEqual({ version: 2, migrated: 2, staying, left: 1 });
    expect(await stored(path)).toEqual([
      { record: '1', version: 2, state: 'NEW', seconds: 3600, told: 1 },
      { record: '2', version: 1, state: 'CALLED', seconds: null, told: 0 },
      { record: '3', version: 2, state: 'NEW', seconds: 3600, told: 1 },
      { record: '4', version: 1, state: 'NEW', seconds: null, told: 0 },
    ]);
    expect((await real.call('get', path).expect(200)).body.states).toEqual([
      { version: 1, state: 'CALLED', isFinal: false, instances: 1 },
      { version: 1, state: 'NEW', isFinal: false, instances: 1 },
      { version: 2, state: 'NEW', isFinal: false, instances: 2 },
    ]);
    expect((await real.call('post', `${path}/migrate`).expect(200)).body.migrated).toBe(0);
    const { items } = (await real.call('get', `/automation/audit?action=machine.migrated`).expect(200)).body;
    expect(items).toMatchObject([{ after: { version: 2, instances: 2 } }]);
  });

  it('go over with the publication where that is asked for', async () => {
    const path = await withInstances('with-it', ['NEW', 'CALLED']);
    expect((await real.call('post', `${path}/publish`).expect(200)).body.migration).toBeNull();
    await edit(path, WITHOUT_CALLED);
    const { body } = await real.call('post', `${path}/publish`).send({ migrate: true }).expect(200);
    expect(body).toMatchObject({ version: 2, migration: { version: 2, migrated: 1, left: 0 }, states: [{ version: 1 }, { version: 2 }] });
  });

  const previewOf = async (path: string, query = '') =>
    (await real.call('get', `${path}/publish-preview${query}`, 'viewer').expect(200)).body;

  it('are told of before a publication: what changes, who goes over, who stays, and what is in the way', async () => {
    const path = await withInstances('previewed', ['NEW', 'CALLED', 'NEW', 'LOST']);
    const nothing = await previewOf(path);
    expect(nothing).toMatchObject({ base: 1, diff: { isSame: true }, migration: { migrated: 0, staying: [] } });
    await edit(path, WITHOUT_CALLED);
    const preview = await previewOf(path);
    expect(preview).toMatchObject({
      revision: 2,
      base: 1,
      diff: { from: 1, to: null, isSame: false },
      problems: [],
      inFlight: [{ version: 1, instances: 3 }],
      migration: { migrated: 3, staying: [{ version: 1, state: 'CALLED', instances: 1 }] },
      missedTimeouts: { count: 0, isExact: true },
    });
    const { revision } = preview;
    await real.call('post', `${path}/publish`).send({ revision }).expect(200);
    expect(await previewOf(path, '?fromVersion=1')).toMatchObject({
      diff: { from: 2, to: 1 },
      migration: { migrated: 4, staying: [] },
    });
    await real.call('get', `${path}/publish-preview?fromVersion=9`, 'viewer').expect(404);
    await real.call('get', `${path}/publish-preview`, 'rival').expect(404);
  });

  it('wait for what the workspace lacks, as the preview of a publication says', async () => {
    const asks = (queue: string) => [{ id: 'ask', type: 'approval', with: { message: 'Well?', assignees: { queue } } }];
    const definition = (queue: string) => ({
      ...MACHINE,
      transitions: MACHINE.transitions.map((one) => (one.code === 'close' ? { ...one, steps: asks(queue) } : one)),
    });
    const { id } = (await real.call('post', '/automation/machines').send({ code: 'lacking', definition: definition('nobody-made') })).body;
    const path = `/automation/machines/${id}`;
    const preview = await previewOf(path);
    expect(preview).toMatchObject({ base: null, diff: null, migration: null, warnings: [], inFlight: [] });
    const refused = (await real.call('post', `${path}/publish`).expect(422)).body;
    expect(preview.problems).toEqual(refused.problems);
    expect(preview.problems[0].path).toMatch(/^transitions\[1\]\.steps\[0\]/);
  });

  it('have missed timeouts while it was disabled: how many is told before it is enabled, and of no other machine', async () => {
    const path = await withInstances('missed', ['NEW', 'NEW', 'NEW']);
    const other = await withInstances('enabled', ['NEW']);
    const overdue = (of: string, most: number) =>
      rows(
        real.database,
        `UPDATE automation.instances SET timeout_at = now() - interval '1 hour' WHERE machine_id = $1 AND record_id <= $2`,
        [of.split('/').at(-1), String(most)],
      );
    await real.call('post', `${path}/disable`).expect(200);
    await overdue(path, 2);
    await overdue(other, 1);
    expect((await real.call('get', path, 'viewer').expect(200)).body.missedTimeouts).toEqual({ count: 2, isExact: true });
    expect((await previewOf(path)).missedTimeouts).toEqual({ count: 2, isExact: true });
    const enabled = (await real.call('post', `${path}/enable`).send({ timeouts: 'restart' }).expect(200)).body;
    expect(enabled.missedTimeouts).toEqual({ count: 0, isExact: true });
    expect((await real.call('get', other, 'viewer').expect(200)).body.missedTimeouts).toEqual({ count: 0, isExact: true });
  });

  it('have nowhere to go while nothing is published', async () => {
    const { id } = (await real.call('post', '/automation/machines').send({ code: 'draft', definition: MACHINE }).expect(201)).body;
    expect((await real.call('post', `/automation/machines/${id}/migrate`).expect(409)).body.code).toBe('machine_not_published');
  });
});
