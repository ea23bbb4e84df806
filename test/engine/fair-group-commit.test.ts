import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type FairBatches, FairGroupCommit } from '../../src/engine/fair-group-commit.js';

interface Item {
  workspaceId: string;
  n: number;
}

/** Batches that end when they are told to; `a1 b1` is one of the first item of `a` and that of `b`. */
function batches(sizes: Omit<FairBatches, 'gatherMs'>, gatherMs = 60_000) {
  const begun: string[] = [];
  const ends: ((failure?: Error) => void)[] = [];
  const group = new FairGroupCommit<Item>(
    (items) => {
      begun.push(items.map(({ workspaceId, n }) => workspaceId + n).join(' '));
      return new Promise((resolve, reject) => ends.push((failure) => (failure ? reject(failure) : resolve())));
    },
    { ...sizes, gatherMs },
  );
  const counts: Record<string, number> = {};
  const add = (workspaces: string) =>
    Promise.allSettled(
      [...workspaces].map((workspaceId) => {
        counts[workspaceId] = (counts[workspaceId] ?? 0) + 1;
        return group.add({ workspaceId, n: counts[workspaceId] as number });
      }),
    );
  const end = async (at: number, failure?: Error): Promise<void> => {
    ends[at]?.(failure);
    await turn();
  };
  return { begun, add, end };
}

/** The event loop comes round once. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  jest.useRealTimers();
});

describe('results of several workspaces that are written together', () => {
  it('share a batch when they come in one turn of the event loop, as many as may, and the next ones wait for its end', async () => {
    const { begun, add, end } = batches({ mostAtOnce: 2, alone: 3, crowded: 2 });
    void add('aa');
    void add('aaaaa');
    expect(begun).toEqual([]);
    await turn();
    expect(begun).toEqual(['a1 a2 a3', 'a4 a5 a6']);
    await end(0);
    expect(begun.slice(2)).toEqual([]);
    void add('aaa');
    await turn();
    expect(begun.slice(2)).toEqual(['a7 a8 a9']);
    await end(1);
    await end(2);
    expect(begun.slice(3)).toEqual(['a10']);
  });

  it('wait for company while a batch of their workspace is under way, for as long as that pays', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { begun, add, end } = batches({ mostAtOnce: 2, alone: 3, crowded: 3 }, 25);
    void add('a');
    await turn();
    void add('a');
    await turn();
    jest.advanceTimersByTime(24);
    expect(begun).toEqual(['a1']);
    jest.advanceTimersByTime(1);
    expect(begun).toEqual(['a1', 'a2']);
    void add('ab');
    await turn();
    // Of nobody who has one under way is waited for.
    expect(begun.slice(2)).toEqual(['b1']);
    await end(2);
    await end(0);
    expect(begun.slice(3)).toEqual([]);
    await end(1);
    expect(begun.slice(3)).toEqual(['a3']);
  });

  it('wait for none of another workspace, which has filled all batches that there may be', async () => {
    const { begun, add } = batches({ mostAtOnce: 2, alone: 2, crowded: 1 });
    void add('aaaaa');
    await turn();
    expect(begun).toEqual(['a1 a2', 'a3 a4']);
    void add('b');
    void add('bc');
    await turn();
    expect(begun.slice(2)).toEqual(['b1', 'c1']);
  });

  it('take turns in small batches while there are some of several, whoever came first', async () => {
    const { begun, add, end } = batches({ mostAtOnce: 1, alone: 50, crowded: 4 });
    void add('aaaaaaab');
    await turn();
    expect(begun).toEqual(['a1 b1 a2 a3']);
    void add('bbbc');
    await end(0);
    expect(begun.slice(1)).toEqual(['a4 b2 c1 a5']);
    await end(1);
    expect(begun.slice(2)).toEqual(['b3 a6 b4 a7']);
  });

  it('hear of the failure of their own batch, which is no reason for the next one to wait', async () => {
    const { begun, add, end } = batches({ mostAtOnce: 1, alone: 2, crowded: 10 });
    const outcomes = add('aaa');
    await turn();
    await end(0, new Error('gone'));
    await end(1);
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    void add('a');
    await turn();
    expect(begun).toEqual(['a1 a2', 'a3', 'a4']);
  });
});
