import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * For people who look for instances whose transition is under way, those for longest first: ever few beside all of them.
 *
 * Processes of the release before know no machines.
 */
export class InstancesUnderWay1763827000000 implements MigrationInterface {
  name = 'InstancesUnderWay1763827000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX IF NOT EXISTS instances_under_way ON automation.instances (workspace_id, transition_since, id)
        WHERE transition IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX automation.instances_under_way');
  }
}
