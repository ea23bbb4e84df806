import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { Mailer, type MailOptions, messageIdFor } from '../../src/actions/email/mailer.js';
import { asMailError } from '../../src/actions/email/smtp-errors.js';
import type { AutomationError } from '../../src/core/errors.js';
import { eventually } from '../support/eventually.js';
import { Peers, rejection, smtpPeer, smtpScript, tcpPeer } from './support/peers.js';
import { TEST_CERTIFICATE, TEST_KEY } from './support/tls.js';

const peers = new Peers();
afterEach(() => peers.close());

const ANN = { name: 'Ann', address: 'ann@example.test' };
const BEN = { name: '', address: 'ben@example.test' };
const MAIL = { to: [ANN], subject: 'Hello', text: 'Hi Ann', html: '<p>Hi Ann</p>' };
const KEY = { idempotencyKey: 'run-1.each[3].notify' };

function mailer(port: number, transport: object = {}, more: Partial<MailOptions> = {}): Mailer {
  return peers.add(
    new Mailer({
      transport: {
        host: '127.0.0.1',
        port,
        ignoreTLS: true,
        ...transport,
      },
      from: 'CRM <crm@acme.test>',
      ...more,
    }),
  );
}

/** What sending through a scripted server fails with. */
async function failure(script: Parameters<typeof smtpScript>[0], transport: object = {}, signal?: AbortSignal): Promise<AutomationError> {
  const peer = peers.add(await tcpPeer(smtpScript(script)));
  return rejection(mailer(peer.port, transport).send(MAIL, { ...KEY, signal }));
}

