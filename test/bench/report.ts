/** One table of the report, printed in Markdown as RESULTS.md carries it. */
export interface Table {
  /** The command that makes this table alone is told from the suite's name; this says what is measured. */
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  /** What a reader must know to judge the numbers: printed below the table, one a line. */
  notes: readonly string[];
}

/** One group of measurements: a file of its own, one table. */
export interface Suite {
  /** What BENCH_ONLY calls it. */
  name: string;
  run(context: BenchContext): Promise<Table>;
}

/** What suites share. */
export interface BenchContext {
  serverUrl: string;
  /** With BENCH_FULL=1: the long history, the long load. */
  full: boolean;
  /** Rounds of measurements that take turns. */
  rounds: number;
  /** Tells the person who waits, on stderr. */
  progress(text: string): void;
}

/** Columns of numbers are set flush right: all but the first, and verdicts. */
const LEFT = new Set(['target', 'verdict', 'plan']);

export function toMarkdown({ title, columns, rows, notes }: Table): string {
  const widths = columns.map((column, at) => Math.max(3, column.length, ...rows.map((row) => (row[at] ?? '').length)));
  const left = columns.map((column, at) => at === 0 || LEFT.has(column));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (left[at] ? (cells[at] ?? '').padEnd(width) : (cells[at] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (left[at] ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [`### ${title}`, '', line(columns), rule, ...rows.map(line), '', ...notes.map((note) => `- ${note}`)].join('\n').trimEnd();
}

/** `target` and `verdict` of a number that must not be smaller. */
export function atLeast(value: number, target: number, unit = ''): [string, string] {
  return [`≥ ${target}${unit}`, value >= target ? 'met' : '**missed**'];
}

/** `target` and `verdict` of a number that must not be larger. */
export function atMost(value: number, target: number, unit = ''): [string, string] {
  return [`≤ ${target}${unit}`, value <= target ? 'met' : '**missed**'];
}

/** A line that is printed and has no target. */
export const NO_TARGET: [string, string] = ['', ''];

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
export const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
/** Of an even number the mean of the two in the middle: of two rounds, the better one would be no median. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
};

/** Each measurement by the one of the same round: a round in which the machine was slow was so for both. */
export function ratios(values: readonly number[], base: readonly number[]): number[] {
  return values.map((value, round) => value / (base[round] ?? Number.NaN));
}

/** The median with the smallest and the largest: `1.11 (1.07–1.15)`. */
export function spread(values: readonly number[], digits = 2): string {
  return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
}
