import { createStore, useStore } from './store.js';

const PATIENCE_MS = 10 * 60_000;
const isActive = createStore(true);
let last = Date.now();

for (const event of ['pointerdown', 'pointermove', 'keydown', 'scroll', 'focus']) {
  addEventListener(
    event,
    () => {
      last = Date.now();
      isActive.set(true);
    },
    { passive: true, capture: true },
  );
}
setInterval(() => {
  if (Date.now() - last > PATIENCE_MS) isActive.set(false);
}, 30_000);

/** Returns whether somebody has done something here in the last ten minutes: a tab that is forgotten asks nothing. */
export function useActivity(): boolean {
  return useStore(isActive);
}
