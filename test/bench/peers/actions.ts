import type { Pool, PoolClient } from 'pg';

/** What a job or workflow is given: the event's record, as our engine's events carry it. */
export interface LeadRecord {
  id: string;
  name: string;
  source: string;
  stage: string;
}

/** The condition of the workflow that is measured. */
export const applies = (lead: LeadRecord): boolean => lead.source === 'Web Form';

/**
 * The three actions, one prepared statement each, so that a peer's step needs no transaction of its own around it.
 * The rotation has 64 slots as the hand-written floor has: one row would make every peer wait for one lock.
 */
const OWNER = {
  name: 'owner',
  text: `WITH turn AS (UPDATE peer_rotation SET position = position + 1 WHERE slot = $2 RETURNING position)
         UPDATE crm_leads SET "ownerId" = 'u-' || (turn.position % 2 + 1) FROM turn WHERE id = $1 RETURNING "ownerId"`,
};
const TASK = {
  name: 'task',
  text: `INSERT INTO crm_tasks ("workspaceId", title, "assigneeId", "dueAt", "recordModule", "recordId")
         VALUES ('acme', $1, $2, now() + interval '1 day', 'leads', $3) RETURNING id`,
};
const STAGE = { name: 'stage', text: `UPDATE crm_leads SET stage = 'Contacted' WHERE id = $1` };

/** Runs one of the statements; engines with a client of their own bring another. */
export type Query = (statement: { name: string; text: string }, values: string[]) => Promise<readonly object[]>;

/** Through `pg`, prepared. */
export const throughPg =
  (client: Pool | PoolClient): Query =>
  async (statement, values) =>
    (await client.query({ ...statement, values })).rows;

export const anySlot = (): number => Math.floor(Math.random() * 64);

export async function assignOwner(query: Query, lead: LeadRecord, slot = anySlot()): Promise<string> {
  const [row] = await query(OWNER, [lead.id, String(slot)]);
  return (row as { ownerId: string }).ownerId;
}

export async function createTask(query: Query, lead: LeadRecord, ownerId: string): Promise<string> {
  const [row] = await query(TASK, [`Call ${lead.name}`, ownerId, lead.id]);
  return (row as { id: string }).id;
}

export async function moveStage(query: Query, lead: LeadRecord): Promise<string> {
  await query(STAGE, [lead.id]);
  return 'Contacted';
}

/** The condition and the three actions, one after the other. */
export async function threeActions(query: Query, lead: LeadRecord, slot = anySlot()): Promise<void> {
  if (!applies(lead)) return;
  const ownerId = await assignOwner(query, lead, slot);
  await createTask(query, lead, ownerId);
  await moveStage(query, lead);
}

/** The same in a transaction of the pool's: the job of a queue. */
export async function inOneTransaction(pool: Pool, lead: LeadRecord): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await threeActions(throughPg(client), lead);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

export const ROTATION_TABLE = `
  CREATE TABLE peer_rotation (slot integer PRIMARY KEY, position integer NOT NULL);
  INSERT INTO peer_rotation SELECT n, 0 FROM generate_series(0, 63) AS n;`;

/** A number counts only if each lead has its owner, its stage and exactly one task. */
export async function verify(pool: Pool, prefix: string, count: number): Promise<void> {
  const { rows } = await pool.query(
    `SELECT (SELECT count(*)::int FROM crm_leads WHERE id LIKE $1 AND stage = 'Contacted' AND "ownerId" IS NOT NULL) AS leads,
            (SELECT count(*)::int FROM crm_tasks WHERE "recordId" LIKE $1) AS tasks,
            (SELECT count(DISTINCT "recordId")::int FROM crm_tasks WHERE "recordId" LIKE $1) AS distinct`,
    [`${prefix}%`],
  );
  const found = rows[0] as { leads: number; tasks: number; distinct: number };
  if (found.leads !== count || found.tasks !== count || found.distinct !== count) {
    throw new Error(`of ${count} leads ${found.leads} were changed, with ${found.tasks} tasks for ${found.distinct} of them`);
  }
}
