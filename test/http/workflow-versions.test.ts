import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MASK } from '../../src/core/definition/secrets.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { UNKNOWN } from '../security/support/routes.js';
import { rows } from './support/seed.js';

const SECRET = `whsec_${Buffer.from('the signing secret of a receiver').toString('base64')}`;
const URL = 'https://receiver.test/hook';

const definition = (url: string, secret: string, body: object = {}) => ({
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [{ id: 'tell', type: 'webhook', with: { url, secret, headers: { authorization: secret }, body } }],
});

describe('versions over HTTP', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
  });
  afterAll(() => real?.close());

  const create = async (body: object): Promise<string> => {
    const { body: made } = await real.call('post', '/automation/workflows').send({ name: 'Versions', definition: body }).expect(201);
    expect(made.problems).toEqual([]);
    return `/automation/workflows/${made.id}`;
  };
  const patch = async (path: string, body: object) => {
    const { revision } = (await real.call('get', path).expect(200)).body;
    return (await real.call('patch', path).send({ revision, definition: body }).expect(200)).body;
  };
  /** The definition that is stored for the published version, secrets included. */
  const stored = async (path: string): Promise<string> => {
    const [row] = await rows(
      real.database,
      `SELECT v.definition::text AS definition FROM automation.workflow_versions v JOIN automation.workflows w ON w.published_version_id = v.id
       WHERE w.id = $1`,
      [path.split('/').at(-1)],
    );
    return String(row?.definition);
  };

  it('tell who published them, when and why, newest first and page by page', async () => {
    const path = await create(definition(URL, SECRET));
    await real.call('post', `${path}/publish`).send({ note: 'The first one.' }).expect(200);
    for (const amount of [1, 2]) {
      await patch(path, definition(URL, MASK, { amount }));
      await real.call('post', `${path}/publish`).send({ activate: false, note: null }).expect(200);
    }
    await real.call('post', `${path}/publish`, 'only:manage').send({ fromVersion: 1 }).expect(200);
    const { body } = await real.call('get', `${path}/versions`, 'viewer').expect(200);
    expect(body.nextCursor).toBeNull();
    expect(body.items).toMatchObject([
      { version: 4, note: null, restoredFrom: 1, isPublished: true, unfinishedRuns: 0, publishedBy: { type: 'user', id: 'u', name: 'u' } },
      { version: 3, note: null, restoredFrom: null, isPublished: false },
      { version: 2 },
      { version: 1, note: 'The first one.', publishedBy: { id: 'u-admin', name: 'Ada' } },
    ]);
    for (const { publishedAt } of body.items) expect(new Date(publishedAt).toISOString()).toBe(publishedAt);
    const first = (await real.call('get', `${path}/versions?limit=3`).expect(200)).body;
    expect([first.items.length, first.nextCursor]).toEqual([3, 2]);
    const second = (await real.call('get', `${path}/versions?limit=3&cursor=${first.nextCursor}`).expect(200)).body;
    expect(second).toMatchObject({ items: [{ version: 1 }], nextCursor: null });
  });

  it('show what each did, its secrets masked, and are never changed', async () => {
    const path = await create(definition(URL, SECRET));
    await real.call('post', `${path}/publish`).expect(200);
    const shown = (await real.call('get', `${path}/versions/1`, 'viewer').expect(200)).body;
    await patch(path, definition(URL, MASK, { amount: 1 }));
    await real.call('post', `${path}/publish`).expect(200);
    const later = (await real.call('get', `${path}/versions/1`).expect(200)).body;
    expect(later).toEqual({ ...shown, isPublished: false });
    expect(later.definition.steps[0].with).toEqual({ url: URL, secret: MASK, headers: { authorization: MASK }, body: {} });
    for (const version of ['3', '0', '-1', '1.0', '01', 'draft', '99999999999', '%00']) {
      const answer = await real.call('get', `${path}/versions/${version}`);
      expect([version, answer.status, answer.body.code]).toEqual([version, 404, 'version_not_found']);
    }
    for (const part of ['versions', 'versions/1']) {
      const answer = await real.call('get', `/automation/workflows/${UNKNOWN}/${part}`);
      expect([answer.status, answer.body.code]).toEqual([404, 'workflow_not_found']);
    }
  });

  it('come back with their members in the order in which they were sent, and so do drafts', async () => {
    const sent = {
      steps: [{ with: { title: 'Call', priority: 'High', description: 'b', assigneeId: 'owner' }, type: 'create_task', id: 'call' }],
      trigger: { type: 'event', module: 'leads', event: 'created' },
      settings: { reentry: 'always', maxDuration: 'P1D', maxConcurrentRuns: 0 },
    };
    const text = JSON.stringify(sent);
    const path = await create(sent);
    const shown = async (): Promise<string[]> => {
      const { body } = await real.call('get', path).expect(200);
      return [body.definition, body.published?.definition].map((one) => JSON.stringify(one));
    };
    expect((await shown())[0]).toBe(text);
    await real.call('post', `${path}/publish`).expect(200);
    expect(await shown()).toEqual([text, text]);
    expect(JSON.stringify((await real.call('get', `${path}/versions/1`)).body.definition)).toBe(text);
    const { settings, steps, trigger } = sent;
    const other = { settings, trigger, steps };
    // The same definition: nothing to publish, and still as it was sent.
    expect(await patch(path, other)).toMatchObject({ hasUnpublishedChanges: false });
    expect(await shown()).toEqual([JSON.stringify(other), text]);
    await patch(path, { ...other, settings: {} });
    expect(JSON.stringify((await real.call('post', `${path}/discard`).expect(200)).body.definition)).toBe(text);
  });

  it('hold their secrets for a draft that lost them by a mistaken edit of a URL', async () => {
    const path = await create(definition(URL, SECRET));
    await real.call('post', `${path}/publish`).expect(200);
    const mistaken = await patch(path, definition('https://reciever.test/hook', MASK));
    expect(mistaken.problems.map(({ path }: { path: string }) => path)).toEqual([
      'steps[0].with.secret',
      'steps[0].with.headers.authorization',
    ]);
    // Saved in between, as editors do.
    await patch(path, mistaken.definition);
    const mended = await patch(path, definition(URL, MASK, { amount: 1 }));
    expect(mended.problems).toEqual([]);
    await real.call('post', `${path}/publish`).expect(200);
    expect(await stored(path)).toContain(SECRET);
    // And they go nowhere else.
    const thief = await patch(path, definition('https://thief.test/hook', MASK));
    expect(thief.problems).toHaveLength(2);
    await real.call('post', `${path}/publish`).expect(422);
  });

  it('give a discarded draft its secrets back', async () => {
    const path = await create(definition(URL, SECRET));
    await real.call('post', `${path}/publish`).expect(200);
    await patch(path, definition('https://reciever.test/hook', MASK));
    const { body } = await real.call('post', `${path}/discard`).expect(200);
    expect(body).toMatchObject({ problems: [], hasUnpublishedChanges: false });
    const changed = await patch(path, definition(URL, MASK, { amount: 1 }));
    expect(changed.problems).toEqual([]);
    await real.call('post', `${path}/publish`).expect(200);
    expect(await stored(path)).toContain(SECRET);
  });

  it('are compared with each other and with the draft, secrets masked', async () => {
    const other = `whsec_${Buffer.from('another secret of the receiver').toString('base64')}`;
    const path = await create(definition(URL, SECRET));
    expect((await real.call('get', `${path}/diff`).expect(409)).body.code).toBe('workflow_not_published');
    await real.call('post', `${path}/publish`).expect(200);
    const same = (await real.call('get', `${path}/diff`, 'viewer').expect(200)).body;
    expect(same).toEqual({ from: 1, to: null, isSame: true, values: [], steps: [] });

    await patch(path, definition(URL, other, { amount: 1 }));
    const draft = (await real.call('get', `${path}/diff?from=1&to=draft`).expect(200)).body;
    expect(draft).toEqual({
      from: 1,
      to: null,
      isSame: false,
      values: [],
      steps: [
        {
          id: 'tell',
          name: null,
          type: 'webhook',
          changes: ['changed'],
          from: 'steps[0]',
          to: 'steps[0]',
          values: [
            { path: 'with.secret', change: 'changed', from: MASK, to: `${MASK} (changed)` },
            { path: 'with.headers.authorization', change: 'changed', from: MASK, to: `${MASK} (changed)` },
            { path: 'with.body.amount', change: 'added', from: null, to: 1 },
          ],
        },
      ],
    });
    await real.call('post', `${path}/publish`).expect(200);
    expect((await real.call('get', `${path}/diff?from=1&to=2`).expect(200)).body).toEqual({ ...draft, to: 2 });
    const back = (await real.call('get', `${path}/diff?from=published&to=1`).expect(200)).body;
    expect(back).toMatchObject({ from: 2, to: 1, steps: [{ values: [{}, {}, { path: 'with.body.amount', change: 'removed' }] }] });

    expect((await real.call('get', `${path}/diff?from=3`).expect(404)).body.code).toBe('version_not_found');
    for (const side of ['0', '-1', 'latest', '1.5', 'DRAFT']) {
      const refused = await real.call('get', `${path}/diff?to=${side}`).expect(400);
      expect(refused.body.problems).toEqual([{ path: 'to', message: 'to must be the number of a version, published or draft' }]);
    }
  });

  it('are refused as bad requests with the member that is wrong', async () => {
    const path = await create(definition(URL, SECRET));
    for (const [member, body] of Object.entries({ activate: { activate: 'yes' }, fromVersion: { fromVersion: 0 }, note: { note: 5 } })) {
      const answer = await real.call('post', `${path}/publish`).send(body).expect(400);
      expect(answer.body.problems).toContainEqual({ path: member, message: expect.any(String) });
    }
    const missing = await real.call('post', `${path}/publish`).send({ fromVersion: 7 }).expect(404);
    expect(missing.body).toMatchObject({ code: 'version_not_found', message: 'The workflow has no version 7.', hint: expect.any(String) });
  });
});