describe('a message', () => {
  it('arrives with its parts, its recipients and a Message-ID that stays the same', async () => {
    const server = peers.add(await smtpPeer());
    const sent = await mailer(server.port, {}, { replyTo: 'help@acme.test' }).send(
      { ...MAIL, cc: [BEN], bcc: [{ name: '', address: 'eve@example.test' }] },
      KEY,
    );
    expect(sent).toEqual({
      messageId: '<run-1.each.3.notify@acme.test>',
      accepted: ['ann@example.test', 'ben@example.test', 'eve@example.test'],
      rejected: [],
    });
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: 'crm@acme.test', to: ['ann@example.test', 'ben@example.test', 'eve@example.test'] });
    expect(mail?.parsed).toMatchObject({
      messageId: '<run-1.each.3.notify@acme.test>',
      subject: 'Hello',
      text: 'Hi Ann',
      html: '<p>Hi Ann</p>',
    });
    expect(mail?.parsed.replyTo?.text).toBe('help@acme.test');
    expect(mail?.parsed.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail?.raw).not.toContain('eve@example.test');
  });

  it('belongs to a thread where it is told so, and to none elsewhere', async () => {
    const server = peers.add(await smtpPeer());
    await mailer(server.port).send(MAIL, { ...KEY, thread: 'thread.run-1.ok' });
    await mailer(server.port).send(MAIL, KEY);
    const thread = '<thread.run-1.ok@acme.test>';
    expect(server.mails.map(({ parsed }) => [parsed.messageId, parsed.references, parsed.inReplyTo])).toEqual([
      ['<run-1.each.3.notify@acme.test>', thread, thread],
      ['<run-1.each.3.notify@acme.test>', undefined, undefined],
    ]);
  });

  it('keeps to one subject line, and content never names files or addresses to fetch', async () => {
    const server = peers.add(await smtpPeer());
    await mailer(server.port).send({ ...MAIL, subject: 'Hi\r\nBcc: eve@example.test\0 you', replyTo: [BEN] }, KEY);
    const [mail] = server.mails;
    expect(mail?.parsed.subject).toBe('Hi Bcc: eve@example.test you');
    expect(mail?.parsed.bcc).toBeUndefined();
    expect(mail?.to).toEqual(['ann@example.test']);
    const fetching = { path: '/etc/passwd' } as unknown as string;
    expect(await rejection(mailer(server.port).send({ ...MAIL, text: fetching }, KEY))).toMatchObject({ code: 'mail_invalid' });
    const calling = { href: `http://127.0.0.1:${server.port}/` } as unknown as string;
    expect(await rejection(mailer(server.port).send({ ...MAIL, html: calling }, KEY))).toMatchObject({ code: 'mail_invalid' });
  });

  it('goes through the URL of a server, with a login', async () => {
    const server = peers.add(
      await smtpPeer({
        authOptional: false,
        allowInsecureAuth: true,
        onAuth: ({ username, password }, _session, done) =>
          username === 'crm' && password === 'p@ss' ? done(null, { user: 1 }) : done(new Error('no')),
      }),
    );
    const right = peers.add(new Mailer({ transport: `smtp://crm:p%40ss@127.0.0.1:${server.port}`, from: 'crm@acme.test' }));
    await right.send(MAIL, KEY);
    expect(server.mails).toHaveLength(1);
    const wrong = peers.add(new Mailer({ transport: `smtp://crm:wrong@127.0.0.1:${server.port}`, from: 'crm@acme.test' }));
    expect(await rejection(wrong.send(MAIL, KEY))).toMatchObject({ code: 'smtp_auth_failed', retry: { kind: 'permanent' } });
    const without = peers.add(new Mailer({ transport: `smtp://127.0.0.1:${server.port}`, from: 'crm@acme.test' }));
    expect(await rejection(without.send(MAIL, KEY))).toMatchObject({ code: 'smtp_auth_failed' });
  });

  it("goes through a transporter of the host's, which stays open and loses nothing else by it", async () => {
    const server = peers.add(await smtpPeer());
    const transporter = createTransport({ host: '127.0.0.1', port: server.port, ignoreTLS: true });
    const close = jest.spyOn(transporter, 'close');
    const own = new Mailer({ transport: transporter, from: 'crm@acme.test' });
    await own.send(MAIL, KEY);
    own.close();
    expect(close).not.toHaveBeenCalled();
    await transporter.sendMail({ from: 'x@acme.test', to: 'y@acme.test', text: 'mail of the host' });
    expect(server.mails.map((mail) => mail.from)).toEqual(['crm@acme.test', 'x@acme.test']);
  });

  it('goes through the transport of its workspace, which is kept until the host answers otherwise', async () => {
    const clients = new Set<string>();
    const counted: Parameters<typeof smtpPeer>[0] = { onConnect: ({ id }, done) => done(void clients.add(id)) };
    const [first, second] = [peers.add(await smtpPeer(counted)), peers.add(await smtpPeer())];
    const ports: Record<string, number> = { acme: first.port, rival: second.port };
    const made: object[] = [];
    const own = peers.add(
      new Mailer({
        transport: async (workspaceId) => {
          const port = ports[workspaceId];
          if (workspaceId === 'broken') throw new Error('the settings are away');
          if (port === undefined) return null;
          made.push({ port });
          return { host: '127.0.0.1', port, ignoreTLS: true, pool: true } as object;
        },
        from: 'crm@acme.test',
      }),
    );
    await own.send(MAIL, { ...KEY, workspaceId: 'acme' });
    await own.send({ ...MAIL, to: [BEN] }, { ...KEY, workspaceId: 'rival' });
    await own.send(MAIL, { ...KEY, workspaceId: 'acme' });
    expect([first, second].map(({ mails }) => mails.map(({ to }) => to))).toEqual([
      [['ann@example.test'], ['ann@example.test']],
      [['ben@example.test']],
    ]);
    expect(made).toHaveLength(3);
    // One connection for both mails of acme: the settings are equal, though made anew.
    expect(clients.size).toBe(1);
    ports.acme = second.port;
    await own.send(MAIL, { ...KEY, workspaceId: 'acme' });
    expect([first.mails.length, second.mails.length]).toEqual([2, 2]);
    expect(await rejection(own.send(MAIL, { ...KEY, workspaceId: 'nobody' }))).toMatchObject({ code: 'mail_not_configured' });
    await expect(own.send(MAIL, { ...KEY, workspaceId: 'broken' })).rejects.toThrow('the settings are away');
    expect(await rejection(own.send(MAIL, KEY))).toMatchObject({
      code: 'mail_config_invalid',
      message: expect.stringContaining('workspace'),
    });
  });

  it('goes through transports that name no recipients in their answer', async () => {
    const own = new Mailer({ transport: { jsonTransport: true }, from: 'crm@acme.test' });
    expect(await own.send(MAIL, KEY)).toMatchObject({ accepted: ['ann@example.test'], rejected: [] });
  });

  it('is sent to those whom the server takes, and names the others', async () => {
    const server = peers.add(
      await smtpPeer({
        onRcptTo: ({ address }, _session, done) =>
          address.startsWith('ben') ? done(Object.assign(new Error('unknown'), { responseCode: 550 })) : done(),
      }),
    );
    const sent = await mailer(server.port).send({ ...MAIL, to: [ANN, BEN] }, KEY);
    expect(sent).toMatchObject({ accepted: ['ann@example.test'], rejected: ['ben@example.test'] });
  });

  it('needs somebody to go to, and not too many', async () => {
    const own = mailer(1);
    expect(await rejection(own.send({ ...MAIL, to: [] }, KEY))).toMatchObject({ code: 'mail_invalid', retry: { kind: 'permanent' } });
    const crowd = Array.from({ length: 51 }, (_each, index) => ({ name: '', address: `a${index}@example.test` }));
    expect(await rejection(own.send({ ...MAIL, to: crowd }, KEY))).toMatchObject({ code: 'mail_invalid' });
  });
});

