import { expect, it } from '@jest/globals';
import { parseDefinition } from '../../../src/core/definition/parser.js';
import { transitionVersions } from '../../../src/core/machine/transition-versions.js';
import { machineOf, orders, TELL, withTransition } from './support/order-machine.js';

it('each transition with steps is the definition of a workflow about the same records', () => {
  expect(transitionVersions(orders())).toEqual([
    {
      transition: 'confirm',
      ends: { from: ['SUBMITTED', 'ESCALATED'], to: 'CONFIRMED' },
      path: 'transitions[1]',
      definition: { trigger: { type: 'manual', module: 'opportunities' }, steps: [TELL], settings: {} },
    },
  ]);
});

it('keeps the events, conditions and settings of a transition', () => {
  const steps = [{ id: 'mail', type: 'notify', with: {} }];
  const own = { conditions: { field: 'amount', operator: 'greater_than', value: 5 }, settings: { maxDuration: 'PT1H' } };
  const machine = withTransition({ trigger: { type: 'event', event: 'updated' }, steps, ...own });
  const [, version] = transitionVersions(machine);
  expect(version).toEqual({
    transition: 'more',
    ends: { from: 'any', to: 'NEW' },
    path: 'transitions[3]',
    definition: { trigger: { type: 'event', module: 'opportunities', event: 'updated' }, steps, ...own },
  });
  const parsed = parseDefinition(version?.definition, null);
  expect(parsed).toMatchObject({ ok: true, definition: { steps: machineOf(machine).transitions.at(-1)?.steps } });
});

it('is about no record where the machine follows runs of an integration', () => {
  const machine = withTransition(
    { trigger: { type: 'event', event: 'run_finished' }, steps: [{ id: 'mail', type: 'notify', with: {} }] },
    { for: { integration: 'shop' } },
  );
  expect(transitionVersions(machine).map(({ definition }) => definition.trigger)).toEqual([{ type: 'manual' }, { type: 'manual' }]);
});

it('says from which states a transition leads as a list, also where it names one', () => {
  const steps = [{ id: 'mail', type: 'notify', with: {} }];
  const [, one] = transitionVersions(withTransition({ from: 'SUBMITTED', trigger: { type: 'timeout' }, steps }));
  expect(one?.ends).toEqual({ from: ['SUBMITTED'], to: 'NEW' });
});
