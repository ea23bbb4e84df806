import type { FieldType } from '../catalog.js';
import type { Json } from '../json.js';
import { compareDates } from '../time/dates.js';
import { dateJudge, readDate } from './date.js';
import { notANumber, readNumber } from './number.js';
import { comparing, type Judge, type Operator, type TestSetup, Unfit } from './operator.js';

const ORDERED: readonly FieldType[] = ['number', 'money', 'date', 'datetime'];

/** Between two numbers or two dates, both included. Like every ordering, both are false of an empty field. */
export const RANGE_OPERATORS: readonly Operator[] = [
  { name: 'between', label: 'is between', types: ORDERED, value: 'range', kind: 'order', judge: (setup) => range(setup, true) },
  { name: 'not_between', label: 'is not between', types: ORDERED, value: 'range', kind: 'order', judge: (setup) => range(setup, false) },
];

function range({ type, value }: TestSetup, inside: boolean): Judge {
  return comparing(value, (bounds) => {
    const [low, high] = bounds as [Json, Json];
    const numeric = type === 'number' || type === 'money' || (type !== 'date' && type !== 'datetime' && typeof low === 'number');
    return numeric ? betweenNumbers(low, high, inside) : betweenDates(low, high, inside);
  });
}

function betweenNumbers(from: Json, to: Json, inside: boolean): Judge | Unfit {
  const low = readNumber(from);
  if (low instanceof Unfit) return low;
  const high = readNumber(to);
  if (high instanceof Unfit) return high;
  return (seen) => (typeof seen === 'number' ? (seen >= low && seen <= high) === inside : notANumber(seen));
}

function betweenDates(from: Json, to: Json, inside: boolean): Judge | Unfit {
  const low = readDate(from);
  if (low instanceof Unfit) return low;
  const high = readDate(to);
  if (high instanceof Unfit) return high;
  return dateJudge((date, { timezone }) => (compareDates(date, low, timezone) >= 0 && compareDates(date, high, timezone) <= 0) === inside);
}
