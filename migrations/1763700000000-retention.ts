import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Retention finds what is past its age by index, one node at a time. Older code: processes of release 0.1.0 keep working
 * beside it; their own retention goes on as before.
 *
 * While indexes are built, writes to their table wait: measured, 1.3 s for a million runs and less for as many events. Where
 * that is too long, build the four of them by hand before the deployment, with the names and definitions below and
 * CONCURRENTLY: this migration takes them as they are.
 */
export class Retention1763700000000 implements MigrationInterface {
  name = 'Retention1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    // One row for the whole fleet, so it leads with no workspace: whose round it is, when the next one begins, and up to
    // which moment of routing the events have been looked at: those that were kept are not looked at again.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.retention (
        is_only_row       boolean     PRIMARY KEY DEFAULT true CHECK (is_only_row),
        holder            uuid        NOT NULL,
        next_round_at     timestamptz NOT NULL,
        events_seen_until timestamptz NOT NULL DEFAULT '-infinity'
      )`);
    // A run enters one of the two, once, when it is over, at the index's right end: the cheapest entry there is.
    await runner.query(
      `CREATE INDEX IF NOT EXISTS runs_past ON automation.runs (finished_at) WHERE status IN ('succeeded', 'failed', 'cancelled')`,
    );
    await runner.query(`CREATE INDEX IF NOT EXISTS runs_past_skipped ON automation.runs (finished_at) WHERE status = 'skipped'`);
    // runs_event holds first runs only. Their repetitions need the event too, and are few.
    await runner.query(
      `CREATE INDEX IF NOT EXISTS runs_event_repeats ON automation.runs (workspace_id, event_id) WHERE event_id IS NOT NULL AND retry_of IS NOT NULL`,
    );
    // Routers lock events before runs, workers runs before events: whoever holds one and waits for the other would be in
    // somebody's way for good. So the lock on runs goes first; all of this may be repeated from the start.
    if (runner.isTransactionActive) {
      await runner.commitTransaction();
      await runner.startTransaction();
    }
    await runner.query(`CREATE INDEX IF NOT EXISTS events_routed ON automation.events (routed_at) WHERE routed_at IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of ['events_routed', 'runs_event_repeats', 'runs_past_skipped', 'runs_past']) {
      await runner.query(`DROP INDEX automation.${index}`);
    }
    await runner.query('DROP TABLE automation.retention');
  }
}
