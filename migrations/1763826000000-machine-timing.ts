import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the engine keeps of instances beside what they are: what has set a transition off that is under way, how many events
 * wait for its end, which timeout a disabled machine has missed; and when the polls of machines are due.
 *
 * Processes of the release before know no machines.
 */
export class MachineTiming1763826000000 implements MigrationInterface {
  name = 'MachineTiming1763826000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(`
      ALTER TABLE automation.instances
        -- { trigger, actor, eventId, explanation } of the transition under way.
        ADD COLUMN IF NOT EXISTS firing jsonb,
        ADD COLUMN IF NOT EXISTS deferred smallint NOT NULL DEFAULT 0,
        -- The entry whose timeout came due while the machine was disabled; of another entry it says nothing.
        ADD COLUMN IF NOT EXISTS missed_timeout bigint`);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS instances_missed ON automation.instances (workspace_id, machine_id) WHERE missed_timeout IS NOT NULL`);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS instances_failed ON automation.instances (workspace_id, (failure->>'runId')) WHERE failure IS NOT NULL`);
    await commit(runner);
    // When the polls of versions are due, and how far the walk through their instances has come.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS automation.machine_polls (
        workspace_id text        NOT NULL,
        version_id   uuid        NOT NULL,
        transition   text        NOT NULL,
        machine_id   uuid        NOT NULL,
        -- The tick that is walked, or the next one.
        next_at      timestamptz NOT NULL,
        -- { state, enteredAt, id }; null between two ticks.
        cursor       jsonb,
        looked_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, version_id, transition)
      )`);
    await runner.query('CREATE INDEX IF NOT EXISTS machine_polls_due ON automation.machine_polls (next_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.machine_polls');
    await runner.query('DROP INDEX automation.instances_failed');
    await runner.query('DROP INDEX automation.instances_missed');
    await runner.query('ALTER TABLE automation.instances DROP COLUMN missed_timeout, DROP COLUMN deferred, DROP COLUMN firing');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
