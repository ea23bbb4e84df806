import { describe, expect, it } from '@jest/globals';
import {
  type Entitlements,
  entitledStart,
  entitlementsProblems,
  lackDetails,
  lackInWords,
  lackOfStart,
  stepsBeyond,
} from '../../../src/core/start/entitlements.js';
import type { Step } from '../../../src/core/steps/index.js';

const STEPS = [
  { kind: 'action', id: 'mail', type: 'send_email', with: {} },
  {
    kind: 'branch',
    id: 'route',
    branches: [{ name: 'big', when: { all: [] }, steps: [{ kind: 'action', id: 'tell', type: 'webhook', with: {} }] }],
    otherwise: [{ kind: 'action', id: 'again', type: 'webhook', with: {} }],
  },
] as unknown as Step[];
const NOTHING_USED = { activeBefore: 0, runsThisMonth: 0 };

describe('what a plan gives', () => {
  it.each<[string, Entitlements]>([
    ['nothing said', {}],
    ['all types that are there', { stepTypes: ['branch', 'send_email', 'webhook'] }],
    ['one workflow, and this is the first', { activeWorkflows: 1 }],
    ['one run, and none has started', { runsPerMonth: 1, enabled: true }],
  ])('lets a workflow start: %s', (_what, plan) => {
    expect(lackOfStart(plan, STEPS, NOTHING_USED)).toBeNull();
    expect(entitledStart(plan, STEPS, NOTHING_USED)).toEqual({ kind: 'start' });
  });

  it.each<[string, Entitlements, { activeBefore: number; runsThisMonth: number }, object]>([
    ['no automation at all', { enabled: false, runsPerMonth: 0 }, NOTHING_USED, { missing: 'automation' }],
    [
      'a type of step inside a branch',
      { stepTypes: ['branch', 'send_email'] },
      NOTHING_USED,
      { missing: 'stepTypes', stepTypes: ['webhook'] },
    ],
    ['flow control', { stepTypes: ['send_email', 'webhook'] }, NOTHING_USED, { missing: 'stepTypes', stepTypes: ['branch'] }],
    [
      'so many active workflows',
      { activeWorkflows: 2 },
      { activeBefore: 2, runsThisMonth: 0 },
      { missing: 'activeWorkflows', allowed: 2, used: 2 },
    ],
    ['so many runs', { runsPerMonth: 5 }, { activeBefore: 0, runsThisMonth: 6 }, { missing: 'runsPerMonth', allowed: 5, used: 6 }],
  ])('is held against a start: %s', (_what, plan, usage, lack) => {
    expect(lackOfStart(plan, STEPS, usage)).toEqual(lack);
    expect(entitledStart({ ...plan, plan: 'Basic' }, STEPS, usage)).toEqual({
      kind: 'skip',
      reason: 'plan',
      explanation: { rule: expect.stringMatching(/^The plan "Basic" has .*\.$/), plan: 'Basic', ...lack },
    });
  });

  it('is told in words', () => {
    expect(lackInWords({ missing: 'automation' }, {})).toBe("The workspace's plan has no automation.");
    expect(lackInWords({ missing: 'stepTypes', stepTypes: ['a', 'b'] }, { plan: 'X' })).toBe(
      'The plan "X" has no steps of the type "a", "b".',
    );
    expect(lackInWords({ missing: 'activeWorkflows', allowed: 1, used: 1 }, { plan: 'X' })).toBe(
      'The plan "X" has 1 active workflow; this one would be number 2.',
    );
    expect(lackInWords({ missing: 'activeWorkflows', allowed: 3, used: 4 }, {})).toContain(
      '3 active workflows; this one would be number 5.',
    );
    expect(lackInWords({ missing: 'runsPerMonth', allowed: 5, used: 6 }, { plan: 'X' })).toBe(
      'The plan "X" has 5 runs a month, and 6 have started in this one.',
    );
    expect(lackDetails({ missing: 'automation' }, {})).toEqual({ missing: 'automation' });
  });

  it('names each step beyond it by its place', () => {
    expect(stepsBeyond(STEPS, {})).toEqual([]);
    expect(stepsBeyond(STEPS, { stepTypes: ['branch', 'send_email'], plan: 'Basic' })).toEqual([
      { path: 'steps[1].branches[0].steps[0].type', message: 'The plan "Basic" has no steps of the type "webhook".', type: 'webhook' },
      { path: 'steps[1].otherwise[0].type', message: 'The plan "Basic" has no steps of the type "webhook".', type: 'webhook' },
    ]);
  });

  it.each([
    [null, ''],
    ['basic', ''],
    [[], ''],
    [{ plan: 1 }, 'plan'],
    [{ enabled: 'yes' }, 'enabled'],
    [{ activeWorkflows: -1 }, 'activeWorkflows'],
    [{ activeWorkflows: null }, 'activeWorkflows'],
    [{ runsPerMonth: 1.5 }, 'runsPerMonth'],
    [{ stepTypes: 'webhook' }, 'stepTypes'],
    [{ stepTypes: [1] }, 'stepTypes'],
  ])('is not %j', (value, path) => {
    expect(entitlementsProblems(value)).toEqual([{ path, message: expect.stringMatching(/^must be /) }]);
  });

  it('is all that it may be', () => {
    expect(entitlementsProblems({})).toEqual([]);
    expect(entitlementsProblems({ plan: 'Pro', enabled: true, activeWorkflows: 0, runsPerMonth: 10, stepTypes: ['branch'] })).toEqual([]);
  });
});
