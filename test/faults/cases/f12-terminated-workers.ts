import { setTimeout as pause } from 'node:timers/promises';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import { closeBooks } from '../support/ledger.js';
import { inWords, quantile } from '../support/quantile.js';
import { answerSlowly, fourSteps, Load } from '../support/workload.js';

const COUNTS = { short: { ends: 4, runs: 120 }, long: { ends: 50, runs: 1_500 } };
const PROMISED_EXIT_MS = 30_000;

/** Workers are told to end (SIGTERM) under load: they finish what they have begun, give the rest back, and go. */
export const terminatedWorkers: FaultCase = {
  id: 'F12',
  title: 'SIGTERM of random workers under load',
  short: false,
  postgres: 'shared',
  async run(lab, scale) {
    const { ends, runs } = COUNTS[scale];
    const violations: string[] = [];
    await lab.crm.publishWorkflow(fourSteps(lab));
    answerSlowly(lab, 100);
    lab.fleet.keepSpares(2);
    await lab.fleet.startMany(2);
    const load = Load.startDoled(lab, { most: runs });
    const exits: number[] = [];
    for (let end = 1; end <= ends; end += 1) {
      load.allow(Math.ceil((runs * end) / ends));
      await pause(lab.random.between(0, 100));
      const worker = await lab.fleet.pickBusy(lab.database, lab.random);
      const { code, signal, ms } = await worker.term();
      exits.push(ms);
      if (code !== 0) violations.push(`${worker.name} ended with ${code ?? signal}: ${worker.said}`);
      if (ms > PROMISED_EXIT_MS) violations.push(`${worker.name} took ${inWords(ms)} to end; promised are 30 s`);
      const left = await lab.database.heldBy(worker.name);
      if (left > 0) violations.push(`${worker.name} has ended and left ${left} runs in its name`);
      await lab.fleet.start();
      lab.fleet.keepSpares(1);
    }
    await load.done();
    const books = await closeBooks(lab, load.acknowledged);
    if (books.externalDuplicates > 0)
      violations.push(`${books.externalDuplicates} calls were repeated although every worker ended in peace`);
    const [p50, most] = [quantile(exits, 0.5), quantile(exits, 1)].map(inWords);
    return {
      ...emptyResult(),
      ...books,
      inflicted: ends,
      notes: [`from SIGTERM to the end of the process: p50 ${p50}, at most ${most}`, ...books.notes],
      violations: [...violations, ...books.violations],
    };
  },
};
