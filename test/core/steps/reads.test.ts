import { expect, it } from '@jest/globals';
import { compileCondition } from '../../../src/core/condition/condition.js';
import { FLOW_STEP_TYPES, type Step } from '../../../src/core/steps/index.js';
import { pathsReadBy } from '../../../src/core/steps/reads.js';
import { action, approval, branch, definition, forEach, parallel, stop, webhookWait } from '../plan/support.js';

it('every path that steps read is known, wherever they stand', () => {
  const steps: Step[] = [
    action('mail', { with: { to: '{{email}}', lines: ['{{account.name}}', { deep: '{{trigger.body.id}}' }], count: 3, plain: 'text' } }),
    {
      ...branch('route', {}),
      branches: [
        {
          name: 'big',
          when: { field: 'account.size', operator: 'greater_than', value: 1 },
          steps: [action('a', { with: { x: '{{a}}' } })],
        },
      ],
      otherwise: [action('b', { with: { x: '{{b}}' } })],
    },
    parallel('fan', 'all', { left: [forEach('each', [action('c', { with: { x: '{{item.c}}' } })], { in: '{{context.list}}' })] }),
    { id: 'cool', kind: 'delay', until: '{{contact.birthday}}' },
    approval('ok', { assignees: ['{{ownerId}}'], message: 'For {{name}}?' }),
    { id: 'form', kind: 'form', assignees: ['{{createdBy}}'], fields: [], onExpiry: 'fail' },
    webhookWait('w'),
    { id: 'sub', kind: 'run_workflow', workflow: 'other', input: { id: '{{record.id}}' }, wait: false },
    stop('end', { message: '{{previous.stage}}' }),
  ];
  const kinds = new Set([...definition(steps).steps].map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(['action', ...FLOW_STEP_TYPES].filter((kind) => kind !== 'for_each').sort());
  expect([...pathsReadBy(steps, (condition) => compileCondition(condition, null))].sort()).toEqual([
    'context.list',
    'item.c',
    'previous.stage',
    'record.a',
    'record.account.name',
    'record.account.size',
    'record.b',
    'record.contact.birthday',
    'record.createdBy',
    'record.email',
    'record.id',
    'record.name',
    'record.ownerId',
    'trigger.body.id',
  ]);
});
