import type { Problem } from './errors.js';

/** How many names are offered at the most. */
const MOST_OFFERED = 3;
/** Longer names are compared with nothing: hostile input must cost little. */
const LONGEST_COMPARED = 100;

/**
 * Returns ` Did you mean "email"?` for the names that are nearest to one that does not exist, to be put behind the sentence
 * that says so; an empty text when none is near.
 */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearest(name, names).map((one) => `"${one}"`);
  const last = near.pop();
  if (last === undefined) return '';
  return ` Did you mean ${near.length === 0 ? last : `${near.join(', ')} or ${last}`}?`;
}

/** Returns `must be one of: a, b. Did you mean "b"?` for a value that is none of them, whatever it is. */
export function mustBeOneOf(value: unknown, values: readonly string[]): string {
  return `must be one of: ${values.join(', ')}.${typeof value === 'string' ? didYouMean(value, values) : ''}`;
}

/** Where a sentence of ours goes on to what was meant, or to what there is: ` Did you mean "email"?`, ` Known are: name, email.` */
const ADVICE = / (?=Did you mean ["\w]|[A-Z][a-z]*(?: [a-z]+)? are: )/;

/**
 * Returns the problem with what its message advises as its hint: logs and start-up errors show one sentence, people in front
 * of a form what is wrong and beside it what to do.
 */
export function hinted<One extends Problem>(problem: One): One {
  const at = problem.hint === undefined ? problem.message.search(ADVICE) : -1;
  return at < 0 ? problem : { ...problem, message: problem.message.slice(0, at), hint: problem.message.slice(at + 1) };
}

/** Returns the names that differ from `name` by few typing errors, nearest first. Letter case, spaces, `_` and `-` do not count. */
export function nearest(name: string, names: Iterable<string>): string[] {
  const wanted = plain(name);
  if (wanted.length > LONGEST_COMPARED) return [];
  const most = Math.max(1, Math.min(3, Math.floor(wanted.length / 3)));
  const found: { one: string; errors: number }[] = [];
  for (const one of new Set(names)) {
    const candidate = plain(one);
    // The very name does not help: what was wrong is where it stands.
    if (one === name || Math.abs(candidate.length - wanted.length) > most) continue;
    const errors = typingErrors(wanted, candidate);
    if (errors <= most && errors < candidate.length) found.push({ one, errors });
  }
  return found
    .sort((a, b) => a.errors - b.errors)
    .slice(0, MOST_OFFERED)
    .map(({ one }) => one);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '');
}

/** Letters to add, leave out, replace, or swap with their neighbour: the usual libraries count a swap, the commonest slip, as two. */
function typingErrors(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = Number(last[j - 1]) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? Number(beforeLast[j - 2]) + 1 : Infinity;
      row.push(Math.min(Number(last[j]) + 1, Number(row[j - 1]) + 1, changed, swapped));
    }
    [beforeLast, last] = [last, row];
  }
  return Number(last[b.length]);
}
