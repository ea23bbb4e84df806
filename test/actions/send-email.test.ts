import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ExternalStep } from '../../src/actions/action.js';
import { Mailer, type MailOptions } from '../../src/actions/email/mailer.js';
import { EmailTemplates } from '../../src/actions/email/templates.js';
import { describeAction, prepareArguments } from '../../src/actions/prepare-arguments.js';
import { sendEmail } from '../../src/actions/send-email.js';
import type { AutomationError } from '../../src/core/errors.js';
import type { JsonObject } from '../../src/core/json.js';
import { eventually } from '../support/eventually.js';
import { type CaughtMail, Peers, rejection, smtpPeer, smtpScript, tcpPeer } from './support/peers.js';
import { externalStep, LEAD, LEADS, scopeOf } from './support/steps.js';

const peers = new Peers();
let folder = '';
let server: Awaited<ReturnType<typeof smtpPeer>>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'templates-'));
  server = peers.add(await smtpPeer());
});
afterEach(async () => {
  await peers.close();
  await rm(folder, { recursive: true });
});

async function file(name: string, source: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), source);
}

async function send(
  args: JsonObject,
  more: Partial<ExternalStep> = {},
  options: Partial<MailOptions> = {},
): Promise<CaughtMail | undefined> {
  const transport = { host: '127.0.0.1', port: server.port };
  const mailer = peers.add(new Mailer({ transport, from: 'CRM <crm@acme.test>', templateDirs: folder, ...options }));
  const step = externalStep([mailer], more);
  const output = await sendEmail.execute(prepareArguments(sendEmail, args, step.scope), step);
  expect(output).toMatchObject({ messageId: '<run-1.hello@acme.test>', rejected: [] });
  return server.mails.at(-1);
}

const INLINE = { to: '{{record.email}}', subject: 'Hello {{record.name}}' };

