import { type Place, placeOf } from '../model/route.js';
import { createStore, useStore } from './store.js';

/** The console's own address. Kept from the first page: later ones are only shown in the address bar. */
const base = new URL(document.baseURI);

/** The address of the console itself: no address of its ends with a slash. */
export const home = base.pathname.replace(/\/$/, '');

const place = createStore<Place>(here());

/** Returns where the page is. */
export function usePlace(): Place {
  return useStore(place);
}

/** Goes to an address of the console, as `hrefOf` makes it; the empty one is its start. */
export function navigate(href: string, { replace = false } = {}): void {
  const target = new URL(href === '' ? home : href, base);
  // What only changes in the query, a chosen step, is on the page that is being looked at.
  const isElsewhere = target.pathname !== location.pathname;
  if (replace) history.replaceState(null, '', target);
  else history.pushState(null, '', target);
  place.set(here());
  if (isElsewhere) scrollTo(0, 0);
}

/** Follows links of the console without loading the page again. */
export function startLocation(): void {
  // The address of the page changes, and what is relative to it must not.
  const element = document.querySelector('base');
  if (element) element.href = base.href;
  addEventListener('popstate', () => place.set(here()));
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return;
    const target = new URL(link.href);
    if (placeOf(target, base) === null) return;
    event.preventDefault();
    navigate(target.href);
  });
}

function here(): Place {
  return placeOf(new URL(location.href), base) ?? { segments: [], query: new URLSearchParams() };
}
