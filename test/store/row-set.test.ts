import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { toStorableJson } from '../../src/core/storable-json.js';
import { RowSet } from '../../src/store/row-set.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const ROWS = new RowSet('r', {
  position: 'integer',
  name: 'text',
  payload: 'jsonb',
  isOn: 'boolean',
  at: 'timestamptz',
  id: 'uuid',
});
const NULLS = { name: null, payload: null, isOn: null, at: null, id: null };

describe('rows as parameters of one statement', () => {
  let database: TestDatabase;
  let source: DataSource;
  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });
  const sent = (rows: readonly object[]) =>
    source.query(`SELECT * FROM ${ROWS.from} ORDER BY position`, ROWS.parameters(rows as never)) as Promise<object[]>;

  it('arrive with the values and types that they had', async () => {
    const row = {
      position: -1,
      name: 'Ada',
      payload: { a: [1, null, 'x'] },
      isOn: true,
      at: new Date('2026-01-02T03:04:05.678Z'),
      id: '01a1fc98-3467-730b-9ac4-65144a467eac',
    };
    expect(await sent([row])).toEqual([row]);
  });

  it('have no value where nothing is given, be it null or absent, and JSON has none either', async () => {
    expect(await sent([{ position: 0 }, { position: 1, ...NULLS }, { position: 2, name: undefined, payload: undefined }])).toEqual(
      [0, 1, 2].map((position) => ({ position, ...NULLS })),
    );
    expect(await sent([])).toEqual([]);
  });

  it.each([
    ['quotes and backslashes', '"\\"" \\\\ \\'],
    ['line breaks and other control characters', 'a\nb\tc\r\u0001\b\f\u001f\u007f'],
    ['what reads like part of an array', '{a,b},NULL,"c"'],
    ['the word NULL', 'NULL'],
    ['an escape as text', '\\n \\u0001'],
    ['letters of other scripts', 'Grüße 👋 \u2028'],
    ['nothing', ''],
  ])('keep texts with %s, alone and inside JSON', async (_, text) => {
    const [row] = await sent([{ position: 0, name: text, payload: { [text]: text } }]);
    expect(row).toMatchObject({ name: text, payload: { [text]: text } });
  });

  it('keep whatever can be stored', async () => {
    const texts = fc.string({ unit: 'binary' }).map((text) => toStorableJson(text) as string);
    const values = fc.jsonValue().map((value) => toStorableJson(value));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(texts, values), { minLength: 1, maxLength: 20 }), async (pairs) => {
        const rows = pairs.map(([name, payload], position) => ({ position, name, payload }));
        const written = await sent(rows);
        expect(written).toEqual(rows.map((row) => ({ ...NULLS, ...row })));
      }),
      { numRuns: 200 },
    );
  });
});
