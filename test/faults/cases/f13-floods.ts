import { emptyResult, type FaultCase } from '../support/fault-case.js';
import { burst } from './f13-burst.js';
import { loops } from './f13-loops.js';
import { noisyNeighbour } from './f13-noise.js';

const COUNTS = {
  short: { loops: 5, burst: 5_000, noise: { rounds: 1, trickle: 40, events: 20_000, calls: 1_500 } },
  long: { loops: 50, burst: 100_000, noise: { rounds: 3, trickle: 100, events: 60_000, calls: 3_000 } },
};

/** More than there should be: workflows that start each other, a burst, a workspace that floods its neighbours. */
export const floods: FaultCase = {
  id: 'F13',
  title: 'loops, 100,000 events at once, a noisy workspace',
  short: false,
  postgres: 'shared',
  async run(lab, scale) {
    const counts = COUNTS[scale];
    await lab.fleet.startMany(2);
    const ended = await loops(lab, counts.loops);
    const neighbours = await noisyNeighbour(lab, counts.noise);
    // Fresh ones: what they grow by is to be counted from what they need at rest.
    await Promise.all([...lab.fleet.workers].map((worker) => worker.term()));
    await lab.fleet.startMany(2);
    const flood = await burst(lab, counts.burst);
    const parts = [ended, ...neighbours, flood];
    return {
      ...emptyResult(),
      inflicted: 2 * counts.loops + counts.burst + neighbours.length * counts.noise.rounds,
      runs: parts.reduce((sum, { runs }) => sum + runs, 0),
      lost: flood.lost,
      localDuplicates: flood.doubled,
      notes: parts.flatMap(({ notes }) => notes),
      violations: parts.flatMap(({ violations }) => violations),
    };
  },
};
