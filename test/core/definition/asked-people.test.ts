import { describe, expect, it } from '@jest/globals';
import { askedByName } from '../../../src/core/definition/asked-people.js';
import { action, approval } from '../plan/support.js';

describe('whom a definition asks by name', () => {
  it('is told with where it stands, escalations and inner steps included', () => {
    const form = { id: 'ask', kind: 'form', queue: 'desk', fields: [], onExpiry: 'fail' } as const;
    const steps = [
      action('a'),
      approval('ok', { role: 'manager', escalation: { after: 'P1D', assignees: ['u-1'], role: 'director', queue: 'desk' } }),
      { id: 'both', kind: 'parallel', branches: [{ name: 'x', steps: [form] }], join: 'all' } as const,
      approval('plain'),
    ];
    expect(askedByName({ steps: steps as never })).toEqual([
      { kind: 'role', name: 'manager', path: 'steps[1].role' },
      { kind: 'role', name: 'director', path: 'steps[1].escalation.role' },
      { kind: 'queue', name: 'desk', path: 'steps[1].escalation.queue' },
      { kind: 'queue', name: 'desk', path: 'steps[2].branches[0].steps[0].queue' },
    ]);
  });
});
