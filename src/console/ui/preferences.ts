import { createStore, type Store } from './store.js';

// What people choose for themselves, kept in their browser.

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';

export const theme = preference<Theme>('theme', ['system', 'light', 'dark']);
export const density = preference<Density>('density', ['comfortable', 'compact']);
/** Whose clock times are told by. */
export const clock = preference<'mine' | 'workspace'>('clock', ['mine', 'workspace']);

/** Shows the page as its reader has chosen. */
export function applyPreferences(): void {
  const show = (): void => {
    const root = document.documentElement;
    root.dataset.theme = theme.get();
    root.dataset.density = density.get();
  };
  theme.subscribe(show);
  density.subscribe(show);
  show();
}

/** A choice among values, the first of which is the default. */
function preference<Value extends string>(name: string, values: readonly [Value, ...Value[]]): Store<Value> {
  const key = `automation-${name}`;
  const kept = read(key);
  const store = createStore<Value>(values.find((value) => value === kept) ?? values[0]);
  store.subscribe(() => write(key, store.get()));
  return store;
}

/** Browsers may be told to keep nothing: then a choice lasts as long as the page. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See above.
  }
}
