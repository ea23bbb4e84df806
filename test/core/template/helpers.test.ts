import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../../src/core/json.js';
import { TEMPLATE_HELPERS } from '../../../src/core/template/helpers.js';
import { compileTemplate } from '../../../src/core/template/template.js';
import { failure } from './fixture.js';

const data = {
  date: '2025-03-30',
  at: '2025-03-30T23:30:00.000Z',
  offset: '2025-03-30T23:30:00+02:00',
  wall: '2025-03-30T23:30',
  amount: 1234.5,
  negative: -0.5,
  text: 'Straße',
  empty: '',
  nothing: null,
  none: 0,
  no: false,
  yes: true,
  list: ['a'],
  noList: [],
  object: {},
  format: 'yyyy',
  zone: 'Asia/Tokyo',
  timezone: 'Europe/Berlin',
};

const value = (expression: string): Json => compileTemplate(`{{${expression}}}`).value(data);

describe('date', () => {
  it.each<[string, Json]>([
    ['date date', '2025-03-30'],
    ['date at', '2025-03-31 01:30'],
    ['date offset', '2025-03-30 23:30'],
    ['date wall', '2025-03-30 23:30'],
    ['date wall zone="America/New_York"', '2025-03-30 17:30'],
    ['date at format="d LLL yyyy, HH:mm"', '31 Mar 2025, 01:30'],
    ['date at "HH:mm"', '01:30'],
    ['date at "HH:mm" "UTC"', '23:30'],
    ['date at format="HH:mm" zone="America/New_York"', '19:30'],
    ['date at format=format zone=zone', '2025'],
    ['date at format=nothing zone=nothing', '2025-03-31 01:30'],
    ['date date format="cccc d LLLL" locale="de"', 'Sonntag 30 März'],
    ['date date zone="America/New_York"', '2025-03-30'],
    ['date nothing', ''],
    ['date empty', ''],
  ])('{{%s}} is %j', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it('is in UTC where the data has no time zone', () => {
    expect(compileTemplate('{{date at}}').render({ at: data.at })).toBe('2025-03-30 23:30');
    expect(compileTemplate('{{date at}}').render({ at: data.at, timezone: 5 })).toBe('2025-03-30 23:30');
  });

  it('refuses a time zone of the scope that does not exist', () => {
    expect(failure(() => compileTemplate('{{date at}}').render({ at: data.at, timezone: 'Mars' })).code).toBe('template_value_invalid');
  });

  it.each(['text', 'amount', 'yes', 'list', 'object', '"2025-02-30"', '"12:30"', '"2025"', '"2025-03-30Tlater"'])(
    'does not read %s as a date',
    (what) => {
      const error = failure(() => value(`date ${what}`));
      expect(error.code).toBe('template_value_invalid');
      expect(error.message).toMatch(/^date cannot read .* as a date\.$/);
    },
  );

  it('checks options that come from data when it renders', () => {
    expect(failure(() => value('date at zone=text')).message).toContain('date: zone must be');
    expect(failure(() => value('date at format=missing')).code).toBe('template_path_missing');
  });
});

describe('number', () => {
  it.each<[string, Json]>([
    ['number amount', '1,234.5'],
    ['number amount decimals=2', '1,234.50'],
    ['number amount 0', '1,235'],
    ['number amount locale="de"', '1.234,5'],
    ['number amount decimals=2 locale="de-DE"', '1.234,50'],
    ['number none', '0'],
    ['number nothing', ''],
  ])('{{%s}} is %j', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it.each(['text', '"12"', 'yes', 'list'])('does not take %s for a number', (what) => {
    expect(failure(() => value(`number ${what}`)).message).toMatch(/^number needs a number, not /);
  });
});

describe('money', () => {
  it.each<[string, Json]>([
    ['money amount currency="EUR"', '€1,234.50'],
    ['money amount "USD"', '$1,234.50'],
    ['money amount "JPY"', '¥1,235'],
    ['money amount "USD" decimals=0', '$1,235'],
    ['money amount currency="EUR" locale="de-DE"', '1.234,50\u00a0€'],
    ['money negative "USD"', '-$0.50'],
    ['money amount', '1,234.50'],
    ['money amount decimals=0', '1,235'],
    ['money nothing "EUR"', ''],
  ])('{{%s}} is %j', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it('needs a number', () => {
    expect(failure(() => value('money text "EUR"')).message).toBe('money needs a number, not "Straße".');
    expect(failure(() => value('money amount currency=text')).message).toContain('money: currency must be');
  });

  it('formats alike however many currencies it has seen', () => {
    const codes = Array.from(
      { length: 300 },
      (_, index) => `Q${String.fromCharCode(65 + (index % 26))}${String.fromCharCode(65 + Math.floor(index / 26))}`,
    );
    for (const code of [...codes, 'EUR', ...codes]) {
      expect(compileTemplate('{{money x c}}').render({ x: 1, c: code })).toMatch(
        code === 'EUR' ? /^€1\.00$/ : new RegExp(`^${code}.1\\.00$`),
      );
    }
  });
});

describe('default', () => {
  it.each<[string, Json]>([
    ['default text "x"', 'Straße'],
    ['default missing "x"', 'x'],
    ['default missing.deep.down "x"', 'x'],
    ['default nothing "x"', 'x'],
    ['default empty "x"', 'x'],
    ['default none "x"', 0],
    ['default no "x"', false],
    ['default missing amount', 1234.5],
    ['default missing nothing', null],
    ['default missing empty', ''],
    ['default missing nothing "third"', 'third'],
    ['default (upper nothing) "x"', 'x'],
    ['default object "x"', {}],
  ])('{{%s}} is %j', (expression, expected) => {
    expect(value(expression)).toEqual(expected);
  });

  it('excuses only the paths that it is given itself', () => {
    expect(failure(() => value('default (upper missing) "x"')).code).toBe('template_path_missing');
  });
});

describe('upper and lower', () => {
  it.each<[string, Json]>([
    ['upper text', 'STRASSE'],
    ['lower text', 'straße'],
    ['upper amount', '1234.5'],
    ['upper nothing', ''],
    ['lower "ÄB"', 'äb'],
  ])('{{%s}} is %j', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });
});

describe('comparisons', () => {
  it.each<[string, boolean]>([
    ['eq amount 1234.5', true],
    ['eq amount "1234.5"', false],
    ['eq nothing null', true],
    ['eq none null', false],
    ['eq none no', false],
    ['ne text "x"', true],
    ['ne text text', false],
    ['gt amount 5', true],
    ['gt 5 5', false],
    ['lt 4 5', true],
    ['lt 5 4', false],
    ['gt "b" "a"', true],
    ['gt "a" "a"', false],
    ['lt "a" "b"', true],
    ['lt "2025-01-01" date', true],
    ['gt nothing 0', false],
    ['lt nothing 1', false],
    ['gt 1 nothing', false],
    ['and yes amount', true],
    ['and yes nothing', false],
    ['and yes missing', false],
    ['or no text', true],
    ['or no nothing missing', false],
    ['or noList', false],
    ['or list', true],
    ['or object', true],
    ['not missing', true],
    ['not yes', false],
  ])('{{%s}} is %p', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it.each<[string, string]>([
    ['eq list list', 'eq compares texts, numbers and booleans, not lists or objects.'],
    ['ne text object', 'ne compares texts, numbers and booleans, not lists or objects.'],
    ['gt amount text', 'gt cannot compare 1234.5 with "Straße": both must be numbers, or both texts.'],
    ['lt yes 1', 'lt cannot compare true with 1: both must be numbers, or both texts.'],
    ['lt list object', 'lt cannot compare a list with an object: both must be numbers, or both texts.'],
    [`gt 1 "${'x'.repeat(100)}"`, `gt cannot compare 1 with "${'x'.repeat(59)}…: both must be numbers, or both texts.`],
  ])('{{%s}} is an error', (expression, message) => {
    const error = failure(() => value(expression));
    expect([error.code, error.message]).toEqual(['template_value_invalid', message]);
    expect(error.hint).toBeDefined();
  });

  it('need their paths to exist', () => {
    expect(failure(() => value('eq missing 1')).code).toBe('template_path_missing');
  });
});

describe('url', () => {
  it.each<[string, Json]>([
    ['url "a b/c?d=e&f#g"', 'a%20b%2Fc%3Fd%3De%26f%23g'],
    ['url "%2F"', '%252F'],
    ['url text', 'Stra%C3%9Fe'],
    ['url amount', '1234.5'],
    ['url nothing', ''],
    ['url (upper "ä")', '%C3%84'],
  ])('{{%s}} is %j', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it('takes half of a surrogate pair for what it is shown as', () => {
    expect(compileTemplate('{{url half}}').value({ half: 'a\ud83d' })).toBe('a%EF%BF%BD');
  });
});

describe('TEMPLATE_HELPERS', () => {
  it('has the helpers that the documentation names', () => {
    expect([...TEMPLATE_HELPERS.keys()].sort()).toEqual(
      ['and', 'date', 'default', 'eq', 'gt', 'lower', 'lt', 'money', 'ne', 'not', 'number', 'or', 'upper', 'url'].sort(),
    );
  });
});
