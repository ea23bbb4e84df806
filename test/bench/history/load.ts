import pg from 'pg';

/** Runs a record, on average. */
const RUNS_PER_RECORD = 10;
/** Rows of one INSERT. */
const CHUNK = 500_000;
/** How far back it goes: as long as finished runs are kept by default. */
const DAYS = 180;

/** Events and skipped runs: a day less than the 30 that they are kept by default, so that retention has nothing to do. */
const RECENT = 29 / DAYS;

/** Workflows with a history; the first have more of it. */
export const WORKFLOWS_WITH_HISTORY = 40;
/** Of them: one whose runs never fail, and one of whose runs hardly any succeeds: skipped, formerly cancelled. */
export const NEVER_FAILS = 5;
export const HARDLY_EVER_MATCHES = 6;

/** The names of the records: `lead-<n>`, and one that a tenth of a percent of all runs are about. */
export const BUSY_RECORD = 'lead-busy';

export const recordsOf = (runs: number): number => Math.max(1, Math.floor(runs / RUNS_PER_RECORD));

/** A draw from 0 to 1 that depends on the row's number alone, so that every load makes the same history. */
const draw = (multiplier: number): string => `(mod(n * ${multiplier}, 1000003) / 1000003.0)`;
/** A UUIDv7 of the row's time: what makes ids of runs and events grow as the engine's do. */
const uuid = (kind: string): string =>
  `(lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(mod(n, 4096)), 3, '0') || '8' || substr(md5('${kind}' || n), 1, 15))::uuid`;

/**
 * Fills a database's history with finished runs of the last half year, as months of use would: several workflows, most runs
 * succeeded, some failed; the skipped runs and the events of the last month, as retention leaves them; the steps of a fifth. Indexes are made
 * after the rows. Loads as fast as Postgres takes it: a crash meanwhile costs nothing but the benchmark.
 */
export async function loadHistory(url: string, workflowIds: readonly string[], runs: number, progress: (text: string) => void) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '128MB'`);
    const indexes = await dropIndexes(client);
    const end = Date.now() - 60_000;
    const start = end - DAYS * 86_400_000;
    for (let from = 1; from <= runs; from += CHUNK) {
      progress(`loading runs ${from} to ${Math.min(runs, from + CHUNK - 1)} of ${runs} …`);
      await client.query(INSERT_CHUNK, [
        workflowIds,
        from,
        Math.min(runs, from + CHUNK - 1),
        start,
        (end - start) / runs,
        recordsOf(runs),
        runs,
      ]);
    }
    for (const definition of indexes) {
      progress(`${definition.slice(0, definition.indexOf(' USING'))} …`);
      await client.query(definition);
    }
    progress('counters, VACUUM, ANALYZE …');
    await client.query(INSERT_STATS);
    for (const table of ['runs', 'events', 'step_executions', 'workflow_stats']) {
      await client.query(`VACUUM (FREEZE, ANALYZE) automation.${table}`);
    }
    await client.query('CHECKPOINT');
  } finally {
    await client.end();
  }
}

/** All but the primary keys, into which rows that come in their order go cheaply. Answers how to make them again. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = ANY('{automation.runs,automation.events,automation.step_executions}'::regclass[]) AND NOT indisprimary`,
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => definition as string);
}

