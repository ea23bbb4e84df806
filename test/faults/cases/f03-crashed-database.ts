import { setTimeout as pause } from 'node:timers/promises';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import { closeBooks } from '../support/ledger.js';
import { inWords, quantile } from '../support/quantile.js';
import { answerSlowly, fourSteps, Load } from '../support/workload.js';

const COUNTS = { short: { crashes: 2, runsACrash: 50 }, long: { crashes: 15, runsACrash: 200 } };
const MORE = 5;

/** The server is stopped without a checkpoint (`pg_ctl -m immediate stop`) under load and started again; it recovers from its log. */
export const crashedDatabase: FaultCase = {
  id: 'F3',
  title: 'Postgres stopped at once and started again',
  short: true,
  postgres: 'own',
  async run(lab, scale) {
    const { crashes, runsACrash } = COUNTS[scale];
    await lab.crm.publishWorkflow(fourSteps(lab));
    answerSlowly(lab, 50);
    await lab.fleet.startMany(2);
    const load = Load.startDoled(lab);
    const reconnects: number[] = [];
    for (let crash = 1; crash <= crashes; crash += 1) {
      load.allow(crash * runsACrash);
      await pause(lab.random.between(50, 300));
      await lab.fleet.pickBusy(lab.database, lab.random);
      const at = await lab.database.now();
      await lab.database.noteHit({ fault: `crash ${crash}.`, at });
      await lab.postgres().stop('immediate');
      await pause(lab.random.between(0, 1_000));
      await lab.postgres().start();
      const back = await lab.database.now();
      // Something has to be left to do, also when all was done before the crash.
      load.allow(crash * runsACrash + MORE);
      const first = await lab.database.goesOn(back);
      reconnects.push(first.getTime() - back.getTime());
      await lab.database.hitsGoOn(`crash ${crash}.`);
    }
    await load.stop();
    const books = await closeBooks(lab, load.acknowledged);
    const [p50, most] = [quantile(reconnects, 0.5), quantile(reconnects, 1)].map(inWords);
    return {
      ...emptyResult(),
      ...books,
      inflicted: crashes,
      recoveryMs: await lab.database.recoveries('crash'),
      notes: [
        `from the server's return to the first run that went on: p50 ${p50}, at most ${most} (recovery counts from the crash, with the time the server was away)`,
        `${load.refused} times the CRM's own transaction was lost, and its event with it`,
        ...books.notes,
      ],
    };
  },
};
