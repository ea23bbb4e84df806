import type { RE2JS } from 're2js';
import { re2js } from '../libraries.js';
import { endsPlain, folding, isAscii, plainFinder, startsPlain } from './letter-case.js';
import { comparing, type Judge, mismatch, negated, type Operator, type TestSetup, Unfit, unfitValue } from './operator.js';

/** Looks for a part in a text, both folded. */
type Find = (text: string, part: string) => boolean;

/** The same for parts of ASCII alone, in texts not folded yet; made for one part, or for any. */
type FindPlain = (part: string | null) => Find;

/** The operators for texts; they ignore case unless the test says `caseSensitive`. */
export const TEXT_OPERATORS: readonly Operator[] = [
  ...searchPair('contains', 'contains', 'not_contains', 'does not contain', (text, part) => text.includes(part), plainFinder),
  ...searchPair(
    'starts_with',
    'starts with',
    'not_starts_with',
    'does not start with',
    (text, part) => text.startsWith(part),
    () => startsPlain,
  ),
  ...searchPair(
    'ends_with',
    'ends with',
    'not_ends_with',
    'does not end with',
    (text, part) => text.endsWith(part),
    () => endsPlain,
  ),
  { name: 'matches', label: 'matches the pattern', types: ['text'], value: 'pattern', kind: 'text', judge: matches },
];

/** An operator that looks for a part of a text, and its opposite. */
function searchPair(name: string, label: string, notName: string, notLabel: string, find: Find, findPlain: FindPlain): Operator[] {
  const judge = (setup: TestSetup) => search(setup, find, findPlain);
  const shape = { types: ['text'], value: 'one', kind: 'text' } as const;
  return [
    { name, label, ...shape, judge },
    { name: notName, label: notLabel, ...shape, judge: (setup) => negated(judge(setup)) },
  ];
}

function search({ value, caseSensitive }: TestSetup, find: Find, findPlain: FindPlain): Judge {
  const fold = folding(caseSensitive);
  return comparing(value, (expected) => {
    if (expected !== null && typeof expected !== 'string') return unfitValue(expected, 'a text');
    const part = fold(expected ?? '');
    const isPlain = !caseSensitive && isAscii(part);
    const findIn: Find = isPlain ? findPlain(value.constant ? part : null) : (seen) => find(fold(seen), part);
    return (seen) => {
      // Nothing is found when nothing is looked for: a template that renders to nothing must not fit every record.
      if (typeof seen === 'string') return part !== '' && findIn(seen, part);
      return seen === null ? false : mismatch(seen, 'a text');
    };
  });
}

/** Patterns longer than this are refused. */
const LONGEST_PATTERN = 1_000;
/** Compiled patterns larger than this are refused: matching takes time by program size times text length. */
const LARGEST_PROGRAM = 2_000;
/** Texts longer than this are not matched. */
export const LONGEST_MATCHED = 20_000;

/** Compiles a pattern in the syntax of RE2, or says why it is refused. */
export function compilePattern(pattern: string, caseSensitive: boolean): RE2JS | Unfit {
  if (pattern === '') return new Unfit('the pattern is empty');
  if (pattern.length > LONGEST_PATTERN) return new Unfit(`the pattern is longer than ${LONGEST_PATTERN} characters`);
  const { RE2JS } = re2js();
  try {
    const compiled = RE2JS.compile(pattern, caseSensitive ? 0 : RE2JS.CASE_INSENSITIVE);
    return compiled.programSize() > LARGEST_PROGRAM ? new Unfit('the pattern is too large: use smaller repeat counts') : compiled;
  } catch (error) {
    return new Unfit(refusal((error as Error).message));
  }
}

/** RE2's message in our words: people who write lookaround or backreferences have seen them work elsewhere. */
function refusal(message: string): string {
  if (/\(\?<?[=!]/.test(message)) return 'lookahead and lookbehind are not supported, because they have no bound on their time';
  if (/\\(?:[1-9]|k)/.test(message)) return 'backreferences are not supported, because they have no bound on their time';
  // Ignoring case is put in front of the pattern, where the writer has not seen it.
  return `the pattern is not valid: ${message.replace(/^error parsing regexp: /, '').replace('`(?i)', '`')}`;
}

function matches({ value, caseSensitive }: TestSetup): Judge {
  return comparing(value, (expected) => {
    const pattern = compilePattern(expected as string, caseSensitive) as RE2JS;
    return (seen) => {
      if (typeof seen !== 'string') return seen === null ? false : mismatch(seen, 'a text');
      return seen.length > LONGEST_MATCHED ? `the text is longer than ${LONGEST_MATCHED} characters` : pattern.test(seen);
    };
  });
}
