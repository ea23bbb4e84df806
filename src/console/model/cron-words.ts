import { listWords } from './words.js';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const DAY_CODES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const MONTH_CODES = MONTHS.map((month) => month.slice(0, 3).toUpperCase());

/** Returns the times of a cron expression in words where it is one of the usual ones; else the expression itself. */
export function cronWords(cron: string): string {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) return cron.trim() === '' ? 'No times chosen yet' : `cron ${cron.trim()}`;
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  const time = timeWords(minute, hour);
  const days = dayWords(day, weekday);
  const months = month === '*' ? '' : named(month, MONTHS, MONTH_CODES, 1);
  if (time === null || days === null || months === null) return `cron ${cron.trim()}`;
  return [time, days, months === '' ? '' : `in ${months}`].filter((part) => part !== '').join(', ');
}

function timeWords(minute: string, hour: string): string | null {
  const everyMinutes = /^\*(?:\/(\d+))?$/.exec(minute);
  if (everyMinutes && hour === '*') {
    const count = Number(everyMinutes[1] ?? 1);
    return count === 1 ? 'Every minute' : `Every ${count} minutes`;
  }
  if (!/^\d{1,2}$/.test(minute)) return null;
  const past = minute.padStart(2, '0');
  if (hour === '*') return past === '00' ? 'Every hour' : `Every hour at :${past}`;
  const everyHours = /^\*\/(\d+)$/.exec(hour);
  if (everyHours) return `Every ${everyHours[1]} hours at :${past}`;
  if (!/^\d{1,2}(,\d{1,2})*$/.test(hour)) return null;
  return `At ${listWords(hour.split(',').map((one) => `${one.padStart(2, '0')}:${past}`))}`;
}

function dayWords(day: string, weekday: string): string | null {
  if (day === '*' && weekday === '*') return 'every day';
  // Both: either of them counts, which no short sentence tells.
  if (day !== '*' && weekday !== '*') return null;
  if (weekday === '*') {
    if (/^l$/i.test(day)) return 'on the last day of the month';
    return /^\d{1,2}(,\d{1,2})*$/.test(day) ? `on day ${listWords(day.split(','))} of the month` : null;
  }
  const days = named(weekday.replace(/\b7\b/g, '0'), DAYS, DAY_CODES, 0);
  return days;
}

/** One name, several, or a range of them. */
function named(field: string, names: readonly string[], codes: readonly string[], first: number): string | null {
  const nameOf = (text: string): string | null => {
    const index = /^\d+$/.test(text) ? Number(text) - first : codes.indexOf(text.toUpperCase());
    return names[index] ?? null;
  };
  const range = /^(\w+)-(\w+)$/.exec(field);
  if (range) {
    const [from, to] = [nameOf(range[1] as string), nameOf(range[2] as string)];
    return from === null || to === null ? null : `${from} to ${to}`;
  }
  const all = field.split(',').map(nameOf);
  return all.every((one): one is string => one !== null) ? listWords(all) : null;
}
