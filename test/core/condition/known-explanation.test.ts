import { expect, it } from '@jest/globals';
import { knownExplanation } from '../../../src/core/condition/known-explanation.js';
import type { Json } from '../../../src/core/json.js';
import { MODULE } from '../operators/ask.js';

const ACCOUNTS = { ...MODULE, name: 'accounts', relations: [] };
const CATALOG = { modules: new Map([MODULE, ACCOUNTS].map((module) => [module.name, module])), actions: new Map() };
const leaf = (field: Json) => ({ result: false, field, operator: 'equals', seen: 'x', expected: 'y' });
const known = (explanation: Json, module: string | null = 'things') => knownExplanation(CATALOG, module, explanation);

it('shows nothing of fields that are hidden by now, wherever they stand in the tree', () => {
  const hidden = (field: string) => ({ ...leaf(field), seen: null, expected: null, note: 'the field is not shown any more' });
  const fields = ['ssn', 'record.ssn', 'previous.ssn', 'changes.ssn.from', 'account.iban'];
  expect(
    known({
      result: false,
      all: [
        { result: false, any: fields.map(leaf) },
        { result: true, none: [leaf('text')] },
      ],
    }),
  ).toEqual({
    result: false,
    all: [
      { result: false, any: fields.map(hidden) },
      { result: true, none: [leaf('text')] },
    ],
  });
  expect(known(leaf('text'), 'planets')).toEqual(hidden('text'));
});

it('leaves all else as it is', () => {
  for (const field of ['text', 'account.text', 'trigger.body', 'actor.id', 'no path..', 5]) expect(known(leaf(field))).toEqual(leaf(field));
  expect(known(leaf('ssn'), null)).toEqual(leaf('ssn'));
  expect(known({ rule: 'once' })).toEqual({ rule: 'once' });
  expect(known(null)).toBeNull();
});
