import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { Catalog, FieldDescription } from '../../../src/core/catalog.js';
import type { Json, JsonObject } from '../../../src/core/json.js';
import { BODY_FORMATS, bodySchemaProblems } from '../../../src/core/trigger/body-schema.js';
import { refusalOf, wantedRecord } from '../../../src/core/trigger/delivery.js';
import { moduleOfTrigger, triggerProblems } from '../../../src/core/trigger/trigger.js';
import { MODULE } from '../operators/ask.js';

const field = (name: string, type: FieldDescription['type'], more: Partial<FieldDescription> = {}): FieldDescription => ({
  name,
  label: name,
  type,
  nullable: true,
  writable: true,
  ...more,
});
const LEADS = {
  ...MODULE,
  name: 'leads',
  fields: [
    field('email', 'text'),
    field('tags', 'list'),
    field('score', 'number', { computed: true, writable: false }),
    field('id', 'text', { writable: false }),
  ],
};
const CATALOG: Catalog = { modules: new Map([['leads', LEADS]]), actions: new Map() };

const problems = (trigger: object, catalog: Catalog | null = CATALOG) =>
  triggerProblems({ type: 'webhook', ...trigger }, '', catalog).map(({ path, message }) => `${path}: ${message}`);

describe('a trigger URL', () => {
  it('may be as plain as can be, or ask for all there is', () => {
    expect(problems({})).toEqual([]);
    const all = {
      schema: { type: 'object' },
      headers: ['X-Event'],
      secret: { header: 'X-Key', value: 'long-enough' },
      signature: { type: 'hmac_sha256', secret: 'long-enough', header: 'X-Sig', timestampHeader: 'X-Time' },
      record: {
        module: 'leads',
        match: { email: '{{trigger.body.email}}' },
        create: true,
        set: { tags: ['{{trigger.query.tag}}', { a: 1 }] },
      },
    };
    expect(problems(all)).toEqual([]);
    expect(problems({ signature: { type: 'standard_webhooks', secret: `whsec_${'A'.repeat(32)}` } })).toEqual([]);
    const named = { $secret: 'partner' };
    expect(
      problems({
        secret: { header: 'X-Key', value: { ...named, prefix: 'Bearer ' } },
        signature: { type: 'standard_webhooks', secret: named },
      }),
    ).toEqual([]);
  });

  it('has what a new record needs, in what it is found by or in what is set', () => {
    const needy: Catalog = {
      modules: new Map([
        [
          'leads',
          {
            ...LEADS,
            fields: [...LEADS.fields, field('name', 'text', { required: true }), field('by', 'text', { required: true, writable: false })],
          },
        ],
      ]),
      actions: new Map(),
    };
    const record = { module: 'leads', match: { email: '{{trigger.body.email}}' } };
    const lack = ['record.set: A new record of Things needs "name": nothing else gives it a value.'];
    expect(problems({ record: { ...record, create: true } }, needy)).toEqual(lack);
    expect(problems({ record: { ...record, create: true, set: 'x' } }, needy)).toEqual(expect.arrayContaining(lack));
    expect(problems({ record: { ...record, create: true, set: { name: 'x' } } }, needy)).toEqual([]);
    expect(problems({ record: { ...record, match: { name: 'x' }, create: true } }, needy)).toEqual([]);
    expect(problems({ record }, needy)).toEqual([]);
  });

  it.each<[object, string[]]>([
    [{ schema: 'object' }, ['schema: "schema" must be a JSON Schema: an object.']],
    [
      { schema: { type: 'text' } },
      ['schema.type: This must be one of, or a list of: null, boolean, object, array, number, integer, string.'],
    ],
    [{ headers: 'x' }, ['headers: "headers" must be a list of at most 20 names of headers.']],
    [{ headers: [7, 'a b'] }, ['headers[0]: This must be the name of a header.', 'headers[1]: This must be the name of a header.']],
    [
      { headers: ['Cookie', 'x-key', 'ok'], secret: { header: 'X-Key', value: 'long-enough' } },
      ['headers[0]: "Cookie" carries credentials: no run may see it.', 'headers[1]: "x-key" carries credentials: no run may see it.'],
    ],
    [
      { secret: { header: 'x', value: { $secret: '' } } },
      [
        'secret.value: This "$secret" must be the name of a secret: a name begins with a letter or a digit and holds letters, digits, _, . and - only, 64 at the most.',
      ],
    ],
    [{ secret: 'x' }, ['secret: "secret" must be an object with "header" and "value".']],
    [
      { secret: { headr: 'x', value: 'short' } },
      [
        'secret.headr: This is not known here. Did you mean "header"? Known are: header, value.',
        'secret.header: "header" must be the name of a header.',
        'secret.value: This must be a text of 8 to 1000 characters.',
      ],
    ],
    [
      { secret: { header: 'x', value: 'with a blank' } },
      ['secret.value: This must be made of letters, digits and signs of ASCII, without blanks.'],
    ],
    [{ signature: [] }, ['signature: "signature" must be an object whose "type" is one of: standard_webhooks, hmac_sha256.']],
    [{ signature: { type: 'md5' } }, ['signature: "signature" must be an object whose "type" is one of: standard_webhooks, hmac_sha256.']],
    [
      { signature: { type: 'standard_webhooks', secret: 'not-base-64' } },
      ['signature.secret: The secret of Standard Webhooks must be base64, with or without whsec_ before it.'],
    ],
    [
      { signature: { type: 'hmac_sha256', secret: 'long-enough', timestampHeader: '' } },
      [
        'signature.header: "header" must be the name of a header.',
        'signature.timestampHeader: "timestampHeader" must be the name of a header.',
      ],
    ],
    [{ record: 'leads' }, ['record: "record" must be an object with "module" and "match".']],
    [
      { record: { modul: 'leads' } },
      [
        'record.modul: This is not known here. Did you mean "module"? Known are: module, match, create, set.',
        'record.module: "module" must be the name of a module.',
        'record.match: This must be an object of 1 to 5 fields and their values.',
      ],
    ],
    [
      { record: { module: 'lead', match: { email: 'x' } } },
      ['record.module: There is no module "lead". Did you mean "leads"? Modules are: leads.'],
    ],
    [
      { record: { module: 'leads', match: { mail: 'x', tags: 'x', score: 1, email: { a: 1 } }, create: 'yes', set: {} } },
      [
        'record.create: "create" must be true or false.',
        'record.match.mail: Module "leads" has no field "mail". Did you mean "email"?',
        'record.match.tags: No record can be found by "tags": it is no plain field that is stored.',
        'record.match.score: No record can be found by "score": it is no plain field that is stored.',
        'record.match.email: A record is found by a text, a number, or true or false.',
        'record.set: "set" is for records that are created: it goes with "create": true.',
      ],
    ],
    [
      { record: { module: 'leads', match: { id: 'x' }, create: true, set: [] } },
      [
        'record.match.id: The field "id" cannot be set by workflows.',
        'record.set: This must be an object of at most 50 fields and their values.',
      ],
    ],
    [
      { record: { module: 'leads', match: { email: '{{record.email}}' }, create: true, set: { tags: ['{{now}}', { a: '{{#if}}' }] } } },
      [
        'record.match.email: Only the delivery is known here: "record.email" must begin with trigger.',
        'record.set.tags: Only the delivery is known here: "now" must begin with trigger.',
        expect.stringMatching(/^record\.set\.tags: /) as unknown as string,
      ],
    ],
  ])('%j', (trigger, expected) => {
    expect(problems(trigger)).toEqual(expected);
  });

  it('is checked by its form alone where there is no catalogue', () => {
    expect(problems({ record: { module: 'ghosts', match: { any: 1 } } }, null)).toEqual([]);
  });

  it('is about the module of its record', () => {
    expect(moduleOfTrigger({ type: 'webhook', record: { module: 'leads' } })).toBe('leads');
    for (const none of [null, 'x', {}, { record: 'x' }, { record: {} }, { module: 7 }]) expect(moduleOfTrigger(none)).toBeNull();
  });
});

