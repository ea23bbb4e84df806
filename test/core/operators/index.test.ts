import { describe, expect, it } from '@jest/globals';
import { describeOperators, OPERATORS } from '../../../src/core/operators/index.js';

const NAMES = `equals not_equals is_any_of is_none_of is_empty is_not_empty
  contains not_contains starts_with not_starts_with ends_with not_ends_with matches
  greater_than greater_than_or_equal less_than less_than_or_equal between not_between
  is_true is_false
  contains_any contains_all contains_none is_exactly
  on before on_or_before after on_or_after is_today is_yesterday is_tomorrow in_past in_future this last next
  in_last in_next more_than_ago more_than_from_now anniversary_is_today
  changed not_changed changed_from changed_to changed_from_to was increased decreased increased_by decreased_by
  is_actor is_owner has_role`.split(/\s+/);

describe('the operators', () => {
  it('are all that the product has, each once', () => {
    expect([...OPERATORS.keys()].sort()).toEqual([...NAMES].sort());
    expect(describeOperators()).toHaveLength(NAMES.length);
  });

  it('are described for the catalogue with their types and the shape of their value', () => {
    const described = new Map(describeOperators().map((operator) => [operator.name, operator]));
    expect(described.get('greater_than')).toEqual({
      name: 'greater_than',
      label: 'is greater than',
      types: ['number', 'money'],
      value: 'one',
      kind: 'number',
    });
    expect(described.get('is_empty')).toEqual({ name: 'is_empty', label: 'is empty', types: 'any', value: 'none', kind: 'field' });
    expect(described.get('this')).toMatchObject({ value: 'period', periods: ['week', 'month', 'quarter', 'year'] });
    expect(described.get('in_last')).toMatchObject({ value: 'amount', units: ['minute', 'hour', 'day', 'business_day', 'week', 'month'] });
  });
});
