import { type ModelWorld, openWorld } from '../model/model-world.js';
import { type GroupResult, runGroup } from '../model/run-group.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import { LabDatabase } from '../support/lab-database.js';
import { type SeededRandom, seededRandom } from '../support/seeded-random.js';

const GROUP = 10;
/** Databases, each with two nodes and so many random workflows and machines, that work at the same time: one waits while others compute. */
const WORLDS = { short: 2, long: 6 };
const WORKFLOWS = { short: 10, long: 40 };
const SEQUENCES = { short: 40, long: 10_020 };

/** Whatever people, nodes, far sides and time do, in whatever order: runs keep the rules, and so do the instances whose transitions they are. */
export const runModel: FaultCase = {
  id: 'F15',
  title: 'random commands against the rules of runs and of instances of machines',
  short: true,
  postgres: 'shared',
  async run(lab, scale) {
    const worlds = await Promise.all(
      Array.from({ length: WORLDS[scale] }, async (_, number) => {
        const random = seededRandom(lab.random.between(0, 2 ** 31), `world ${number}`);
        // Made beside the lab's own, on its server.
        return { random, world: await openWorld(await LabDatabase.create(lab.database.url), WORKFLOWS[scale], random) };
      }),
    );
    try {
      const groups = SEQUENCES[scale] / GROUP / worlds.length;
      const results = await Promise.all(worlds.map(({ world, random }) => runGroups(world, groups, random)));
      return toResult(results.flat());
    } finally {
      await Promise.all(worlds.map(({ world }) => world.close()));
    }
  },
};

async function runGroups(world: ModelWorld, groups: number, random: SeededRandom): Promise<GroupResult[]> {
  const results: GroupResult[] = [];
  for (let group = 1; group <= groups; group += 1) {
    results.push(await runGroup(world, `group ${group}`, GROUP, random));
    // One broken rule shows up in hundreds of sequences; a few tell it.
    if (results.reduce((sum, { violations }) => sum + violations.length, 0) > 5) break;
  }
  return results;
}

function toResult(results: readonly GroupResult[]) {
  const sum = (of: (result: GroupResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  return {
    ...emptyResult(),
    inflicted: sum(({ commands }) => commands),
    runs: sum(({ runs }) => runs),
    externalCalls: sum(({ calls }) => calls),
    externalDuplicates: sum(({ repeatedCalls }) => repeatedCalls),
    notes: [
      `${sum(({ sequences }) => sequences)} sequences, each on a workflow or, one of three, on a machine of its own, ${GROUP} side by side on two nodes; inflicted: commands`,
      `${sum(({ transitions }) => transitions)} changes of a run's state and ${sum(({ localEffects }) => localEffects)} local effects looked at; repeated calls are retries that the policy or a person asked for`,
    ],
    violations: results.flatMap(({ violations }) => violations),
  };
}
