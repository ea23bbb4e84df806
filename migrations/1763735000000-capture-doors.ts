import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What events need that did not come in the transaction of the change they tell of. Beside processes of release 0.1: they
 * go on capturing, and claim nothing (see `OneWayToStart`). The columns are added without rewriting the table.
 */
export class CaptureDoors1763735000000 implements MigrationInterface {
  name = 'CaptureDoors1763735000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE automation.events
        -- Of events that were heard, not published: the transactions before this one may have been open then, the one
        -- that wrote the record among them.
        ADD COLUMN IF NOT EXISTS visible_after xid8,
        -- Not to be routed before: the record is not there yet.
        ADD COLUMN IF NOT EXISTS waits_until timestamptz`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE automation.events DROP COLUMN waits_until, DROP COLUMN visible_after');
  }
}
