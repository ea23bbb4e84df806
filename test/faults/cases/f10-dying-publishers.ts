import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../../src/demo/project-root.js';
import { emptyResult, type FaultCase, type FaultResult } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';

const COUNTS = { short: { deathsEach: 1 }, long: { deathsEach: 6 } };
const PROGRAM = join(projectRoot(), 'dist-programs/test/faults/programs/publisher.js');
/** Where a publisher dies, of itself; at `any moment` the lab kills it. */
const PLACES = ['before publish', 'in publish', 'after publish', 'before COMMIT', 'in COMMIT', 'after COMMIT', 'any moment'] as const;

/** What publishers told before they died. */
interface Told {
  committed: Set<string>;
  rolledBack: number;
}

/** Processes that publish inside their transactions roll some back and die in the middle of others, while workers work. */
export const dyingPublishers: FaultCase = {
  id: 'F10',
  title: 'the caller rolls back or dies after publish',
  short: false,
  postgres: 'shared',
  async run(lab, scale) {
    const { deathsEach } = COUNTS[scale];
    await lab.crm.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } }],
    });
    await lab.fleet.startMany(2);
    const told: Told = { committed: new Set(), rolledBack: 0 };
    const deaths = Array.from({ length: deathsEach }, () => [...PLACES]).flat();
    // Two at a time: the death of one happens among the transactions of another.
    const next = async (): Promise<void> => {
      for (let place = deaths.shift(); place !== undefined; place = deaths.shift()) await publishUntilDeath(lab, place, told);
    };
    await Promise.all([next(), next()]);
    const open = await lab.database.settle();
    const result = await compare(lab, told);
    if (open !== null) result.violations.push(open);
    return { ...result, inflicted: deathsEach * PLACES.length };
  },
};

async function publishUntilDeath(lab: FaultLab, place: (typeof PLACES)[number], told: Told): Promise<void> {
  const dieAt = lab.random.between(5, 60);
  const byItself = place !== 'any moment';
  const child = fork(PROGRAM, {
    env: { ...process.env, DATABASE_URL: lab.database.url, DIE: byItself ? place : 'in COMMIT', DIE_AT: String(byItself ? dieAt : 0) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let heard = 0;
  child.on('message', (report: { kind: string; id?: string }) => {
    if (report.id !== undefined) told.committed.add(report.id);
    if (report.kind === 'rolled back') told.rolledBack += 1;
    heard += 1;
    if (!byItself && heard === dieAt) child.kill('SIGKILL');
  });
  const signal = await endOf(child);
  if (signal !== 'SIGKILL') throw new Error(`A publisher that was to die ${place} ended with ${signal ?? child.exitCode}.`);
}

/** The lab must not leave one behind that lives on. */
async function endOf(child: ChildProcess): Promise<NodeJS.Signals | null> {
  const limit = setTimeout(() => child.kill('SIGTERM'), 60_000);
  try {
    await once(child, 'exit');
  } finally {
    clearTimeout(limit);
  }
  return child.signalCode;
}

/** The CRM's own rows say what committed: each of them has one event, one run and one task, and there is nothing beside them. */
async function compare(lab: FaultLab, told: Told): Promise<FaultResult> {
  const rows = await lab.database.query<{ id: string; name: string | null; events: number; runs: number; tasks: number }>(`
    SELECT coalesce(l.id::text, e.id, r.id, t.id) AS id, l.name, coalesce(e.n, 0)::int AS events, coalesce(r.n, 0)::int AS runs,
      coalesce(t.n, 0)::int AS tasks
    FROM leads l
    FULL JOIN (SELECT record_id AS id, count(*) AS n FROM automation.events WHERE module = 'leads' GROUP BY 1) e ON e.id = l.id::text
    FULL JOIN (SELECT record_id AS id, count(*) AS n FROM automation.runs WHERE status = 'succeeded' GROUP BY 1) r
      ON r.id = coalesce(l.id::text, e.id)
    FULL JOIN (SELECT "relatedId"::text AS id, count(*) AS n FROM tasks GROUP BY 1) t ON t.id = coalesce(l.id::text, e.id, r.id)`);
  const phantoms = rows.filter(({ name }) => name !== 'kept');
  const kept = rows.filter(({ name }) => name === 'kept');
  const lost = kept.filter(({ events, runs, tasks }) => events === 0 || runs === 0 || tasks === 0);
  const doubled = kept.filter(({ events, runs, tasks }) => Math.max(events, runs, tasks) > 1);
  const known = new Set(kept.map(({ id }) => id));
  const gone = [...told.committed].filter((id) => !known.has(id));
  const violations = Object.entries({
    'are phantoms: their transaction did not commit': phantoms,
    'are lost: committed without their event, run or task': lost,
    'exist more than once': doubled,
    'were acknowledged and are gone': gone.map((id) => ({ id })),
  }).flatMap(([what, found]) => (found.length === 0 ? [] : [`${found.length} ${what}, such as ${JSON.stringify(found[0])}`]));
  if (told.rolledBack === 0) violations.push('nothing was rolled back: nothing was shown');
  return {
    ...emptyResult(),
    runs: kept.length,
    lost: lost.length + gone.length,
    localDuplicates: doubled.length,
    violations,
    notes: [
      `phantoms ${phantoms.length}; ${told.rolledBack} transactions and savepoints were rolled back after they had published`,
      `${kept.length} leads are committed; of ${kept.length - told.committed.size} nobody heard, because the publisher was dead by then`,
    ],
  };
}
