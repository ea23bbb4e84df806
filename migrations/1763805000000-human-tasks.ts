import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What people are asked by runs, whom, and what they said; the queues of a workspace; mails about tasks that are still to be
 * sent. Beside processes of the release before: they know nothing of it, and could not publish a workflow that asks anybody;
 * a run that they end leaves its task open, which nobody can complete then.
 */
export class HumanTasks1763805000000 implements MigrationInterface {
  name = 'HumanTasks1763805000000';

  async up(runner: QueryRunner): Promise<void> {
    // Without the locks of the migration before.
    await commit(runner);
    await runner.query(`
      CREATE TABLE automation.task_queues (
        workspace_id text        NOT NULL,
        name         text        NOT NULL,
        -- By which the audit log knows it.
        id           uuid        NOT NULL,
        label        text,
        users        text[]      NOT NULL,
        roles        text[]      NOT NULL,
        updated_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, name)
      )`);
    await runner.query(`
      CREATE TABLE automation.human_tasks (
        workspace_id    text        NOT NULL,
        id              uuid        NOT NULL,
        run_id          uuid        NOT NULL,
        path            text        NOT NULL,
        attempt         integer     NOT NULL,
        workflow_id     uuid        NOT NULL,
        kind            text        NOT NULL,
        -- open, completed, expired, cancelled
        status          text        NOT NULL DEFAULT 'open',
        title           text        NOT NULL,
        message         text,
        fields          jsonb       NOT NULL,
        -- Fields of the record that those who are asked get to see.
        shown           text[]      NOT NULL,
        module          text,
        record_id       text,
        record_title    text,
        priority        text        NOT NULL,
        queue           text,
        -- Who has it: the only one who was asked, or whoever has claimed it.
        assignee_id     text,
        -- How many have to say yes; null: the first answer decides.
        approvals       integer,
        reason_required boolean     NOT NULL,
        escalation      jsonb,
        -- So that tasks without a date come last by the same index.
        due_at          timestamptz NOT NULL DEFAULT 'infinity',
        expires_at      timestamptz,
        is_due_told     boolean     NOT NULL DEFAULT false,
        remind_at       timestamptz,
        escalate_at     timestamptz,
        -- What those who are asked have not been told yet.
        pending         text[]      NOT NULL,
        -- When something is to be done about it; null: never again.
        next_at         timestamptz,
        revision        integer     NOT NULL DEFAULT 1,
        created_at      timestamptz NOT NULL DEFAULT now(),
        finished_at     timestamptz,
        outcome         jsonb,
        -- Why nobody is asked any more.
        reason          jsonb,
        PRIMARY KEY (workspace_id, id)
      ) WITH (fillfactor = 80)`);
    await runner.query('CREATE UNIQUE INDEX human_tasks_step ON automation.human_tasks (workspace_id, run_id, path, attempt)');
    await runner.query(`CREATE INDEX human_tasks_open ON automation.human_tasks (workspace_id, due_at, id) WHERE status = 'open'`);
    await runner.query(
      `CREATE INDEX human_tasks_queue ON automation.human_tasks (workspace_id, queue, due_at, id) WHERE status = 'open' AND queue IS NOT NULL`,
    );
    await runner.query(
      'CREATE INDEX human_tasks_queue_status ON automation.human_tasks (workspace_id, queue, status, id) WHERE queue IS NOT NULL',
    );
    await runner.query('CREATE INDEX human_tasks_status ON automation.human_tasks (workspace_id, status, id)');
    await runner.query('CREATE INDEX human_tasks_record ON automation.human_tasks (workspace_id, module, record_id, id)');
    // By workspace first, so that each gets its turn.
    await runner.query(
      'CREATE INDEX human_tasks_next ON automation.human_tasks (workspace_id COLLATE "C", next_at) WHERE next_at IS NOT NULL',
    );
    // One row for each person who is asked: what is theirs to do is found by it, and what they said is kept in it.
    await runner.query(`
      CREATE TABLE automation.human_task_people (
        workspace_id text        NOT NULL,
        task_id      uuid        NOT NULL,
        user_id      text        NOT NULL,
        -- Is it still theirs to do?
        is_open      boolean     NOT NULL,
        -- Were they asked, or have they taken it from a queue?
        is_asked     boolean     NOT NULL,
        -- Others have been asked instead: what they said stays, and counts no more.
        is_replaced  boolean     NOT NULL DEFAULT false,
        due_at       timestamptz NOT NULL,
        name         text,
        decision     text,
        comment      text,
        door         text,
        decided_at   timestamptz,
        PRIMARY KEY (workspace_id, task_id, user_id),
        FOREIGN KEY (workspace_id, task_id) REFERENCES automation.human_tasks (workspace_id, id) ON DELETE CASCADE
      ) WITH (fillfactor = 80)`);
    await runner.query(
      'CREATE INDEX human_task_people_mine ON automation.human_task_people (workspace_id, user_id, due_at, task_id) WHERE is_open',
    );
    await runner.query('CREATE INDEX human_task_people_user ON automation.human_task_people (workspace_id, user_id, task_id)');
    await runner.query(`
      CREATE TABLE automation.human_task_mails (
        workspace_id text        NOT NULL,
        task_id      uuid        NOT NULL,
        notice       text        NOT NULL,
        user_id      text        NOT NULL,
        address      text        NOT NULL,
        attempts     integer     NOT NULL DEFAULT 0,
        next_at      timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, task_id, notice, user_id),
        FOREIGN KEY (workspace_id, task_id) REFERENCES automation.human_tasks (workspace_id, id) ON DELETE CASCADE
      ) WITH (fillfactor = 70)`);
    await runner.query('CREATE INDEX human_task_mails_next ON automation.human_task_mails (workspace_id COLLATE "C", next_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE automation.human_task_mails');
    await runner.query('DROP TABLE automation.human_task_people');
    await runner.query('DROP TABLE automation.human_tasks');
    await runner.query('DROP TABLE automation.task_queues');
  }
}

/** Each table has a transaction of its own, see 1763710000000-one-way-to-start.ts; all of it may be repeated from the start. */
async function commit(runner: QueryRunner): Promise<void> {
  if (!runner.isTransactionActive) return;
  await runner.commitTransaction();
  await runner.startTransaction();
}
