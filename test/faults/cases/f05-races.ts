import { emptyResult, type FaultCase } from '../support/fault-case.js';
import { machineRaces } from './f05-machine-races.js';
import { Nodes } from './f05-nodes.js';
import type { Race } from './f05-race.js';
import { cancelsAgainstRetries, cancelsAgainstWorkers, doubleRetries } from './f05-run-races.js';
import { scheduleTicks } from './f05-tick-races.js';
import { publicationRaces } from './f05-workflow-races.js';

const COUNTS = {
  short: { nodes: 2, each: 8, timers: 40, ticks: 40, publications: 8 },
  long: { nodes: 8, each: 500, timers: 1_000, ticks: 1_000, publications: 500 },
};

/** Whole CRM processes that are told the same, or contradictory things, at the same moment. */
export const racingNodes: FaultCase = {
  id: 'F5',
  title: 'nodes race: retries, cancels, timers, schedule ticks, publications, transitions',
  short: true,
  postgres: 'shared',
  async run(lab, scale) {
    const { nodes: count, each, timers, ticks, publications } = COUNTS[scale];
    const races = await Nodes.use(
      lab,
      count,
      async (nodes): Promise<Race[]> => [
        ...(await doubleRetries(lab, nodes, each)),
        await cancelsAgainstRetries(lab, nodes, each),
        await cancelsAgainstWorkers(lab, nodes, { timers, cancelled: Math.min(each, timers / 2) }),
        await scheduleTicks(lab, ticks),
        await publicationRaces(lab, nodes, publications),
        ...(await machineRaces(lab, nodes, each)),
      ],
    );
    return {
      ...emptyResult(),
      inflicted: races.reduce((sum, race) => sum + race.races, 0),
      runs: races.reduce((sum, race) => sum + race.runs, 0),
      localDuplicates: races.reduce((sum, race) => sum + race.doubled, 0),
      violations: races.flatMap(({ name, violations }) => violations.map((violation) => `${name}: ${violation}`)),
      notes: [
        `${count} nodes, asked by the admin API; approvals join with their feature`,
        ...races.map(({ name, races: raced, said }) => `${name}: ${raced} races, answers ${JSON.stringify(said)}`),
      ],
    };
  },
};
