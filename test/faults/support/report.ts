import type { FaultCase } from './fault-case.js';
import type { FaultOutcome } from './fault-run.js';
import { inWords, quantile } from './quantile.js';

const COLUMNS = ['fault', 'inflicted', 'runs', 'lost', 'local duplicates', 'external duplicates', 'recovery p50 / p99', 'took', 'verdict'];

/** The head of the table of all cases. */
export const TABLE_HEAD = `| ${COLUMNS.join(' | ')} |\n| --- | ${'---: | '.repeat(COLUMNS.length - 2)}--- |`;

/** One case as a row of the table, with its notes and what did not hold below it. */
export function rowOf({ id, title }: FaultCase, outcome: FaultOutcome): string {
  if (outcome.kind === 'skipped') return `| ${id} ${title} |${' – |'.repeat(COLUMNS.length - 2)} skipped: ${outcome.reason} |`;
  const { result, seconds } = outcome;
  const { externalCalls, externalDuplicates, recoveryMs, violations } = result;
  const rate = externalCalls === 0 ? '–' : `${externalDuplicates} (${((100 * externalDuplicates) / externalCalls).toFixed(2)} %)`;
  const recovery = recoveryMs.length === 0 ? '–' : `${inWords(quantile(recoveryMs, 0.5))} / ${inWords(quantile(recoveryMs, 0.99))}`;
  const verdict = violations.length === 0 ? 'held' : 'DID NOT HOLD';
  const cells = [
    `${id} ${title}`,
    result.inflicted,
    result.runs,
    result.lost,
    result.localDuplicates,
    rate,
    recovery,
    `${seconds.toFixed(0)} s`,
    verdict,
  ];
  const below = [...result.notes, ...violations.map((violation) => `VIOLATION: ${violation}`)].map((line) => `    ${line}`);
  return [`| ${cells.join(' | ')} |`, ...below].join('\n');
}
