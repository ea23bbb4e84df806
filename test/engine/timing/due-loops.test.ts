import { describe, expect, it } from '@jest/globals';
import { DueLoops } from '../../../src/engine/timing/due-loops.js';
import type { DueWork, TimingRound } from '../../../src/engine/timing/timed-trigger.js';
import type { DueTimes } from '../../../src/store/due-times.js';

const INTERVALS = { pollIntervalMs: 1_000, idlePollIntervalMs: 30_000 };
const NEVER: DueTimes = {
  schedules: null,
  dates: null,
  dateBuilds: null,
  tasks: null,
  taskMails: null,
  stateTimeouts: null,
  machinePolls: null,
};

function setUp() {
  const rounds: string[] = [];
  const asked: string[][] = [];
  const work = (kind: DueWork['kind']): DueWork => ({ name: kind, kind, round: async () => ({ starts: 0, more: false }) });
  let due = NEVER;
  let result = async (): Promise<TimingRound> => ({ starts: 0, more: false });
  const timing = {
    works: [work('schedules'), work('tasks')],
    dueTimes: async (works: readonly DueWork[] = []) => {
      asked.push(works.map(({ kind }) => kind));
      return due;
    },
    roundOf: async ({ kind }: DueWork) => {
      rounds.push(kind);
      return result();
    },
  };
  const loops = new DueLoops(timing, INTERVALS);
  const [schedules, tasks] = loops.works as [DueLoops['works'][number], DueLoops['works'][number]];
  return {
    loops,
    schedules,
    tasks,
    rounds,
    asked,
    now: (times: Partial<DueTimes>) => {
      due = { ...NEVER, ...times };
    },
    answer: (round: () => Promise<TimingRound>) => {
      result = round;
    },
  };
}

describe('the loops of what becomes due by itself', () => {
  it('look again after the long interval while nothing waits, or when the first of all is due', async () => {
    const { loops, now } = setUp();
    expect(await loops.look()).toBe(30_000);
    now({ schedules: 9_000, tasks: 4_000.2 });
    expect(await loops.look()).toBe(4_001);
  });

  it('wake the loop of what is due and no other', async () => {
    const { loops, schedules, tasks, rounds, now } = setUp();
    now({ schedules: 9_000, tasks: -3 });
    expect(await loops.look()).toBe(9_000);
    await tasks.signal.wait(null);
    expect(await schedules.turn()).toBeNull();
    expect(await tasks.turn()).toBe(1_000);
    expect(rounds).toEqual(['tasks']);
  });

  it('leave alone what is at it or rests, and look again when it has rested', async () => {
    const { loops, schedules, tasks, rounds, asked, now } = setUp();
    now({ tasks: 0 });
    await loops.look();
    expect(await loops.look()).toBe(30_000);
    await tasks.turn();
    expect(await loops.look()).toBe(30_000);
    schedules.begin();
    expect(await loops.look()).toBe(30_000);
    expect(asked).toEqual([['schedules', 'tasks'], ['schedules'], ['schedules']]);
    now({ tasks: 0 });
    expect(await tasks.turn()).toBeNull();
    await loops.signal.wait(null);
    await loops.look();
    await tasks.turn();
    expect(rounds).toEqual(['tasks', 'tasks']);
  });

  it('rest no longer than a round has taken where more is due', async () => {
    const { loops, tasks, now, answer } = setUp();
    answer(async () => ({ starts: 1, more: true }));
    now({ tasks: 0 });
    await loops.look();
    expect(await tasks.turn()).toBeLessThan(1_000);
  });

  it('look soon where more is due than is to be captured now', async () => {
    const { loops, tasks, now, answer } = setUp();
    answer(async () => ({ starts: 0, more: 'soon' }));
    now({ tasks: 0 });
    await loops.look();
    expect(await tasks.turn()).toBe(100);
  });

  it('do at once what they hear of, whatever rests', async () => {
    const { loops, tasks, rounds, now } = setUp();
    now({ tasks: 0 });
    await loops.look();
    await tasks.turn();
    loops.hear();
    await loops.signal.wait(null);
    await loops.look();
    await tasks.turn();
    expect(rounds).toEqual(['tasks', 'tasks']);
  });

  it('forget nothing that they hear of while they are at it', async () => {
    const { loops, tasks, now, answer } = setUp();
    now({ tasks: 0 });
    await loops.look();
    answer(async () => {
      loops.hear();
      await loops.signal.wait(null);
      return { starts: 0, more: false };
    });
    expect(await tasks.turn()).toBeNull();
    await loops.signal.wait(null);
    expect(tasks.isIdle).toBe(true);
  });

  it('try again what has failed', async () => {
    const { loops, tasks, rounds, now, answer } = setUp();
    now({ tasks: 0 });
    await loops.look();
    answer(async () => Promise.reject(new Error('away')));
    await expect(tasks.turn()).rejects.toThrow('away');
    answer(async () => ({ starts: 0, more: false }));
    await tasks.turn();
    expect(rounds).toEqual(['tasks', 'tasks']);
  });
});