describe('an inline message', () => {
  it('has its values put in, escaped in the HTML and nowhere else', async () => {
    const mail = await send({ ...INLINE, html: '<p>Hi <i>{{record.name}}</i></p>' });
    expect(mail?.to).toEqual(['ann@example.test']);
    expect(mail?.parsed.subject).toBe('Hello Ann <b>Lee</b>');
    expect(mail?.parsed.html).toBe('<p>Hi <i>Ann &lt;b&gt;Lee&lt;/b&gt;</i></p>');
    expect(mail?.parsed.text?.trim()).toBe('Hi Ann <b>Lee</b>');
  });

  it('may be text alone, or text and HTML', async () => {
    const plain = await send({ ...INLINE, text: 'Hi {{record.name}}' });
    expect(plain?.parsed.html).toBe(false);
    expect(plain?.parsed.text?.trim()).toBe('Hi Ann <b>Lee</b>');
    const both = await send({ ...INLINE, text: 'text', html: '<b>html</b>' });
    expect(both?.parsed).toMatchObject({ html: '<b>html</b>', text: expect.stringMatching(/^text/) });
  });

  it('goes to everyone in to, cc and bcc, each once', async () => {
    const mail = await send({
      ...INLINE,
      text: 'x',
      to: ['Ann <ann@example.test>', { name: 'Ben, "B"', address: 'ben@example.test' }, ''],
      cc: 'cy@example.test, Di <di@example.test>, CY@example.test',
      bcc: ['ed@example.test', null],
      replyTo: 'help@acme.test',
    });
    expect(mail?.to).toEqual(['ann@example.test', 'ben@example.test', 'cy@example.test', 'di@example.test', 'ed@example.test']);
    expect([mail?.parsed.to].flat()[0]?.value).toEqual([
      { name: 'Ann', address: 'ann@example.test' },
      { name: 'Ben, "B"', address: 'ben@example.test' },
    ]);
    expect(mail?.parsed.replyTo?.text).toBe('help@acme.test');
    expect(mail?.raw).not.toContain('ed@example.test');
  });

  it('may take as long as the step says, whatever is usual', async () => {
    const told: (() => void)[] = [];
    const slow = peers.add(await tcpPeer(smtpScript({ afterDot: (socket) => void told.push(() => socket.write('250 queued\r\n')) })));
    const transport = { host: '127.0.0.1', port: slow.port, socketTimeout: 50 } as unknown as MailOptions['transport'];
    const mailer = peers.add(new Mailer({ transport, from: 'CRM <crm@acme.test>' }));
    const [patient, usual] = [externalStep([mailer], { timeoutMs: 60_000 }), externalStep([mailer])];
    const args = prepareArguments(sendEmail, { ...INLINE, text: 'x' }, usual.scope);
    const outcome = sendEmail.execute(args, patient);
    await eventually(() => expect(told).toHaveLength(1));
    // a usual one, that began later, is over before the server answers
    expect(await rejection(sendEmail.execute(args, usual) as Promise<unknown>)).toMatchObject({ code: 'smtp_outcome_unknown' });
    told[0]?.();
    expect(await outcome).toMatchObject({ accepted: ['ann@example.test'] });
  });

  it("goes to the record's owner and to whoever caused the event", async () => {
    const mail = await send({ ...INLINE, text: 'x', to: 'owner', cc: ['actor'] });
    expect(mail?.to).toEqual(['una@acme.test', 'tia@acme.test']);
  });

  it.each([
    [
      'the owner has no address',
      { to: 'owner' },
      { crm: { getRecord: async () => ({ ...LEAD, ownerId: 'u-2' }), findUsers: async () => [] } },
    ],
    ['there is no owner', { to: 'owner' }, { crm: { getRecord: async () => ({ ...LEAD, ownerId: null }), findUsers: async () => [] } }],
    ['the run is about no record', { to: 'owner' }, { record: null }],
    ['nobody caused the event', { to: 'actor' }, { scope: scopeOf(LEAD, { actor: { type: 'system', id: null } }) }],
    ['the address is none', { to: 'ann at example' }, {}],
    ['the address has no domain', { to: 'ann@' }, {}],
    ['an address breaks the line', { to: 'ann@example.test\r\nBcc: eve@example.test' }, {}],
    ['a name breaks the line', { to: { name: 'Ann\nBcc: eve@example.test', address: 'ann@example.test' } }, {}],
    ['an address hides a line break', { to: { address: 'ann@example.test\n' } }, {}],
    ['an address has text behind it', { to: { address: 'ann@example.test> RCPT TO:<eve@example.test' } }, {}],
  ] as [string, JsonObject, Partial<ExternalStep>][])('is not sent when %s', async (_what, args, more) => {
    const sending = send({ subject: 'x', text: 'x', ...args }, more);
    if (_what === 'an address hides a line break') {
      // white space around an address is nothing to refuse
      expect((await sending)?.to).toEqual(['ann@example.test']);
      return;
    }
    expect(await rejection(sending)).toMatchObject({ code: 'mail_address_invalid', retry: { kind: 'permanent' } });
    expect(server.mails).toEqual([]);
  });

  it('is not sent when the field of the record is empty', async () => {
    const error = await rejection(send({ ...INLINE, text: 'x' }, { scope: scopeOf({ ...LEAD, email: '' }) }));
    expect(error).toMatchObject({ code: 'mail_invalid' });
  });

  it('is not sent when it comes with a template, or has nothing to say', async () => {
    for (const args of [
      { ...INLINE, template: 'welcome', html: 'x' },
      { ...INLINE },
      { to: 'a@b.test', text: 'no subject' },
      { ...INLINE, text: 'x', data: {} },
    ]) {
      expect(await rejection(send(args))).toMatchObject({ code: 'arguments_invalid' });
    }
  });
});

