import { describe, expect, it } from '@jest/globals';
import { circleFrom, stuckRuns, type WaitsFor } from '../../../src/core/start/deadlock.js';

const any = (...of: string[]): WaitsFor => ({ goesOnWhen: 'any', of });
const all = (...of: string[]): WaitsFor => ({ goesOnWhen: 'all', of });

describe('runs that wait for each other', () => {
  it.each<[string, Record<string, WaitsFor>, string[]]>([
    ['one waits for a run that goes on by itself', { a: any('b'), b: any('c') }, []],
    ['one waits for nothing', { a: any('b'), b: any() }, []],
    ['two wait for each other', { a: any('b'), b: any('a') }, ['a', 'b']],
    ['of two places one becomes free', { a: any('b', 'c'), b: any('a') }, []],
    ['of two places none becomes free', { a: any('b', 'c'), b: any('a'), c: all('a') }, ['a', 'b', 'c']],
    ['of several that come first one never ends', { a: all('b', 'c'), b: any('a') }, ['a', 'b']],
    ['one waits behind two that wait for each other', { z: any('a'), a: any('b'), b: any('a') }, ['a', 'b', 'z']],
  ])('never go on where %s: as far as that is so', (_, waits, stuck) => {
    expect([...stuckRuns(new Map(Object.entries(waits)))].sort()).toEqual(stuck);
  });

  it('are told from those that only wait behind them', () => {
    const waits = new Map(Object.entries({ z: any('y', 'a'), a: all('free', 'b'), b: any('c'), c: any('a') }));
    const stuck = stuckRuns(waits);
    expect(circleFrom(waits, stuck, 'z')).toEqual(['a', 'b', 'c']);
    expect(circleFrom(waits, stuck, 'b')).toEqual(['b', 'c', 'a']);
  });
});
