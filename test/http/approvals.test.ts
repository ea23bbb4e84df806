import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import request from 'supertest';
import { Mailer } from '../../src/actions/email/mailer.js';
import { pageNonce } from '../../src/engine/people/approval-links.js';
import { TaskMails } from '../../src/engine/people/task-mails.js';
import { TaskTimesWork } from '../../src/engine/people/task-times.js';
import { isDue, Timing } from '../../src/engine/timing/timing.js';
import { AdminDatabase } from '../../src/store/admin-database.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { rows } from './support/seed.js';

const PUBLIC = 'https://crm.acme.test/api';
const NAME = `Ann <script>alert(1)</script> "&'`;

type Links = Record<'review' | 'approve' | 'reject', string>;

describe('the links of an approval', () => {
  let real: RealApp;
  const send = jest.fn<Mailer['send']>();
  beforeAll(async () => {
    real = await startRealApp({ publicUrl: PUBLIC, secret: 'a secret of no less than 32 characters' });
    jest.spyOn(real.app.get(Mailer, { strict: false }), 'send').mockImplementation(send);
    await rows(real.database, `UPDATE crm_leads SET name = '${NAME.replaceAll("'", "''")}' WHERE id = '42' RETURNING 1`);
  });
  beforeEach(async () => {
    send.mockReset();
    send.mockResolvedValue({ messageId: 'm', accepted: [], rejected: [] });
    await rows(real.database, 'DELETE FROM automation.human_tasks RETURNING 1');
    await rows(real.database, 'DELETE FROM automation.trigger_rates RETURNING 1');
  });
  afterAll(() => real?.close());

  /** Starts a run that asks, and returns it with the links that each who is asked was sent. */
  const ask = async (step: object = {}): Promise<{ runId: string; links: Record<string, Links> }> => {
    const approval = {
      id: 'ok',
      type: 'approval',
      message: 'A discount for {{name}}?',
      assignees: ['u-2', 'u-3'],
      show: ['name'],
      ...step,
    };
    const definition = { trigger: { type: 'manual', module: 'leads' }, steps: [approval] };
    const { body: workflow } = await real.call('post', '/automation/workflows').send({ name: 'Discounts & more', definition });
    expect(workflow.problems).toEqual([]);
    await real.call('post', `/automation/workflows/${workflow.id}/publish`).expect(200);
    await real
      .call('post', `/automation/workflows/${workflow.id}/runs`)
      .send({ record: { module: 'leads', id: '42' } })
      .expect(202);
    await real.automation.drain();
    for (const work of [real.app.get(TaskTimesWork, { strict: false }), real.app.get(TaskMails, { strict: false })]) {
      while (isDue((await real.app.get(Timing, { strict: false }).dueTimes())[work.kind])) await work.round();
    }
    const links = Object.fromEntries(
      send.mock.calls.map(([{ to, text }]) => {
        const [user = ''] = /^u\d/.exec((to as { address: string }[])[0]?.address ?? '') ?? [];
        const found = (['Review', 'Approve', 'Reject'] as const).map((name) => {
          const [, token] = new RegExp(`^${name}: ${PUBLIC}/automation/approvals/([\\w-]{43})$`, 'm').exec(String(text)) ?? [];
          return [name.toLowerCase(), `/automation/approvals/${token}`];
        });
        return [user, Object.fromEntries(found) as Links];
      }),
    );
    const { body } = await real.call('get', `/automation/runs?workflowId=${workflow.id}`);
    return { runId: body.items[0].id, links };
  };
  const http = () => request(real.app.getHttpServer());
  const nonceOf = (html: string): string => /name="nonce" value="([\w-]+)"/.exec(html)?.[1] ?? '';
  const answer = async (link: string, form: Record<string, string>) => {
    const { text } = await http().get(link);
    return http()
      .post(link)
      .type('form')
      .send({ nonce: nonceOf(text), ...form });
  };
  const statusOf = async (runId: string): Promise<string> => {
    await real.automation.drain();
    return (await real.call('get', `/automation/runs/${runId}`)).body.status;
  };

  it('open a page that shows what is asked as text, loads nothing, and decides nothing however often it is opened', async () => {
    const { runId, links } = await ask();
    for (const link of Object.values(links.u2 as Links)) {
      await http().head(link).expect(200);
      const page = await http().get(link).expect(200);
      expect(page.headers).toMatchObject({
        'content-type': expect.stringContaining('text/html'),
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
      });
      expect(page.headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      );
      expect(page.text).toContain('A discount for Ann &#60;script&#62;alert(1)&#60;/script&#62; &#34;&#38;&#39;?');
      expect(page.text).not.toMatch(/<script|<img|src=|href=/);
      expect(page.text).toContain('Discounts &#38; more');
    }
    const buttons = await Promise.all(
      (['review', 'approve', 'reject'] as const).map(async (purpose) => {
        const { text } = await http().get((links.u2 as Links)[purpose]);
        return [...text.matchAll(/<button name="decision" value="(\w+)"/g)].map(([, value]) => value);
      }),
    );
    expect(buttons).toEqual([['approved', 'rejected'], ['approved'], ['rejected']]);
    expect(await statusOf(runId)).toBe('waiting');
  });

  it('take the first answer of the page, say who gave it by which door, and answer 410 from then on', async () => {
    const { runId, links } = await ask();
    const { approve, review } = links.u2 as Links;
    const thanks = await answer(approve, { decision: 'approved', comment: 'Fine <b>' });
    expect([thanks.status, thanks.text.includes('You have approved.')]).toEqual([200, true]);
    expect(await statusOf(runId)).toBe('succeeded');
    const { body: run } = await real.call('get', `/automation/runs/${runId}`);
    expect(run.steps[0].output).toMatchObject({ decision: 'approved', comment: 'Fine <b>', by: { id: 'u-2' }, door: 'link' });
    for (const link of [approve, review, (links.u3 as Links).reject]) {
      const again = await http().post(link).type('form').send({ nonce: 'x', decision: 'rejected' });
      expect([400, 410]).toContain(again.status);
      const late = { nonce: pageNonce(link.split('/').at(-1) as string), decision: link === approve ? 'approved' : 'rejected' };
      expect((await http().post(link).type('form').send(late)).status).toBe(410);
    }
  });

  it('show nothing of the record to those who have nothing to decide any more', async () => {
    const { links } = await ask({ required: 'all' });
    const [own, other] = [(links.u2 as Links).review, (links.u3 as Links).review];
    expect((await answer(own, { decision: 'approved' })).status).toBe(200);
    const open = async (link: string) => {
      const { status, text } = await http().get(link);
      return [status, text.includes('alert(1)'), text.includes('<form')];
    };
    expect([await open(own), await open(other)]).toEqual([
      [410, false, false],
      [200, true, true],
    ]);
    expect((await answer(other, { decision: 'approved' })).status).toBe(200);
    expect(await open(other)).toEqual([410, false, false]);
  });

  it('are dead for those in whose place others are asked, and say so', async () => {
    const { runId, links } = await ask({ assignees: ['u-2'] });
    const { review, approve } = links.u2 as Links;
    const nonce = nonceOf((await http().get(approve)).text);
    const { body: tasks } = await real.call('get', `/automation/tasks?runId=${runId}`);
    await real.call('post', `/automation/tasks/${tasks.items[0].id}/reassign`).send({ userId: 'u-3' }).expect(200);
    const late = await http().post(approve).type('form').send({ nonce, decision: 'approved' });
    for (const { status, text } of [await http().get(review), await http().get(approve), late]) {
      expect([status, text.includes('Others are asked instead of you'), text.includes('alert(1)')]).toEqual([410, true, false]);
    }
    expect(await statusOf(runId)).toBe('waiting');
  });

  it('are dead for those who have left the queue, and say so', async () => {
    await real
      .call('put', '/automation/queues/leavers')
      .send({ users: ['u-2'] })
      .expect(200);
    const { runId, links } = await ask({ assignees: undefined, queue: 'leavers' });
    const { approve } = links.u2 as Links;
    const nonce = nonceOf((await http().get(approve).expect(200)).text);
    await real
      .call('put', '/automation/queues/leavers')
      .send({ users: ['u-3'] })
      .expect(200);
    await http().get(approve).expect(410);
    await http().post(approve).type('form').send({ nonce, decision: 'approved' }).expect(410);
    expect(await statusOf(runId)).toBe('waiting');
  });

  it('decide nothing without the nonce of their page, by another link than it, or for what they are not made', async () => {
    const { runId, links } = await ask();
    const { approve, reject } = links.u2 as Links;
    const nonce = nonceOf((await http().get(approve)).text);
    const refused = [
      await http().post(approve).type('form').send({ decision: 'approved' }),
      await http().post(reject).type('form').send({ decision: 'rejected', nonce }),
      await http().post(approve).type('form').send({ decision: 'rejected', nonce }),
      await http().post(approve).type('form').send({ nonce }),
      await http().post(approve).send({ decision: 'approved', nonce }),
      await http().post(approve.replace('approvals', 'resume')).send({}),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 415, 202]);
    expect(await statusOf(runId)).toBe('waiting');
  });

  it('show the page again, with the comment, where a no needs a reason', async () => {
    const { runId, links } = await ask({ reasonRequired: true });
    const { reject } = links.u2 as Links;
    const again = await answer(reject, { decision: 'rejected', comment: ' ' });
    expect([again.status, again.text.includes('A no needs a reason.')]).toEqual([400, true]);
    expect((await answer(reject, { decision: 'rejected', comment: 'Too much' })).status).toBe(200);
    expect(await statusOf(runId)).toBe('cancelled');
  });

  it('lead nowhere for unknown tokens, and for people whom the CRM does not know any more', async () => {
    const { links } = await ask();
    const { review } = links.u2 as Links;
    const unknown = await http().get('/automation/approvals/unknown');
    await rows(real.database, `UPDATE crm_users SET active = false WHERE id = 'u-2' RETURNING 1`);
    const left = await http().get(review);
    await rows(real.database, `UPDATE crm_users SET active = true WHERE id = 'u-2' RETURNING 1`);
    expect([unknown.status, left.status]).toEqual([404, 404]);
    expect(left.text).toBe(unknown.text);
  });

  it('that nobody was sent take none of the connections that people’s requests have', async () => {
    const database = real.app.get(AdminDatabase, { strict: false });
    const taken = [jest.spyOn(database, 'transaction'), jest.spyOn(database, 'read')];
    try {
      await http().get('/automation/approvals/unknown').expect(404);
      await http().post('/automation/approvals/unknown').type('form').send({ nonce: 'x', decision: 'approved' }).expect(404);
      expect(taken.flatMap(({ mock }) => mock.calls)).toEqual([]);
    } finally {
      for (const spy of taken) spy.mockRestore();
    }
  });

  it('are kept as hashes alone, and are in no log', async () => {
    const { links } = await ask();
    const token = (links.u2 as Links).review.split('/').at(-1) as string;
    const kept = await rows(real.database, `SELECT row_to_json(t)::text AS row FROM automation.wait_tokens t`);
    expect(kept.length).toBeGreaterThanOrEqual(6);
    expect(JSON.stringify(kept)).not.toContain(token);
    await http().get((links.u2 as Links).review);
    expect(real.logged()).not.toContain(token);
  });
});
