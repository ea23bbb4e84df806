import { describe, expect, it } from '@jest/globals';
import { GroupCommit } from '../../src/engine/group-commit.js';

/** Batches that end when they are told to. */
function batches() {
  const begun: { items: number[]; end: (answer: string) => void; fail: (error: Error) => void }[] = [];
  const write = (items: number[]) => new Promise<string>((end, fail) => begun.push({ items, end, fail }));
  const itemsOf = () => begun.map(({ items }) => items);
  return { begun, write, itemsOf };
}

/** Lets every promise that is settled tell those that wait for it. */
const told = () => new Promise((resolve) => setImmediate(resolve));

describe('results that are written together', () => {
  it('wait for nobody while there is room for a transaction', () => {
    const { write, itemsOf } = batches();
    const group = new GroupCommit(write, 2, 10);
    void group.add(1);
    void group.add(2);
    expect(itemsOf()).toEqual([[1], [2]]);
  });

  it('share the next transaction when they come while others are under way, in their order, no more than may be in one', async () => {
    const { begun, write, itemsOf } = batches();
    const group = new GroupCommit(write, 1, 3);
    const answers = Promise.all([1, 2, 3, 4, 5].map((item) => group.add(item)));
    expect(itemsOf()).toEqual([[1]]);
    for (const answer of ['first', 'second', 'third']) {
      begun.at(-1)?.end(answer);
      await told();
    }
    expect(itemsOf()).toEqual([[1], [2, 3, 4], [5]]);
    expect(await answers).toEqual(['first', 'second', 'second', 'second', 'third']);
  });

  it('hear of the failure of their own batch, which is no reason for the next one to wait', async () => {
    const { begun, write, itemsOf } = batches();
    const group = new GroupCommit(write, 1, 10);
    const outcomes = Promise.allSettled([group.add(1), group.add(2), group.add(3)]);
    begun[0]?.end('ok');
    await told();
    begun[1]?.fail(new Error('gone'));
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    void group.add(4);
    expect(itemsOf()).toEqual([[1], [2, 3], [4]]);
  });
});
