import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';

let real: RealApp;
beforeAll(async () => {
  real = await startRealApp({
    timezone: 'Europe/Berlin',
    retention: { runs: 'P90D' },
    entitlements: (workspaceId) => (workspaceId === 'acme' ? { plan: 'Basic', activeWorkflows: 3 } : {}),
  });
});
afterAll(() => real?.close());

const me = async (token: string) => (await real.call('get', '/automation/me', token).expect(200)).body;

it('tells callers who they are, what they may do, and what there is', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await me('support')).toEqual({
    user: { id: 'u-support', name: 'Sam', roles: [] },
    workspaceId: 'acme',
    permissions: ['view', 'operate'],
    timezone: 'Europe/Berlin',
    features: { lookUps: { users: true, roles: true, records: true } },
    limits: {
      bodyBytes: 262_144,
      eventBytes: 262_144,
      chainDepth: 5,
      stepsPerRun: 500,
      loopItems: 1_000,
      loopSteps: 10_000,
      bulkRetry: 1_000,
    },
    retention: { runs: 90, skippedRuns: 30, events: 30 },
    plan: {
      name: 'Basic',
      enabled: true,
      activeWorkflows: { allowed: 3, used: 0 },
      runsPerMonth: { allowed: null, used: 0 },
      stepTypes: null,
    },
    version,
  });
});

it('takes any permission, or none', async () => {
  expect(await me('only:tasks')).toMatchObject({ user: { id: 'u', name: 'u' }, permissions: ['tasks'] });
  expect(await me('nobody')).toMatchObject({ permissions: [] });
  // What a policy says beyond ours is nobody's business.
  expect(await me('only:root')).toMatchObject({ permissions: [] });
  expect(await me('rival')).toMatchObject({ workspaceId: 'rival', plan: { name: null, activeWorkflows: { allowed: null } } });
});
