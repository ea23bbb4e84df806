import type { Routed, Router } from './router.js';

/** The longest rest, in milliseconds: what took longer waited for something. */
const LONGEST_REST_MS = 100;

/**
 * The turns of the loops that route, side by side. When a single workspace floods beside others, its turn is followed by a
 * rest as long as itself, so that half of the time is theirs: however short its transactions are, a flood that never rests
 * keeps the database and this process busy, and each of the eight statements of another one's event waits for them. Where
 * several workspaces have more than their share nobody rests: that is load, and no flood.
 */
export class RoutingTurns {
  /** Turns under way, rests included: whoever comes beside one of these stands by for the others. */
  private underWay = 0;

  constructor(
    private readonly router: Pick<Router, 'route'>,
    private readonly rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
  ) {}

  /** One turn. `heard` is told what it did before it rests. */
  async take(heard: (routed: Routed) => void): Promise<Routed> {
    const began = performance.now();
    this.underWay += 1;
    try {
      const routed = await this.router.route(this.underWay > 1 ? 'beside_another' : 'in_turn');
      heard(routed);
      if (routed.flood) await this.rest(Math.min(LONGEST_REST_MS, performance.now() - began));
      return routed;
    } finally {
      this.underWay -= 1;
    }
  }
}
