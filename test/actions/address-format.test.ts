import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { renderArgument } from '../../src/actions/argument-formats.js';
import { entriesOf, type MailAddress, parseAddresses } from '../../src/actions/email/addresses.js';
import type { AutomationError } from '../../src/core/errors.js';
import type { Json, JsonObject } from '../../src/core/json.js';
import { scopeOf } from './support/steps.js';

const render = (value: Json, record: JsonObject = {}): Json => renderArgument('address', 'to', value, scopeOf(record));

/** The mailboxes that a message would go to. */
const mailboxes = (value: Json, record: JsonObject = {}): MailAddress[] => parseAddresses(render(value, record), 'to');

function refusal(value: Json, record: JsonObject): AutomationError | null {
  try {
    mailboxes(value, record);
    return null;
  } catch (error) {
    return error as AutomationError;
  }
}

const REFUSED = { code: 'mail_address_invalid', retry: { kind: 'permanent' } };
const EVIL = 'A <evil@x.test>, B';
const ANN = 'ann@ok.test';

describe('an expression between other text', () => {
  it.each<[what: string, value: Json, record: JsonObject, expected: [name: string, address: string][]]>([
    ['a name', '{{n}} <{{e}}>', { n: EVIL, e: ANN }, [[EVIL, ANN]]],
    ['a name in quotes', '"{{n}}" <{{e}}>', { n: 'Ann "B" \\ <evil@x.test>', e: ANN }, [['Ann "B" \\ <evil@x.test>', ANN]]],
    ['a part of a name', 'Dear {{n}} of Acme <{{e}}>', { n: EVIL, e: ANN }, [[`Dear ${EVIL} of Acme`, ANN]]],
    ['a name that is an address', '{{n}} <{{e}}>', { n: 'evil@x.test', e: ANN }, [['evil@x.test', ANN]]],
    ['a name that opens a group', '{{n}} <{{e}}>', { n: 'All: evil@x.test;', e: ANN }, [['All: evil@x.test;', ANN]]],
    ['no name', '{{n}} <{{e}}>', { n: '', e: ANN }, [['', ANN]]],
    ['a part of an address', '{{first}}.{{last}}@acme.test', { first: 'ann', last: 'lee' }, [['', 'ann.lee@acme.test']]],
    ['both parts of an address', '{{first}}@{{host}}', { first: 'ann', host: 'ok.test' }, [['', ANN]]],
    ['white space around an address', 'Ann <{{e}}>', { e: ` ${ANN} ` }, [['Ann', ANN]]],
    [
      'entries of a list',
      '{{e}}, {{f}}; {{g}}',
      { e: ANN, f: 'ben@ok.test', g: 'cy@ok.test' },
      [
        ['', ANN],
        ['', 'ben@ok.test'],
        ['', 'cy@ok.test'],
      ],
    ],
    [
      'an entry in front of a name',
      '{{e}}, Boss <boss@acme.test>',
      { e: ANN },
      [
        ['', ANN],
        ['Boss', 'boss@acme.test'],
      ],
    ],
    [
      'one in brackets in front of a name',
      '<{{e}}>, Boss <boss@acme.test>',
      { e: ANN },
      [
        ['', ANN],
        ['Boss', 'boss@acme.test'],
      ],
    ],
    ['an entry that is empty', '{{e}}, boss@acme.test', { e: '' }, [['', 'boss@acme.test']]],
    [
      'a loop of the author',
      '{{#each all}}{{this.n}} <{{this.e}}>, {{/each}}',
      {
        all: [
          { n: EVIL, e: ANN },
          { n: 'Ben', e: 'ben@ok.test' },
        ],
      },
      [
        [EVIL, ANN],
        ['Ben', 'ben@ok.test'],
      ],
    ],
    [
      'a group of the author',
      'Team: {{e}}, boss@acme.test;',
      { e: ANN },
      [
        ['', ANN],
        ['', 'boss@acme.test'],
      ],
    ],
    [
      'a list of the author',
      ['{{n}} <{{e}}>', 'Boss <boss@acme.test>'],
      { n: EVIL, e: ANN },
      [
        [EVIL, ANN],
        ['Boss', 'boss@acme.test'],
      ],
    ],
    [
      'several in an entry of a list',
      ['{{e}}, {{f}}', 'boss@acme.test'],
      { e: ANN, f: 'ben@ok.test' },
      [
        ['', ANN],
        ['', 'ben@ok.test'],
        ['', 'boss@acme.test'],
      ],
    ],
    [
      'letters that mark places',
      'v0e vv1e {{n}} <v@vz.test>, {{e}}',
      { n: 'v1e', e: ANN },
      [
        ['v0e vv1e v1e', 'v@vz.test'],
        ['', ANN],
      ],
    ],
  ])('is one name or one address: %s', (_what, value, record, expected) => {
    expect(mailboxes(value, record)).toEqual(expected.map(([name, address]) => ({ name, address })));
  });

  it.each<[what: string, value: Json, record: JsonObject]>([
    ['several addresses', '{{e}}, boss@acme.test', { e: 'ann@ok.test, evil@x.test' }],
    ['a list', '{{e}}, boss@acme.test', { e: ['ann@ok.test', 'evil@x.test'] }],
    ['several addresses in brackets', 'Ann <{{e}}>', { e: 'ann@ok.test, evil@x.test' }],
    ['a bracket closed early', 'Ann <{{e}}>', { e: 'ann@ok.test>, <evil@x.test' }],
    ['a group', '{{e}}, boss@acme.test', { e: 'All: ann@ok.test, evil@x.test;' }],
    ['a name with the address', '{{e}}, boss@acme.test', { e: 'Ann <ann@ok.test>' }],
    ['an address for a part of one', '{{n}}@acme.test', { n: 'evil@x.test, a' }],
    ['an address for a part of one, without a comma', '{{n}}@acme.test', { n: 'evil@x.test' }],
    ['quotes for a part of one', '{{n}}@acme.test', { n: '"evil@x.test"' }],
    ['nothing', 'Ann <{{e}}>', { e: '' }],
    ['null', 'Ann <{{e}}>', { e: null }],
    ['no address at all', '{{e}}, boss@acme.test', { e: 'ann' }],
    ['the word owner', '{{e}}, boss@acme.test', { e: 'owner' }],
    ['a line break', '{{n}} <ann@ok.test>', { n: 'Ann\r\nBcc: evil@x.test' }],
  ])('is refused when it is something else: %s', (_what, value, record) => {
    expect(refusal(value, record)).toMatchObject(REFUSED);
    expect(refusal(value, record)?.message).toContain("'to'");
  });

  it('is refused where nothing says which is the name and which the address', () => {
    const error = refusal('{{n}} {{e}}', { n: 'evil@x.test', e: ANN });
    expect(error).toMatchObject({ ...REFUSED, message: expect.stringContaining('put addresses in brackets') });
    expect(refusal('cc{{n}}', { n: '@x.test' })).toMatchObject(REFUSED);
  });

  it('names the entry of a list that is refused', () => {
    expect(refusal(['boss@acme.test', 'Ann <{{e}}>'], { e: 'ann' })).toMatchObject({ problems: [{ path: 'to[1]' }] });
  });

  it('in an object stands in the place that its member names', () => {
    const value = { name: 'Dear {{n}}', address: '{{first}}@acme.test' };
    expect(mailboxes(value, { n: EVIL, first: 'ann' })).toEqual([{ name: `Dear ${EVIL}`, address: 'ann@acme.test' }]);
    expect(refusal({ address: '{{e}}' }, { e: 'ann@ok.test, evil@x.test' })).toMatchObject(REFUSED);
  });
});

