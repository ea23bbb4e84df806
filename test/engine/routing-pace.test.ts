import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import type { RoutingTurn } from '../../src/engine/routing/claim-turns.js';
import { Router } from '../../src/engine/routing/router.js';
import { RoutingPace } from '../../src/engine/routing/routing-pace.js';
import type { HeldRun } from '../../src/engine/running/held-run.js';
import type { HeldRuns } from '../../src/engine/running/held-runs.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import type { ActiveWorkflows } from '../../src/engine/workflows/active-workflows.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { eventually } from '../support/eventually.js';
import { call, later } from './support/far-side.js';

/** Time stands still until it is told to pass: patience is measured by it. */
function stoppedClock(): { pass(ms: number): void } {
  let now = performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  return {
    pass: (ms) => {
      now += ms;
    },
  };
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the pace of workspaces whose runs need room', () => {
  /** How much room there is, for any, and for several. */
  let room = { any: 10, several: 10 };
  const pace = (needsRoom = true) =>
    new RoutingPace(
      { roomFor: () => room.any, roomToRefill: () => room.several } as unknown as HeldRuns,
      { needsRoom: async () => needsRoom } as unknown as ActiveWorkflows,
    );
  const NOW = new Date('2026-03-02T09:00:00Z');
  const runsOf = (workspaceId: string, count: number, ageMs = 0) => {
    const event = { occurredAt: new Date(NOW.getTime() - ageMs).toISOString() };
    return Array(count).fill({ workspaceId, event, version: { firstAdvance: 'by_router_with_room' } }) as HeldRun[];
  };
  const note = (paces: RoutingPace, runs: HeldRun[]) => paces.note({ manager: {} as never, now: NOW }, runs, new Map());

  it('lets a turn take as many events as there is room for, and none beside a turn that is about to fill it', async () => {
    stoppedClock();
    room = { any: 10, several: 3 };
    const paces = pace();
    await note(paces, runsOf('acme', 10));
    // It goes past the workspace, and takes no room from who does not.
    paces.begin(['acme']);
    const first = paces.begin();
    expect([first.waiting, [...first.shares]]).toEqual([[], [['acme', 3]]]);
    expect(paces.begin().waiting).toEqual(['acme']);
    first.end();
    expect([...paces.begin().shares]).toEqual([['acme', 3]]);
  });

  it('is kept only where much of the room is asked for and was there a moment ago, and no event has waited for long', async () => {
    const clock = stoppedClock();
    const paces = pace();
    room = { any: 10, several: 0 };
    await note(paces, [...runsOf('calm', 4), ...runsOf('late', 10, 60_000)]);
    const local = pace(false);
    await note(local, runsOf('acme', 10));
    room = { any: 0, several: 0 };
    await note(paces, runsOf('full', 10));
    expect([paces.patienceMs, local.patienceMs]).toEqual([null, null]);
    room = { any: 10, several: 0 };
    await note(paces, runsOf('acme', 5));
    expect(paces.begin().waiting).toEqual(['acme']);
    clock.pass(paces.patienceMs ?? 0);
    expect(paces.begin().waiting).toEqual([]);
  });
});

class Arguments {
  @IsString() to!: string;
}

describe('a backlog of runs that call outside', () => {
  let app: AutomationApp;
  let gate = later();
  beforeEach(() => {
    gate = later();
  });
  afterEach(() => app.close());

  /** Calls stay open until the gate is. */
  const start = async (worker: { enabled: boolean }) => {
    const action = defineAction({
      type: 'call',
      label: 'Call',
      effect: 'external',
      arguments: Arguments,
      execute: async () => {
        await gate.promise;
      },
    });
    app = await startAutomationApp({ actions: [action], worker: { ...worker, concurrency: 2, batchSize: 10 } });
    await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [call('call')] });
  };
  const publish = (count: number) =>
    app.automation.publish(
      Array.from({ length: count }, (_, index) => ({ workspaceId: 'acme', module: 'leads', event: 'created', recordId: `l-${index}` })),
    );
  const route = async (turn?: RoutingTurn) => (await app.module.get(Router).route(turn)).events;
  const runs = () =>
    app.query<{ status: string; fence: number; count: number }>(
      'SELECT status, fence, count(*)::int AS count FROM automation.runs GROUP BY 1, 2 ORDER BY 1, 2',
    );

  it('is routed as fast as there is room for its runs, which are queued nowhere; what waits is left to whoever has some', async () => {
    await start({ enabled: false });
    stoppedClock();
    await publish(4);
    // The room of twice its two slots.
    expect(await route('in_turn')).toBe(4);
    await publish(3);
    expect(await route('in_turn')).toBe(0);
    expect(await runs()).toEqual([{ status: 'running', fence: 1, count: 4 }]);
    // Another process, or this one when it is told to.
    expect(await route('at_once')).toBe(3);
    expect(await runs()).toContainEqual({ status: 'queued', fence: 1, count: 3 });
    await publish(9);
    expect(await route('in_turn')).toBe(0);
    gate.resolve();
    await app.module.get(RunDriver).settled();
    expect(await route('in_turn')).toBe(4);
    jest.restoreAllMocks();
    await app.automation.drain();
    expect((await runs()).every(({ status }) => status === 'succeeded')).toBe(true);
  });

  it('is routed at once where something else is active that needs no room', async () => {
    await start({ enabled: false });
    stoppedClock();
    const local = { id: 'note', type: 'create_task', with: { title: 'x' } };
    await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'updated' }, steps: [local] });
    await publish(4);
    expect(await route('in_turn')).toBe(4);
    await publish(3);
    expect(await route('in_turn')).toBe(3);
    jest.restoreAllMocks();
    gate.resolve();
    await app.module.get(RunDriver).settled();
  });

  it('is worked off to its end by the loops', async () => {
    gate.resolve();
    await start({ enabled: true });
    await publish(60);
    await eventually(async () => {
      const all = await runs();
      expect(all.filter(({ status }) => status === 'succeeded').reduce((sum, { count }) => sum + count, 0)).toBe(60);
    });
  });
});
