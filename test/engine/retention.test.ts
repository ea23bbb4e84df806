import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AutomationEngine } from '../../src/engine/automation-engine.js';
import { RetentionRounds } from '../../src/engine/timing/retention-rounds.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { Retention } from '../../src/store/retention.js';
import { beginRound, holdRound } from '../../src/store/retention-store.js';
import { lockRun } from '../../src/store/run-command-store.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const DAY_MS = 86_400_000;
const RETENTION = { runs: 'P90D', skippedRuns: 'P10D', events: 'P30D' };

/** What becomes of a lead says its source: `Done` and `Skipped` at once, `Fails` at its step, `Waits` for a day. */
const DEFINITION = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: { field: 'source', operator: 'is_any_of', value: ['Done', 'Waits', 'Fails'] },
  steps: [
    { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
    {
      id: 'gate',
      type: 'branch',
      branches: [
        {
          name: 'wait',
          when: { field: 'source', operator: 'equals', value: 'Waits' },
          steps: [{ id: 'cool', type: 'delay', for: 'P1D' }],
        },
        {
          name: 'fail',
          when: { field: 'source', operator: 'equals', value: 'Fails' },
          steps: [{ id: 'nobody', type: 'assign_owner', with: { userId: '{{record.email}}' }, retry: { maxAttempts: 1 } }],
        },
      ],
    },
  ],
};

