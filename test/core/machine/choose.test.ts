import { describe, expect, it } from '@jest/globals';
import type { Cause, DomainEvent } from '../../../src/core/event.js';
import { beginningBy, chooseTransition, loopRule } from '../../../src/core/machine/choose.js';
import { compileMachine, keysOf, runKeyOf } from '../../../src/core/machine/compiled-machine.js';
import type { MachineDefinition, MachineTrigger } from '../../../src/core/machine/types.js';
import { CONTEXT, EVENT } from '../start/support/start.js';

const UPDATED: DomainEvent = { ...EVENT, event: 'updated' };
const fromTheWeb = { field: 'source', operator: 'equals', value: 'Web' };
const fromTheFair = { field: 'source', operator: 'equals', value: 'Fair' };
const onUpdate: MachineTrigger = { type: 'event', module: 'leads', event: 'updated' };

function transition(code: string, more: Partial<MachineDefinition['transitions'][number]> = {}): MachineDefinition['transitions'][number] {
  return { code, from: ['NEW'], to: 'OPEN', trigger: onUpdate, steps: [], settings: { maxDuration: 'P30D' }, enabled: true, ...more };
}

function machine(transitions: MachineDefinition['transitions'], more: Partial<MachineDefinition> = {}) {
  const states = [{ code: 'NEW', initial: true }, { code: 'OPEN' }, { code: 'DONE', final: true }];
  return compileMachine({ for: { module: 'leads' }, states, transitions, ...more }, null);
}

const chosenBy = (of: ReturnType<typeof machine>, event: DomainEvent = UPDATED, named: string | null = null, state = 'NEW') => {
  const { chosen, notFired } = chooseTransition(of, state, event, named, CONTEXT);
  return { chosen: chosen?.definition.code ?? null, notFired: notFired.map((one) => `${one.transition} ${one.reason}`) };
};

describe('the transition that an event fires', () => {
  it('is the first in order whose trigger and conditions hold; those before it say why not', () => {
    const of = machine([
      transition('other', { trigger: { type: 'manual' } }),
      transition('disabled', { enabled: false }),
      transition('stage', { trigger: { ...onUpdate, event: 'updated', fields: ['stage'] } }),
      transition('fair', { conditions: fromTheFair }),
      transition('web', { conditions: fromTheWeb }),
      transition('last'),
    ]);
    expect(chosenBy(of)).toEqual({ chosen: 'web', notFired: ['disabled disabled', 'stage trigger', 'fair conditions'] });
    expect(chooseTransition(of, 'NEW', UPDATED, null, CONTEXT).held).toMatchObject({ result: true, seen: 'Web' });
  });

  it('is none in another state, in a final one, or when nobody listens', () => {
    const of = machine([
      transition('web'),
      transition('any', { from: 'any', to: 'DONE', trigger: { type: 'webhook', record: '' } as never }),
    ]);
    expect(chosenBy(of, UPDATED, null, 'OPEN')).toEqual({ chosen: null, notFired: [] });
    expect(chosenBy(of, UPDATED, null, 'GONE')).toEqual({ chosen: null, notFired: [] });
    expect(chosenBy(of, { ...UPDATED, trigger: { type: 'webhook' } }, null, 'DONE')).toEqual({ chosen: null, notFired: [] });
    const delivered = (transitions: object[]) =>
      chosenBy(of, { ...UPDATED, event: 'webhook', trigger: { type: 'webhook', transitions } as never }, null, 'OPEN');
    expect(delivered([{ code: 'any', refused: null }])).toEqual({ chosen: 'any', notFired: [] });
    expect(delivered([{ code: 'any', refused: 'The body does not fit.' }])).toEqual({ chosen: null, notFired: ['any trigger'] });
    expect(delivered([{ code: 'other', refused: null }])).toEqual({ chosen: null, notFired: ['any trigger'] });
    const unheld = chosenBy(of, { ...UPDATED, event: 'webhook', trigger: { type: 'webhook' } }, null, 'OPEN');
    expect(unheld).toEqual({ chosen: null, notFired: ['any trigger'] });
  });

  it('is the one that is named, or none', () => {
    const of = machine([transition('web'), transition('fire', { trigger: { type: 'manual' }, conditions: fromTheWeb })]);
    expect(chosenBy(of, EVENT, 'fire')).toEqual({ chosen: 'fire', notFired: [] });
    expect(chosenBy(of, EVENT, 'fire', 'OPEN')).toEqual({ chosen: null, notFired: ['fire state'] });
    expect(chosenBy(of, EVENT, 'gone')).toEqual({ chosen: null, notFired: ['gone unknown'] });
  });

  it('may be told by the host, which imports and exports', () => {
    const of = machine([transition('in', { trigger: { type: 'import' } }), transition('out', { trigger: { type: 'export' } })]);
    expect(chosenBy(of, { ...EVENT, event: 'imported' }).chosen).toBe('in');
    expect(chosenBy(of, { ...EVENT, event: 'exported' }).chosen).toBe('out');
    expect(chosenBy(of, { ...EVENT, module: 'tasks', event: 'exported' }).chosen).toBe(null);
    expect([...of.keys]).toEqual(['leads.imported', 'leads.exported']);
  });

  it('of a machine for an integration is told by its runs', () => {
    const run = { type: 'run_started', integration: 'erp', runKey: 'r-1' };
    const of = machine(
      [transition('begin', { trigger: { type: 'event', event: 'run_started' } }), transition('in', { trigger: { type: 'import' } })],
      {
        for: { integration: 'erp' },
      },
    );
    const started = { ...EVENT, module: null, event: 'run_started', recordId: null, record: null, trigger: run };
    expect(chosenBy(of, started).chosen).toBe('begin');
    expect(chosenBy(of, { ...started, trigger: { integration: 'erp' } }).chosen).toBe(null);
    expect(chosenBy(of, { ...started, event: 'imported' }).chosen).toBe('in');
    expect(keysOf(started)).toEqual(['integration:erp']);
    expect(keysOf(EVENT)).toEqual(['leads.created']);
    expect([runKeyOf(started), runKeyOf(EVENT)]).toEqual(['r-1', null]);
  });
});

