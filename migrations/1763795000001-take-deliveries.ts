import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Takes deliveries to trigger URLs in one round trip: looks whether the tokens are still what the caller knows of them, counts
 * them, notes their use, and captures what fits. A function, whose plan is kept with the connection: to plan the statement
 * takes longer than to run it. It is first called when all migrations are done: the kind of a workflow's row comes by a later
 * one. Beside processes of the release before: a function that they do not know.
 */
export class TakeDeliveries1763795000001 implements MigrationInterface {
  name = 'TakeDeliveries1763795000001';

  async up(runner: QueryRunner): Promise<void> {
    // One statement. Rows of rates are locked in one order everywhere: URLs before workspaces, and each by their keys.
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.take_deliveries(asked json, deliveries json, per_url bigint, per_workspace bigint)
        RETURNS TABLE (n integer, outcome text, wait_ms float8, token json) LANGUAGE plpgsql VOLATILE ROWS 10 AS $$
      #variable_conflict use_column
      BEGIN
        RETURN QUERY
        WITH found AS MATERIALIZED (
          SELECT a.n, a.hash, a."from", a.counts, a."rowId" AS row_id, t.workspace_id, t.id, t.workflow_id, t.token_hash, t.is_over, w.kind, w.status, w.published_version_id,
            t.id IS NOT DISTINCT FROM a.id AND t.is_over IS NOT DISTINCT FROM a."isOver" AND w.status IS NOT DISTINCT FROM a.status
              AND w.published_version_id IS NOT DISTINCT FROM a."versionId" AS is_known
          FROM json_to_recordset(asked) AS a(n integer, hash text, "from" text, counts boolean, id uuid, "isOver" boolean, status text, "versionId" uuid,
            "rowId" uuid)
          LEFT JOIN LATERAL (
            SELECT t.*, coalesce(t.valid_until <= now(), false) AS is_over FROM automation.trigger_tokens t
            WHERE t.token_hash = decode(a.hash, 'hex')
          ) AS t ON true
          LEFT JOIN automation.workflows w ON w.workspace_id = t.workspace_id AND w.id = t.workflow_id
        ), known AS MATERIALIZED (
          -- Old URLs of a workflow have a limit of their own: whoever floods one takes nothing from the one that is right. And
          -- so many counters there are for what is no URL that whoever tries tokens fills no table.
          SELECT f.*, coalesce(f.workspace_id, '') AS of,
            CASE WHEN f.id IS NULL THEN 'unknown ' || left(f.hash, 3) WHEN f.is_over THEN 'old ' || f.workflow_id ELSE f.workflow_id::text END AS key
          FROM found f WHERE f.is_known
        ), urls AS (
          INSERT INTO automation.trigger_rates AS r (workspace_id, key, since, deliveries)
          SELECT k.of, k.key, now(), count(*) FROM known k GROUP BY 1, 2 ORDER BY 1, 2
          ON CONFLICT (workspace_id, key) DO UPDATE SET
            since = CASE WHEN r.since <= now() - interval '1 minute' THEN now() ELSE r.since END,
            deliveries = excluded.deliveries + CASE WHEN r.since <= now() - interval '1 minute' THEN 0 ELSE r.deliveries END
          RETURNING r.workspace_id, r.key, r.deliveries, r.since
        ), by_url AS MATERIALIZED (
          SELECT k.*, u.since, u.deliveries - count(*) OVER same + row_number() OVER (same ORDER BY k.n) <= per_url AS fits
          FROM known k JOIN urls u ON u.workspace_id = k.of AND u.key = k.key WINDOW same AS (PARTITION BY k.of, k.key)
        ), workspaces AS (
          -- What one URL is refused counts for no other of the workspace.
          INSERT INTO automation.trigger_rates AS r (workspace_id, key, since, deliveries)
          SELECT b.workspace_id, 'workspace', now(), count(*) FROM by_url b WHERE b.fits AND b.id IS NOT NULL GROUP BY 1 ORDER BY 1
          ON CONFLICT (workspace_id, key) DO UPDATE SET
            since = CASE WHEN r.since <= now() - interval '1 minute' THEN now() ELSE r.since END,
            deliveries = excluded.deliveries + CASE WHEN r.since <= now() - interval '1 minute' THEN 0 ELSE r.deliveries END
          RETURNING r.workspace_id, r.deliveries, r.since
        ), judged AS MATERIALIZED (
          SELECT b.n, b.workspace_id, b.id, b."from", b.counts, CASE WHEN NOT b.fits THEN b.since
            WHEN w.deliveries - count(*) OVER same + row_number() OVER (same ORDER BY b.n) > per_workspace THEN w.since END AS over_since
          FROM by_url b LEFT JOIN workspaces w ON w.workspace_id = b.workspace_id AND b.fits WINDOW same AS (PARTITION BY b.workspace_id, b.fits)
        ), used AS (
          -- By who may use them. To the second: of a busy one no more, for nodes would wait for each other.
          UPDATE automation.trigger_tokens t SET last_used_at = now(), last_used_from = u."from"
          FROM (SELECT t.workspace_id, t.id, j."from" FROM
              (SELECT DISTINCT ON (j.workspace_id, j.id) j.* FROM judged j WHERE j.id IS NOT NULL AND NOT j.counts AND j.over_since IS NULL
               ORDER BY j.workspace_id, j.id, j.n DESC) AS j
            JOIN automation.trigger_tokens t ON t.workspace_id = j.workspace_id AND t.id = j.id
            WHERE t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 s' OR t.last_used_from IS DISTINCT FROM j."from"
            ORDER BY 1, 2 FOR NO KEY UPDATE OF t) AS u
          WHERE t.workspace_id = u.workspace_id AND t.id = u.id
        ), written AS (
          INSERT INTO automation.events AS e (workspace_id, id, module, event, actor, source, key, trigger, target, error, routed_at)
          SELECT d."workspaceId", d.id, d.module, d.event, d.actor, d.source, d.key, d.trigger, d.target, d.error,
            CASE WHEN d.error IS NOT NULL THEN now() END
          FROM json_to_recordset(deliveries) AS d(n integer, "workspaceId" text, id uuid, module text, event text, actor jsonb, source text,
            key text, trigger jsonb, target jsonb, error jsonb)
          JOIN judged j ON j.n = d.n AND j.over_since IS NULL ORDER BY d.n
          ON CONFLICT (workspace_id, source, key) WHERE key IS NOT NULL DO NOTHING RETURNING e.id
        )
        SELECT f.n, CASE WHEN NOT f.is_known THEN 'other' WHEN j.over_since IS NOT NULL THEN 'limited' WHEN w.id IS NULL THEN 'counted'
            ELSE 'captured' END,
          greatest(1, extract(epoch FROM j.over_since + interval '1 minute' - now()) * 1000)::float8,
          CASE WHEN NOT f.is_known AND f.id IS NOT NULL THEN json_build_object('hash', f.hash, 'workspaceId', f.workspace_id, 'id', f.id,
            'workflowId', f.workflow_id, 'kind', f.kind, 'isOver', f.is_over, 'status', f.status, 'versionId', f.published_version_id) END
        FROM found f LEFT JOIN judged j ON j.n = f.n LEFT JOIN written w ON w.id = f.row_id;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION automation.take_deliveries(json, json, bigint, bigint)');
  }
}
