import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When a mail about a task was noted, so that what somebody is sent a second time is another mail to their mail program, and a
 * further attempt of one is the same.
 *
 * Processes of the release before leave it to its default.
 */
export class MailTimes1763832000000 implements MigrationInterface {
  name = 'MailTimes1763832000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query('ALTER TABLE automation.human_task_mails ADD COLUMN IF NOT EXISTS noted_at timestamptz NOT NULL DEFAULT now()');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE automation.human_task_mails DROP COLUMN noted_at');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
