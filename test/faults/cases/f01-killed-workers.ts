import { setTimeout as pause } from 'node:timers/promises';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import { closeBooks } from '../support/ledger.js';
import { fourSteps, Load } from '../support/workload.js';

const COUNTS = { short: { kills: 8, runs: 300 }, long: { kills: 200, runs: 6_000 } };

/** Workers are killed at random moments, while others work on; a spare takes each one's place. */
export const killedWorkers: FaultCase = {
  id: 'F1',
  title: 'SIGKILL of random workers',
  short: true,
  postgres: 'shared',
  async run(lab, scale) {
    const { kills, runs } = COUNTS[scale];
    await lab.crm.publishWorkflow(fourSteps(lab));
    lab.fleet.keepSpares(2);
    await lab.fleet.startMany(3);
    const load = Load.start(lab, { most: runs });
    let held = 0;
    for (let kill = 1; kill <= kills; kill += 1) {
      await pause(lab.random.between(20, 400));
      const victim = lab.random.pick(lab.fleet.workers);
      const at = await lab.database.now();
      await victim.kill();
      held += await lab.database.noteHit({ fault: `kill ${kill}`, worker: victim.name, at });
      lab.fleet.keepSpares(2);
      await lab.fleet.start();
    }
    await load.done();
    const books = await closeBooks(lab, load.acknowledged);
    return {
      ...emptyResult(),
      ...books,
      inflicted: kills,
      recoveryMs: await lab.database.recoveries('kill'),
      notes: [...books.notes, `${held} runs were in the hands of the killed`],
    };
  },
};
