import type { ModuleDescription } from '../catalog.js';
import type { RecordData } from '../event.js';
import { readMember } from '../scope.js';
import { type Calendar, minutesOf } from '../time/calendar.js';
import { dayOf, momentOf, parseDate } from '../time/dates.js';
import { addDuration, type Duration, durationMistake, parseDuration } from '../time/duration.js';
import { DAY_MS, MINUTE_MS, momentAtWall } from '../time/zones.js';
import { ON_TIME_MS } from './misfire.js';
import type { TriggerKind } from './trigger-kind.js';
import type { TriggerReader } from './trigger-reader.js';

/** Starts some time before or after a date field of each record. */
export interface DateTrigger {
  type: 'date';
  module: string;
  field: string;
  /** ISO 8601 or business days, may be negative: `-P3D` is three days before, `P2BD` two business days after. */
  offset: string;
  /** `HH:MM` in `timezone`, on the day that whole days of `offset` lead to. */
  at?: string;
  /** Default: the workspace's. */
  timezone?: string;
  /** What becomes of starts that were missed; default `each`. */
  misfire?: 'skip' | 'each';
}

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;
const MISFIRES = ['skip', 'each'];
/** By how much more than the offset a date may lie away from when it is due: weekends, holidays, lengths of months. */
const SLACK_MS = 31 * DAY_MS;

export const date = {
  type: 'date',
  label: 'Date of a record',
  description: 'Starts some time before or after a date field of each record.',
  members: {
    module: { type: 'string', description: 'A module of the catalog.' },
    field: { type: 'string', description: 'A field of type date or datetime.' },
    offset: { type: 'string', description: 'How long after the date; with a minus, before it.', examples: ['P3D', '-PT12H', '-P2BD'] },
    at: { type: 'string', pattern: TIME_OF_DAY.source, description: 'The time of day.', examples: ['09:00'] },
    timezone: { type: 'string', description: 'The zone of days and of the time of day. Default: the workspace’s.' },
    misfire: {
      enum: [...MISFIRES],
      default: 'each',
      description: 'What becomes of starts that were missed: nothing, or a start for each.',
    },
  },
  required: ['module', 'field', 'offset'],
  check(reader, catalog) {
    checkField(reader, reader.module(catalog));
    const offset = reader.text('offset');
    const mistake = offset === undefined ? null : durationMistake(offset, 'P3D or -PT12H');
    if (mistake !== null) reader.problem('offset', `"offset" ${mistake}.`);
    const { at } = reader.json;
    if (at !== undefined && !(typeof at === 'string' && TIME_OF_DAY.test(at)))
      reader.problem('at', '"at" must be a time of day, such as 09:00.');
    else if (at !== undefined && offset?.includes('T')) reader.problem('at', '"at" goes with an offset of whole days, such as P3D.');
    reader.optionalChoice('misfire', MISFIRES);
    reader.timezone(reader.optionalText('timezone'));
  },
} satisfies TriggerKind<DateTrigger>;

function checkField(reader: TriggerReader, module: ModuleDescription | undefined): void {
  const name = reader.text('field');
  if (name === undefined || module === undefined || !reader.field(name, 'field', module)) return;
  const isDate = module.fields.some((field) => field.name === name && (field.type === 'date' || field.type === 'datetime'));
  if (!isDate) reader.problem('field', `"${name}" is not a date.`);
}

/** When a record is due, as its date is now; null when it has none. */
export function dueAt(trigger: DateTrigger, record: RecordData, calendar: Calendar): Date | null {
  const value = parseDate(plain(trigger, record));
  if (value === null) return null;
  const { at, timezone = calendar.timezone } = trigger;
  const offset = parseDuration(trigger.offset) as Duration;
  if (at === undefined) return addDuration(new Date(momentOf(value, timezone)), offset, timezone, calendar);
  // Whole days are counted on a clock that is never changed; the time of day is that of the zone.
  const day = addDuration(new Date(dayOf(value, timezone) * DAY_MS), offset, 'UTC', calendar);
  return new Date(momentAtWall(day.getTime() + minutesOf(at) * MINUTE_MS, timezone));
}

/** The date of a record as it is written. */
export function dateOf(trigger: DateTrigger, record: RecordData): string | null {
  const value = plain(trigger, record);
  return typeof value === 'string' ? value : null;
}

function plain({ field }: DateTrigger, record: RecordData) {
  return readMember(record, Object.hasOwn(record, field) ? [field] : field.split('.')) ?? null;
}

/** Before which no date can be whose record is due after `now`: to look at no more records than need be. */
export function earliestDate({ offset, timezone }: DateTrigger, now: Date, calendar: Calendar): Date {
  const duration = parseDuration(offset) as Duration;
  const back: Duration = { ...duration, sign: duration.sign === 1 ? -1 : 1 };
  return new Date(addDuration(now, back, timezone ?? calendar.timezone, calendar).getTime() - SLACK_MS);
}

/** Is a start that was due then, and is found now, one that the trigger skips? */
export function isMissed({ misfire }: DateTrigger, due: Date, now: Date): boolean {
  return misfire === 'skip' && now.getTime() - due.getTime() > ON_TIME_MS;
}
