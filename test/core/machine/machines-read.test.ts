import { describe, expect, it } from '@jest/globals';
import { findField } from '../../../src/core/condition/field-types.js';
import { machinesIn } from '../../../src/core/machine/machines-read.js';
import { type ParsedPath, parsePath } from '../../../src/core/scope.js';

describe('what is read of state machines', () => {
  it('names each machine once, by its code', () => {
    const paths = [
      'machine.orders.state',
      'machine.orders.since',
      'machine.[lead nurturing].state',
      'record.machine.state',
      'machine',
      'machine.a.__proto__',
    ];
    expect(machinesIn(paths)).toEqual(['orders', 'lead nurturing']);
  });

  it('is the state, since when, and the transition under way', () => {
    const find = (path: string) => findField(parsePath(path) as ParsedPath, null, null);
    expect(find('machine.orders.state')).toEqual({ type: 'text' });
    expect(find('machine.orders.since')).toEqual({ type: 'datetime' });
    expect(find('machine.orders.transition')).toEqual({ type: 'text' });
    expect(find('machine.orders')).toEqual({ type: null });
    expect(find('machine.orders.stat')).toEqual({ problem: 'There is no "machine.orders.stat". Did you mean "state"?' });
    expect(find('machine.orders.state.code')).toEqual({ problem: 'There is no "machine.orders.state.code".' });
  });
});
