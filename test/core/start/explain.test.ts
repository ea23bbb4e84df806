import { describe, expect, it } from '@jest/globals';
import { compileCondition } from '../../../src/core/condition/condition.js';
import { explainStart } from '../../../src/core/start/explain.js';
import type { StartableWorkflow } from '../../../src/core/start/start.js';
import { compileTrigger } from '../../../src/core/trigger/trigger.js';
import { CONTEXT, EVENT } from './support/start.js';

const workflow = (source: string | null): StartableWorkflow => ({
  workflow: { id: 'w-1', name: 'Welcome' },
  trigger: compileTrigger({ type: 'event', module: 'leads', event: 'created' }),
  conditions: source === null ? null : compileCondition({ field: 'source', operator: 'equals', value: source }, null),
  definition: { settings: { reentry: 'once_per_record', countFailedRuns: false } },
});

describe('what is told of a start', () => {
  it('has the conditions also when they hold', () => {
    expect(explainStart(EVENT, workflow('Web'), 'active', null, CONTEXT)).toEqual({
      starts: true,
      reason: null,
      rule: null,
      trigger: { matched: true, reason: null },
      conditions: { result: true, field: 'source', operator: 'equals', seen: 'Web', expected: 'Web' },
    });
  });

  it('names the first no, and goes on to tell the rest', () => {
    const other = explainStart({ ...EVENT, event: 'updated' }, workflow('Phone'), 'active', null, CONTEXT);
    const notOurs = 'The event is leads.updated, not leads.created.';
    expect(other).toMatchObject({ starts: false, reason: 'trigger', rule: notOurs, trigger: { matched: false, reason: notOurs } });
    expect(other.conditions?.result).toBe(false);
    expect(explainStart(EVENT, workflow('Phone'), 'active', null, CONTEXT)).toMatchObject({
      starts: false,
      reason: 'conditions',
      rule: null,
    });
    expect(explainStart(EVENT, workflow('Web'), 'paused', null, CONTEXT)).toMatchObject({ starts: false, reason: 'paused' });
    const earlier = { active: null, newest: { id: 'r-1', createdAt: new Date('2026-02-01T00:00:00Z') }, newestFailed: null };
    expect(explainStart(EVENT, workflow(null), 'active', earlier, CONTEXT)).toMatchObject({
      starts: false,
      reason: 'reentry',
      rule: 'the workflow runs once per record',
      conditions: null,
    });
  });

  it('asks no trigger of a start that names its workflow', () => {
    const named = { ...EVENT, event: 'manual', target: { workflowId: 'w-1' } };
    expect(explainStart(named, workflow(null), 'active', null, CONTEXT)).toMatchObject({ starts: true, trigger: { matched: true } });
  });
});
