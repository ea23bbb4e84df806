import 'reflect-metadata';
import { randomInt } from 'node:crypto';
import { FAULT_CASES } from './cases/index.js';
import { type FaultOutcome, FaultRun } from './support/fault-run.js';
import { rowOf, TABLE_HEAD } from './support/report.js';

/**
 * `npm run test:faults`: every fault case in its long form, a row each. FAULTS_ONLY=F1,F7 picks cases, FAULTS_SEED
 * repeats a run, FAULTS_SCALE=short takes the counts of `npm test`. Ends with 1 when anything did not hold.
 */
const seed = Number(process.env.FAULTS_SEED ?? randomInt(2 ** 32));
if (!Number.isInteger(seed) || seed < 0) throw new Error(`FAULTS_SEED must be a whole number, not "${process.env.FAULTS_SEED}".`);
const only = process.env.FAULTS_ONLY?.split(',').map((id) => id.trim().toUpperCase());
const unknown = only?.filter((id) => !FAULT_CASES.some((one) => one.id === id)) ?? [];
if (unknown.length > 0)
  throw new Error(`FAULTS_ONLY names no such case: ${unknown.join(', ')}. There are ${FAULT_CASES.map(({ id }) => id).join(', ')}.`);
const serverUrl = process.env.DATABASE_URL || undefined;
const run = await FaultRun.open({
  seed,
  scale: process.env.FAULTS_SCALE === 'short' ? 'short' : 'long',
  ownServers: serverUrl === undefined,
  ...(serverUrl === undefined ? {} : { serverUrl }),
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    console.error(`\n${signal}: taking down workers and servers …`);
    void run.close().finally(() => process.exit(130));
  });
}

console.log(`Seed ${seed}; FAULTS_SEED=${seed} npm run test:faults repeats it.\n\n${TABLE_HEAD}`);
const outcomes: FaultOutcome[] = [];
try {
  for (const one of FAULT_CASES) {
    if (only && !only.includes(one.id)) continue;
    const outcome = await run.run(one);
    outcomes.push(outcome);
    console.log(rowOf(one, outcome));
  }
} finally {
  await run.close();
}
const failed = outcomes.filter((outcome) => outcome.kind === 'ran' && outcome.result.violations.length > 0);
const skipped = outcomes.filter((outcome) => outcome.kind === 'skipped');
console.log(`\n${outcomes.length - failed.length - skipped.length} held, ${failed.length} did not, ${skipped.length} were skipped.`);
process.exitCode = failed.length > 0 ? 1 : 0;
