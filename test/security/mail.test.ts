import { afterEach, describe, expect, it } from '@jest/globals';
import { Mailer, type MailOptions } from '../../src/actions/email/mailer.js';
import { AddressGuard } from '../../src/actions/outbound/address-guard.js';
import { describeAction, prepareArguments } from '../../src/actions/prepare-arguments.js';
import { sendEmail } from '../../src/actions/send-email.js';
import type { RecordData } from '../../src/core/event.js';
import type { JsonObject } from '../../src/core/json.js';
import { type CaughtMail, Peers, rejection, smtpPeer } from '../actions/support/peers.js';
import { externalStep, LEAD, LEADS, scopeOf } from '../actions/support/steps.js';

// Attacks by mail: through what an admin writes into send_email, and through what a stranger wrote into a record. The far
// side is a real SMTP server, so that what counts is what arrives.

const peers = new Peers();
afterEach(() => peers.close());

const INLINE = { to: '{{record.email}}', subject: 'Hello {{record.name}}', html: '<p title="{{record.name}}">Hi {{record.name}}</p>' };

/** Sends as the engine would, about a record with these values. */
async function send(args: JsonObject, record: RecordData = {}): Promise<CaughtMail[]> {
  const server = peers.add(await smtpPeer());
  const transport = { host: '127.0.0.1', port: server.port } as unknown as MailOptions['transport'];
  const mailer = peers.add(new Mailer({ transport, from: 'CRM <crm@acme.test>' }));
  const step = externalStep([mailer], { scope: scopeOf({ ...LEAD, ...record }) });
  await sendEmail.execute(prepareArguments(sendEmail, { ...INLINE, ...args } as JsonObject, step.scope), step);
  return server.mails;
}

const headersOf = (mail: CaughtMail | undefined) => mail?.raw.split('\r\n\r\n', 1)[0];

describe('addresses from a record', () => {
  it.each<[attack: string, email: string]>([
    ['a line break and a header', 'ann@ok.test\r\nBcc: eve@evil.test'],
    ['a line feed alone', 'ann@ok.test\nBcc: eve@evil.test'],
    ['a carriage return alone', 'ann@ok.test\rBcc: eve@evil.test'],
    ['U+0085, a line break in Unicode', 'ann@ok.test\u0085Bcc: eve@evil.test'],
    ['U+2028, a line separator', 'ann@ok.test\u2028Bcc: eve@evil.test'],
    ['U+0000', 'ann@ok.test\0'],
    ['a command of SMTP', 'ann@ok.test>\r\nRCPT TO:<eve@evil.test'],
    ['a bracket closed early', 'ann@ok.test>, <eve@evil.test'],
    ['an address inside a quoted local part', '"eve@evil.test x"@ok.test'],
    ['a comma inside a quoted local part', '"eve@evil.test,"@ok.test'],
    ['brackets inside a quoted local part', '"x\\"<eve@evil.test>"@ok.test'],
    ['an address of a machine', 'ann@[127.0.0.1]'],
    ['a local part of 65 letters', `${'a'.repeat(65)}@ok.test`],
    ['a program', '|/bin/sh'],
    ['a file', '/etc/passwd'],
    ['an object in words', '[object Object]'],
    ['no domain', 'ann'],
    ['a source route', '@evil.test:ann@ok.test'],
    ['a group', 'All: ann@ok.test, eve@evil.test;'],
    ['a word that stands for somebody else', 'owner'],
    ['a word that stands for whoever caused the event', ' actor '],
  ])('%s → refused for good, nothing is sent', async (_attack, email) => {
    expect(await rejection(send({}, { email }))).toMatchObject({ code: 'mail_address_invalid', retry: { kind: 'permanent' } });
  });

  it.each<[attack: string, email: string, to: string[]]>([
    ['parameters of SMTP', 'ann@ok.test NOTIFY=NEVER', ['ann@ok.test']],
    ['a display name that is an address', '"eve@evil.test" <ann@ok.test>', ['ann@ok.test']],
    ['a relay by per cent', 'ann%evil.test@ok.test', ['ann%evil.test@ok.test']],
    ['an option of sendmail', '-oQ/tmp@ok.test', ['-oQ/tmp@ok.test']],
    ['the same address many times', 'ann@ok.test,'.repeat(1_000), ['ann@ok.test']],
    ['several addresses in one text', 'ann@ok.test, ben@ok.test', ['ann@ok.test', 'ben@ok.test']],
  ])('%s → goes to the address that it is', async (_attack, email, to) => {
    expect((await send({}, { email })).map((mail) => mail.to)).toEqual([to]);
  });

  it.each<[attack: string, field: string]>([
    ['several addresses', 'ann@ok.test, eve@evil.test'],
    ['a bracket closed early', 'ann@ok.test>, <eve@evil.test'],
    ['a group', 'All: ann@ok.test, eve@evil.test;'],
    ['a name and an address', 'Ann <eve@evil.test>'],
    ['a list', 'ann@ok.test,eve@evil.test,'],
    ['a line break and a header', 'ann@ok.test\r\nBcc: eve@evil.test'],
  ])('%s for one address between other text → refused for good, in every field', async (_attack, email) => {
    const spellings = ['{{record.email}}, ben@ok.test', ['Ann <{{record.email}}>'], '{{record.email}}@ok.test'];
    const written = [
      ...['to', 'cc', 'bcc', 'replyTo'].map((field) => ({ [field]: 'Ann <{{record.email}}>' })),
      ...spellings.map((to) => ({ to })),
    ];
    for (const args of written) {
      const error = await rejection<Error>(send({ to: 'ann@ok.test', ...args } as JsonObject, { email }));
      expect(error).toMatchObject({ code: 'mail_address_invalid', retry: { kind: 'permanent' } });
      expect(error.message).toContain(`'${Object.keys(args)[0]}`);
    }
  });

  it.each<[attack: string, args: object]>([
    ['in one text', { to: Array.from({ length: 51 }, (_, index) => `a${index}@ok.test`).join(',') }],
    ['in a list', { to: Array.from({ length: 51 }, (_, index) => `a${index}@ok.test`) }],
    [
      'spread over to, cc and bcc',
      Object.fromEntries(
        ['to', 'cc', 'bcc'].map((field, at) => [field, Array.from({ length: 20 }, (_, index) => `a${at}-${index}@ok.test`)]),
      ),
    ],
    ['a hundred thousand', { to: Array.from({ length: 100_000 }, (_, index) => `a${index}@ok.test`).join(',') }],
  ])('more than 50 recipients %s → refused', async (_attack, args) => {
    expect(await rejection(send(args as JsonObject))).toMatchObject({ code: 'mail_invalid' });
  });
});