describe('an expression that is the whole value', () => {
  it.each<[what: string, value: Json, record: JsonObject, expected: string[]]>([
    ['one address', '{{e}}', { e: ANN }, [ANN]],
    ['a name with an address', '{{e}}', { e: 'Ann <ann@ok.test>' }, [ANN]],
    ['several with commas', '{{e}}', { e: 'ann@ok.test, Ben <ben@ok.test>' }, [ANN, 'ben@ok.test']],
    ['a list', '{{e}}', { e: [ANN, 'ben@ok.test'] }, [ANN, 'ben@ok.test']],
    [
      'a list inside a list of the author',
      ['{{e}}', 'boss@acme.test'],
      { e: [ANN, 'ben@ok.test'] },
      [ANN, 'ben@ok.test', 'boss@acme.test'],
    ],
    ['an object', '{{e}}', { e: { name: 'Ann', address: ANN } }, [ANN]],
    ['nothing', '{{e}}', { e: null }, []],
    ['an empty text', '{{e}}', { e: ' ' }, []],
  ])('may be %s', (_what, value, record, expected) => {
    expect(mailboxes(value, record).map(({ address }) => address)).toEqual(expected);
  });

  it.each<[what: string, e: Json]>([
    ['a group', 'All: ann@ok.test, evil@x.test;'],
    ['a group among others', 'ann@ok.test, All: evil@x.test;'],
    ['a group in a list', ['ann@ok.test', 'All: evil@x.test;']],
    ['the word owner', 'owner'],
    ['the word actor in a list', ['ann@ok.test', 'actor']],
    ['no address', 'ann'],
  ])('may not be %s', (_what, e) => {
    for (const value of ['{{e}}', ['{{e}}']]) {
      // when it is rendered: later nobody can tell it from what the author wrote
      expect(() => render(value, { e })).toThrow(expect.objectContaining(REFUSED));
    }
  });
});