describe('retention', () => {
  let app: AutomationApp;
  let workflowId: string;
  beforeAll(async () => {
    app = await startAutomationApp({ retention: RETENTION });
    workflowId = await app.publishWorkflow(DEFINITION);
  });
  beforeEach(() => app.query('TRUNCATE automation.runs, automation.step_executions, automation.events, automation.retention'));
  afterAll(() => app.close());

  const cleanUp = () => app.module.get(AutomationEngine).cleanUp();
  /** As if it had happened so many days earlier. */
  const age = async (recordId: string, days: number): Promise<void> => {
    const earlier = (column: string): string => `${column} = ${column} - $2 * interval '1 day'`;
    await app.query(`UPDATE automation.runs SET ${earlier('created_at')}, ${earlier('finished_at')} WHERE record_id = $1`, [
      recordId,
      days,
    ]);
    await app.query(`UPDATE automation.events SET ${earlier('occurred_at')}, ${earlier('routed_at')} WHERE record_id = $1`, [
      recordId,
      days,
    ]);
  };
  const happened = async (days: number, source: string): Promise<string> => {
    const lead = await app.createLead({ source });
    await app.automation.drain();
    await age(lead.id, days);
    return lead.id;
  };
  const days = (column: string): string => `round(extract(epoch FROM now() - ${column}) / 86400)::int AS days`;
  const runs = () => app.query<{ status: string; days: number }>(`SELECT status, ${days('created_at')} FROM automation.runs ORDER BY days`);
  const events = async (): Promise<number[]> =>
    (await app.query<{ days: number }>(`SELECT ${days('occurred_at')} FROM automation.events ORDER BY days`)).map((event) => event.days);

  it('removes of an instance of a state machine what did not fire, once it is as old as events get, and nothing else', async () => {
    const attempt = async (kind: string, days: number): Promise<void> => {
      await app.query(
        `INSERT INTO automation.transitions (workspace_id, instance_id, id, machine_id, kind, at)
         VALUES ('acme', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), $1, now() - $2 * interval '1 day')`,
        [kind, days],
      );
    };
    for (const kind of ['not_fired', 'fired']) for (const days of [31, 29]) await attempt(kind, days);
    await cleanUp();
    expect(await app.query(`SELECT kind, ${days('at')} FROM automation.transitions ORDER BY kind, days`)).toEqual([
      { kind: 'fired', days: 29 },
      { kind: 'fired', days: 31 },
      { kind: 'not_fired', days: 29 },
    ]);
  });

  it('takes from what a state machine has been through what conditions saw, once it is as old as runs get, and leaves what happened', async () => {
    await app.query('TRUNCATE automation.transitions');
    const seen = { result: true, field: 'email', seen: 'ann@acme.test' };
    const explained: [string, object | null][] = [
      ['cancelled', { code: 'run_cancelled', message: 'Ann has cancelled it.' }],
      ['failed', { code: 'user_unknown', message: 'There is no ann@acme.test.', step: 'assign' }],
      ['fired', { conditions: seen, comment: 'Signed.', notFired: [{ transition: 'x', reason: 'conditions', explanation: seen }] }],
      ['migrated', null],
      ['reset', { reason: 'conditions' }],
    ];
    for (const days of [89, 91]) {
      for (const [kind, explanation] of explained) {
        await app.query(
          `INSERT INTO automation.transitions (workspace_id, instance_id, id, machine_id, kind, explanation, at)
           VALUES ('acme', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), $1, $2, now() - $3 * interval '1 day')`,
          [kind, explanation, days],
        );
      }
    }
    await cleanUp();
    const kept = await app.query(`SELECT kind, explanation, ${days('at')} FROM automation.transitions ORDER BY days, kind`);
    expect(kept).toEqual([
      ...explained.map(([kind, explanation]) => ({ kind, explanation, days: 89 })),
      { kind: 'cancelled', explanation: { code: 'run_cancelled' }, days: 91 },
      { kind: 'failed', explanation: { code: 'user_unknown' }, days: 91 },
      { kind: 'fired', explanation: { comment: 'Signed.' }, days: 91 },
      { kind: 'migrated', explanation: null, days: 91 },
      { kind: 'reset', explanation: { reason: 'conditions' }, days: 91 },
    ]);
  });

  it('takes from an instance that rests where a transition has failed what its conditions saw, with the run that could be retried', async () => {
    const failure = { transition: 'open', explanation: { conditions: { seen: 'ann@acme.test' } }, at: '2026-01-01T00:00:00.000Z' };
    for (const days of [89, 91]) {
      const lead = await happened(days, 'Fails');
      await app.query(
        `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final, failure)
         SELECT 'acme', gen_random_uuid(), gen_random_uuid(), version_id, 'leads', record_id, 'NEW', false, $2::jsonb || jsonb_build_object('runId', id)
         FROM automation.runs WHERE record_id = $1`,
        [lead, failure],
      );
    }
    const explained = () =>
      app.query(`SELECT failure->>'transition' AS transition, failure ? 'explanation' AS explained FROM automation.instances ORDER BY 2`);
    expect(await explained()).toEqual([true, true].map((one) => ({ transition: 'open', explained: one })));
    await cleanUp();
    expect(await explained()).toEqual([false, true].map((one) => ({ transition: 'open', explained: one })));
    await app.query('TRUNCATE automation.instances');
  });

  it('removes what is past its age with its steps and answers, and never what still waits', async () => {
    await happened(100, 'Done');
    await app.query(
      "INSERT INTO automation.run_inbox (workspace_id, run_id, path, attempt, answer) SELECT workspace_id, id, 'x', 1, '{}' FROM automation.runs",
    );
    await happened(50, 'Done');
    await happened(50, 'Skipped');
    await happened(5, 'Skipped');
    await happened(400, 'Waits');
    await cleanUp();
    expect(await runs()).toEqual([
      { status: 'skipped', days: 5 },
      { status: 'succeeded', days: 50 },
      { status: 'waiting', days: 400 },
    ]);
    expect(
      await app.query(
        'SELECT count(*)::int AS orphans FROM automation.step_executions s WHERE NOT EXISTS (SELECT 1 FROM automation.runs r WHERE r.id = s.run_id)',
      ),
    ).toEqual([{ orphans: 0 }]);
    expect(await app.query('SELECT 1 FROM automation.run_inbox')).toEqual([]);
    expect(await events()).toEqual([5, 400]);
  });

  it('removes the counts of trigger URLs that nobody calls any more', async () => {
    await app.query(
      `INSERT INTO automation.trigger_rates VALUES ('acme', 'gone', now() - interval '2 hours', 1), ('acme', 'busy', now(), 1)`,
    );
    await cleanUp();
    expect(await app.query('SELECT key FROM automation.trigger_rates')).toEqual([{ key: 'busy' }]);
  });

  it('takes nothing of a workspace whose rows have the ids of another', async () => {
    const tables = ['events', 'runs', 'step_executions', 'run_inbox'];
    await happened(100, 'Done');
    await app.query(
      "INSERT INTO automation.run_inbox (workspace_id, run_id, path, attempt, answer) SELECT workspace_id, id, 'x', 1, '{}' FROM automation.runs",
    );
    const fresh = `'{"workspace_id": "brook"}'::jsonb || (CASE WHEN to_jsonb(t) ? 'finished_at' AND NOT to_jsonb(t) ? 'run_id'
      THEN jsonb_build_object('finished_at', now()) ELSE '{}' END) || (CASE WHEN to_jsonb(t) ? 'routed_at' THEN jsonb_build_object('routed_at', now()) ELSE '{}' END)`;
    for (const table of tables) {
      await app.query(`INSERT INTO automation.${table} SELECT (jsonb_populate_record(t, ${fresh})).* FROM automation.${table} t`);
    }
    const left = () =>
      Promise.all(
        tables.map(async (table) => app.query(`SELECT workspace_id, count(*)::int AS rows FROM automation.${table} GROUP BY 1 ORDER BY 1`)),
      );
    const of = (workspace_id: string, rows: number) => ({ workspace_id, rows });
    expect(await left()).toEqual([1, 1, 2, 1].map((rows) => [of('acme', rows), of('brook', rows)]));
    await cleanUp();
    expect(await left()).toEqual([1, 1, 2, 1].map((rows) => [of('brook', rows)]));
    await app.query('DELETE FROM automation.run_inbox');
  });

  it('neither waits for an old run that somebody sends back, nor removes it', async () => {
    await happened(100, 'Fails');
    await app.module.get(AutomationDatabase).transaction(async (manager) => {
      await manager.query("UPDATE automation.runs SET status = 'queued', finished_at = NULL, due_at = now()");
      await cleanUp();
    });
    await cleanUp();
    expect(await runs()).toEqual([{ status: 'queued', days: 100 }]);
  });

  it('counts the age of a run from its end, however long it took', async () => {
    const lead = await happened(400, 'Waits');
    await app.passTime();
    await app.automation.drain();
    await cleanUp();
    expect(await runs()).toEqual([{ status: 'succeeded', days: 400 }]);
    await age(lead, 91);
    await cleanUp();
    expect(await runs()).toEqual([]);
  });

  it('keeps an old event that is not routed, and looks at it when it is', async () => {
    const lead = await app.createLead({ source: 'Nobody listens' });
    await age(lead.id, 400);
    await cleanUp();
    expect(await events()).toEqual([400]);
    // Another event, newer and routed, has gone in between: the unrouted one must not be passed by for ever.
    await happened(40, 'Nobody listens');
    await cleanUp();
    expect(await events()).toEqual([400]);
    await app.automation.drain();
    await age(lead.id, 31);
    await cleanUp();
    expect(await events()).toEqual([]);
  });

  it('keeps the event of an old failed run as long as the run, so that it can be retried', async () => {
    const lead = await happened(50, 'Fails');
    await cleanUp();
    await cleanUp();
    expect(await runs()).toEqual([{ status: 'failed', days: 50 }]);
    expect(await events()).toEqual([50]);
    await age(lead, 50);
    await cleanUp();
    expect(await runs()).toEqual([]);
    expect(await events()).toEqual([]);
  });

  it('keeps the event of a run that repeats another one from the start and has failed, when the first is gone', async () => {
    const lead = await happened(50, 'Fails');
    const [first] = await app.runsOf({ recordId: lead });
    const again = await app.runs.retry(first?.id ?? '', { from: 'start' }, ADMIN);
    await app.automation.drain();
    await app.query("UPDATE automation.runs SET finished_at = now() - interval '100 days' WHERE id = $1", [first?.id]);
    await cleanUp();
    expect((await app.runsOf({ recordId: lead })).map(({ id, status }) => [id, status])).toEqual([[again.id, 'failed']]);
    expect(await events()).toEqual([50]);
  });

  it('keeps an event for each run that needs it, and removes it with the last', async () => {
    const second = await app.publishWorkflow(DEFINITION, 'Another');
    const lead = await happened(100, 'Fails');
    await app.query(`UPDATE automation.runs SET finished_at = now() - interval '50 days' WHERE workflow_id = $1`, [second]);
    await cleanUp();
    expect(await runs()).toEqual([{ status: 'failed', days: 100 }]);
    expect(await events()).toEqual([100]);
    await age(lead, 50);
    await cleanUp();
    expect(await events()).toEqual([]);
    await app.workflows.pause(second, ADMIN);
  });

  it('keeps an event for its own age, even when its run has gone before', async () => {
    const lead = await happened(5, 'Done');
    await app.query("UPDATE automation.runs SET finished_at = finished_at - interval '100 days' WHERE record_id = $1", [lead]);
    await cleanUp();
    expect([await runs(), await events()]).toEqual([[], [5]]);
    await age(lead, 30);
    await cleanUp();
    expect(await events()).toEqual([]);
  });

  it('removes many batches in one round, events of the same moment too', async () => {
    const rows = 2_500;
    await app.query(
      `INSERT INTO automation.events (workspace_id, id, module, event, actor, source, occurred_at, routed_at)
       SELECT 'acme', gen_random_uuid(), 'leads', 'created', '{}', 'publish', at, at
       FROM (SELECT now() - interval '40 days' + (n / 1800) * interval '1 s' AS at FROM generate_series(1, $1::int) AS n) AS moments`,
      [rows],
    );
    await app.query(
      `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, status, actor, finished_at)
       SELECT 'acme', gen_random_uuid(), $2, $2, 1, (ARRAY['succeeded', 'skipped', 'cancelled'])[1 + n % 3], '{}', now() - interval '100 days' + (n / 1800) * interval '1 s'
       FROM generate_series(1, $1::int) AS n`,
      [rows, workflowId],
    );
    expect(await app.module.get(RetentionRounds).round()).toEqual({ runs: rows, events: rows });
  });

  it('goes on by smaller batches where one takes too long', async () => {
    await app.query(
      `INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, status, actor, finished_at)
       SELECT 'acme', gen_random_uuid(), $1, $1, 1, 'succeeded', '{}', now() - interval '100 days' + n * interval '1 s'
       FROM generate_series(1, 20) AS n`,
      [workflowId],
    );
    await app.query(`CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF pg_sleep(0.05) IS NOT NULL THEN RETURN OLD; END IF; RETURN OLD; END $$`);
    await app.query('CREATE TRIGGER slow BEFORE DELETE ON automation.runs FOR EACH ROW EXECUTE FUNCTION slowly()');
    const limits = { runsMs: 90 * DAY_MS, skippedRunsMs: DAY_MS, eventsMs: DAY_MS, batchSize: 20, intervalMs: 600_000 };
    const retention = new Retention(app.module.get(AutomationDatabase), limits, 700);
    expect(await retention.round('now')).toEqual({ runs: 20, events: 0 });
    await app.query('DROP TRIGGER slow ON automation.runs');
  });

  it('is done by one node of a fleet at a time, and again when it is due', async () => {
    const other = await startAutomationApp({ retention: RETENTION }, { database: app.database });
    const ifDue = (node: AutomationApp) => node.module.get(RetentionRounds).roundIfDue(() => false);
    await happened(100, 'Done');
    const both = await Promise.all([ifDue(app), ifDue(other)]);
    expect(both.map((round) => round.runs).sort()).toEqual([0, 1]);
    await happened(100, 'Done');
    expect(await Promise.all([ifDue(app), ifDue(other)])).toEqual([
      { runs: 0, events: 0 },
      { runs: 0, events: 0 },
    ]);
    await app.query("UPDATE automation.retention SET next_round_at = next_round_at - interval '9 minutes'");
    expect(await ifDue(other)).toEqual({ runs: 1, events: 1 });
    await other.close();
  });

  it('stops between two batches when the process does', async () => {
    await happened(100, 'Done');
    expect(await app.module.get(RetentionRounds).roundIfDue(() => true)).toEqual({ runs: 0, events: 0 });
    expect(await runs()).toHaveLength(1);
  });

  it('belongs to the node that began last: one that was at it finds out at its next batch', async () => {
    const [first, second] = ['019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11', '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a12'] as const;
    const begin = (holder: string, when: 'due' | 'now') => app.source.transaction((manager) => beginRound(manager, holder, when, 600_000));
    const hold = (holder: string) => app.source.transaction((manager) => holdRound(manager, holder, 600_000));
    expect([await begin(first, 'due'), await hold(first)]).toEqual([true, '-infinity']);
    expect([await begin(second, 'due'), await hold(second), await hold(first)]).toEqual([false, null, '-infinity']);
    expect([await begin(second, 'now'), await hold(second), await hold(first)]).toEqual([true, '-infinity', null]);
  });
});

describe('a restart against retention', () => {
  it('keeps the event that the new run needs while it is being decided', async () => {
    const app = await startAutomationApp({ retention: { events: 'P30D' } });
    const id = await app.publishWorkflow({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } }],
    });
    await app.createLead();
    await app.automation.drain();
    await app.query("UPDATE automation.events SET occurred_at = now() - interval '40 days', routed_at = now() - interval '40 days'");
    const [run] = await app.runsOf({ workflowId: id });
    await app.source.transaction(async (manager) => {
      const locked = await lockRun(manager, 'acme', run?.id ?? '');
      expect(locked?.hasInput).toBe(true);
      await app.module.get(AutomationEngine).cleanUp();
    });
    expect(await app.query('SELECT count(*)::int AS events FROM automation.events')).toEqual([{ events: 1 }]);
    await app.module.get(AutomationEngine).cleanUp();
    expect(await app.query('SELECT count(*)::int AS events FROM automation.events')).toEqual([{ events: 0 }]);
    await app.close();
  });
});
