import type { Json } from '../../core/json.js';
import { exactTime } from './time.js';
import { valueWords } from './words.js';

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Returns a value of a record in words: moments as clocks of the zone show them. */
export function shownValue(value: Json, timezone: string): string {
  return typeof value === 'string' && MOMENT.test(value) ? exactTime(new Date(value), timezone) : valueWords(value);
}
