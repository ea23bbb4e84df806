import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../../src/core/json.js';
import { knownHistory } from '../../../src/core/machine/known-history.js';
import { CATALOG } from './support/order-machine.js';

const known = (explanation: Json) => knownHistory(CATALOG, 'leads', explanation);
const test = (field: string, seen: string) => ({ result: true, field, operator: 'equals', seen, expected: seen });
const hidden = (field: string) => ({ ...test(field, 'x'), seen: null, expected: null, note: 'the field is not shown any more' });

describe('the history of an instance', () => {
  it('tells no values of fields that are hidden: of what fired, and of what was asked', () => {
    const asked = (explanation: Json) => [{ transition: 'a', reason: 'conditions', explanation }, 'x'];
    expect(known(asked({ all: [test('ssn', 'secret'), test('name', 'Ann')] }))).toEqual(
      asked({ all: [hidden('ssn'), test('name', 'Ann')] }),
    );
    const fired = (conditions: Json, explanation: Json) => ({ comment: 'ok', conditions, notFired: asked(explanation) });
    expect(known(fired(test('ssn', 'secret'), test('ssn', 'secret')))).toEqual(fired(hidden('ssn'), hidden('ssn')));
  });

  it.each<[Json]>([[null], ['text'], [{ reason: 'wrong' }], [[{ transition: 'a', reason: 'moved', explanation: null }]]])(
    'leaves all else as it is: %j',
    (explanation) => {
      expect(known(explanation)).toEqual(explanation);
    },
  );
});