describe('a template', () => {
  it("is found among the host's before the shipped ones, with layout and partials", async () => {
    await file('welcome.hbs', '---\nsubject: "Hi {{record.name}}"\npreheader: soon\n---\n<p>{{record.name}} {{> sign who=record.id}}</p>');
    await file('partials/sign.hbs', '<i>{{who}} of {{workflow.name}}</i>');
    await file('layouts/default.hbs', '<title>{{subject}}</title><u>{{preheader}}</u><main>{{> @partial-block}}</main>');
    const mail = await send({ to: 'a@b.test', template: 'welcome' });
    expect(mail?.parsed.subject).toBe('Hi Ann <b>Lee</b>');
    expect(mail?.parsed.html).toBe(
      '<title>Hi Ann &lt;b&gt;Lee&lt;/b&gt;</title><u>soon</u><main><p>Ann &lt;b&gt;Lee&lt;/b&gt; <i>l-1 of Welcome</i></p></main>',
    );
    expect(mail?.parsed.text?.trim()).toBe('Ann <b>Lee</b> l-1 of Welcome');
  });

  it('may have a text of its own, no layout, another layout, and lie in a folder', async () => {
    await file('sales/offer.hbs', '---\nlayout: none\n---\n<p>{{record.name}}</p>');
    await file('sales/offer.text.hbs', 'Offer for {{record.name}} & friends');
    await file('sales/other.hbs', '---\nlayout: bare\n---\nin');
    await file('layouts/bare.hbs', '[{{> @partial-block}}]');
    const offer = await send({ to: 'a@b.test', template: 'sales/offer', subject: 'For you' });
    expect(offer?.parsed).toMatchObject({ html: '<p>Ann &lt;b&gt;Lee&lt;/b&gt;</p>', subject: 'For you' });
    expect(offer?.parsed.text?.trim()).toBe('Offer for Ann <b>Lee</b> & friends');
    const other = await send({ to: 'a@b.test', template: 'sales/other', subject: 'x' });
    expect(other?.parsed.html).toBe('[in]');
  });

  it('sees the data of the step, which does not stand in for the record', async () => {
    await file('t.hbs', '---\nlayout: none\n---\n{{code}} {{record.name}} {{name}}');
    const mail = await send({
      to: 'a@b.test',
      template: 't',
      subject: 'x',
      data: { code: '{{record.amount}}', record: { name: 'forged' } },
    });
    expect(mail?.parsed.html).toBe('10.1 Ann &lt;b&gt;Lee&lt;/b&gt; Ann &lt;b&gt;Lee&lt;/b&gt;');
  });

  it('is named with those there are when it is unknown, and never leaves its folder', async () => {
    await file('mine.hbs', 'x');
    const error = await rejection<AutomationError>(send({ to: 'a@b.test', template: 'wellcome' }));
    expect(error).toMatchObject({ code: 'mail_template_unknown', retry: { kind: 'permanent' } });
    expect(error.hint).toContain('invoice-overdue, mine, notice, record-assigned, welcome');
    for (const template of ['../welcome', 'layouts/default', 'partials/button', '/etc/passwd', 'welcome.hbs', '__proto__']) {
      expect(await rejection(send({ to: 'a@b.test', template }))).toMatchObject({ code: 'mail_template_unknown' });
    }
  });

  it('needs a subject from somewhere', async () => {
    await file('bare.hbs', 'x');
    expect(await rejection(send({ to: 'a@b.test', template: 'bare' }))).toMatchObject({ code: 'mail_subject_missing' });
  });

  it('fails with the missing path, and with the file that is wrong', async () => {
    await file('gap.hbs', '---\nsubject: x\n---\n{{record.nickname}}');
    expect(await rejection(send({ to: 'a@b.test', template: 'gap' }))).toMatchObject({ code: 'template_path_missing' });
    for (const [name, source] of [
      ['broken.hbs', '{{#if}}'],
      ['front.hbs', '---\nsubjcet: x\n---\nx'],
      ['lay.hbs', '---\nlayout: nowhere\n---\nx'],
      ['up.hbs', '---\nlayout: ../up\n---\nx'],
      ['partials/bad.hbs', '{{/if}}'],
    ] as const) {
      await file(name, source);
      const error = await rejection<AutomationError>(new EmailTemplates([folder]).render('welcome', {}));
      expect(error).toMatchObject({ code: 'mail_template_invalid' });
      expect(error.message).toContain(name);
      await rm(join(folder, name));
    }
  });

  it('is read once, or anew each time for development; a repaired file needs no restart', async () => {
    await file('t.hbs', '---\nlayout: none\n---\none');
    const kept = new EmailTemplates([folder]);
    const fresh = new EmailTemplates([folder], { reload: true });
    await Promise.all([kept.render('t', {}), fresh.render('t', {})]);
    await file('t.hbs', '---\nlayout: none\n---\ntwo');
    expect((await kept.render('t', {})).html).toBe('one');
    expect((await fresh.render('t', {})).html).toBe('two');

    await file('t.hbs', '{{');
    const broken = new EmailTemplates([folder]);
    await rejection(broken.render('t', {}));
    await file('t.hbs', '---\nlayout: none\n---\nthree');
    expect((await broken.render('t', {})).html).toBe('three');
  });

  it('cannot come from a folder that is not there', async () => {
    expect(await rejection(new EmailTemplates([join(folder, 'nowhere')]).names())).toMatchObject({ code: 'mail_template_invalid' });
  });
});

