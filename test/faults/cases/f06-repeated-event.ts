import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import { crmDataSourceOptions } from '../../../src/demo/database.js';
import { Automation, type AutomationEvent, type JsonObject } from '../../../src/index.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';

const COUNTS = { short: { rounds: 1, times: 1_000 }, long: { rounds: 20, times: 1_000 } };
const CONNECTIONS = 20;
/** One in so many publishers rolls back: whoever waits for it must then get in, once. */
const ROLLS_BACK = 4;
const CREATED = { workspaceId: 'acme', module: 'leads', event: 'created' };
const STARTING = ['first', 'second', 'third'];
const ROLLBACK = new Error('rolled back on purpose');

/** What there must be in the end for the events of one round. */
interface Round {
  events: number;
  runs: number;
  skipped: number;
  tasks: number;
}

/** The same (workspace, source, key) over and over, from many connections at the same moment, some of which roll back. */
export const repeatedEvent: FaultCase = {
  id: 'F6',
  title: 'the same event 1,000 times over 20 connections',
  short: true,
  postgres: 'shared',
  async run(lab, scale) {
    const { rounds, times } = COUNTS[scale];
    for (const name of STARTING) await lab.crm.publishWorkflow(taskFor(name), name);
    await lab.crm.publishWorkflow({ ...taskFor('never'), conditions: { field: 'name', operator: 'equals', value: 'Nobody' } }, 'never');
    const workers = lab.fleet.startMany(2);
    const source = await new DataSource({
      ...crmDataSourceOptions(lab.database.url),
      poolSize: CONNECTIONS,
    } as DataSourceOptions).initialize();
    const violations: string[] = [];
    let committed = 0;
    let runs = 0;
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const { id } = await lab.database.one<{ id: string }>(
          `INSERT INTO leads (id, "workspaceId", name) VALUES (gen_random_uuid(), 'acme', $1) RETURNING id`,
          [nameOf(round)],
        );
        // The same key of another source is an event of its own.
        for (const from of ['import', 'sync']) {
          const event = { ...CREATED, record: { id, name: nameOf(round) }, source: from, key: nameOf(round) };
          committed += await publishAtOnce(lab, source, event, times);
        }
        await workers;
        const open = await lab.database.settle();
        if (open !== null) violations.push(open);
        const found = await countRound(lab, round);
        const wanted: Round = { events: 2, runs: 2 * STARTING.length, skipped: 2, tasks: 2 * STARTING.length };
        if (JSON.stringify(found) !== JSON.stringify(wanted)) {
          violations.push(`round ${round} made ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
        }
        runs += found.runs;
      }
    } finally {
      await source.destroy();
    }
    return {
      ...emptyResult(),
      inflicted: rounds * 2 * times,
      runs,
      violations,
      notes: [`${rounds * 2} events, each published ${times} times; ${committed} of all transactions committed, the others rolled back`],
    };
  },
};

function taskFor(name: string): JsonObject {
  return {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    steps: [{ id: 'task', type: 'create_task', with: { title: `${name} {{record.name}}` } }],
  };
}

/** Publishes one event so many times over all connections at once. Answers how many committed. */
async function publishAtOnce(lab: FaultLab, source: DataSource, event: AutomationEvent, times: number): Promise<number> {
  const automation = lab.crm.context.get(Automation);
  let left = times;
  let committed = 0;
  const publish = async (manager: EntityManager): Promise<void> => {
    await automation.publish(event, manager);
    if (lab.random.between(1, ROLLS_BACK) === 1) throw ROLLBACK;
  };
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      try {
        await source.transaction(publish);
        committed += 1;
      } catch (error) {
        if (error !== ROLLBACK) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  return committed;
}

function nameOf(round: number): string {
  return `lead ${String(round).padStart(3, '0')}`;
}

function countRound(lab: FaultLab, round: number): Promise<Round> {
  return lab.database.one<Round>(
    `WITH e AS (SELECT id, record_id FROM automation.events WHERE key = $1),
       r AS (SELECT status FROM automation.runs WHERE event_id IN (SELECT id FROM e))
     SELECT (SELECT count(*)::int FROM e) AS events, (SELECT count(*)::int FROM r WHERE status = 'succeeded') AS runs,
       (SELECT count(*)::int FROM r WHERE status = 'skipped') AS skipped,
       (SELECT count(*)::int FROM tasks WHERE title LIKE '%' || $1) AS tasks`,
    [nameOf(round)],
  );
}