describe('the mailer', () => {
  it('says so when mail is not set up', async () => {
    // The URL of a server that the environment does not name is no server on localhost.
    for (const options of [null, undefined, { transport: undefined, from: 'crm@acme.test' }, { transport: '', from: 'crm@acme.test' }]) {
      const error = await rejection<AutomationError>(new Mailer(options).send(MAIL, KEY));
      expect(error).toMatchObject({ code: 'mail_not_configured', retry: { kind: 'permanent' } });
      expect(error.hint).toContain('mail option');
    }
    new Mailer(null).close();
  });

  it('refuses options that cannot work', () => {
    expect(() => new Mailer({ transport: 'mail.acme.test', from: 'crm@acme.test' })).toThrow(
      expect.objectContaining({ code: 'mail_config_invalid' }),
    );
    expect(() => new Mailer({ transport: 'smtp://x', from: 'a@acme.test, b@acme.test' })).toThrow(
      expect.objectContaining({ code: 'mail_config_invalid' }),
    );
    expect(() => new Mailer({ transport: 'smtp://x', from: '' })).toThrow(expect.objectContaining({ code: 'mail_config_invalid' }));
    expect(() => new Mailer({ transport: 'smtp://x', from: 'crm@acme.test', templateDirs: 'no/such/folder' })).toThrow(
      expect.objectContaining({ code: 'mail_config_invalid', message: expect.stringContaining('no/such/folder') }),
    );
    expect(() => new Mailer({ transport: 'smtp://x', from: 'nobody' })).toThrow(expect.objectContaining({ code: 'mail_address_invalid' }));
  });

  it.each([true, false])('reads templates of the host, anew for each mail where it is told so: %s', async (reloadTemplates) => {
    const folder = mkdtempSync(join(tmpdir(), 'templates-'));
    const write = (subject: string) => writeFileSync(join(folder, 'own.hbs'), `---\nsubject: ${subject}\n---\n<p>Hi</p>`);
    write('First');
    const { templates } = new Mailer({ transport: 'smtp://x', from: 'crm@acme.test', templateDirs: [folder], reloadTemplates });
    expect((await templates.render('own', {})).subject).toBe('First');
    write('Second');
    expect((await templates.render('own', {})).subject).toBe(reloadTemplates ? 'Second' : 'First');
    rmSync(folder, { recursive: true });
  });

  it('makes Message-IDs that mail servers accept', () => {
    expect(messageIdFor('run.a.b', 'crm@acme.test')).toBe('<run.a.b@acme.test>');
    expect(messageIdFor('run.each[12].a b', 'crm@bücher.test')).toBe('<run.each.12.a-b@xn--bcher-kva.test>');
  });
});

