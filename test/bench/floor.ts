import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

/**
 * What one would write by hand for this one workflow: one transaction per event on plain `pg`, doing an automation's own
 * reads and writes (event, record read, owner, task, stage, run, three steps), prepared statements, eight connections.
 */
export async function runFloor(url: string, leads: readonly string[], connections = 8): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  pool.on('error', () => undefined);
  let next = 0;
  const started = performance.now();
  const work = async (): Promise<void> => {
    const client = await pool.connect();
    try {
      for (let id = leads[next++]; id !== undefined; id = leads[next++]) await oneEvent(client, id);
    } finally {
      client.release();
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  const seconds = (performance.now() - started) / 1000;
  await pool.end();
  return seconds;
}

async function oneEvent(client: pg.PoolClient, leadId: string): Promise<void> {
  const eventId = uuidv7();
  const runId = uuidv7();
  await client.query('BEGIN');
  const lead = (await client.query({ name: 'read', text: 'SELECT * FROM crm_leads WHERE id = $1 FOR NO KEY UPDATE', values: [leadId] }))
    .rows[0];
  await client.query({
    name: 'event',
    text: `INSERT INTO floor_events (id, workspace_id, module, event, record_id, record, routed_at) VALUES ($1, 'acme', 'leads', 'created', $2, $3, now())`,
    values: [eventId, leadId, JSON.stringify(lead)],
  });
  if (lead.source === 'Web Form') {
    const position = (
      await client.query({
        name: 'rotate',
        text: `UPDATE floor_rotation SET position = position + 1 WHERE key = $1 RETURNING position`,
        values: [`slot-${Math.floor(Math.random() * 64)}`],
      })
    ).rows[0].position as number;
    const ownerId = `u-${(position % 2) + 1}`;
    await client.query({ name: 'owner', text: 'UPDATE crm_leads SET "ownerId" = $2 WHERE id = $1', values: [leadId, ownerId] });
    const taskId = (
      await client.query({
        name: 'task',
        text: `INSERT INTO crm_tasks ("workspaceId", title, "assigneeId", "dueAt", "recordModule", "recordId")
               VALUES ('acme', $1, $2, now() + interval '1 day', 'leads', $3) RETURNING id`,
        values: [`Call ${lead.name}`, ownerId, leadId],
      })
    ).rows[0].id as string;
    await client.query({ name: 'stage', text: 'UPDATE crm_leads SET stage = $2 WHERE id = $1', values: [leadId, 'Contacted'] });
    await client.query({
      name: 'run',
      text: `INSERT INTO floor_runs (id, workspace_id, event_id, record_id, status, started_at, finished_at) VALUES ($1, 'acme', $2, $3, 'succeeded', now(), clock_timestamp())`,
      values: [runId, eventId, leadId],
    });
    const step = (path: string, input: object, output: object) =>
      client.query({
        name: 'step',
        text: `INSERT INTO floor_steps (run_id, path, attempt, status, input, output, started_at, finished_at) VALUES ($1, $2, 1, 'succeeded', $3, $4, now(), clock_timestamp())`,
        values: [runId, path, JSON.stringify(input), JSON.stringify(output)],
      });
    await step('owner', { strategy: 'round_robin' }, { ownerId });
    await step('call', { title: `Call ${lead.name}` }, { taskId });
    await step('stage', { stage: 'Contacted' }, { from: lead.stage, to: 'Contacted' });
  }
  await client.query('COMMIT');
}

/** The tables of the floor: as few columns and indexes as one would make by hand. */
export const FLOOR_TABLES = `
  CREATE TABLE floor_events (id uuid PRIMARY KEY, workspace_id text NOT NULL, module text NOT NULL, event text NOT NULL, record_id text,
    record jsonb, created_at timestamptz NOT NULL DEFAULT now(), routed_at timestamptz);
  CREATE TABLE floor_runs (id uuid PRIMARY KEY, workspace_id text NOT NULL, event_id uuid NOT NULL, record_id text, status text NOT NULL,
    error jsonb, started_at timestamptz, finished_at timestamptz);
  CREATE INDEX ON floor_runs (record_id, id);
  CREATE TABLE floor_steps (run_id uuid NOT NULL, path text NOT NULL, attempt integer NOT NULL, status text NOT NULL, input jsonb, output jsonb,
    error jsonb, started_at timestamptz, finished_at timestamptz, PRIMARY KEY (run_id, path, attempt));
  CREATE TABLE floor_rotation (key text PRIMARY KEY, position integer NOT NULL);
  INSERT INTO floor_rotation SELECT 'slot-' || n, 0 FROM generate_series(0, 63) AS n;`;
