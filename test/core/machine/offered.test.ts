import { describe, expect, it } from '@jest/globals';
import { compileMachine } from '../../../src/core/machine/compiled-machine.js';
import { type OfferedFor, offeredTransitions } from '../../../src/core/machine/offered.js';
import { parseMachine } from '../../../src/core/machine/parser.js';

const parsed = parseMachine(
  {
    for: { module: 'leads' },
    states: [
      { code: 'NEW', initial: true },
      { code: 'DONE', final: true },
    ],
    transitions: [
      {
        code: 'send',
        description: 'Send it',
        from: ['NEW'],
        to: 'DONE',
        trigger: { type: 'manual', roles: ['sales', 'boss'] },
        conditions: { field: 'amount', operator: 'greater_than', value: 10 },
        steps: [{ id: 'wait', type: 'delay', for: 'PT1H' }],
      },
      { code: 'any', from: 'any', to: 'DONE', trigger: { type: 'manual', input: [{ name: 'why', type: 'text' }] } },
      { code: 'off', from: ['NEW'], to: 'DONE', trigger: { type: 'manual' }, enabled: false },
      { code: 'poll', from: ['NEW'], to: 'DONE', trigger: { type: 'poll', cron: '0 9 * * *', timezone: 'UTC' } },
    ],
  },
  null,
);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const { transitions } = compileMachine(parsed.machine, null);

/** What each says, for the fields that differ. */
function offered(at: Partial<OfferedFor>, amount: number | null = 20) {
  const subject = {
    ...{ record: { amount }, previous: null, changes: {}, trigger: {}, context: {}, steps: {} },
    ...{ actor: { type: 'user', id: 'u' } as const, now: new Date(0), timezone: 'UTC' },
  };
  const roles = ['sales'];
  return offeredTransitions(transitions, { state: 'NEW', isFinal: false, transition: null, isEnabled: true, roles, subject, ...at });
}
const reasons = (...asked: Parameters<typeof offered>) => offered(...asked).map(({ isOffered, reason }) => (isOffered ? true : reason));

describe('which transitions are offered', () => {
  it('are those that leave the state by hand, are enabled, and whose conditions hold', () => {
    expect(reasons({})).toEqual([true, true, 'disabled', 'trigger']);
    expect(reasons({}, 5)).toEqual(['conditions', true, 'disabled', 'trigger']);
    expect(reasons({ roles: [] })).toEqual(['roles', true, 'disabled', 'trigger']);
    expect(reasons({ isEnabled: false })).toEqual(['paused', 'paused', 'disabled', 'trigger']);
    expect(reasons({ transition: 'any' })).toEqual(['transitioning', 'transitioning', 'disabled', 'trigger']);
    expect(reasons({ state: 'DONE', isFinal: true })).toEqual(['state', 'state', 'state', 'state']);
  });

  it('tell what they ask for, and why not, in words or as conditions were evaluated', () => {
    const [send, any, , poll] = offered({}, 5);
    expect(send).toMatchObject({
      ...{ code: 'send', description: 'Send it', from: ['NEW'], to: 'DONE', trigger: 'manual', hasSteps: true, input: null },
      ...{ roles: ['sales', 'boss'], explanation: { result: false, seen: 5, expected: 10 } },
    });
    expect(any).toMatchObject({ description: null, hasSteps: false, input: [{ name: 'why' }], roles: null, explanation: null });
    expect(poll).toMatchObject({ explanation: { rule: 'The clock fires it, not a person.' } });
    expect(offered({})[0]?.explanation).toMatchObject({ result: true });
  });
});
