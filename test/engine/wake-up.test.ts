import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { WakeUp } from '../../src/engine/wake-up.js';
import { WorkSignal } from '../../src/engine/work-signal.js';

/** A connection of the pool; each test says what becomes of its LISTEN and when it is there at all. */
class Connection {
  readonly client = Object.assign(new EventEmitter(), { query: () => Promise.resolve([]) });
  released = 0;

  constructor(
    private readonly onListen: (client: EventEmitter) => Promise<unknown>,
    private readonly connected: Promise<void> = Promise.resolve(),
  ) {}

  async connect(): Promise<unknown> {
    await this.connected;
    return this.client;
  }

  async query(sql: string): Promise<unknown> {
    if (sql.startsWith('LISTEN')) return this.onListen(this.client);
    return sql.startsWith('SELECT') ? [{ pid: '1' }] : [];
  }

  async release(): Promise<void> {
    this.released += 1;
  }
}

describe('the connection that listens', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    Logger.overrideLogger(false);
  });
  afterEach(() => {
    jest.useRealTimers();
    Logger.overrideLogger(['log', 'warn', 'error', 'fatal']);
  });

  function wakeUpOver(connections: Connection[]) {
    const waiting = [...connections];
    const createQueryRunner = jest.fn(() => waiting.shift());
    const wakeUp = new WakeUp({ subscribers: [] } as never, { dataSource: { createQueryRunner } } as never);
    return { wakeUp, createQueryRunner };
  }

  it('is replaced once, by one, when it is lost while it is being set up', async () => {
    const lost = new Connection(async (client) => {
      client.emit('end');
      throw new Error('Connection terminated unexpectedly');
    });
    const spares = Array.from({ length: 3 }, () => new Connection(async () => []));
    const { wakeUp, createQueryRunner } = wakeUpOver([lost, ...spares]);
    await wakeUp.start();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(createQueryRunner).toHaveBeenCalledTimes(2);
    expect(lost.released).toBe(1);
    await wakeUp.stop();
    expect(spares.map(({ released }) => released)).toEqual([1, 0, 0]);
  });

  it('is given back when the stop comes before it is there', async () => {
    let arrive = (): void => undefined;
    const late = new Connection(
      async () => [],
      new Promise((resolve) => {
        arrive = resolve;
      }),
    );
    const { wakeUp } = wakeUpOver([late]);
    const starting = wakeUp.start();
    await wakeUp.stop();
    arrive();
    await starting;
    expect(late.released).toBe(1);
  });
});

it('a signal wakes who waits for it, though the time of an earlier wait, which a signal ended, is over meanwhile', async () => {
  jest.useFakeTimers();
  try {
    const signal = new WorkSignal();
    const first = signal.wait(1_000);
    signal.raise();
    await first;
    const second = signal.wait(null);
    jest.advanceTimersByTime(1_000);
    signal.raise();
    await second;
  } finally {
    jest.useRealTimers();
  }
});
