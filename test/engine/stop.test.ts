import { describe, expect, it, jest } from '@jest/globals';
import { AutomationEngine } from '../../src/engine/automation-engine.js';
import { WorkSignal } from '../../src/engine/work-signal.js';

/** An engine over parts that do what a test says; polls are an hour apart. */
function engineOver(parts: { route?: () => Promise<unknown>; heartbeat?: () => Promise<void>; workerEnabled?: boolean }) {
  const route = parts.route ?? (async () => ({ events: 0, started: [] }));
  const worker = {
    tick: async () => 0,
    adopt: () => undefined,
    claim: async () => ({ claimed: 0, more: false }),
    drain: jest.fn(async () => undefined),
    heartbeat: parts.heartbeat,
    open: () => undefined,
    heldIds: [],
    onRoom: null,
  };
  const wakeUp = { start: async () => undefined, stop: jest.fn(async () => undefined), onWork: () => () => undefined };
  const watch = {
    signal: new WorkSignal(),
    stir: () => undefined,
    look: async () => ({
      outlook: { events: false, runs: false, queues: false, leftSubRuns: false, callbacks: false, nextEndInMs: null },
      pauseMs: 3_600_000,
    }),
  };
  const settings = {
    workerEnabled: parts.workerEnabled ?? true,
    leaseMs: 30_000,
    retention: { intervalMs: 3_600_000 },
    shutdownGraceMs: 60_000,
    batchSize: 1,
  };
  const engine = new AutomationEngine(
    { route, patienceMs: null } as never,
    worker as never,
    { signal: new WorkSignal(), round: async () => 0, expectAny: () => undefined } as never,
    { look: async () => 0 } as never,
    { look: async () => 0 } as never,
    { signal: new WorkSignal(), round: async () => 0, settled: async () => undefined } as never,
    { queue: async () => ({ queued: false, more: 'no' }) } as never,
    watch as never,
    {} as never,
    { works: [], dueTimes: async () => ({}) } as never,
    wakeUp as never,
    settings as never,
  );
  return { engine, worker, wakeUp };
}

describe('a stop', () => {
  it('does not wait for the next poll of a loop that was busy when it came', async () => {
    const busy: (() => void)[] = [];
    const { engine, worker } = engineOver({
      route: () => new Promise((resolve) => busy.push(() => resolve({ events: 0, started: [] }))),
    });
    await engine.start();
    expect(busy).toHaveLength(1);
    const stopping = engine.stop();
    for (const finish of busy) finish();
    await stopping;
    expect(worker.drain).toHaveBeenCalledTimes(1);
  });

  it('waits for a heartbeat that is under way: its connection must be back before the pool is closed', async () => {
    jest.useFakeTimers();
    try {
      const order: string[] = [];
      let finish = (): void => undefined;
      const { engine, wakeUp } = engineOver({
        heartbeat: () =>
          new Promise((resolve) => {
            finish = () => {
              order.push('heartbeat');
              resolve();
            };
          }),
      });
      wakeUp.stop.mockImplementation(async () => {
        order.push('stopped');
        return undefined;
      });
      await engine.start();
      await jest.advanceTimersByTimeAsync(10_000);
      const stopping = engine.stop();
      await jest.advanceTimersByTimeAsync(0);
      finish();
      await stopping;
      expect(order).toEqual(['heartbeat', 'stopped']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('keeps the leases of what it waits for, however long that takes: another worker would call again', async () => {
    jest.useFakeTimers();
    try {
      const heartbeat = jest.fn(async () => undefined);
      const { engine, worker } = engineOver({ heartbeat });
      let finish = (): void => undefined;
      worker.drain.mockImplementation(() => new Promise<undefined>((resolve) => (finish = () => resolve(undefined))));
      await engine.start();
      const stopping = engine.stop();
      await jest.advanceTimersByTimeAsync(30_000);
      expect(heartbeat).toHaveBeenCalledTimes(3);
      finish();
      await stopping;
      await jest.advanceTimersByTimeAsync(30_000);
      expect(heartbeat).toHaveBeenCalledTimes(3);
    } finally {
      jest.useRealTimers();
    }
  });

  it('does not wait for a database that does not answer that nobody listens any more', async () => {
    jest.useFakeTimers();
    try {
      const { engine, wakeUp } = engineOver({});
      wakeUp.stop.mockImplementation(() => new Promise(() => undefined));
      await engine.start();
      const stopping = engine.stop();
      await jest.advanceTimersByTimeAsync(60_000);
      await stopping;
      expect(wakeUp.stop).toHaveBeenCalledTimes(1);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a host that ticks itself', () => {
  it('has heartbeats all the same: a step may take longer than a lease', async () => {
    jest.useFakeTimers();
    try {
      const heartbeat = jest.fn(async () => undefined);
      const route = jest.fn(async () => ({ events: 0 }));
      const { engine } = engineOver({ heartbeat, route, workerEnabled: false });
      await engine.start();
      await jest.advanceTimersByTimeAsync(30_000);
      expect(heartbeat).toHaveBeenCalledTimes(3);
      expect(route).not.toHaveBeenCalled();
      await engine.stop();
      await jest.advanceTimersByTimeAsync(30_000);
      expect(heartbeat).toHaveBeenCalledTimes(3);
    } finally {
      jest.useRealTimers();
    }
  });
});
