import { describe, expect, it } from '@jest/globals';
import { FairGroupCommit } from '../../src/engine/fair-group-commit.js';

interface Item {
  workspaceId: string;
  n: number;
}

/** Batches that end when they are told to; `a1 b1` is one of the first item of `a` and that of `b`. */
function batches(sizes: { mostAtOnce: number; alone: number; crowded: number }) {
  const begun: string[] = [];
  const ends: ((failure?: Error) => void)[] = [];
  const group = new FairGroupCommit<Item>((items) => {
    begun.push(items.map(({ workspaceId, n }) => workspaceId + n).join(' '));
    return new Promise((resolve, reject) => ends.push((failure) => (failure ? reject(failure) : resolve())));
  }, sizes);
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
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, add, end };
}

describe('results of several workspaces that are written together', () => {
  it('of one alone share the next batch when they come while others are under way, as many as may', async () => {
    const { begun, add, end } = batches({ mostAtOnce: 2, alone: 3, crowded: 2 });
    void add('aaaaaa');
    expect(begun).toEqual(['a1', 'a2']);
    await end(0);
    expect(begun).toEqual(['a1', 'a2', 'a3 a4 a5']);
    await end(1);
    expect(begun.slice(3)).toEqual(['a6']);
  });

  it('wait for none of another workspace, which has filled all batches that there may be', () => {
    const { begun, add } = batches({ mostAtOnce: 2, alone: 50, crowded: 10 });
    void add('aaaaa');
    void add('b');
    void add('bc');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'c1']);
  });

  it('take turns in small batches while there are some of several, whoever came first', async () => {
    const { begun, add, end } = batches({ mostAtOnce: 1, alone: 50, crowded: 4 });
    void add('aaaaaaab');
    expect(begun).toEqual(['a1', 'b1']);
    void add('bbbc');
    await end(0);
    expect(begun.slice(2)).toEqual(['a2 c1 a3 a4']);
    await end(1);
    expect(begun.slice(3)).toEqual(['b2 b3 b4']);
    await end(2);
    await end(3);
    expect(begun.slice(4)).toEqual(['a5 a6 a7']);
  });

  it('hear of the failure of their own batch, which is no reason for the next one to wait', async () => {
    const { begun, add, end } = batches({ mostAtOnce: 1, alone: 50, crowded: 10 });
    const outcomes = add('aaa');
    await end(0);
    await end(1, new Error('gone'));
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    void add('a');
    expect(begun).toEqual(['a1', 'a2 a3', 'a4']);
  });
});
