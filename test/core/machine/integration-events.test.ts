import { describe, expect, it } from '@jest/globals';
import { keysOf, meantBy, runKeyOf } from '../../../src/core/machine/compiled-machine.js';

const event = (module: string | null, name: string, trigger: object | null) => ({ module, event: name, trigger: trigger as never });

describe('what machines make of who an event comes from', () => {
  it.each([
    [event('leads', 'updated', null), ['leads.updated'], null, null],
    [event('leads', 'imported', { integration: 'erp' }), ['leads.imported', 'integration:erp'], null, null],
    [event('leads', 'imported', { integration: 'erp', machine: 'orders' }), ['leads.imported', 'integration:erp'], 'orders', null],
    [event(null, 'run_started', { integration: 'erp', runKey: '7' }), ['integration:erp'], null, '7'],
    [event('leads', 'manual', { type: 'manual', machine: 'orders' }), ['leads.manual'], null, null],
  ])('%j', (given, keys, machine, runKey) => {
    expect([keysOf(given), meantBy(given), runKeyOf(given)]).toEqual([keys, machine, runKey]);
  });
});
