import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What events need that did not come in the transaction of the change they tell of. Beside processes of release 0.1: they
 * go on capturing, and claim nothing (see `OneWayToStart`). The columns are added without rewriting the table.
 */
export class CaptureDoors1763735000000 implements MigrationInterface {
  name = 'CaptureDoors1763735000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(`
      ALTER TABLE automation.events
        -- Of events that were heard, not published: the transactions before this one may have been open then, the one
        -- that wrote the record among them.
        ADD COLUMN IF NOT EXISTS visible_after xid8,
        -- Not to be routed before: the record is not there yet.
        ADD COLUMN IF NOT EXISTS waits_until timestamptz`);
    // What triggers on the host's tables need. Ids of events are in the order of time, to the microsecond.
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE
      RETURN (SELECT (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex((us % 1000) * 4096 / 1000), 3, '0')
          || substr(replace(gen_random_uuid()::text, '-', ''), 17))::uuid
        FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) AS now)`);
    // An id, or an actor as JSON. Whatever else was set must not fail the host's transaction.
    await runner.query(`
      CREATE OR REPLACE FUNCTION automation.acting() RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
      DECLARE
        said text := coalesce(current_setting('automation.actor', true), '');
        actor jsonb;
      BEGIN
        IF said = '' THEN
          RETURN '{"type": "system", "id": null}';
        ELSIF left(said, 1) <> '{' THEN
          RETURN jsonb_build_object('type', 'user', 'id', said);
        END IF;
        BEGIN
          actor := said::jsonb;
        EXCEPTION WHEN others THEN
          RETURN '{"type": "system", "id": null}';
        END;
        RETURN jsonb_strip_nulls(jsonb_build_object('name', actor->'name', 'roles', actor->'roles')) || jsonb_build_object(
          'type', CASE WHEN actor->>'type' IN ('user', 'system', 'workflow') THEN actor->>'type' ELSE 'user' END, 'id', actor->>'id');
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION automation.acting()');
    await runner.query('DROP FUNCTION automation.uuid_v7()');
    await runner.query('ALTER TABLE automation.events DROP COLUMN waits_until, DROP COLUMN visible_after');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
