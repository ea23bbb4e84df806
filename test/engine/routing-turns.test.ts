import { describe, expect, it } from '@jest/globals';
import type { RoutingTurn } from '../../src/engine/routing/claim-turns.js';
import type { Routed } from '../../src/engine/routing/router.js';
import { RoutingTurns } from '../../src/engine/routing/routing-turns.js';

const ROUTED: Routed = { events: 12, queued: true, waits: false, more: true, full: false, flood: false };

/** What happens, in order; turns and rests end when they are told to. */
function turnsOf(routed: readonly Routed[]) {
  const seen: string[] = [];
  const ends: (() => void)[] = [];
  const wait = () => new Promise<void>((resolve) => ends.push(resolve));
  let taken = 0;
  const route = async (turn?: RoutingTurn): Promise<Routed> => {
    const answer = routed[taken++] as Routed;
    seen.push(turn === 'beside_another' ? 'stands by' : 'routes');
    await wait();
    return answer;
  };
  const rest = (): Promise<void> => {
    seen.push('rests');
    return wait();
  };
  const turns = new RoutingTurns({ route }, rest);
  const take = () => turns.take(() => seen.push('told')).then(() => seen.push('done'));
  const end = async (at: number): Promise<void> => {
    ends[at]?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { seen, take, end };
}

describe('the turns of a process that routes', () => {
  it('of a flood beside others are followed by a rest, in which others are stood by for', async () => {
    const { seen, take, end } = turnsOf([{ ...ROUTED, flood: true }, ROUTED, ROUTED]);
    void take();
    await end(0);
    expect(seen).toEqual(['routes', 'told', 'rests']);
    void take();
    await end(2);
    expect(seen.slice(3)).toEqual(['stands by', 'told', 'done']);
    await end(1);
    void take();
    expect(seen.slice(6)).toEqual(['done', 'routes']);
  });

  it('of anything else follow one another at once', async () => {
    const { seen, take, end } = turnsOf([ROUTED, ROUTED]);
    void take();
    await end(0);
    void take();
    expect(seen).toEqual(['routes', 'told', 'done', 'routes']);
  });
});