describe('a server that does not take the message', () => {
  it('is unreachable when nobody listens', async () => {
    const peer = await tcpPeer(() => undefined);
    await peer.close();
    expect(await rejection(mailer(peer.port).send(MAIL, KEY))).toMatchObject({ code: 'smtp_unreachable', retry: { kind: 'transient' } });
  });

  it('is unreachable when its name is not known', async () => {
    const error = await rejection(mailer(25, { host: 'mail.invalid', connectionTimeout: 5_000 }).send(MAIL, KEY));
    expect(error).toMatchObject({ code: 'smtp_unreachable', retry: { kind: 'transient' } });
  });

  it('is given up when it never greets', async () => {
    const peer = peers.add(await tcpPeer(() => undefined));
    expect(await rejection(mailer(peer.port, { greetingTimeout: 50 }).send(MAIL, KEY))).toMatchObject({
      code: 'smtp_timeout',
      retry: { kind: 'transient' },
    });
  });

  it('is given up when it falls silent', async () => {
    expect(await failure({ replies: { MAIL: '' } }, { socketTimeout: 50 })).toMatchObject({
      code: 'smtp_timeout',
      retry: { kind: 'transient' },
    });
  });

  it.each([
    ['busy at once', { greeting: '421 too busy\r\n' }, 'smtp_unavailable', 'transient'],
    ['shut', { greeting: '554 no service\r\n' }, 'smtp_refused', 'permanent'],
    ['busy later', { replies: { MAIL: '421 closing\r\n' } }, 'smtp_unavailable', 'transient'],
    ['over its quota', { replies: { MAIL: '452 too many messages\r\n' } }, 'smtp_deferred', 'transient'],
    ['greylisting', { replies: { RCPT: '450 try again\r\n' } }, 'smtp_deferred', 'transient'],
    ['without such a mailbox', { replies: { RCPT: '550 no such user\r\n' } }, 'smtp_rejected_recipient', 'permanent'],
    ['not for this sender', { replies: { MAIL: '553 not yours\r\n' } }, 'smtp_rejected_sender', 'permanent'],
    ['asking for a login', { replies: { MAIL: '530 authenticate first\r\n' } }, 'smtp_auth_failed', 'permanent'],
    ['full at DATA', { replies: { DATA: '452 disk full\r\n' } }, 'smtp_deferred', 'transient'],
    ['against DATA', { replies: { DATA: '554 no\r\n' } }, 'smtp_rejected_message', 'permanent'],
    ['against the message', { afterDot: (socket) => socket.write('554 spam\r\n') }, 'smtp_rejected_message', 'permanent'],
    ['busy after the message', { afterDot: (socket) => socket.write('451 later\r\n') }, 'smtp_deferred', 'transient'],
    ['closing after the message with 421', { afterDot: (socket) => socket.end('421 bye\r\n') }, 'smtp_unavailable', 'transient'],
    ['no mail server', { greeting: 'SSH-2.0-OpenSSH_9\r\n' }, 'smtp_protocol_error', 'transient'],
  ] as [string, Parameters<typeof smtpScript>[0], string, string][])('that is %s', async (_what, script, code, kind) => {
    const error = await failure(script);
    expect(error).toMatchObject({ code, retry: { kind } });
    expect(error.hint).toBeTruthy();
  });

  it('has its answer in the error', async () => {
    const error = await failure({ replies: { RCPT: '550 5.1.1 no such user\r\n' } });
    expect(error.message).toContain('550 5.1.1 no such user');
    expect(error.details).toMatchObject({
      smtpStatus: 550,
      smtpCommand: 'RCPT TO',
      rejections: [{ address: 'ann@example.test', response: '550 5.1.1 no such user' }],
    });
  });

  it('puts the message off when it puts off one recipient and refuses the other', async () => {
    let turn = 0;
    const server = peers.add(
      await smtpPeer({
        onRcptTo: (_address, _session, done) => {
          turn += 1;
          done(Object.assign(new Error('no'), { responseCode: turn === 1 ? 450 : 550 }));
        },
      }),
    );
    const error = await rejection(mailer(server.port).send({ ...MAIL, to: [ANN, BEN] }, KEY));
    expect(error).toMatchObject({ code: 'smtp_deferred', retry: { kind: 'transient' } });
  });

  it('has not got the message when it closes before, or at DATA', async () => {
    expect(await failure({ onData: (socket) => socket.end() })).toMatchObject({
      code: 'smtp_connection_lost',
      retry: { kind: 'transient' },
    });
    const silent = peers.add(await tcpPeer((socket) => socket.end()));
    expect(await rejection(mailer(silent.port).send(MAIL, KEY))).toMatchObject({ code: 'smtp_connection_lost' });
  });

  it('has not got the message when it closes in the middle of it', async () => {
    const script = smtpScript({
      onData: (socket) => {
        socket.write('354 go on\r\n');
        socket.once('data', () => socket.resetAndDestroy());
      },
    });
    const peer = peers.add(await tcpPeer(script));
    // more than any buffer on the way takes in
    const text = 'x'.repeat(76).concat('\n').repeat(100_000);
    const error = await rejection(mailer(peer.port, { socketTimeout: 10_000 }).send({ ...MAIL, text }, KEY));
    expect(error).toMatchObject({ code: 'smtp_connection_lost', retry: { kind: 'transient' } });
  });
});

