import { setTimeout as pause } from 'node:timers/promises';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import { closeBooks } from '../support/ledger.js';
import { answerSlowly, fourSteps, Load } from '../support/workload.js';

const COUNTS = { short: { cuts: 6, runsACut: 20 }, long: { cuts: 100, runsACut: 30 } };
const MORE = 5;
/** So many in quick succession, then a rest in which what was hit goes on: a run that is cut again and again has nothing to tell about recovery. */
const BURST = 5;

/**
 * Every connection to the database is ended at once, again and again: of the workers, of the CRM that publishes, idle,
 * listening and in the middle of a transaction. No process may die of it; a worker that does is a violation of the fleet.
 */
export const cutConnections: FaultCase = {
  id: 'F2',
  title: 'pg_terminate_backend on every connection',
  short: true,
  postgres: 'shared',
  async run(lab, scale) {
    const { cuts, runsACut } = COUNTS[scale];
    await lab.crm.publishWorkflow(fourSteps(lab));
    answerSlowly(lab, 50);
    await lab.fleet.startMany(2);
    const load = Load.startDoled(lab);
    let ended = 0;
    for (let cut = 1; cut <= cuts; cut += 1) {
      load.allow(cut * runsACut);
      await pause(lab.random.between(10, 100));
      await lab.fleet.pickBusy(lab.database, lab.random);
      const at = await lab.database.now();
      const last = cut % BURST === 0;
      if (last) await lab.database.noteHit({ fault: `cut ${cut}.`, at });
      ended += await lab.database.cutConnections();
      // Something has to be left to do, also when all was done before the cut.
      load.allow(cut * runsACut + MORE);
      await lab.database.goesOn(at);
      if (last) await lab.database.hitsGoOn(`cut ${cut}.`);
    }
    await load.stop();
    const books = await closeBooks(lab, load.acknowledged);
    return {
      ...emptyResult(),
      ...books,
      inflicted: cuts,
      recoveryMs: await lab.database.recoveries('cut'),
      notes: [
        `recovery is that from the last of each ${BURST} cuts in quick succession`,
        `${ended} connections were cut; ${load.refused} times the CRM's own transaction was lost, and its event with it`,
        ...books.notes,
      ],
    };
  },
};
