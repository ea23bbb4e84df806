import { luxon } from '../libraries.js';

/** A moment for people, as clocks in the zone show it: `Monday, 4 January 2027, 09:30 (Europe/Berlin, UTC+01:00)`. */
export function momentInWords(at: Date, timezone: string): string {
  const shown = luxon().DateTime.fromJSDate(at, { zone: timezone }).setLocale('en');
  // The offset tells the two hours apart that have one name when clocks are put back.
  return `${shown.toFormat('cccc, d LLLL yyyy, HH:mm')} (${timezone}, UTC${shown.toFormat('ZZ')})`;
}
