import { setTimeout as pause } from 'node:timers/promises';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { closeBooks } from '../support/ledger.js';
import { answerSlowly, fourSteps, Load } from '../support/workload.js';

const WORKERS = 3;
const COUNTS = { short: { kills: 4, runs: 120 }, long: { kills: 200, runs: 6_000 } };
/** With the module's own lease; few, because each takes half a minute to be recovered from. */
const DEFAULT_LEASE = { leaseMs: 30_000, kills: 3, runs: 150, promisedMs: 35_000 };

/** Workers are killed at random moments while others work on; another process takes each one's place. */
export const killedWorkers: FaultCase = {
  id: 'F1',
  title: 'SIGKILL of random workers',
  short: true,
  postgres: 'shared',
  async run(lab, scale) {
    const { kills, runs } = COUNTS[scale];
    await lab.crm.publishWorkflow(fourSteps(lab));
    answerSlowly(lab, 100);
    const main = await killWorkers(lab, { name: 'short lease', kills, runs });
    const all = [...main.acknowledged];
    const result = { ...emptyResult(), inflicted: kills, notes: [`${main.hits} kills hit a worker that held runs, ${main.held} in all`] };
    if (scale === 'long') {
      await lab.database.settle();
      await Promise.all([...lab.fleet.workers].map((worker) => worker.term()));
      const { name, ...more } = { name: 'default lease', ...DEFAULT_LEASE };
      const other = await killWorkers(lab, { name, ...more });
      all.push(...other.acknowledged);
      result.inflicted += more.kills;
      await lab.database.settle();
      const slowest = Math.max(0, ...(await lab.database.recoveries(name)));
      result.notes.push(
        `with the default lease of 30 s, ${other.held} runs of ${other.hits} killed workers went on within ${(slowest / 1_000).toFixed(1)} s`,
      );
      if (slowest > DEFAULT_LEASE.promisedMs)
        result.violations.push(`a run of a dead worker took ${slowest} ms to go on; promised are 35 s`);
    }
    const books = await closeBooks(lab, all);
    return {
      ...result,
      ...books,
      recoveryMs: await lab.database.recoveries('short lease'),
      notes: [...result.notes, ...books.notes],
      violations: [...result.violations, ...books.violations],
    };
  },
};

interface Killing {
  name: string;
  kills: number;
  runs: number;
  leaseMs?: number;
}

async function killWorkers(lab: FaultLab, { name, kills, runs, leaseMs = lab.leaseMs }: Killing) {
  const options = { worker: { leaseMs } };
  lab.fleet.keepSpares(2);
  await lab.fleet.startMany(WORKERS, options);
  const load = Load.startDoled(lab, { most: runs });
  const found = { acknowledged: load.acknowledged, hits: 0, held: 0 };
  for (let kill = 1; kill <= kills; kill += 1) {
    load.allow(Math.ceil((runs * kill) / kills));
    await pause(lab.random.between(0, 100));
    const victim = await lab.fleet.pickBusy(lab.database, lab.random);
    const at = await lab.database.now();
    await victim.kill();
    const held = await lab.database.noteHit({ fault: `${name} ${kill}`, worker: victim.name, at });
    found.held += held;
    found.hits += held > 0 ? 1 : 0;
    await lab.fleet.start(options);
    lab.fleet.keepSpares(1);
  }
  await load.done();
  return found;
}