describe('names and subjects from a record', () => {
  it.each<[attack: string, name: string]>([
    ['another address', 'Ann <eve@evil.test>, b@evil.test'],
    ['a comma and a further address', 'A <eve@evil.test>, B'],
    ['a group', 'All: eve@evil.test, b@evil.test;'],
    ['an address alone', 'eve@evil.test'],
    ['a quote and an address', 'Ann" <eve@evil.test>, "'],
    ['an encoded line break', '=?utf-8?Q?=0D=0ABcc:_eve=40evil.test?='],
    ['a comment', 'Ann (eve@evil.test)'],
    ['letters beyond ASCII', 'Zoë <eve@evil.test>'],
  ])('%s as a display name → one recipient, no further header', async (_attack, name) => {
    const spellings = [
      { name: '{{record.name}}', address: 'ann@ok.test' },
      '{{record.name}} <{{record.email}}>',
      '"{{record.name}}" <ann@ok.test>',
    ];
    for (const written of spellings) {
      const [mail] = await send({ to: written }, { name, email: 'ann@ok.test' });
      expect(mail?.to).toEqual(['ann@ok.test']);
      expect(headersOf(mail)).not.toMatch(/^b?cc:/im);
      const [to] = [mail?.parsed.to].flat();
      expect(to?.value.map(({ address }) => address)).toEqual(['ann@ok.test']);
      expect(to?.value[0]?.name).not.toMatch(/[\r\n]/);
    }
  });

  it.each(['\r\n', '\n', '\r', '\0', '\u2028', '\u0085'])('a display name with %j → refused', async (control) => {
    const to = { name: '{{record.name}}', address: 'ann@ok.test' };
    expect(await rejection(send({ to }, { name: `Ann${control}Bcc: eve@evil.test` }))).toMatchObject({ code: 'mail_address_invalid' });
  });

  it.each(['\r\n', '\n', '\r', '\u2028', '\0', '\r\n\r\n<script>'])('a subject with %j → one line, no further header', async (control) => {
    const [mail] = await send({}, { name: `Ann${control}Bcc: eve@evil.test` });
    expect(mail?.to).toEqual(['ann@example.test']);
    expect(headersOf(mail)).not.toMatch(/^b?cc:/im);
    expect(mail?.parsed.subject).toMatch(/^Hello Ann .*Bcc: eve@evil\.test$/);
  });

  it.each(['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", '&lt;b&gt;', '</p><a href="x">'])(
    'HTML in a name: %s → text in the HTML, element and attribute alike',
    async (name) => {
      const [mail] = await send({}, { name });
      const html = String(mail?.parsed.html);
      expect(html).toMatch(/^<p title="[^"<>]*">[^<>]*<\/p>$/);
      expect(mail?.parsed.text?.trim()).toBe(`Hi ${name}`);
    },
  );
});

describe('what a step may ask for', () => {
  const problems = (args: object) =>
    describeAction(sendEmail).check({ to: 'a@ok.test', subject: 'x', text: 'x', ...args } as JsonObject, { module: LEADS });

  it.each<[attack: string, args: object, path: string]>([
    ['an attachment by path', { attachments: [{ path: '/etc/passwd' }] }, 'attachments'],
    ['an attachment by URL', { attachments: [{ href: 'http://169.254.169.254/' }] }, 'attachments'],
    ['a message by path', { text: { path: '/etc/passwd' } }, 'text'],
    ['a message by URL', { html: { href: 'http://169.254.169.254/' } }, 'html'],
    ['a raw message', { raw: 'To: eve@evil.test\r\n\r\n' }, 'raw'],
    ['an envelope', { envelope: { to: 'eve@evil.test' } }, 'envelope'],
    ['a sender', { from: 'ceo@acme.test' }, 'from'],
    ['headers', { headers: { Bcc: 'eve@evil.test' } }, 'headers'],
    ['iCalendar', { icalEvent: { path: '/etc/passwd' } }, 'icalEvent'],
    ['another transport', { transport: 'smtp://evil.test' }, 'transport'],
    ['a template outside the folder', { template: '../../../etc/passwd', text: undefined }, 'template'],
    ['a line break in an address', { to: 'a@ok.test\r\nBcc: eve@evil.test' }, 'to'],
    ['a further member of an address', { to: { address: 'a@ok.test', envelope: 'x' }, cc: [{ path: '/etc/passwd' }] }, 'cc'],
    ['raw output in HTML', { html: '{{{record.name}}}' }, 'html'],
  ])('%s → a problem when it is saved', (_attack, args, path) => {
    const known = ['welcome'];
    const found =
      path === 'template'
        ? describeAction(sendEmail, () => ({ templates: { known } }) as never).check({ to: 'a@ok.test', ...args } as JsonObject, {
            module: LEADS,
          })
        : problems(args);
    expect(found.map((problem) => problem.path)).toContain(path);
  });

  it('a template outside the folder, known only when it runs → refused', async () => {
    const error = await rejection(
      send({ subject: undefined as never, html: undefined as never, template: '{{record.name}}' }, { name: '../../../etc/passwd' }),
    );
    expect(error).toMatchObject({ code: 'mail_template_unknown' });
  });
});

describe('a mail server that somebody untrusted may set', () => {
  const held = (transport: unknown, allow: string[] = []) =>
    new Mailer({ transport: transport as MailOptions['transport'], from: 'crm@acme.test', guard: new AddressGuard({ allow }) });
  const MAIL = { to: [{ name: '', address: 'ann@ok.test' }], subject: 'x', text: 'x' };
  const KEY = { idempotencyKey: 'run-1.hello' };

  it.each<[attack: string, transport: unknown, option: string]>([
    ['a program', 'smtp://mail.acme.test?sendmail=true&path=/bin/sh', 'sendmail, path'],
    ['a program, as an option', { sendmail: true, path: '/bin/sh' }, 'sendmail, path'],
    ['a proxy inside', 'smtp://mail.acme.test?proxy=http://127.0.0.1:3128', 'proxy'],
    ['a proxy, in the URL of an object', { url: 'smtp://mail.acme.test?proxy=socks5://10.0.0.1' }, 'proxy'],
    ['files allowed again', 'smtp://mail.acme.test?disableFileAccess=false', 'disableFileAccess'],
    ['a socket of its own', { host: 'mail.acme.test', getSocket: () => undefined }, 'getSocket'],
    ['an address of its own', 'smtp://mail.acme.test?localAddress=10.0.0.1', 'localAddress'],
    ['a certificate that nobody checks', 'smtp://mail.acme.test?tls.rejectUnauthorized=false', 'tls.rejectUnauthorized'],
    [
      'OAuth2 at an address inside',
      { host: 'mail.acme.test', auth: { type: 'OAuth2', accessUrl: 'http://169.254.169.254/' } },
      'auth.type, auth.accessUrl',
    ],
    ['a prototype', 'smtp://mail.acme.test?__proto__=x&constructor=y', '__proto__, constructor'],
  ])('%s → refused', (_attack, transport, option) => {
    expect(() => held(transport)).toThrow(
      expect.objectContaining({ code: 'mail_config_invalid', message: expect.stringContaining(option) }),
    );
  });

  it.each(['http://127.0.0.1/', 'direct:x', 'file:///etc/passwd', 'smtp://', 'smtp://%E0@x.test'])(
    'the transport %s → refused',
    (transport) => {
      expect(() => held(transport)).toThrow(expect.objectContaining({ code: 'mail_config_invalid' }));
    },
  );

  it.each(['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost', '169.254.169.254', '10.0.0.1'])(
    'an SMTP server at %s → refused before a connection is made, told as a URL or as options',
    async (host) => {
      for (const transport of [`smtp://user:secret@${host}:2525`, { host: host.replace(/[[\]]/g, ''), port: 2525 }]) {
        const error = await rejection<Error>(peers.add(held(transport)).send(MAIL, KEY));
        expect(error).toMatchObject({ code: 'outbound_address_refused', retry: { kind: 'permanent' } });
        expect(JSON.stringify(error) + error.message).not.toContain('secret');
      }
    },
  );

  it('a server that the allow-list names → reached, by URL and by options', async () => {
    const server = peers.add(await smtpPeer());
    for (const transport of [`smtp://127.0.0.1:${server.port}?ignoreTLS=true`, { host: '127.0.0.1', port: server.port }]) {
      await peers.add(held(transport, [`127.0.0.1:${server.port}`])).send(MAIL, KEY);
    }
    expect(server.mails).toHaveLength(2);
  });
});
