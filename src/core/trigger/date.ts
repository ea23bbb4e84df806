import type { ModuleDescription } from '../catalog.js';
import { parseDuration } from '../time/duration.js';
import type { TriggerKind } from './trigger-kind.js';
import type { TriggerReader } from './trigger-reader.js';

/** Starts some time before or after a date field of each record. */
export interface DateTrigger {
  type: 'date';
  module: string;
  field: string;
  /** ISO 8601, may be negative: `-P3D` is three days before. */
  offset: string;
  /** `HH:MM` in `timezone`. */
  at?: string;
  timezone?: string;
}

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

export const date = {
  type: 'date',
  label: 'Date of a record',
  description: 'Starts some time before or after a date field of each record.',
  members: {
    module: { type: 'string', description: 'A module of the catalogue.' },
    field: { type: 'string', description: 'A field of type date or datetime.' },
    offset: { type: 'string', description: 'How long after the date; with a minus, before it.', examples: ['P3D', '-PT12H'] },
    at: { type: 'string', pattern: TIME_OF_DAY.source, description: 'The time of day.', examples: ['09:00'] },
    timezone: { type: 'string', description: 'The zone of days and of the time of day. Default: the workspace’s.' },
  },
  required: ['module', 'field', 'offset'],
  check(reader, catalog) {
    checkField(reader, reader.module(catalog));
    const offset = reader.text('offset');
    if (offset !== undefined && parseDuration(offset) === null)
      reader.problem('offset', '"offset" must be an ISO 8601 duration, such as P3D or -PT12H.');
    const { at } = reader.json;
    if (at !== undefined && !(typeof at === 'string' && TIME_OF_DAY.test(at)))
      reader.problem('at', '"at" must be a time of day, such as 09:00.');
    reader.timezone(reader.optionalText('timezone'));
  },
} satisfies TriggerKind<DateTrigger>;

function checkField(reader: TriggerReader, module: ModuleDescription | undefined): void {
  const name = reader.text('field');
  if (name === undefined || module === undefined || !reader.field(name, 'field', module)) return;
  const isDate = module.fields.some((field) => field.name === name && (field.type === 'date' || field.type === 'datetime'));
  if (!isDate) reader.problem('field', `"${name}" is not a date.`);
}
