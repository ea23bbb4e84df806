import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/core/json.js';
import type { MachineEnteredTrigger } from '../../../src/core/trigger/machine-entered.js';
import { compileTrigger, triggerProblems } from '../../../src/core/trigger/trigger.js';

const TRIGGER: MachineEnteredTrigger = { type: 'machine_entered', module: 'leads', machine: 'nurturing', state: 'HOT' };

/** The answer for one event: true, or the reason against it. Quick and explained answer must agree. */
function answer(trigger: MachineEnteredTrigger, entered: JsonObject | null, of: { module?: string; event?: string } = {}) {
  const event = {
    ...{ module: 'leads', event: 'machine_entered', changes: null, previous: null, record: null },
    ...of,
    trigger: entered && { type: 'machine_entered', ...entered },
  };
  const { matches, explain } = compileTrigger(trigger);
  const { matched, reason } = explain(event);
  expect(matches(event)).toBe(matched);
  return matched || reason;
}

describe('triggers on states of machines', () => {
  it('start when the machine enters the state, or one of several, or any', () => {
    const hot = { machine: 'nurturing', state: 'HOT', from: 'COLD', transition: 'warm' };
    expect(compileTrigger(TRIGGER).key).toBe('leads.machine_entered');
    expect(answer(TRIGGER, hot)).toBe(true);
    expect(answer({ ...TRIGGER, state: ['WARM', 'HOT'] }, hot)).toBe(true);
    const { state: _, ...any } = TRIGGER;
    expect(answer(any, hot)).toBe(true);
    expect(answer({ ...TRIGGER, state: ['WARM', 'LOST'] }, hot)).toBe('The state entered is "HOT", not "WARM" or "LOST".');
  });

  it('start on no other machine, module or event, and say why', () => {
    expect(answer(TRIGGER, { machine: 'orders', state: 'HOT' })).toBe('The machine is "orders", not "nurturing".');
    expect(answer(TRIGGER, null)).toBe('The machine is "", not "nurturing".');
    expect(answer(TRIGGER, { machine: 'nurturing' })).toBe('The state entered is "", not "HOT".');
    expect(answer(TRIGGER, {}, { module: 'accounts' })).toBe('The event is accounts.machine_entered, not leads.machine_entered.');
    expect(answer(TRIGGER, {}, { event: 'created' })).toBe('The event is leads.created, not leads.machine_entered.');
  });

  it('name the module and the machine, and states as texts', () => {
    expect(triggerProblems(TRIGGER, 'trigger', null)).toEqual([]);
    const paths = (trigger: object) => triggerProblems({ type: 'machine_entered', ...trigger }, 'trigger', null).map(({ path }) => path);
    expect(paths({})).toEqual(['trigger.module', 'trigger.machine']);
    expect(paths({ module: 'leads', machine: 'nurturing', state: [] })).toEqual(['trigger.state']);
    expect(paths({ module: 'leads', machine: 'nurturing', state: 7 })).toEqual(['trigger.state']);
    expect(paths({ module: 'leads', machine: 'nurturing', states: 'HOT' })).toEqual(['trigger.states']);
  });
});
