import type { LookupFunction } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ExternalAction } from '../../src/actions/action.js';
import { httpRequest } from '../../src/actions/http-request.js';
import { AddressGuard, isPublicAddress } from '../../src/actions/outbound/address-guard.js';
import { OAuthTokens } from '../../src/actions/outbound/oauth-tokens.js';
import { OutboundHttp, outboundUrl } from '../../src/actions/outbound/outbound-http.js';
import { describeAction, prepareArguments } from '../../src/actions/prepare-arguments.js';
import { webhook } from '../../src/actions/webhook.js';
import type { AutomationError } from '../../src/core/errors.js';
import { httpPeer, Peers, rejection, tcpPeer } from '../actions/support/peers.js';
import { externalStep, LEAD, LEADS, scopeOf, secretsOf } from '../actions/support/steps.js';

// Attacks by calls to other systems: what an admin writes into a webhook, what a name service answers, what a receiver does.

const peers = new Peers();
afterEach(() => peers.close());

/** A name service of the test's own; several answers are given one after the other. */
function resolving(...answers: string[][]): LookupFunction {
  let turn = 0;
  return (_host, _options, callback) => {
    const addresses = answers[Math.min(turn, answers.length - 1)] ?? [];
    turn += 1;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

async function refusal(url: string, options: ConstructorParameters<typeof OutboundHttp>[0] = {}): Promise<AutomationError> {
  const http = peers.add(new OutboundHttp(options));
  return rejection<AutomationError>(http.send({ method: 'GET', url }));
}

describe('public addresses', () => {
  it.each(['93.184.216.34', '8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '2a00:1450:4001:830::200e'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ['this network', '0.0.0.0'],
    ['loopback', '127.0.0.1'],
    ['loopback, further on', '127.9.9.9'],
    ['private', '10.0.0.5'],
    ['private', '172.16.0.1'],
    ['private', '192.168.1.1'],
    ['shared by a carrier', '100.64.0.1'],
    ['link-local', '169.254.1.1'],
    ['cloud metadata', '169.254.169.254'],
    ['Azure wire server', '168.63.129.16'],
    ['protocol assignments', '192.0.0.8'],
    ['documentation', '203.0.113.7'],
    ['benchmarking', '198.18.0.1'],
    ['6to4 relay', '192.88.99.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['mapped loopback', '::ffff:127.0.0.1'],
    ['mapped private, in hex', '::ffff:a00:5'],
    ['IPv4-compatible', '::7f00:1'],
    ['translated', '::ffff:0:127.0.0.1'],
    ['NAT64', '64:ff9b::127.0.0.1'],
    ['NAT64 of a public address', '64:ff9b::8.8.8.8'],
    ['NAT64, local', '64:ff9b:1::1'],
    ['6to4 of loopback', '2002:7f00:1::'],
    ['Teredo', '2001:0:4136:e378::'],
    ['ORCHID', '2001:20::1'],
    ['documentation', '2001:db8::1'],
    ['documentation, new', '3fff::1'],
    ['unique local', 'fd00::1'],
    ['EC2 metadata', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['discard', '100::1'],
    ['segment routing', '5f00::1'],
    ['no address', 'localhost'],
    ['nothing', ''],
  ])('%s (%s) is not public', (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('calls to inside addresses', () => {
  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0x7f.0.0.1/',
    'http://127.0.0.1./',
    'http://①②⑦.0.0.1/',
    'http://0/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[0:0:0:0:0:ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fd00:ec2::254]/latest/meta-data',
    'http://[fe80::1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://168.63.129.16/machine',
    'http://10.1.2.3/',
    'https://192.168.0.1/',
    'http://0.0.0.0/',
    'http://255.255.255.255/',
    'http://224.0.0.1/',
    'http://100.64.0.1/',
    'http://017700000001/',
    'http://0x7F.0x0.0x0.0x1/',
    'http://127.0x1/',
    'http://3232235521/',
    'http://0xa9fea9fe/latest/meta-data/',
    'http://0251.0376.0251.0376/',
    'http://168.63.33040/',
    'http://１６９.254.169.254/',
    'http://169。254。169。254/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[64:ff9b:1::7f00:1]/',
    'http://[2001:0:7f00:1::]/',
    'http://[fc00::1]/',
    'http://[fec0::1]/',
    'http://[ff02::1]/',
    'http://%31%32%37.0.0.1/',
    'http:127.0.0.1/',
    'http:\\\\127.0.0.1\\',
    'http://127.0.0.1\t/',
  ])('%s is refused for good, before anything is sent', async (url) => {
    const error = await refusal(url);
    expect(error).toMatchObject({ code: 'outbound_address_refused', retry: { kind: 'permanent' } });
  });

  it('refuses localhost by what it resolves to', async () => {
    expect(await refusal('http://localhost/')).toMatchObject({ code: 'outbound_address_refused' });
  });

  it('refuses a name when any one of its addresses is inside', async () => {
    const error = await refusal('http://hooks.example.test/', { lookup: resolving(['93.184.216.34', '10.0.0.1']) });
    expect(error).toMatchObject({ code: 'outbound_address_refused', details: { host: 'hooks.example.test', address: '10.0.0.1' } });
  });

  it('looks at the addresses of each call anew, so that a name that changes its answer gets nowhere', async () => {
    const receiver = peers.add(await httpPeer((_request, response) => response.end('reached')));
    const http = peers.add(new OutboundHttp({ allow: ['127.0.0.2'], lookup: resolving(['127.0.0.2'], ['127.0.0.1']), timeoutMs: 5_000 }));
    const url = `http://rebind.example.test:${receiver.port}/`;
    // the first answer is allowed (nobody listens there), the second is what the attack is after
    expect(await rejection(http.send({ method: 'GET', url }))).toMatchObject({ code: 'outbound_connection_failed' });
    expect(await rejection(http.send({ method: 'GET', url }))).toMatchObject({ code: 'outbound_address_refused' });
    expect(receiver.received).toEqual([]);
  });

  it('refuses a name that resolves to nothing as not found, which may pass', async () => {
    const error = await refusal('http://nothing.example.test/', { lookup: resolving([]) });
    expect(error).toMatchObject({ code: 'outbound_dns_failed', retry: { kind: 'transient' } });
  });

  it('asks for a single address of one family when the caller of the lookup does', () => {
    const guard = new AddressGuard({ lookup: resolving(['93.184.216.34']) });
    const answers: unknown[] = [];
    guard.lookupFor(80)('x.test', {}, (...answer) => answers.push(answer));
    expect(answers).toEqual([[null, '93.184.216.34', 4]]);
  });

  it('understands name services that answer one address', () => {
    const guard = new AddressGuard({ lookup: (_host, _options, callback) => callback(null, '10.0.0.1', 4) });
    const answers: unknown[][] = [];
    guard.lookupFor(80)('x.test', { all: true }, (...answer) => answers.push(answer));
    expect(answers[0]?.[0]).toMatchObject({ code: 'outbound_address_refused' });
  });
});

describe('addresses that cannot be called', () => {
  it.each([
    ['not a URL', 'hooks.acme.test/path'],
    ['a path', '/path'],
    ['ftp', 'ftp://acme.test/'],
    ['file', 'file:///etc/passwd'],
    ['gopher', 'gopher://127.0.0.1:6379/_x'],
    ['data', 'data:text/plain,x'],
    ['a user', 'https://user@acme.test/'],
    ['a password', 'https://:secret@acme.test/'],
    ['a host hidden behind a user', 'https://acme.test@10.0.0.1/'],
  ])('%s is refused', (_what, url) => {
    expect(() => outboundUrl(url)).toThrow(expect.objectContaining({ code: 'outbound_url_invalid' }));
  });

  it('does not repeat a password in the error', () => {
    expect(() => outboundUrl('https://u:hunter2@acme.test/')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('refuses the ports of services that are not HTTP, each of them, and no port of HTTP', () => {
    const guard = new AddressGuard();
    const refused = Array.from({ length: 65_535 }, (_, index) => index + 1).filter((port) => {
      try {
        guard.check('93.184.216.34', port);
        return false;
      } catch (error) {
        return (error as AutomationError).code === 'outbound_port_refused';
      }
    });
    const small = [1, 7, 9, 11, 13, 15, 17, 19, 37, 53, 69, 79]; // from echo to finger
    const mailAndShells = [20, 21, 22, 23, 25, 42, 110, 111, 113, 119, 143, 161, 465, 512, 513, 514, 515, 587, 873, 993, 995];
    const windowsAndFiles = [135, 137, 139, 389, 445, 636, 2049, 3389];
    const databasesAndQueues = [1433, 1521, 2375, 3306, 5432, 5672, 6379, 9042, 11211, 27017];
    const chat = [6660, 6667];
    const expected = [...small, ...mailAndShells, ...windowsAndFiles, ...databasesAndQueues, ...chat];
    expect(refused).toEqual(expected.sort((a, b) => a - b));
  });

  it.each<[string, number]>([
    ['10.0.0.1', 8080],
    ['::1', 80],
    ['mail.acme.test', 25],
  ])('says of %s, port %d what the application would have to allow', (host, port) => {
    const check = (allow: string[]) => () => new AddressGuard({ allow }).check(host, port);
    let hint = '';
    try {
      check([])();
    } catch (error) {
      hint = (error as AutomationError).hint ?? '';
    }
    const entry = /outbound: \{ allow: \['(.+)'\] \}/.exec(hint)?.[1];
    expect(check([String(entry)])).not.toThrow();
  });

  it('refuses the ports of services that are not HTTP, unless the allow-list names them', async () => {
    expect(await refusal('http://93.184.216.34:6379/')).toMatchObject({ code: 'outbound_port_refused' });
    expect(await refusal('http://93.184.216.34:25/')).toMatchObject({ code: 'outbound_port_refused' });
    expect(await refusal('http://93.184.216.34:8080/', { refusePorts: [8080] })).toMatchObject({ code: 'outbound_port_refused' });
    expect(() => new AddressGuard({ allow: ['10.0.0.1:25'] }).check('10.0.0.1', 25)).not.toThrow();
    expect(() => new AddressGuard({ allow: ['mail.acme.test:25'] }).check('mail.acme.test', 25)).not.toThrow();
    expect(() => new AddressGuard({ allow: ['mail.acme.test'] }).check('mail.acme.test', 25)).toThrow();
    expect(() => new AddressGuard({ allow: ['mail.acme.test:25'] }).check('other.acme.test', 25)).toThrow();
  });

  it.each([
    ['10.0.0.1:25', 'http://93.184.216.34:25/', [], 'outbound_port_refused'],
    ['10.0.0.1:25', 'http://mail.example.test:25/', ['93.184.216.34'], 'outbound_port_refused'],
    ['10.0.0.1:25', 'http://mail.example.test:25/', ['10.0.0.2'], 'outbound_address_refused'],
    ['10.0.0.0/8', 'http://10.0.0.1:6379/', [], 'outbound_port_refused'],
    ['10.0.0.0/8', 'http://redis.example.test:6379/', ['10.0.0.1'], 'outbound_port_refused'],
    ['127.0.0.1:1', 'http://127.0.0.1:1/', [], 'outbound_connection_failed'],
    ['127.0.0.1:1', 'http://local.example.test:1/', ['127.0.0.1'], 'outbound_connection_failed'],
    ['local.example.test:1', 'http://local.example.test:1/', ['127.0.0.1'], 'outbound_connection_failed'],
  ])(
    'with %s on the allow-list, %s at %j → %s: an entry opens its port for its own addresses alone',
    async (entry, url, addresses, code) => {
      expect(await refusal(url, { allow: [entry], lookup: resolving(addresses) })).toMatchObject({ code });
    },
  );

  it.each([
    ['IDN that looks like a known host', 'http://аcme.test/', 'xn--cme-5cd.test'],
    ['full-width letters', 'http://ｌｏｃａｌｈｏｓｔ/', 'localhost'],
    ['a circled letter', 'http://ⓛocalhost/', 'localhost'],
    ['a soft hyphen', 'http://local\u00adhost/', 'localhost'],
    ['two dots at the end', 'http://localhost../', 'localhost..'],
    ['a backslash for a slash', 'http://localhost\\@acme.test/', 'localhost'],
  ])('%s → looked up as it is, and refused by where that leads', async (_attack, url, name) => {
    const asked: string[] = [];
    const lookup: LookupFunction = (host, _options, callback) => {
      asked.push(host);
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    expect(await refusal(url, { lookup, allow: ['acme.test'] })).toMatchObject({ code: 'outbound_address_refused' });
    expect(asked).toEqual([name]);
  });

  it.each([
    'javascript:alert(1)',
    'ws://acme.test/',
    'ldap://127.0.0.1/',
    'dict://127.0.0.1:11211/',
    'jar:http://acme.test!/',
    'unix:/var/run/docker.sock',
    'http+unix://x/',
    'blob:http://acme.test/x',
    '//127.0.0.1/',
    'http://',
    'http://[::1',
    'http://a b/',
    'http://127.0.0.1:99999/',
    'http://127.0.0.1%00.acme.test/',
  ])('%s → refused', async (url) => {
    expect(await refusal(url)).toMatchObject({ code: 'outbound_url_invalid', retry: { kind: 'permanent' } });
  });

  it('a redirect to an address inside → an answer like any other, not followed', async () => {
    const inside = peers.add(await httpPeer((_request, response) => response.end('secret')));
    for (const status of [301, 302, 303, 307, 308]) {
      const peer = peers.add(
        await httpPeer((_request, response) =>
          response
            .writeHead(status, { location: `http://127.0.0.1:${inside.port}/`, refresh: `0; url=http://127.0.0.1:${inside.port}/` })
            .end(),
        ),
      );
      const http = peers.add(new OutboundHttp({ allow: ['127.0.0.1'] }));
      expect(await http.send({ method: 'POST', url: `http://127.0.0.1:${peer.port}/`, body: 'x' })).toMatchObject({ status });
    }
    expect(inside.received).toEqual([]);
  });

  it.each<[attack: string, headers: Record<string, unknown>]>([
    ['CR LF in a value', { 'x-name': 'a\r\nx-evil: 1' }],
    ['a lone LF in a value', { 'x-name': 'a\nx-evil: 1' }],
    ['a lone CR in a value', { 'x-name': 'a\rx-evil: 1' }],
    ['CR LF in a name', { 'x\r\nx-evil': 'a' }],
    ['U+0000', { 'x-name': 'a\0' }],
    ['letters whose low byte is a line break', { 'x-name': 'a\u010d\u010ax-evil: 1' }],
    ['a space in a name', { 'x name': 'a' }],
    ['a colon in a name', { 'x:name': 'a' }],
    ['an object', { 'x-name': { toString: 'a' } }],
    ...[
      'Host',
      'Content-Length',
      'Transfer-Encoding',
      'Connection',
      'Keep-Alive',
      'Upgrade',
      'TE',
      'Trailer',
      'Expect',
      'Proxy-Authorization',
      'Proxy-Connection',
    ].map((name): [string, Record<string, unknown>] => [`${name}, which the connection decides`, { [name]: 'x' }]),
  ])('headers with %s → refused before anything is sent', async (_attack, headers) => {
    const receiver = peers.add(await httpPeer((_request, response) => response.end()));
    const http = peers.add(new OutboundHttp({ allow: ['127.0.0.1'] }));
    const error = await rejection(http.send({ method: 'POST', url: `http://127.0.0.1:${receiver.port}/`, headers }));
    expect(error).toMatchObject({ code: 'outbound_headers_invalid', retry: { kind: 'permanent' } });
    expect(receiver.received).toEqual([]);
  });
});

describe('the allow-list', () => {
  const allows = (allow: string[], address: string, port: number, host: string) => {
    try {
      new AddressGuard({ allow }).checkAddress(address, port, host);
      return true;
    } catch {
      return false;
    }
  };

  it.each([
    ['127.0.0.1', '127.0.0.1', 80, '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', 80, '127.0.0.2', false],
    ['127.0.0.1:1234', '127.0.0.1', 1234, '127.0.0.1', true],
    ['127.0.0.1:1234', '127.0.0.1', 1235, '127.0.0.1', false],
    ['127.0.0.1', '::ffff:127.0.0.1', 80, 'x.test', true],
    ['10.0.0.0/8', '10.200.1.1', 443, 'inside.test', true],
    ['10.0.0.0/8', '11.0.0.1', 443, 'outside.test', true],
    ['10.0.0.0/8', '192.168.0.1', 443, 'inside.test', false],
    ['fd00::/8', 'fd12::1', 443, 'inside.test', true],
    ['fd00::/8', '10.0.0.1', 443, 'inside.test', false],
    ['[::1]:8080', '::1', 8080, '[::1]', true],
    ['[::1]:8080', '::1', 80, '[::1]', false],
    ['::1', '::1', 80, '::1', true],
    ['hooks.acme.test', '10.0.0.1', 443, 'HOOKS.acme.test.', true],
    ['hooks.acme.test:8443', '10.0.0.1', 8443, 'hooks.acme.test', true],
    ['hooks.acme.test:8443', '10.0.0.1', 443, 'hooks.acme.test', false],
    ['hooks.acme.test', '10.0.0.1', 443, 'evil.hooks.acme.test', false],
  ])('%s: %s port %d of %s is allowed: %s', (entry, address, port, host, expected) => {
    expect(allows([entry], address, port, host)).toBe(expected);
  });

  it.each(['', 'http://acme.test', '10.0.0.0/99', 'acme.test:0', 'acme.test:99999', 'a b', '[::1', 'ac*me.test'])(
    'refuses the entry %j',
    (entry) => {
      expect(() => new AddressGuard({ allow: [entry] })).toThrow(expect.objectContaining({ code: 'outbound_allow_invalid' }));
    },
  );
});

describe('plain connections under the guard', () => {
  it('open to allowed addresses and are refused to others', async () => {
    const peer = peers.add(await tcpPeer((socket) => socket.end()));
    const socket = await new AddressGuard({ allow: ['127.0.0.1'] }).open('127.0.0.1', peer.port, 5_000);
    socket.destroy();
    expect(await rejection(new AddressGuard().open('127.0.0.1', peer.port, 5_000))).toMatchObject({ code: 'outbound_address_refused' });
    const renamed = new AddressGuard({ lookup: resolving(['127.0.0.1']) });
    expect(await rejection(renamed.open('mail.example.test', peer.port, 5_000))).toMatchObject({ code: 'outbound_address_refused' });
    expect(peer.connections).toBe(1);
  });
});

describe.each([
  ['webhook', webhook],
  ['http_request', httpRequest],
] as const)('URLs of %s with the text of a record in them', (_type, action: ExternalAction) => {
  /** Calls as the engine would, about a record with this name, and says what the receiver was asked for. */
  async function asked(path: string, name: string): Promise<string[]> {
    const peer = peers.add(await httpPeer((_request, response) => response.end()));
    const step = externalStep([peers.add(new OutboundHttp({ allow: ['127.0.0.1'] }))], { scope: scopeOf({ ...LEAD, name }) });
    const args = prepareArguments(action, { url: `http://127.0.0.1:${peer.port}${path}` }, step.scope);
    await action.execute(args, step);
    return peer.received.map(({ url }) => url);
  }

  it.each<[attack: string, name: string, path: string, query: string]>([
    ['another path', 'x/../../admin', '', '?q=x%2F..%2F..%2Fadmin'],
    ['the folder above', '..', '', '?q=..'],
    ['a further part of the path', 'x/delete', '/hook/x%2Fdelete/end', '?q=x%2Fdelete'],
    ['a query of its own', 'x?admin=true', '/hook/x%3Fadmin%3Dtrue/end', '?q=x%3Fadmin%3Dtrue'],
    ['a further parameter', 'x&admin=true', '/hook/x%26admin%3Dtrue/end', '?q=x%26admin%3Dtrue'],
    ['the end of the URL', 'x#', '/hook/x%23/end', '?q=x%23'],
    ['another host', '@evil.test', '/hook/%40evil.test/end', '?q=%40evil.test'],
    ['another host, from the root', '//evil.test', '/hook/%2F%2Fevil.test/end', '?q=%2F%2Fevil.test'],
    ['another host, by backslashes', '\\\\evil.test', '/hook/%5C%5Cevil.test/end', '?q=%5C%5Cevil.test'],
    ['a header', 'x HTTP/1.1\r\nx-evil: 1', '/hook/x%20HTTP%2F1.1%0D%0Ax-evil%3A%201/end', '?q=x%20HTTP%2F1.1%0D%0Ax-evil%3A%201'],
  ])('%s → one part of the path or refused, one value of the query', async (_attack, name, path, query) => {
    const inPath = asked('/hook/{{record.name}}/end', name);
    if (path === '') expect(await rejection(inPath)).toMatchObject({ code: 'outbound_url_invalid', retry: { kind: 'permanent' } });
    else expect(await inPath).toEqual([path]);
    expect(await asked('/?q={{record.name}}', name)).toEqual([`/${query}`]);
  });

  it.each([
    'https://{{record.name}}/',
    'https://{{record.name}}.acme.test/x',
    'https://acme.test{{record.name}}',
    'https://{{record.name}}@acme.test/',
    '{{record.name}}://acme.test/',
  ])('a host out of a record, %s → a problem when it is saved, refused when it runs', (url) => {
    expect(describeAction(action).check({ url }, { module: LEADS })).toMatchObject([{ path: 'url' }]);
    expect(() => prepareArguments(action, { url }, scopeOf({ ...LEAD, name: 'evil.test' }))).toThrow(
      expect.objectContaining({ code: 'outbound_url_invalid' }),
    );
  });

  it.each([
    'http://127.0.0.2/',
    'http://169.254.169.254/latest/',
    'file:///etc/passwd',
    'https://user:password@acme.test/',
    '//127.0.0.2/',
    'evil',
  ])('a whole URL out of a record, %s → refused when it runs', async (name) => {
    const step = externalStep([peers.add(new OutboundHttp())], { scope: scopeOf({ ...LEAD, name }) });
    const args = prepareArguments(action, { url: '{{record.name}}' }, step.scope);
    expect(await rejection(action.execute(args, step) as Promise<unknown>)).toMatchObject({
      code: expect.stringMatching(/^outbound_(address_refused|url_invalid)$/),
    });
  });
});

describe('an address that gives tokens', () => {
  it('inside → no request, and the secret stays where it is', async () => {
    const inside = peers.add(await tcpPeer((socket) => socket.destroy()));
    const origin = `http://127.0.0.1:${inside.port}`;
    const http = peers.add(new OutboundHttp());
    const step = externalStep([http, new OAuthTokens(http)], { secrets: secretsOf({ client: { value: 'secret of a client', origin } }) });
    const auth = { type: 'oauth2', tokenUrl: `${origin}/token`, clientId: 'crm', clientSecret: { $secret: 'client' } };
    const args = prepareArguments(httpRequest, { url: `${origin}/`, auth }, step.scope);
    expect(await rejection(httpRequest.execute(args, step) as Promise<unknown>)).toMatchObject({ code: 'outbound_address_refused' });
    expect(inside.connections).toBe(0);
  });
});