describe('what the author writes', () => {
  it('is what it says, lists, groups and words for people included', () => {
    for (const value of ['ann@ok.test, Ben <ben@ok.test>', 'Team: ann@ok.test;', 'owner', ['actor', 'ann@ok.test'], null]) {
      expect(render(value)).toEqual(value);
    }
    expect(render('{{#if vip}}owner{{else}}ann@ok.test, ben@ok.test{{/if}}', { vip: true })).toBe('owner');
    expect(render('{{#if vip}}owner{{else}}ann@ok.test, ben@ok.test{{/if}}', { vip: false })).toBe('ann@ok.test, ben@ok.test');
  });

  it('is a list inside a list only for the class to refuse', () => {
    expect(render([['a@ok.test']])).toEqual([['a@ok.test']]);
  });
});

describe('whatever a record holds', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('"', '<', '>', ',', ';', ':', '(', ')', '\\', '@', ' ', 'a', '.test', 'v', '0', 'e', '=?', '\n') }),
    fc.constantFrom(EVIL, 'evil@x.test', 'All: evil@x.test, b@x.test;', '"evil@x.test" <b@x.test>', 'ann@ok.test', 'owner', ''),
  );
  const local = fc.constantFrom('ann', 'evil@x.test', 'ann.lee', 'a,b@x.test', '"a b"', '');

  it.each<[value: string, expressions: number]>([
    ['{{n}} <ann@ok.test>', 0],
    ['"{{n}}" <ann@ok.test>', 0],
    ['{{n}} <{{e}}>', 1],
    ['{{e}}, {{n}}', 2],
    ['{{n}}: {{e}};', 1],
    ['(about {{n}}) {{l}}@acme.test', 1],
    ['{{n}} {{n}} <{{l}}@acme.test>, {{e}}', 2],
  ])('there is at most one recipient for each expression: %s', (value, expressions) => {
    let sent = 0;
    fc.assert(
      fc.property(text, text, local, (n, e, l) => {
        const error = refusal(value, { n, e, l });
        if (error !== null) {
          expect(error).toMatchObject(REFUSED);
          return;
        }
        sent += 1;
        const addresses = mailboxes(value, { n, e, l }).map(({ address }) => address);
        const given = [n.trim(), e.trim(), `${l}@acme.test`];
        expect(addresses.filter((address) => !given.includes(address) && address !== ANN)).toEqual([]);
        expect(addresses.length).toBeLessThanOrEqual(Math.max(expressions, 1));
      }),
      { numRuns: 200 },
    );
    expect(sent).toBeGreaterThan(0);
  });

  it('the headers name nobody but the recipient', async () => {
    const transport = createTransport({ streamTransport: true, buffer: true });
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(text, async (n) => {
        if (refusal('{{n}} <{{e}}>', { n, e: ANN }) !== null) return;
        sent += 1;
        const to = parseAddresses(entriesOf(render('{{n}} <{{e}}>', { n, e: ANN })), 'to');
        const { message } = await transport.sendMail({ from: 'crm@acme.test', to, text: 'x' });
        const parsed = await simpleParser(message as Buffer);
        expect([parsed.to].flat().flatMap((list) => list?.value.map(({ address }) => address))).toEqual([ANN]);
        expect([parsed.cc, parsed.bcc]).toEqual([undefined, undefined]);
      }),
      { numRuns: 100 },
    );
    expect(sent).toBeGreaterThan(10);
  });
});

it('a refusal shows what was there, of a long text the beginning', () => {
  const told = (text: string): string => String(refusal(text, {})?.message);
  expect(told(`n${'o'.repeat(79)}`)).toContain(`"n${'o'.repeat(79)}"`);
  expect(told(`n${'o'.repeat(80)}`)).toContain(`"n${'o'.repeat(79)}…"`);
});
