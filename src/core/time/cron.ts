/** One of the five fields of a cron expression. */
interface CronField {
  name: string;
  min: number;
  max: number;
  /** Names that stand for numbers, from `min` on. */
  names?: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const FIELDS: readonly CronField[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of the month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  // 7 is Sunday too.
  { name: 'day of the week', min: 0, max: 7, names: WEEKDAYS },
];

/** What is wrong with a cron expression of five fields (`30 9 * * MON-FRI`), in a sentence; null when it is one. */
export function cronProblem(expression: string): string | null {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length)
    return 'A schedule has five fields: minute, hour, day of the month, month, day of the week, such as "30 9 * * MON-FRI".';
  const wrong = FIELDS.find((field, index) => !(parts[index] as string).split(',').every((part) => isCronPart(part, field)));
  return wrong === undefined
    ? null
    : `The ${wrong.name} of the schedule is not valid: it is a number from ${wrong.min} to ${wrong.max}, a range, a list or *, with an optional step.`;
}

// `*`, `5`, `1-5`, each with an optional step: `*/15`.
function isCronPart(part: string, field: CronField): boolean {
  const match = /^(\*|[\dA-Z]+(?:-[\dA-Z]+)?)(?:\/(\d{1,2}))?$/i.exec(part);
  if (match === null) return false;
  const [, range = '', step] = match;
  if (step !== undefined && (Number(step) < 1 || Number(step) > field.max)) return false;
  if (range === '*') return true;
  const [from = '', to = from] = range.split('-');
  const first = cronNumber(from, field);
  const last = cronNumber(to, field);
  return first >= field.min && last <= field.max && first <= last;
}

/** The number of a name or a number; NaN for anything else. */
function cronNumber(text: string, { names = [], min }: CronField): number {
  const index = names.indexOf(text.toUpperCase());
  if (index >= 0) return min + index;
  return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
}
