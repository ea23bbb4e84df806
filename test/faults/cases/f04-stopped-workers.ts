import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import type { CrmWorker } from '../support/crm-worker.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { closeBooks } from '../support/ledger.js';
import { fourSteps, Load } from '../support/workload.js';
import { staleWrites, watchWriters } from './f04-stale-writes.js';

/** In short beside whatever else a machine does: with 1.5 s, workers that came to nothing lost a run ten times, which ends it. */
const COUNTS = { short: { stops: 1, leaseMs: 5_000, pauseMs: 200 }, long: { stops: 20, leaseMs: 1_500, pauseMs: 60 } };
/** Workers stand still for twice their lease in the middle of their work, and go on as if nothing had happened. */
export const stoppedWorkers: FaultCase = {
  id: 'F4',
  title: 'SIGSTOP of a worker for twice its lease',
  short: true,
  postgres: 'shared',
  async run(lab, scale) {
    const { stops, leaseMs, pauseMs } = COUNTS[scale];
    await watchWriters(lab);
    // Slow enough that a stopped worker holds something, and that whoever takes it over often still works on it when the
    // stopped one wakes up: with quick answers a build without any fence passed this case, the run's end shut the stale out.
    lab.https.answer((_, response) => {
      const ms = lab.random.next() < 0.5 ? 50 : lab.random.between(leaseMs / 2, 1.5 * leaseMs);
      setTimeout(() => response.writeHead(200).end(), ms);
    });
    await lab.crm.publishWorkflow(fourSteps(lab));
    await lab.fleet.startMany(3, { worker: { leaseMs } });
    const load = Load.start(lab, { pauseMs });
    const idle: string[] = [];
    let held = 0;
    for (let stop = 1; stop <= stops; stop += 1) {
      const victim = lab.random.pick(lab.fleet.workers);
      // What it held when it was looked at, it may be done with when it is stopped: only then is it sure.
      held += await eventually(async () => {
        if ((await lab.database.heldBy(victim.name)) === 0) throw new Error(`${victim.name} never held a run`);
        await pause(lab.random.between(0, 100));
        const at = await lab.database.now();
        victim.stop();
        const hit = await lab.database.noteHit({ fault: `stop ${stop}`, worker: victim.name, at });
        if (hit > 0) return hit;
        victim.cont();
        throw new Error(`${victim.name} held nothing when it was stopped`);
      });
      await pause(2 * leaseMs);
      victim.cont();
      if (!(await worksOn(lab, victim))) idle.push(victim.name);
    }
    // Nothing is stopped any more: what is left may be quick.
    lab.https.answer();
    await load.stop();
    const books = await closeBooks(lab, load.acknowledged);
    const { accepted, takenOver } = await staleWrites(lab, 'stop');
    const violations = [...books.violations];
    if (accepted.length > 0) violations.push(`${accepted.length} stale writes were accepted, such as: ${accepted[0]}`);
    if (idle.length > 0) violations.push(`${idle.length} times the resumed worker took up nothing more, such as ${idle[0]}`);
    return {
      ...emptyResult(),
      ...books,
      violations,
      inflicted: stops,
      recoveryMs: await lab.database.recoveries('stop'),
      notes: [
        ...books.notes,
        `lease ${leaseMs} ms; ${held} runs were in the hands of the stopped, ${takenOver} of them were taken over by others`,
        `${await leasesLostAwake(lab)} runs passed on from workers that were not stopped`,
        `writes that a worker got in after its run had passed to another: ${accepted.length}`,
      ],
    };
  },
};

/** Whether a worker claims anything from now on. */
async function worksOn(lab: FaultLab, worker: CrmWorker): Promise<boolean> {
  const resumed = await lab.database.now();
  try {
    await eventually(async () => {
      const claims = await lab.database.query('SELECT 1 FROM fault_lab.claims WHERE worker = $1 AND at > $2 LIMIT 1', [
        worker.name,
        resumed,
      ]);
      if (claims.length === 0) throw new Error('not yet');
    });
    return true;
  } catch {
    return false;
  }
}

/** Takeovers that no stop explains: a machine so busy that heartbeats come late. */
async function leasesLostAwake(lab: FaultLab): Promise<number> {
  const { passed } = await lab.database.one<{ passed: number }>(
    `SELECT count(*)::int AS passed FROM fault_lab.claims mine JOIN fault_lab.claims next
       ON next.run_id = mine.run_id AND next.fence = mine.fence + 1
     WHERE NOT EXISTS (SELECT 1 FROM fault_lab.hits h WHERE h.run_id = mine.run_id AND h.fence = mine.fence)`,
  );
  return passed;
}
