import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MASK } from '../../src/core/definition/secrets.js';
import type { JsonObject } from '../../src/core/json.js';
import { RetentionRounds } from '../../src/engine/timing/retention-rounds.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { UNKNOWN } from '../security/support/routes.js';
import { DEFINITION, MACHINE } from './support/admin-app.js';
import { rows } from './support/seed.js';

describe('state machines over HTTP', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
  });
  afterAll(() => real?.close());

  const create = async (code: string, definition: object = MACHINE, more: object = {}) =>
    (
      await real
        .call('post', '/automation/machines')
        .send({ code, definition, ...more })
        .expect(201)
    ).body;
  const published = async (code: string, definition: object = MACHINE): Promise<string> => {
    const { id } = await create(code, definition);
    await real.call('post', `/automation/machines/${id}/publish`).expect(200);
    return `/automation/machines/${id}`;
  };
  const patch = async (path: string, definition: object) => {
    const { revision } = (await real.call('get', path).expect(200)).body;
    return (await real.call('patch', path).send({ revision, definition }).expect(200)).body;
  };
  const idOf = (path: string): string => path.split('/').at(-1) as string;
  /** Instances as the counters of the published version know them. */
  const count = (path: string, counts: Record<string, number>) =>
    rows(
      real.database,
      `INSERT INTO automation.instance_counts (workspace_id, machine_id, version_id, state, slot, instances)
       SELECT w.workspace_id, w.id, w.published_version_id, c.key, s.slot, c.value::bigint FROM automation.workflows w,
         json_each_text($2) AS c, (VALUES (0), (1)) AS s(slot) WHERE w.id = $1`,
      [idOf(path), JSON.stringify(counts)],
    );

  it('are saved with their problems, listed, and told apart from workflows', async () => {
    const made = await create('saved', { ...MACHINE, states: [{ code: 'NEW' }] }, { name: 'Saved', description: 'To be mended' });
    expect(made).toMatchObject({
      code: 'saved',
      name: 'Saved',
      description: 'To be mended',
      status: 'draft',
      enabled: false,
      for: { module: 'leads' },
      initialState: null,
      version: null,
      activeInstances: 0,
      warnings: [],
      states: [],
    });
    expect(made.problems.map(({ path }: { path: string }) => path)).toContain('states');
    const refused = await real.call('post', `/automation/machines/${made.id}/publish`).expect(422);
    expect(refused.body).toMatchObject({ code: 'definition_invalid', problems: made.problems });
    const list = (
      await real.call('get', '/automation/machines?search=SAVED&status=draft&module=leads&sort=-createdAt', 'viewer').expect(200)
    ).body;
    expect(list).toMatchObject({ items: [{ id: made.id, problemCount: made.problems.length }], total: 1, totalIsExact: true });
    await real.call('get', `/automation/workflows/${made.id}`).expect(404);
    await real.call('post', `/automation/workflows/${made.id}/publish`).expect(404);
    expect((await real.call('get', '/automation/workflows?search=saved').expect(200)).body.items).toEqual([]);
    const workflow = (await real.call('post', '/automation/workflows').send({ name: 'Flow', definition: DEFINITION }).expect(201)).body;
    const other = await real.call('get', `/automation/machines/${workflow.id}`).expect(404);
    expect(other.body.code).toBe('machine_not_found');
    const taken = await real.call('post', '/automation/machines').send({ code: 'flow', definition: MACHINE }).expect(409);
    expect(taken.body).toMatchObject({ code: 'code_taken', message: expect.stringContaining('"flow"') });
    const named = await real.call('post', '/automation/machines').send({ name: 'Flow', definition: MACHINE }).expect(201);
    expect(named.body.code).toMatch(/^flow-\w{8}$/);
    const nameless = await real.call('post', '/automation/machines').send({ definition: MACHINE }).expect(400);
    expect(nameless.body.problems).toMatchObject([{ path: 'name' }]);
    expect((await real.call('get', `/automation/machines/${UNKNOWN}`).expect(404)).body.code).toBe('machine_not_found');
  });

  it('are published with a version for each transition that has steps, which no list of versions shows', async () => {
    const path = await published('published');
    expect((await real.call('get', path).expect(200)).body).toMatchObject({
      name: 'published',
      status: 'active',
      enabled: true,
      version: 1,
      initialState: 'NEW',
      hasUnpublishedChanges: false,
      published: { version: 1, definition: MACHINE },
    });
    await patch(path, { ...MACHINE, transitions: MACHINE.transitions.map((one) => ({ ...one, description: 'Changed' })) });
    const again = (await real.call('post', `${path}/publish`).send({ note: 'Told better' }).expect(200)).body;
    expect(again).toMatchObject({ version: 2, status: 'active' });
    // As it stands: no further version.
    expect((await real.call('post', `${path}/publish`).expect(200)).body.version).toBe(2);
    const stored = await rows(
      real.database,
      'SELECT version, transition, definition, note FROM automation.workflow_versions WHERE workflow_id = $1 ORDER BY version, transition',
      [idOf(path)],
    );
    expect(stored.map(({ version, transition }) => [version, transition])).toEqual([
      [1, 'call'],
      [1, null],
      [2, 'call'],
      [2, null],
    ]);
    expect(stored[2]).toMatchObject({
      definition: {
        trigger: { type: 'event', module: 'leads', event: 'created' },
        steps: [{ id: 'call', type: 'create_task', with: { title: 'Call' } }],
        settings: {},
      },
      note: 'Told better',
    });
    const versions = (await real.call('get', `${path}/versions`, 'viewer').expect(200)).body;
    expect(versions.items.map(({ version, isPublished }: JsonObject) => [version, isPublished])).toEqual([
      [2, true],
      [1, false],
    ]);
    expect((await real.call('get', `${path}/versions/1`).expect(200)).body.definition).toEqual(MACHINE);
    expect((await real.call('get', `${path}/versions/7`).expect(404)).body.message).toBe('The machine has no version 7.');
    const back = (await real.call('post', `${path}/publish`).send({ fromVersion: 1 }).expect(200)).body;
    expect(back).toMatchObject({ version: 3, definition: MACHINE, published: { restoredFrom: 1 } });
  });

  it('are compared by the codes of their states and transitions', async () => {
    const path = await published('compared');
    const [call, close, giveUp] = MACHINE.transitions;
    await patch(path, { ...MACHINE, transitions: [close, call, { ...giveUp, to: 'DONE' }] });
    const diff = (await real.call('get', `${path}/diff`, 'viewer').expect(200)).body;
    expect(diff).toEqual({
      from: 1,
      to: null,
      isSame: false,
      values: [
        { path: 'transitions.give_up.to', change: 'changed', from: 'LOST', to: 'DONE' },
        { path: 'transitions', change: 'changed', from: ['call', 'close', 'give_up'], to: ['close', 'call', 'give_up'] },
      ],
      steps: [],
    });
    const draft = (await create('never-published')).id;
    const unpublished = await real.call('get', `/automation/machines/${draft}/diff`).expect(409);
    expect(unpublished.body.message).toBe('The machine has no published version to compare with.');
  });

  it('are disabled and enabled, with the reason, by whoever operates; what is so stays so', async () => {
    const path = await published('switched');
    const off = (await real.call('post', `${path}/disable`, 'support').send({ reason: 'The partner moves' }).expect(200)).body;
    expect(off).toMatchObject({ status: 'paused', enabled: false, disabledReason: 'The partner moves', disabledBy: { id: 'u-support' } });
    await real.call('post', `${path}/disable`, 'support').expect(200);
    expect((await real.call('post', `${path}/enable`, 'support').expect(200)).body).toMatchObject({ enabled: true, disabledBy: null });
    const draft = (await create('only-a-draft')).id;
    expect((await real.call('post', `/automation/machines/${draft}/enable`).expect(409)).body.code).toBe('machine_not_published');
    const { items } = (await real.call('get', `/automation/audit?target=${idOf(path)}`).expect(200)).body;
    expect(items.map(({ action, target }: { action: string; target: JsonObject }) => [action, target.type])).toEqual([
      ['machine.enabled', 'machine'],
      ['machine.disabled', 'machine'],
      ['machine.published', 'machine'],
      ['machine.created', 'machine'],
    ]);
  });

  it('raise the generation of what is active whenever what nodes do changes', async () => {
    const generation = async () =>
      (await rows(real.database, `SELECT generation FROM automation.active_workflow_generations WHERE workspace_id = 'acme'`))[0]
        ?.generation;
    const path = await published('heard-of');
    const first = await generation();
    await real.call('post', `${path}/disable`).expect(200);
    const second = await generation();
    await real.call('post', `${path}/disable`).expect(200);
    expect([Number(second) - Number(first), await generation()]).toEqual([1, second]);
  });

  it('show how many instances are where, and are deleted only without active ones', async () => {
    const path = await published('counted');
    await count(path, { NEW: 2, CALLED: 1, DONE: 5 });
    const { body } = await real.call('get', path).expect(200);
    expect(body).toMatchObject({
      activeInstances: 6,
      instances: 16,
      states: [
        { version: 1, state: 'CALLED', isFinal: false, instances: 2 },
        { version: 1, state: 'DONE', isFinal: true, instances: 10 },
        { version: 1, state: 'NEW', isFinal: false, instances: 4 },
      ],
    });
    const refused = await real.call('delete', path).expect(409);
    expect(refused.body).toMatchObject({
      code: 'machine_has_active_instances',
      message: 'The machine has 6 active instances: 2 in CALLED, 4 in NEW.',
      details: { instances: 6, byState: { CALLED: 2, NEW: 4 } },
    });
    await rows(real.database, `UPDATE automation.instance_counts SET instances = 0 WHERE machine_id = $1 AND state <> 'DONE'`, [
      idOf(path),
    ]);
    await real.call('delete', path).expect(204);
    await real.call('get', path).expect(404);
    expect(await rows(real.database, 'SELECT FROM automation.instance_counts WHERE machine_id = $1', [idOf(path)])).toEqual([]);
    expect(await rows(real.database, 'SELECT kind FROM automation.workflow_names WHERE id = $1', [idOf(path)])).toEqual([
      { kind: 'machine' },
    ]);
    expect((await real.call('get', '/automation/search?q=counted').expect(200)).body.workflows).toEqual([]);
  });

  it('take all their instances with them, however many, and nobody sees those that are still left', async () => {
    const seed = (id: string) =>
      rows(
        real.database,
        `WITH made AS (
           INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final)
           SELECT 'acme', gen_random_uuid(), $1, gen_random_uuid(), 'leads', 'r' || n, CASE n % 2 WHEN 0 THEN 'DONE' ELSE 'LOST' END, true
           FROM generate_series(1, 2100) AS n RETURNING workspace_id, id, machine_id
         ) INSERT INTO automation.transitions (workspace_id, instance_id, id, machine_id, kind)
           SELECT workspace_id, id, gen_random_uuid(), machine_id, 'created' FROM made RETURNING instance_id AS id`,
        [id],
      );
    const leftOf = async (id: string) => {
      const count = (table: string) => `(SELECT count(*)::int FROM automation.${table} WHERE machine_id = $1) AS ${table}`;
      return (await rows(real.database, `SELECT ${count('instances')}, ${count('transitions')}`, [id]))[0];
    };
    const [path, other] = [await published('many'), idOf(await published('other'))];
    await seed(other);
    await seed(idOf(path));
    await real.call('delete', path).expect(204);
    expect(await leftOf(idOf(path))).toEqual({ instances: 0, transitions: 0 });
    expect(await leftOf(other)).toEqual({ instances: 2100, transitions: 2100 });
    // As if the process had ended before it came to them.
    const [left] = await seed(idOf(path));
    for (const query of [`machineId=${idOf(path)}`, `machineId=${idOf(path)}&state=DONE`, 'recordId=r1']) {
      const { items } = (await real.call('get', `/automation/instances?${query}`).expect(200)).body;
      expect(items.filter(({ machineId }: { machineId: string }) => machineId !== other)).toEqual([]);
    }
    await real.call('get', `/automation/instances/${left?.id}`).expect(404);
    await real.call('post', `/automation/instances/${left?.id}/reset`).send({ state: 'NEW', reason: 'Again.' }).expect(404);
    await real.app.get(RetentionRounds).round();
    expect(await leftOf(idOf(path))).toEqual({ instances: 0, transitions: 0 });
    expect(await leftOf(other)).toEqual({ instances: 2100, transitions: 2100 });
  });

  it('keep the secrets of their triggers and steps', async () => {
    const trigger = {
      type: 'webhook',
      record: { match: { name: '{{trigger.body.name}}' } },
      secret: { header: 'x-partner', value: 'a-very-secret-value' },
    };
    const steps = [
      { id: 'tell', type: 'webhook', with: { url: 'https://receiver.test/hook', headers: { authorization: 'Bearer hidden-one' } } },
    ];
    const definition = {
      ...MACHINE,
      transitions: [...MACHINE.transitions, { code: 'answer', from: 'CALLED', to: 'DONE', trigger, steps }],
    };
    const { id, problems, definition: shown } = await create('secretive', definition);
    expect(problems).toEqual([]);
    const answer = shown.transitions[3];
    expect([answer.trigger.secret, answer.steps[0].with.headers]).toEqual([{ header: 'x-partner', value: MASK }, { authorization: MASK }]);
    const kept = await patch(`/automation/machines/${id}`, { ...shown, transitions: [answer, ...shown.transitions.slice(0, 3)] });
    expect(kept.problems).toEqual([]);
    const [row] = await rows(real.database, 'SELECT draft::text AS draft FROM automation.workflows WHERE id = $1', [id]);
    expect(row?.draft).toContain('a-very-secret-value');
    expect(row?.draft).toContain('hidden-one');
    const renamed = { ...answer, code: 'other', steps: [{ ...answer.steps[0], id: 'else' }] };
    const lost = await patch(`/automation/machines/${id}`, { ...shown, transitions: [...shown.transitions.slice(0, 3), renamed] });
    expect(lost.problems.map(({ path }: { path: string }) => path)).toEqual([
      'transitions[3].trigger.secret.value',
      'transitions[3].steps[0].with.headers.authorization',
    ]);
    const audit = JSON.stringify(await rows(real.database, 'SELECT before, after FROM automation.audit_log WHERE target_id = $1', [id]));
    expect(audit).not.toMatch(/very-secret|hidden-one/);
  });

  it('refuse what the workspace lacks, with the path in the machine', async () => {
    const steps = [
      { id: 'sub', type: 'run_workflow', workflow: 'nobody-made-it' },
      { id: 'ask', type: 'approval', message: 'Go on?', queue: 'no-queue' },
    ];
    const [call, ...others] = MACHINE.transitions;
    const { id, problems } = await create('lacking', { ...MACHINE, transitions: [...others, { ...call, steps }] });
    expect(problems).toEqual([]);
    const refused = (await real.call('post', `/automation/machines/${id}/publish`).expect(422)).body;
    expect(refused.problems.map(({ path }: { path: string }) => path)).toEqual([
      'transitions[2].steps[0].workflow',
      'transitions[2].steps[1].queue',
    ]);
  });

  it('say of users who have gone where others are left, as workflows do, and refuse where nobody is', async () => {
    const [call, ...others] = MACHINE.transitions;
    const asking = (...assignees: string[]) => {
      const steps = [{ id: 'ask', type: 'approval', message: 'Go on?', assignees }];
      return { ...MACHINE, transitions: [...others, { ...call, steps }] };
    };
    const { id, warnings } = await create('gone', asking('u-2', 'u-99'));
    expect(warnings).toContainEqual(expect.objectContaining({ path: 'transitions[2].steps[0].assignees[1]', code: 'user_not_found' }));
    await patch(`/automation/machines/${id}`, asking('u-99'));
    const refused = (await real.call('post', `/automation/machines/${id}/publish`).expect(422)).body;
    expect(refused.problems).toMatchObject([{ path: 'transitions[2].steps[0].assignees[0]' }]);
  });

  it('have a picture', async () => {
    const path = await published('drawn');
    const { mermaid, svg } = (await real.call('get', `${path}/diagram?version=1`, 'viewer').expect(200)).body;
    expect(mermaid).toContain('[*] --> s0');
    expect(svg).toMatch(/^<svg .*<title>drawn<\/title>/s);
    expect((await real.call('get', `${path}/diagram?version=4`).expect(404)).body.code).toBe('version_not_found');
    await patch(path, { states: [] });
    expect((await real.call('get', `${path}/diagram`).expect(422)).body.code).toBe('definition_invalid');
  });

  it('are copied, exported and imported, as drafts of their own', async () => {
    const path = await published('taken-along');
    await real.call('patch', path).send({ revision: 1, name: 'Taken along', description: 'With a text' }).expect(200);
    const copy = (await real.call('post', `${path}/copy`).send({ code: 'a-copy' }).expect(201)).body;
    expect(copy).toMatchObject({
      code: 'a-copy',
      name: 'Copy of Taken along',
      description: 'With a text',
      status: 'draft',
      definition: MACHINE,
    });
    expect((await real.call('post', `${path}/copy`).send({ name: 'Named' }).expect(201)).body).toMatchObject({
      code: 'named',
      name: 'Named',
    });
    const file = (await real.call('get', `${path}/export`, 'viewer').expect(200)).body;
    expect(file).toEqual({
      format: 'nestjs-crm-automation/machine',
      formatVersion: 1,
      code: 'taken-along',
      name: 'Taken along',
      description: 'With a text',
      definition: MACHINE,
    });
    expect((await real.call('get', `${path}/export?version=1`).expect(200)).body.definition).toEqual(MACHINE);
    expect((await real.call('get', `${path}/export?version=4`).expect(404)).body.code).toBe('version_not_found');
    const there = (await real.call('post', '/automation/machines/import', 'rival').send(file).expect(201)).body;
    expect(there).toMatchObject({ code: 'taken-along', definition: MACHINE, problems: [] });
    const here = (await real.call('post', '/automation/machines/import').send(file).expect(201)).body;
    expect(here.code).toMatch(/^taken-along-\w{8}$/);
    const refused = await real
      .call('post', '/automation/machines/import')
      .send({ ...file, format: 'nestjs-crm-automation/workflow' })
      .expect(400);
    expect(refused.body).toMatchObject({ code: 'invalid_request', problems: [{ path: 'format' }] });
    await real.call('post', '/automation/workflows/import').send(file).expect(400);
  });

  it('of other systems are understood on import', async () => {
    const foreign = {
      code: 'LEAD NURTURING',
      module: 'leads',
      initialState: 'NEW',
      states: [
        { code: 'NEW', timeoutHours: 48, timeoutTransition: 'give_up' },
        { code: 'LOST', isFinal: true },
      ],
      transitions: [
        { code: 'give_up', fromState: 'NEW', toState: 'LOST', trigger: 'on timeout' },
        { code: 'ask', fromState: 'NEW', toState: 'LOST', trigger: 'on scheduled poll', cron: '0 8 * * *' },
      ],
    };
    const made = (await real.call('post', '/automation/machines/import').send(foreign).expect(201)).body;
    expect(made).toMatchObject({
      code: 'lead-nurturing',
      name: 'LEAD NURTURING',
      problems: [],
      initialState: 'NEW',
      for: { module: 'leads' },
    });
    await real.call('post', `/automation/machines/${made.id}/publish`).expect(200);
  });

  it('have a schema for editors', async () => {
    const { body } = await real.call('get', '/automation/machine.schema.json', 'viewer').expect(200);
    expect(body).toMatchObject({ title: 'State machine', $defs: { steps: expect.anything(), transition: expect.anything() } });
  });
});
