import { AutomationError } from '../errors.js';
import { luxon } from '../libraries.js';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const MOST_KNOWN_ZONES = 1_000;
const knownZones = new Set<string>(['UTC']);
/** The last zone that was found to be one: nearly always it is asked for again. */
let lastZone = 'UTC';

/** True for the name of a time zone that every machine reads alike: IANA names and `UTC`, never `local`. */
export function isTimezone(name: string): boolean {
  if (name === lastZone) return true;
  if (!knownZones.has(name)) {
    if (!luxon().IANAZone.isValidZone(name)) return false;
    // Asking Intl costs a formatter each time. Names differ in case too, hence the bound.
    if (knownZones.size < MOST_KNOWN_ZONES) knownZones.add(name);
  }
  lastZone = name;
  return true;
}

/** Throws `timezone_unknown` for the name of no time zone; the functions below need one. */
export function requireTimezone(name: string): void {
  if (isTimezone(name)) return;
  throw new AutomationError('timezone_unknown', `"${name}" is not a time zone.`, {
    hint: 'Use a name of the IANA time zone database, such as Europe/Berlin or UTC.',
  });
}

/** Offsets by zone and quarter of an hour, in milliseconds: asking Intl takes longer than all the rest of a test. */
const offsets = new Map<string, Map<number, number>>();
const QUARTER_MS = 15 * MINUTE_MS;
/** Quarters of an hour that are kept for each zone. */
const MOST_QUARTERS = 2_000;
/** Since 1973 every zone has changed its offset at a quarter of an hour only. */
const ALIGNED_SINCE_MS = Date.UTC(1973, 0);

/** What clocks in the zone are ahead of UTC at a moment, in milliseconds. */
export function zoneOffsetMs(ms: number, timezone: string): number {
  if (timezone === 'UTC') return 0;
  if (ms < ALIGNED_SINCE_MS) return luxon().IANAZone.create(timezone).offset(ms) * MINUTE_MS;
  const quarter = Math.floor(ms / QUARTER_MS);
  const ofZone = offsets.get(timezone) ?? new Map<number, number>();
  const known = ofZone.get(quarter);
  if (known !== undefined) return known;
  const offset = luxon().IANAZone.create(timezone).offset(ms) * MINUTE_MS;
  if (ofZone.size >= MOST_QUARTERS) ofZone.clear();
  offsets.set(timezone, ofZone.set(quarter, offset));
  return offset;
}

/**
 * The Unix time at which clocks in the zone show `wall`. An hour that summer time skips counts as the one after it, of
 * one that comes twice the first is taken.
 */
export function momentAtWall(wall: number, timezone: string): number {
  const before = zoneOffsetMs(wall - DAY_MS, timezone);
  const after = zoneOffsetMs(wall + DAY_MS, timezone);
  const early = wall - before;
  const isLate = before !== after && zoneOffsetMs(early, timezone) !== before && zoneOffsetMs(wall - after, timezone) === after;
  return isLate ? wall - after : early;
}

/** The day in the zone that a moment falls on. */
export function dayOfMoment(ms: number, timezone: string): number {
  return Math.floor((ms + zoneOffsetMs(ms, timezone)) / DAY_MS);
}
