/** How much is drawn at once: what is in sight, and about a screen more. */
const AT_ONCE = 32;
/** How much in one go later on: a few milliseconds. */
const IN_A_GO = 16;

/** Calls back when the page has nothing else to do; not every browser tells when that is. */
export const whenIdle: (run: () => void) => void = globalThis.requestIdleCallback ?? ((run) => setTimeout(run, 16));

/** Returns whether one of many things has room in what is being drawn now; where not, `draw` is called when it is its turn. */
export type Turns = (isEarly: boolean, draw: () => void) => boolean;

/** Draws what is in sight at once, and the rest when the page has nothing else to do: a little at a time, in order. */
export function createTurns(): Turns {
  const waiting: (() => void)[] = [];
  let left = AT_ONCE;
  let isUnderWay = false;
  const go = async (): Promise<void> => {
    for (left = IN_A_GO; left > 0 && waiting.length > 0; left -= 1) {
      waiting.shift()?.();
      // It is drawn before the next is asked: what is in it has its share of the room.
      await undefined;
    }
    isUnderWay = waiting.length > 0;
    if (isUnderWay) whenIdle(() => void go());
    else left = AT_ONCE;
  };
  return (isEarly, draw) => {
    if (isEarly && left > 0) {
      left -= 1;
      return true;
    }
    waiting.push(draw);
    if (!isUnderWay) whenIdle(() => void go());
    isUnderWay = true;
    return false;
  };
}