describe('the shipped templates', () => {
  const shipped = new EmailTemplates();
  const scope = scopeOf() as unknown as JsonObject;

  it('are these', async () => {
    expect(await shipped.names()).toEqual(['invoice-overdue', 'notice', 'record-assigned', 'welcome']);
  });

  it('welcome a lead by name, and one without a name as well', async () => {
    expect(await shipped.render('welcome', scope)).toMatchObject({
      subject: 'Welcome, Ann <b>Lee</b>',
      html: expect.stringContaining('Welcome, Ann &lt;b&gt;Lee&lt;/b&gt;!'),
      text: expect.stringMatching(/^Welcome, Ann <b>Lee<\/b>!\n\nThank you/),
    });
    expect((await shipped.render('welcome', scopeOf({ id: 'l-1' }) as unknown as JsonObject)).text).toMatch(/^Welcome!/);
  });

  it('tell what the step says', async () => {
    const notice = await shipped.render('notice', {
      ...scope,
      title: 'Deal won',
      message: 'A & B',
      url: 'https://crm.acme.test/1',
      label: 'See it',
    });
    expect(notice.subject).toBe('Deal won');
    expect(notice.text).toBe(
      'Deal won\n\nA & B\n\nSee it (https://crm.acme.test/1)\n\nYou get this message because of the automation “Welcome”.',
    );
    expect((await shipped.render('notice', { ...scope, title: 'Short', message: null, url: null })).text).toMatch(/^Short\n\nYou get/);
  });

  it('tell the owner of a record, and the debtor of an invoice, what they need to know', async () => {
    expect(await shipped.render('record-assigned', { ...scope, url: null })).toMatchObject({
      subject: 'Assigned to you: Ann <b>Lee</b>',
      text: expect.stringContaining('Stage New'),
    });
    const invoice = { id: 'i-1', number: 'INV-7', amount: 1234.5, dueDate: '2025-03-01' };
    const reminder = await shipped.render('invoice-overdue', { ...scope, record: invoice, url: null });
    expect(reminder.subject).toBe('Reminder: invoice INV-7 is overdue');
    expect(reminder.text).toContain('Amount 1,234.50\nWas due 1 March 2025');
  });
});

describe('send_email in a definition', () => {
  const problems = (args: JsonObject) =>
    describeAction(sendEmail)
      .check(args, { module: LEADS })
      .map(({ path }) => path);

  it.each([
    ['inline', { ...INLINE, html: '<p>{{record.name}}</p>' }, []],
    ['a template', { to: 'owner', template: '{{context.template}}', data: { a: 1 } }, []],
    ['an object', { to: { name: '{{record.name}}', address: '{{record.email}}' }, template: 'welcome' }, []],
    ['no receiver', { template: 'welcome' }, ['to']],
    ['an empty receiver', { to: [''], template: 'welcome' }, ['to']],
    ['a wrong address', { to: ['a@b.test', 'nobody'], cc: 'x@', template: 'welcome' }, ['to', 'cc']],
    ['a wrong shape', { to: [5], template: 'welcome' }, ['to']],
    ['both', { to: 'a@b.test', template: 'welcome', text: 'x', html: 'x' }, ['html', 'text']],
    ['nothing', { to: 'a@b.test' }, ['template', 'subject']],
    ['raw output', { to: 'a@b.test', subject: 'x', html: '{{{record.name}}}' }, ['html']],
    ['a file to attach', { to: 'a@b.test', template: 'welcome', attachments: [{ path: '/etc/passwd' }] }, ['attachments']],
  ])('with %s has the problems %j', (_what, args, expected) => {
    expect(problems(args as JsonObject)).toEqual(expected);
  });
});