/** $1 workflows, $2 and $3 first and last number, $4 the first moment, $5 milliseconds between two, $6 records, $7 runs in all. */
const INSERT_CHUNK = `
  WITH numbered AS (
    SELECT n, n > $7::bigint * ${1 - RECENT} AS recent, ($4::float8 + n * $5::float8)::bigint AS ms,
      floor(${WORKFLOWS_WITH_HISTORY} * power(${draw(2_654_435_761)}, 2))::int AS place,
      ${draw(40_503)} AS luck,
      CASE WHEN mod(n, 1000) = 0 THEN '${BUSY_RECORD}' ELSE 'lead-' || (1 + floor(${draw(22_695_477)} * $6::bigint)::bigint) END AS record_id
    FROM generate_series($2::bigint, $3::bigint) AS n
  ), shaped AS MATERIALIZED (
    SELECT numbered.*, to_timestamp(ms / 1000.0) AS at, ${uuid('run')} AS id, ${uuid('event')} AS event_id,
      CASE place WHEN ${NEVER_FAILS} THEN 'succeeded'
        WHEN ${HARDLY_EVER_MATCHES} THEN CASE WHEN luck < 0.0001 THEN 'succeeded' WHEN recent THEN 'skipped' ELSE 'cancelled' END
        ELSE CASE WHEN luck < 0.6 OR NOT recent AND luck < 0.96 THEN 'succeeded' WHEN luck < 0.96 THEN 'skipped' WHEN luck < 0.99 THEN 'failed' ELSE 'cancelled' END
      END AS status
    FROM numbered
  ), events AS (
    INSERT INTO automation.events (workspace_id, id, module, event, record_id, record, actor, source, occurred_at, routed_at)
    SELECT 'acme', event_id, 'leads', 'created', record_id,
      jsonb_build_object('id', record_id, 'name', 'Lead ' || n, 'email', 'lead' || n || '@acme.test', 'source', 'Web Form', 'stage', 'New'),
      '{"type": "user", "id": "u-1", "name": "User 1"}', 'publish', at, at
    FROM shaped WHERE recent
  ), steps AS (
    INSERT INTO automation.step_executions (workspace_id, run_id, path, attempt, position, type, status, input, output, started_at, finished_at)
    SELECT 'acme', id, step.path, 1, step.position, step.type, CASE WHEN status = 'failed' AND step.position = 2 THEN 'failed' ELSE 'succeeded' END,
      step.input, step.output, at, at + interval '3 ms'
    FROM shaped, (VALUES
      ('owner', 0, 'assign_owner', '{"strategy": "round_robin", "userIds": ["u-1", "u-2"]}'::jsonb, '{"ownerId": "u-1"}'::jsonb),
      ('call', 1, 'create_task', '{"title": "Call Lead", "dueIn": "P1D"}', '{"taskId": "d9b4a4d6-0e0b-4a0e-9a4f-0d6c5b0f1d10"}'),
      ('stage', 2, 'move_stage', '{"stage": "Contacted"}', '{"from": "New", "to": "Contacted"}')
    ) AS step(path, position, type, input, output)
    WHERE n > $7::bigint * 4 / 5 AND status IN ('succeeded', 'failed')
  )
  INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, event_id, module, record_id, status, reason, explanation,
    error, actor, created_at, started_at, finished_at)
  SELECT 'acme', id, ($1::uuid[])[place + 1], ($1::uuid[])[place + 1], 1, event_id, 'leads', record_id, status,
    CASE status WHEN 'skipped' THEN CASE WHEN mod(n, 100000) < 20 THEN 'loop' ELSE 'conditions' END WHEN 'failed' THEN 'stage_unknown'
      WHEN 'cancelled' THEN 'cancelled_by_user' END,
    CASE status WHEN 'skipped' THEN
      '{"field": "source", "operator": "equals", "seen": "Referral", "expected": "Web Form", "result": false}'::jsonb END,
    CASE status WHEN 'failed' THEN '{"code": "stage_unknown", "message": "There is no stage Contacted."}'::jsonb END,
    '{"type": "user", "id": "u-1", "name": "User 1"}', at, CASE WHEN status <> 'skipped' THEN at END, at + interval '8 ms'
  FROM shaped ORDER BY n`;

const INSERT_STATS = `
  INSERT INTO automation.workflow_stats (workspace_id, workflow_id, slot, started, succeeded, failed, skipped, cancelled, last_run_at)
  SELECT workspace_id, workflow_id, extract(day FROM created_at)::int % 16, count(*) FILTER (WHERE status <> 'skipped'),
    count(*) FILTER (WHERE status = 'succeeded'), count(*) FILTER (WHERE status = 'failed'), count(*) FILTER (WHERE status = 'skipped'),
    count(*) FILTER (WHERE status = 'cancelled'), max(created_at)
  FROM automation.runs GROUP BY 1, 2, 3`;
