import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FloodWatch } from '../../src/engine/routing/flood-watch.js';

const claimed = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).flatMap(([workspaceId, count]) => Array.from({ length: count }, (_, n) => ({ workspaceId, id: `${n}` })));

const NO_SHARES: ReadonlyMap<string, number> = new Map();

describe('what is known of workspaces that flood', () => {
  let now = 0;
  beforeEach(() => {
    now = 10_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('is nothing while one alone has events, whatever their number', () => {
    const watch = new FloodWatch();
    watch.note(claimed({ noisy: 12 }), 12, NO_SHARES);
    expect([watch.isCrowded, watch.exceptOthers, watch.exceptFloods]).toEqual([false, [], ['noisy']]);
  });

  it('keeps both kinds apart, but for a look now and then at what nobody has announced', () => {
    const watch = new FloodWatch();
    watch.note(claimed({ noisy: 6, quiet: 1 }), 12, NO_SHARES);
    expect([watch.isCrowded, watch.exceptFloods]).toEqual([true, ['noisy']]);
    expect([watch.exceptOthers, watch.exceptOthers]).toEqual([[], ['quiet']]);
    now += 1_000;
    expect([watch.exceptOthers, watch.exceptOthers]).toEqual([[], ['quiet']]);
  });

  it('ends three seconds after the last claim, and changes with the next', () => {
    const watch = new FloodWatch();
    watch.note(claimed({ noisy: 6, quiet: 1 }), 12, NO_SHARES);
    watch.note(claimed({ noisy: 1 }), 12, NO_SHARES);
    watch.note(claimed({ quiet: 12 }), 12, NO_SHARES);
    expect([watch.isCrowded, watch.exceptFloods]).toEqual([true, ['quiet']]);
    now += 3_000;
    expect([watch.isCrowded, watch.exceptFloods]).toEqual([false, []]);
  });

  it('is that somebody floods of whom a claim could not take more', () => {
    const watch = new FloodWatch();
    watch.note(claimed({ paced: 1, quiet: 1 }), 12, new Map([['paced', 1]]));
    expect([watch.isCrowded, watch.exceptFloods]).toEqual([true, ['paced']]);
  });

  it('is that nobody floods who has a single event, however many have one', () => {
    const watch = new FloodWatch();
    watch.note(claimed({ a: 1, b: 1, c: 1 }), 3, NO_SHARES);
    expect(watch.exceptFloods).toEqual([]);
  });
});
