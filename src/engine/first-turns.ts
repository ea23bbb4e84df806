import { within } from '../store/within.js';

/** How long a first turn holds up the next one, in milliseconds: what takes longer has something to do, or waits for somebody. */
const LONGEST_MS = 250;

/**
 * The first turns of loops that begin together, one after the other. Side by side each would open a connection of its own,
 * and most of them find nothing to do: seven connections cost a start more than all of these looks.
 */
export class FirstTurns {
  private before: Promise<void> = Promise.resolve();

  /** Takes the turn when it has come; returns what it returns. */
  take<T>(turn: () => Promise<T>): Promise<T> {
    const taken = this.before.then(turn);
    // Whoever takes it hears of its error.
    this.before = this.before.then(() => within(LONGEST_MS, taken)).catch(() => undefined);
    return taken;
  }
}