describe('a delivery', () => {
  it('is read as what it notes of itself; other starts have nothing of it', () => {
    const record = { module: 'leads', match: {}, create: null };
    const refused = { reason: 'record', explanation: { rule: 'x' } };
    expect([wantedRecord({ type: 'webhook', record }), refusalOf({ type: 'webhook', refused })]).toEqual([record, refused]);
    for (const other of [null, { type: 'webhook' }, { type: 'manual', record, refused }])
      expect([wantedRecord(other), refusalOf(other)]).toEqual([null, null]);
  });
});

describe('the schema of a body', () => {
  const told = (schema: Json) => bodySchemaProblems(schema).map(({ path, message }) => `${path}: ${message}`);

  it.each<[JsonObject, string[]]>([
    [{ $ref: '#/x' }, ['.$ref: This is not known here. Schemas of bodies have no references: write out what they stand for.']],
    [{ propertis: {} }, ['.propertis: This is not known here. Did you mean "properties"?']],
    [{ type: ['string', 'string'] }, ['.type: This must be one of, or a list of: null, boolean, object, array, number, integer, string.']],
    [
      { properties: [], items: 7, anyOf: [], required: ['a', 'a'] },
      [
        '.properties: This must be an object of schemas by name.',
        '.items: This must be a schema: an object, true or false.',
        '.anyOf: This must be a list of schemas, at least one.',
        '.required: This must be a list of different names.',
      ],
    ],
    [
      { properties: { a: { minLength: -1 }, b: null as unknown as Json } },
      [
        '.properties.a.minLength: This must be a whole number, 0 or more.',
        '.properties.b: This must be a schema: an object, true or false.',
      ],
    ],
    [{ oneOf: [true, { minimum: '1' }] }, ['.oneOf[1].minimum: This must be a number.']],
    [{ pattern: '(?=a)' }, [expect.stringMatching(/^\.pattern: This cannot be used: lookahead/) as unknown as string]],
    [
      { pattern: 7, format: 'phone', multipleOf: 0, title: 1, uniqueItems: 'no', enum: [], examples: 1 },
      [
        '.pattern: This must be a text.',
        `.format: This must be one of: ${BODY_FORMATS.join(', ')}.`,
        '.multipleOf: This must be a number greater than 0.',
        '.title: This must be a text.',
        '.uniqueItems: This must be true or false.',
        '.enum: This must be a list of values, at least one.',
        '.examples: This must be a list.',
      ],
    ],
    [{ uniqueItems: true }, ['.uniqueItems: This needs "maxItems" of at most 100 beside it.']],
    [{ uniqueItems: true, maxItems: 100, const: 1, default: 2, examples: [1], minimum: 1 }, []],
    [{ description: 'x'.repeat(17_000) }, [': This must be at most 16 KB.']],
  ])('%#', (schema, expected) => {
    expect(told(schema)).toEqual(expected);
  });

  it('has 200 parts at the most, so that the work of a body is bounded', () => {
    const parts = (count: number) => ({ allOf: Array.from({ length: count }, () => ({ type: 'string' })) });
    expect(told(parts(199))).toEqual([]);
    expect(told(parts(500))).toEqual(['.allOf[199]: This is too much: a schema may have 200 parts.']);
  });

  it('that is let through is one that the validator compiles', () => {
    const leaf = fc.record(
      {
        type: fc.constantFrom('string', 'number', 'object', 'array', 'integer', 'null', 'boolean'),
        enum: fc.array(fc.jsonValue(), { maxLength: 3 }),
        required: fc.array(fc.string(), { maxLength: 3 }),
        minLength: fc.nat(),
        pattern: fc.constantFrom('^a+$', '[', '(?<!x)', '\\d{2}'),
        format: fc.constantFrom(...BODY_FORMATS, 'phone'),
        maxItems: fc.integer(),
        uniqueItems: fc.boolean(),
        multipleOf: fc.double({ noNaN: true }),
      },
      { requiredKeys: [] },
    );
    const schema = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.record({ properties: fc.dictionary(fc.string(), tie('node')), items: tie('node') }, { requiredKeys: [] }),
        fc.record({ anyOf: fc.array(tie('node'), { maxLength: 2 }), not: tie('node') }, { requiredKeys: [] }),
      ),
    })).node;
    const formats = Object.fromEntries(BODY_FORMATS.map((name) => [name, true as const]));
    fc.assert(
      fc.property(schema, (one) => {
        const json = JSON.parse(JSON.stringify(one)) as JsonObject;
        if (bodySchemaProblems(json).length === 0) new Ajv2020({ strict: false, logger: false, formats }).compile(json);
      }),
      { numRuns: 200 },
    );
  });
});