describe('the event that makes an instance', () => {
  it('is the first that a transition out of the initial state hears, conditions aside, and is asked too', () => {
    const of = machine([
      transition('web', { conditions: fromTheFair }),
      transition('later', { from: ['OPEN'], trigger: { ...onUpdate, event: 'created' } }),
    ]);
    expect(beginningBy(of, UPDATED, null, CONTEXT)).toBe('created_and_asked');
    expect(beginningBy(of, EVENT, null, CONTEXT)).toBe('none');
    expect(beginningBy(of, EVENT, 'web', CONTEXT)).toBe('created_and_asked');
    expect(beginningBy(of, EVENT, 'later', CONTEXT)).toBe('none');
    expect(beginningBy(of, { ...EVENT, trigger: { type: 'create' } }, null, CONTEXT)).toBe('created');
  });

  it('is the one that the machine says, and fires nothing', () => {
    const trigger = { type: 'event' as const, module: 'leads', event: 'created' };
    const of = machine([transition('web')], { start: { trigger, conditions: fromTheWeb } });
    expect(beginningBy(of, EVENT, null, CONTEXT)).toBe('created');
    expect(beginningBy(of, { ...EVENT, record: { source: 'Fair' } }, null, CONTEXT)).toBe('none');
    expect(beginningBy(of, UPDATED, null, CONTEXT)).toBe('none');
    expect(beginningBy(machine([], { start: { trigger } }), EVENT, null, CONTEXT)).toBe('created');
  });
});

describe('a chain of runs', () => {
  const own = { workflowId: 'm-1', module: 'leads', recordId: '42', transition: 'open' };
  const behind = (cause: Cause | null, transition: string, more: Partial<DomainEvent> = {}) =>
    loopRule({ ...EVENT, ...more, cause }, { id: 'm-1', name: 'Order' }, transition, 5);

  it('comes to each transition of a record once, and to an end', () => {
    const chain = { runId: 'r-1', depth: 2, path: [own] };
    expect(behind(null, 'open')).toBe(null);
    expect(behind(chain, 'close')).toBe(null);
    expect(behind(chain, 'open', { recordId: '43' })).toBe(null);
    expect(behind(chain, 'open')).toContain('"Order" has made this transition');
    expect(behind({ ...chain, depth: 5 }, 'close')).toContain('ends after 5');
    expect(behind({ ...chain, path: [{ ...own, module: '', recordId: null }] }, 'open', { module: null, recordId: null })).toContain(
      '"Order"',
    );
  });
});
