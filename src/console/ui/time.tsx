import './time.css';
import type { VNode } from 'preact';
import { exactTime, momentsIn, relativeTime, tookWords } from '../model/time.js';
import { clock } from './preferences.js';
import { createStore, useStore } from './store.js';

const now = createStore(new Date());
const TICK_MS = 15_000;
setInterval(() => {
  if (!document.hidden) now.set(new Date());
}, TICK_MS);
addEventListener('visibilitychange', () => {
  if (!document.hidden) now.set(new Date());
});

/** The zones that times can be told in. */
export const zones = createStore<{ mine: string; workspace: string }>({ mine: ownZone(), workspace: ownZone() });

/** Returns the zone that times are told in. */
export function useZone(): string {
  const choice = useStore(clock);
  return useStore(zones)[choice];
}

/** Returns the time of day, so that what is told of it follows. */
export function useNow(): Date {
  useStore(now);
  // Not that of the last tick: what has happened since would lie ahead.
  return new Date();
}

/** A moment: how long ago, and exactly beneath it. */
export function Time({ at, inline }: { at: string; inline?: boolean }): VNode {
  const zone = useZone();
  const moment = new Date(at);
  const relative = relativeTime(moment, useNow());
  const exact = exactTime(moment, zone);
  return (
    <time datetime={at} class={`time${inline ? ' time-inline' : ''}`}>
      {relative !== null && <span class="time-relative">{relative}</span>} <span class="time-exact">{exact}</span>
    </time>
  );
}

/** A sentence of the API, with its moments in the reader's zone. */
export function Told({ text }: { text: string }): string {
  return momentsIn(text, useZone());
}

/** A length of time; a dash where there is none. */
export function Took({ ms }: { ms: number | null }): VNode {
  return <span class="numbers nowrap">{ms === null ? '–' : tookWords(ms)}</span>;
}

function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
