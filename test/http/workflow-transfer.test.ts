import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MASK } from '../../src/core/definition/secrets.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { UNKNOWN } from '../security/support/routes.js';
import { rows } from './support/seed.js';

const SECRET = `whsec_${Buffer.from('the signing secret of a receiver').toString('base64')}`;
const definition = (other: string) => ({
  steps: [
    { with: { secret: SECRET, url: 'https://receiver.test/' }, id: 'tell', type: 'webhook' },
    { id: 'then', type: 'run_workflow', workflow: other },
  ],
  trigger: { type: 'event', module: 'leads', event: 'created' },
});

describe('workflows, taken elsewhere,', () => {
  let real: RealApp;
  let other: string;
  let id: string;
  let path: string;
  beforeAll(async () => {
    real = await startRealApp();
    other = (await real.call('post', '/automation/workflows').send({ name: 'The other', definition: {} }).expect(201)).body.id;
    const made = await real
      .call('post', '/automation/workflows')
      .send({ code: 'original', name: 'Original', description: 'Says hello.', definition: definition(other) })
      .expect(201);
    expect(made.body.problems).toEqual([]);
    id = made.body.id;
    path = `/automation/workflows/${id}`;
  });
  afterAll(() => real?.close());

  const stored = async (workflowId: string): Promise<string> => {
    const [row] = await rows(real.database, 'SELECT draft::text AS draft FROM automation.workflows WHERE id = $1', [workflowId]);
    return String(row?.draft);
  };

  describe('as copies,', () => {
    it('are drafts of their own, with their secrets, and are told of', async () => {
      const { body } = await real.call('post', `${path}/copy`).expect(201);
      expect(body).toMatchObject({
        status: 'draft',
        code: 'copy-of-original',
        name: 'Copy of Original',
        description: 'Says hello.',
        version: null,
        problems: [],
      });
      expect(body.definition.steps[0].with).toEqual({ secret: MASK, url: 'https://receiver.test/' });
      expect(await stored(body.id)).toContain(SECRET);
      const [entry] = (await real.call('get', `/automation/audit?target=${body.id}`).expect(200)).body.items;
      expect(entry).toMatchObject({ action: 'workflow.created', after: { copiedFrom: id } });
      expect(JSON.stringify(entry)).not.toContain(SECRET);
      // They publish as they are, and the original does not notice.
      await real.call('post', `/automation/workflows/${body.id}/publish`).expect(200);
      expect((await real.call('get', path)).body).toMatchObject({ status: 'draft', revision: 1 });
    });

    it('are called as one likes, in the limits of names and codes', async () => {
      const { body } = await real.call('post', `${path}/copy`).send({ code: 'mine', name: 'Mine' }).expect(201);
      expect(body).toMatchObject({ code: 'mine', name: 'Mine' });
      const taken = await real.call('post', `${path}/copy`).send({ code: 'mine' }).expect(409);
      expect(taken.body.code).toBe('code_taken');
      const long = await real
        .call('post', '/automation/workflows')
        .send({ name: '🦀'.repeat(200), definition: {} })
        .expect(201);
      const copy = await real.call('post', `/automation/workflows/${long.body.id}/copy`).expect(201);
      expect(copy.body.name).toBe(`Copy of ${'🦀'.repeat(192)}`);
    });

    it('are refused where draft and name together are larger than a request may be, as the document says', async () => {
      const definition = { note: 'x'.repeat(256 * 1024 - 100) };
      const large = (await real.call('post', '/automation/workflows').send({ name: 'Large', definition }).expect(201)).body.id;
      const refused = await real.call('post', `/automation/workflows/${large}/copy`).send({ name: 'x'.repeat(200) });
      expect([refused.status, refused.body.code]).toEqual([413, 'payload_too_large']);
      const { body } = await real.call('get', '/automation/docs-json', '').expect(200);
      expect(body.paths['/automation/workflows/{id}/copy'].post.responses['413']).toBeDefined();
    });

    it('can be made of what is archived', async () => {
      const { body } = await real.call('post', `${path}/copy`).send({ name: 'Put away' }).expect(201);
      await real.call('post', `/automation/workflows/${body.id}/archive`).expect(200);
      const copy = await real.call('post', `/automation/workflows/${body.id}/copy`).expect(201);
      expect(copy.body).toMatchObject({ status: 'draft', name: 'Copy of Put away' });
    });
  });

  describe('as files,', () => {
    it('have no secrets and no ids, and name other workflows by their codes, in the order of the original', async () => {
      const { body, text } = await real.call('get', `${path}/export`, 'viewer').expect(200);
      const exported = definition('the-other');
      const [step, ...steps] = exported.steps;
      expect(text).toBe(
        JSON.stringify({
          format: 'nestjs-crm-automation/workflow',
          formatVersion: 1,
          code: 'original',
          name: 'Original',
          description: 'Says hello.',
          definition: { ...exported, steps: [{ ...step, with: { ...step?.with, secret: MASK } }, ...steps] },
        }),
      );
      for (const secret of [SECRET, id, other, 'acme']) expect(text).not.toContain(secret);
      expect(body.definition.steps[1].workflow).toBe('the-other');
    });

    it('are imported elsewhere as drafts that ask for their secrets', async () => {
      const file = (await real.call('get', `${path}/export`).expect(200)).body;
      const { body } = await real.call('post', '/automation/workflows/import', 'rival').send(file).expect(201);
      expect(body).toMatchObject({ status: 'draft', code: 'original', name: 'Original', description: 'Says hello.' });
      expect(body.definition).toEqual(file.definition);
      expect(body.problems).toEqual([{ path: 'steps[0].with.secret', message: expect.stringContaining('Give it again') }]);
      await real.call('post', `/automation/workflows/${body.id}/publish`, 'rival').expect(422);
      const again = (await real.call('get', `/automation/workflows/${body.id}/export`, 'rival').expect(200)).body;
      expect(again).toEqual(file);
      const [entry] = (await real.call('get', `/automation/audit?target=${body.id}`, 'rival').expect(200)).body.items;
      expect(entry).toMatchObject({ action: 'workflow.created', after: { imported: true } });
    });

    it('get another code where theirs is taken', async () => {
      const file = (await real.call('get', `${path}/export`).expect(200)).body;
      const { body } = await real.call('post', '/automation/workflows/import').send(file).expect(201);
      expect(body).toMatchObject({ name: 'Original', code: expect.stringMatching(/^original-[0-9a-f]{8}$/) });
    });

    it('are taken with problems in their definitions, which are told with their paths', async () => {
      const file = {
        format: 'nestjs-crm-automation/workflow',
        formatVersion: 1,
        name: 'Odd',
        definition: { steps: [{ id: 'x', type: 'fly' }] },
      };
      const { body } = await real.call('post', '/automation/workflows/import').send(file).expect(201);
      expect(body.problems.map((problem: { path: string }) => problem.path)).toEqual(expect.arrayContaining(['trigger', 'steps[0].type']));
    });

    it('are told a hundred problems at the most, of secrets and others together', async () => {
      const lost = (index: number) => ({ id: `w${index}`, type: 'webhook', with: { url: 'https://receiver.test/', secret: MASK } });
      const steps = Array.from({ length: 80 }, (_, index) => [lost(index), { id: `u${index}`, type: 'unknown' }]).flat();
      const { body } = await real.call('post', '/automation/workflows').send({ name: 'Broken', definition: { steps } }).expect(201);
      expect(body.problems).toHaveLength(100);
      expect(body.problems.at(-1)).toEqual({ path: '', message: 'There are more problems; mend these first.' });
    });

    it('are refused with a sentence when they are something else', async () => {
      for (const [file, sentence] of [
        [{ nodes: [], connections: {} }, 'This is no exported workflow: format must be "nestjs-crm-automation/workflow".'],
        [{ format: 'nestjs-crm-automation/workflow', formatVersion: 9 }, expect.stringContaining('The file was made by a newer release.')],
      ] as const) {
        const { body } = await real.call('post', '/automation/workflows/import').send(file).expect(400);
        expect(body).toMatchObject({ code: 'invalid_request', problems: [{ message: sentence }] });
      }
    });

    it('show the version that one asks for', async () => {
      const copy = (await real.call('post', `${path}/copy`).send({ name: 'Twice' }).expect(201)).body;
      const copied = `/automation/workflows/${copy.id}`;
      await real.call('post', `${copied}/publish`).expect(200);
      await real.call('patch', copied).send({ revision: 1, definition: {} }).expect(200);
      expect((await real.call('get', `${copied}/export`).expect(200)).body.definition).toEqual({});
      expect((await real.call('get', `${copied}/export?version=1`).expect(200)).body.definition.steps).toHaveLength(2);
      expect((await real.call('get', `${copied}/export?version=2`).expect(404)).body.code).toBe('version_not_found');
      expect((await real.call('get', `/automation/workflows/${UNKNOWN}/export`).expect(404)).body.code).toBe('workflow_not_found');
    });
  });

  describe('as recipes,', () => {
    it('are a gallery that says what does not fit this CRM', async () => {
      const { items } = (await real.call('get', '/automation/recipes', 'viewer').expect(200)).body;
      const byCode = new Map(items.map((item: { code: string }) => [item.code, item]));
      expect(byCode.get('proposal-follow-up')).toMatchObject({
        name: 'Follow up on proposals',
        description: expect.any(String),
        module: 'opportunities',
        trigger: { event: 'stage_changed' },
        // The CRM of the tests has no opportunities.
        problems: expect.arrayContaining([expect.objectContaining({ path: 'trigger.module', message: expect.any(String) })]),
      });
      expect(byCode.get('referral-thanks')).toMatchObject({ module: 'leads', problems: [] });
      const names = items.map(({ name }: { name: string }) => name);
      expect(names).toEqual([...names].sort((left, right) => left.localeCompare(right, 'en')));
    });

    it('become workflows by being created', async () => {
      const { items } = (await real.call('get', '/automation/recipes').expect(200)).body;
      const { code, name, description, definition } = items.find((item: { code: string }) => item.code === 'referral-thanks');
      const made = await real.call('post', '/automation/workflows').send({ code, name, description, definition }).expect(201);
      await real.call('post', `/automation/workflows/${made.body.id}/publish`).expect(200);
    });
  });
});
