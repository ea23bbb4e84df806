import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import { formatPlace, parsePlace } from '../../model/json-path.js';

const BODY = { current: document.body };

/** Returns what brings the focus to the control of a path once it is drawn, and nothing stands before it. */
export function useFocusOn(page: RefObject<HTMLElement | null> = BODY, isCovered = false): (path: string) => void {
  const wanted = useRef<string | null>(null);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  // Before the next key: it belongs into that field.
  useLayoutEffect(() => {
    const path = wanted.current;
    if (path === null || isCovered) return;
    wanted.current = null;
    focusControl(page.current, path);
  });
  return (path) => {
    wanted.current = path;
    // It may be drawn already.
    redraw(undefined);
  };
}

/** Focuses the control of a path, or the nearest one around it. */
function focusControl(root: HTMLElement | null, path: string): void {
  for (let place = parsePlace(path); place.length > 0; place = place.slice(0, -1)) {
    const here = CSS.escape(formatPlace(place));
    const found = root?.querySelector<HTMLElement>(`[data-path="${here}"]`) ?? root?.querySelector<HTMLElement>(`[data-step="${here}"]`);
    if (!found) continue;
    const folded = found.closest('details:not([open])');
    if (folded instanceof HTMLDetailsElement) folded.open = true;
    const control = found.matches('input, select, textarea, button')
      ? found
      : (found.querySelector<HTMLElement>('input, select, textarea, button') ?? found);
    control.focus();
    control.scrollIntoView({ block: 'center' });
    return;
  }
}