describe('a server of which nobody knows whether it took the message', () => {
  it('closed after the dot', async () => {
    const error = await failure({ afterDot: (socket) => socket.destroy() });
    expect(error).toMatchObject({ code: 'smtp_outcome_unknown', retry: { kind: 'ambiguous' } });
    expect(error.hint).toContain('may have the message already');
  });

  it('fell silent after the dot', async () => {
    expect(await failure({ afterDot: () => undefined }, { socketTimeout: 500 })).toMatchObject({
      code: 'smtp_outcome_unknown',
      retry: { kind: 'ambiguous' },
    });
  });

  it('had not answered when the step had to end', async () => {
    const step = new AbortController();
    const error = await failure({ afterDot: () => step.abort() }, {}, step.signal);
    expect(error).toMatchObject({ code: 'smtp_outcome_unknown', retry: { kind: 'ambiguous' } });
  });
});

describe('a step that has to end', () => {
  it('leaves a server that answers a byte at a time', async () => {
    const step = new AbortController();
    const peer = peers.add(
      await tcpPeer((socket) => {
        const timer = setInterval(() => {
          socket.write('2');
          step.abort();
        }, 5);
        socket.on('close', () => clearInterval(timer));
      }),
    );
    expect(await rejection(mailer(peer.port).send(MAIL, { ...KEY, signal: step.signal }))).toMatchObject({
      code: 'smtp_timeout',
      retry: { kind: 'transient' },
    });
  });

  it('does not even call when it has ended before', async () => {
    const peer = peers.add(await tcpPeer(smtpScript()));
    expect(await rejection(mailer(peer.port).send(MAIL, { ...KEY, signal: AbortSignal.abort() }))).toMatchObject({ code: 'smtp_timeout' });
    expect(peer.connections).toBe(0);
  });
});

describe('a step with a time of its own', () => {
  it.each<[what: string, peer: (later: (goOn: (socket: Socket) => void) => (socket: Socket) => void) => (socket: Socket) => void]>([
    ['greets late', (later) => later(smtpScript())],
    ['answers late', (later) => smtpScript({ afterDot: later((socket) => socket.write('250 queued\r\n')) })],
  ])('waits for a server that %s, longer than the transport usually would', async (_what, speak) => {
    const waiting: (() => void)[] = [];
    const peer = peers.add(await tcpPeer(speak((goOn) => (socket) => void waiting.push(() => goOn(socket)))));
    for (const transport of [{}, { url: `smtp://127.0.0.1:${peer.port}?socketTimeout=50&greetingTimeout=50` }]) {
      waiting.length = 0;
      const sender = mailer(peer.port, { greetingTimeout: 50, socketTimeout: 50, ...transport });
      const sent = sender.send(MAIL, { ...KEY, timeoutMs: 60_000 });
      await eventually(() => expect(waiting).toHaveLength(1));
      // one with the usual time, that began later, is over before the server goes on
      expect(await rejection(sender.send(MAIL, KEY))).toMatchObject({ code: expect.stringMatching(/^smtp_(timeout|outcome_unknown)$/) });
      waiting[0]?.();
      expect(await sent).toMatchObject({ accepted: ['ann@example.test'] });
    }
  });

  it('still tells whether the message was handed over', async () => {
    const step = new AbortController();
    const peer = peers.add(await tcpPeer(smtpScript({ afterDot: () => step.abort() })));
    const error = await rejection(mailer(peer.port).send(MAIL, { ...KEY, timeoutMs: 60_000, signal: step.signal }));
    expect(error).toMatchObject({ code: 'smtp_outcome_unknown', retry: { kind: 'ambiguous' } });
  });

  it("leaves a pool and a host's own transporter as they are", async () => {
    const server = peers.add(await smtpPeer());
    const own = createTransport({ host: '127.0.0.1', port: server.port, ignoreTLS: true });
    const ownSends = jest.spyOn(own, 'sendMail');
    const pooled = mailer(server.port, { pool: true, maxConnections: 1 });
    await new Mailer({ transport: own, from: 'crm@acme.test' }).send(MAIL, { ...KEY, timeoutMs: 60_000 });
    await pooled.send(MAIL, { ...KEY, timeoutMs: 60_000 });
    await pooled.send(MAIL, { ...KEY, timeoutMs: 70_000 });
    expect(server.mails).toHaveLength(3);
    expect(ownSends).toHaveBeenCalledTimes(1);
  });
});

