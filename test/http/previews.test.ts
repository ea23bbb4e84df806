import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { rows, seedEvent } from './support/seed.js';

describe('a preview', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
    await rows(real.database, `INSERT INTO crm_accounts (id, "workspaceId", name, industry) VALUES ('a-1', 'acme', 'Acme', 'Retail')`);
    await rows(real.database, `UPDATE crm_leads SET name = 'Ann', amount = 900, "accountId" = 'a-1' WHERE id = '42'`);
    await rows(real.database, `INSERT INTO crm_leads (id, "workspaceId", name, source) VALUES ('7', 'rival', 'Theirs', 'Web')`);
  });
  afterAll(() => real?.close());

  const post = (path: string, body: object, token = 'viewer') => real.call('post', `/automation/${path}`, token).send(body);

  describe('of conditions', () => {
    const conditions = {
      all: [
        { field: 'source', operator: 'equals', value: 'Web' },
        { field: 'account.industry', operator: 'equals', value: 'Steel' },
      ],
    };
    const evaluate = (subject: object, tree: object = conditions) =>
      post('conditions/evaluate', { module: 'leads', conditions: tree, subject });

    it('explains each test on a record, its related records included', async () => {
      expect((await evaluate({ recordId: '42' }).expect(200)).body).toEqual({
        record: { module: 'leads', id: '42', title: 'Ann' },
        explanation: {
          result: false,
          all: [
            { result: true, field: 'source', operator: 'equals', seen: 'Web', expected: 'Web' },
            { result: false, field: 'account.industry', operator: 'equals', seen: 'Retail', expected: 'Steel' },
          ],
        },
      });
    });

    it('explains it on an event as it was, on a change that has not happened, and on a sample', async () => {
      const eventId = await seedEvent(real.database, { record_id: '42', record: { id: '42', source: 'Phone' }, changes: null });
      const source = { field: 'source', operator: 'equals', value: 'Phone' };
      expect((await evaluate({ eventId }, source).expect(200)).body.explanation).toMatchObject({ result: true, seen: 'Phone' });
      const moved = { field: 'stage', operator: 'changed_from_to', value: { from: 'New', to: 'Won' } };
      expect((await evaluate({ recordId: '42', changes: { stage: 'Won' } }, moved).expect(200)).body.explanation.result).toBe(true);
      expect((await evaluate({ recordId: '42' }, moved).expect(200)).body.explanation.result).toBe(false);
      expect((await evaluate({ sample: { source: 'Phone' } }, source).expect(200)).body.explanation.result).toBe(true);
    });

    it('tells every problem with its path', async () => {
      const { body } = await evaluate({ recordId: '42' }, { all: [{ field: 'sorce', operator: 'equals', value: 'x' }] }).expect(422);
      expect(body).toMatchObject({ code: 'condition_invalid', problems: [{ path: 'conditions.all[0].field' }] });
      const unknown = await post('conditions/evaluate', { module: 'nope', conditions, subject: { recordId: '42' } }).expect(404);
      expect(unknown.body).toMatchObject({ code: 'module_not_found', hint: expect.stringContaining('leads') });
    });

    it('never shows what belongs to another workspace', async () => {
      expect((await evaluate({ recordId: '7' }).expect(404)).body.code).toBe('record_not_found');
      const eventId = await seedEvent(real.database, { workspace_id: 'rival' });
      expect((await evaluate({ eventId }).expect(404)).body.code).toBe('event_not_found');
    });
  });

  describe('of a text', () => {
    const render = (text: string, more: object = {}) =>
      post('templates/render', { text, module: 'leads', subject: { recordId: '42' }, ...more });

    it('is what a step would have of it; one expression keeps its type', async () => {
      expect((await render('{{record.name}} at {{account.name}}').expect(200)).body).toEqual({ value: 'Ann at Acme', problem: null });
      expect((await render('{{record.amount}}').expect(200)).body).toEqual({ value: 900, problem: null });
      expect((await render('{{run.id}}, {{trigger.module}}', { subject: undefined }).expect(200)).body.value).toBe('sample, leads');
    });

    it('may be for HTML, where what expressions insert is escaped', async () => {
      const subject = { sample: { name: '<b>' } };
      expect((await render('<i>{{record.name}}</i>', { escape: 'html', subject }).expect(200)).body.value).toBe('<i>&lt;b&gt;</i>');
      expect((await render('{{record.name}}!', { subject }).expect(200)).body.value).toBe('<b>!');
    });

    it('says what is wrong with the text, as part of the answer', async () => {
      expect((await render('{{record.nme}}').expect(200)).body).toMatchObject({ value: null, problem: { code: 'template_path_missing' } });
      expect((await render('{{#if}').expect(200)).body).toMatchObject({ value: null, problem: { code: 'template_invalid' } });
      expect((await render('x', { subject: { recordId: 'none' } }).expect(404)).body.code).toBe('record_not_found');
    });

    it('does without a record', async () => {
      expect(
        (
          await post('templates/render', {
            text: '{{actor.id}} {{trigger.input.n}}',
            subject: { sample: {}, trigger: { input: { n: 1 } } },
          })
        ).body,
      ).toEqual({
        value: 'u-viewer 1',
        problem: null,
      });
    });
  });

  describe('of a mail template', () => {
    it('begins with the list of them: subject and what each reads', async () => {
      const { items } = (await real.call('get', '/automation/mail-templates', 'viewer').expect(200)).body;
      expect(items.map(({ name }: { name: string }) => name)).toContain('welcome');
      expect(items).toContainEqual({ name: 'welcome', subject: expect.any(String), paths: expect.arrayContaining(['record.name']) });
    });

    it('is the mail as it would be sent, and what the step gives as data is in it', async () => {
      const { body } = await post('mail-templates/welcome/preview', {
        module: 'leads',
        subject: { recordId: '42' },
        data: { message: 'Hi' },
      }).expect(200);
      expect(body).toEqual({ subject: expect.any(String), html: expect.stringContaining('Ann'), text: expect.stringContaining('Ann') });
    });

    it('names those there are when there is none of the name', async () => {
      const { body } = await post('mail-templates/nope/preview', { module: 'leads' });
      expect(body).toMatchObject({ code: 'mail_template_unknown', hint: expect.stringContaining('welcome') });
    });
  });
});