describe('failures without an answer of a server', () => {
  it('of a login that is not complete are told apart', async () => {
    const server = peers.add(await smtpPeer({ allowInsecureAuth: true }));
    const error = await rejection(mailer(server.port, { auth: { user: 'crm' } }).send(MAIL, KEY));
    expect(error).toMatchObject({ code: 'smtp_auth_failed', retry: { kind: 'permanent' } });
  });

  it("of a host's own transport may pass, whatever it throws", async () => {
    for (const thrown of [new Error('the queue is full'), 'no error at all']) {
      const transport = createTransport({ name: 'own', version: '1', send: (_mail, done) => done(thrown as Error) });
      const error = await rejection(new Mailer({ transport, from: 'crm@acme.test' }).send(MAIL, KEY));
      expect(error).toMatchObject({ code: 'mail_failed', retry: { kind: 'transient' } });
    }
  });

  it('of a network that is not there are unreachable', () => {
    const error = Object.assign(new Error('connect EHOSTUNREACH'), { code: 'ESOCKET', originalCode: 'EHOSTUNREACH' });
    expect(asMailError(error, { handedOver: false })).toMatchObject({ code: 'smtp_unreachable', retry: { kind: 'transient' } });
  });
});

describe('TLS', () => {
  const secure = { secure: true, key: TEST_KEY, cert: TEST_CERTIFICATE, disabledCommands: [] as string[] };

  it('is checked, and works with an authority that the options trust', async () => {
    const server = peers.add(await smtpPeer(secure));
    const trusting = mailer(server.port, {
      secure: true,
      ignoreTLS: false,
      connectionTimeout: 5_000,
      greetingTimeout: 5_000,
      tls: { ca: TEST_CERTIFICATE },
    });
    await trusting.send(MAIL, KEY);
    expect(server.mails).toHaveLength(1);
    const strict = mailer(server.port, { secure: true, ignoreTLS: false, connectionTimeout: 5_000, greetingTimeout: 5_000 });
    expect(await rejection(strict.send(MAIL, KEY))).toMatchObject({ code: 'smtp_tls_failed', retry: { kind: 'permanent' } });
  });

  it('is a clear failure where the server does not speak it', async () => {
    const peer = peers.add(await tcpPeer(smtpScript()));
    const error = await rejection<AutomationError>(mailer(peer.port, { secure: true, ignoreTLS: false }).send(MAIL, KEY));
    expect(error).toMatchObject({ code: 'smtp_tls_failed', retry: { kind: 'transient' } });
  });

  it('is a clear failure where the options ask for it and the server has none', async () => {
    const peer = peers.add(await tcpPeer(smtpScript({ replies: { STARTTLS: '454 not now\r\n' } })));
    const error = await rejection<AutomationError>(mailer(peer.port, { requireTLS: true, ignoreTLS: false }).send(MAIL, KEY));
    expect(error.retry).toEqual({ kind: 'transient' });
  });
});

describe('a connection pool', () => {
  it('does not send again by itself what it may have sent', async () => {
    let dots = 0;
    const peer = peers.add(
      await tcpPeer(
        smtpScript({
          afterDot: (socket) => {
            dots += 1;
            socket.destroy();
          },
        }),
      ),
    );
    const error = await rejection(mailer(peer.port, { pool: true }).send(MAIL, KEY));
    expect(error).toMatchObject({ code: 'smtp_outcome_unknown' });
    expect(dots).toBe(1);
  });
});
