import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { DateBuilds } from '../../src/engine/timing/date-builds.js';
import { RetentionRounds } from '../../src/engine/timing/retention-rounds.js';
import { CRM_HOST, type CrmHost } from '../../src/host/crm-host.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { noteDateBuildProblem } from '../../src/store/date-builds.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Task } from '../support/sample-crm.js';

const HOUR_MS = 3_600_000;
const STEPS = [{ id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: '{{record.title}} is due {{trigger.date}}' } }];
/** Names nobody: `u-1` is of another workspace. */
const THEIR_STEPS = [{ id: 'raise', type: 'change_field', with: { field: 'priority', value: 'Urgent' } }];
const URGENT = { field: 'priority', operator: 'equals', value: 'Urgent' };

describe('a date trigger', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp({ calendar: { timezone: 'UTC' } });
  });
  beforeEach(() =>
    app.query(
      `TRUNCATE automation.workflows, automation.date_triggers, automation.date_builds, automation.events, automation.runs,
         automation.step_executions, crm_notifications, crm_tasks CASCADE`,
    ),
  );
  afterAll(() => app?.close());

  const trigger = (more: object = {}) => ({ type: 'date', module: 'tasks', field: 'dueAt', offset: '-PT1H', ...more });
  const publish = (more: object = {}, definition: object = {}) =>
    app.publishWorkflow({ trigger: trigger(more), steps: STEPS, ...definition });
  const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS);
  const tell = (task: Task, event: string, previous: Task | null = null) =>
    app.automation.publish({
      workspaceId: task.workspaceId,
      module: 'tasks',
      event,
      record: { ...task },
      previous: previous && { ...previous },
    });
  const create = async (hours: number | null, more: Partial<Task> = {}): Promise<Task> => {
    const task = { id: uuidv7(), workspaceId: 'acme', title: 'A', dueAt: hours === null ? null : inHours(hours), ...more } as Task;
    await app.source.manager.insert(Task, task);
    return task;
  };
  /** A task whose creation the automation hears of. */
  const made = async (hours: number | null, more: Partial<Task> = {}): Promise<Task> => {
    const task = await create(hours, more);
    await tell(task, 'created');
    await app.automation.drain();
    return task;
  };
  const change = async (task: Task, to: Partial<Task>): Promise<void> => {
    await app.source.manager.update(Task, { id: task.id }, to);
    await tell({ ...task, ...to }, 'updated', task);
    await app.automation.drain();
  };
  /** As if so many hours had passed since all of what there is. */
  const pass = async (hours: number): Promise<void> => {
    await app.query(`UPDATE crm_tasks SET "dueAt" = "dueAt" - $1 * interval '1 hour'`, [hours]);
    await app.query(`UPDATE automation.date_triggers SET due_at = due_at - $1 * interval '1 hour'`, [hours]);
    await app.query(`UPDATE automation.workflow_versions SET published_at = published_at - $1 * interval '1 hour'`, [hours]);
    await app.query(`UPDATE automation.date_builds SET started_at = started_at - $1 * interval '1 hour'`, [hours]);
    await app.automation.drain();
  };
  const waiting = async () =>
    (await app.query<{ record_id: string; due_at: Date }>('SELECT record_id, due_at FROM automation.date_triggers ORDER BY due_at')).map(
      ({ record_id, due_at }) => [record_id, due_at.getTime()],
    );
  const runs = async (workflowId: string) => (await app.runsOf({ workflowId })).map(({ status, reason }) => reason ?? status);
  const dueOf = (task: Task, hours = -1) => [task.id, (task.dueAt as Date).getTime() + hours * HOUR_MS];

  it('starts a run on the record when it is due, and once; steps see the record as it is then', async () => {
    const workflowId = await publish();
    const task = await made(3);
    expect(await waiting()).toEqual([dueOf(task)]);
    expect(await runs(workflowId)).toEqual([]);
    await app.query(`UPDATE crm_tasks SET title = 'Renamed'`);
    await pass(2.5);
    await app.automation.drain();
    const [run, ...others] = await app.runsOf({ workflowId });
    expect(others).toEqual([]);
    expect(run).toMatchObject({ status: 'succeeded', module: 'tasks', recordId: task.id, actor: { type: 'system', name: 'Date' } });
    expect(await app.query('SELECT title FROM crm_notifications')).toEqual([{ title: expect.stringMatching(/^Renamed is due 20.*Z$/) }]);
    expect(await waiting()).toEqual([]);
  });

  it('has one row for each record, which moves when the field does, and goes when it is emptied', async () => {
    await publish();
    const task = await made(3);
    await change(task, { dueAt: inHours(30) });
    expect(await waiting()).toEqual([[task.id, expect.closeTo(inHours(29).getTime(), -6)]]);
    await change(task, { dueAt: null });
    expect(await waiting()).toEqual([]);
  });

  it('goes when its record leaves the conditions, comes when it meets them, and goes with the record', async () => {
    await publish({}, { conditions: URGENT });
    const task = await made(3, { priority: 'Low' });
    expect(await waiting()).toEqual([]);
    await change(task, { priority: 'Urgent' });
    expect(await waiting()).toEqual([dueOf(task)]);
    await change({ ...task, priority: 'Urgent' }, { priority: 'Low' });
    expect(await waiting()).toEqual([]);
    await change(task, { priority: 'Urgent' });
    await app.source.manager.delete(Task, { id: task.id });
    await tell(task, 'deleted');
    await app.automation.drain();
    expect(await waiting()).toEqual([]);
  });

  it('asks conditions as of when it is due: what time alone makes true is no reason to forget it', async () => {
    const workflowId = await publish({ offset: 'PT1H' }, { conditions: { field: 'dueAt', operator: 'in_past' } });
    await made(3);
    expect(await waiting()).toHaveLength(1);
    await pass(5);
    expect(await runs(workflowId)).toEqual(['succeeded']);
  });

  it('asks them again when it is due, on the present record: a change that nobody told of is seen then', async () => {
    const workflowId = await publish({}, { conditions: URGENT });
    await made(3, { priority: 'Urgent' });
    await app.query(`UPDATE crm_tasks SET priority = 'Low'`);
    await pass(3);
    expect(await runs(workflowId)).toEqual(['conditions']);
  });

  it('looks at the date again when it is due: one that was moved or emptied without a word starts nothing', async () => {
    const workflowId = await publish();
    const moved = await made(3);
    await made(3, { title: 'emptied' });
    await made(3, { title: 'gone' });
    await app.query(`UPDATE crm_tasks SET "dueAt" = NULL WHERE title = 'emptied'`);
    await app.query(`DELETE FROM crm_tasks WHERE title = 'gone'`);
    await app.query(`UPDATE crm_tasks SET "dueAt" = "dueAt" + interval '40 hours' WHERE id = $1`, [moved.id]);
    await pass(3);
    expect(await runs(workflowId)).toEqual([]);
    expect(await waiting()).toEqual([[moved.id, expect.closeTo(inHours(39).getTime(), -6)]]);
    await pass(40);
    expect(await runs(workflowId)).toEqual(['succeeded']);
  });

  it('does not start what was due before the change that it hears of', async () => {
    const workflowId = await publish();
    const task = await made(0.5);
    await change(task, { title: 'B' });
    expect(await waiting()).toEqual([]);
    expect(await runs(workflowId)).toEqual([]);
  });

  it('starts what became due while nobody was there, whatever happened to the record since', async () => {
    const workflowId = await publish();
    const task = await made(30);
    await app.query(`UPDATE crm_tasks SET "dueAt" = "dueAt" - interval '40 hours'`);
    await app.query(`UPDATE automation.date_triggers SET due_at = due_at - interval '40 hours'`);
    const [late] = (await app.source.manager.find(Task)) as [Task];
    await tell({ ...late, title: 'B' }, 'updated', late);
    await app.automation.drain();
    expect(await runs(workflowId)).toEqual(['succeeded']);
    expect(task.id).toBe(late.id);
  });

  it('skips what was missed where it says so, and a skipped run tells it', async () => {
    const workflowId = await publish({ misfire: 'skip' });
    await made(30);
    await made(4, { title: 'on time' });
    await pass(3.1);
    await pass(37);
    expect(await runs(workflowId)).toEqual(['succeeded', 'misfire']);
  });

  it('follows what workflows change as well', async () => {
    await publish();
    const task = await made(null);
    await app.publishWorkflow({
      trigger: { type: 'manual', module: 'tasks' },
      steps: [{ id: 'set', type: 'change_field', with: { field: 'dueAt', value: inHours(5).toISOString() } }],
    });
    const { items } = await app.workflows.list({ sort: { field: 'createdAt', descending: true }, page: 1, limit: 1 }, ADMIN);
    await app.automation.start({ workspaceId: 'acme', workflow: items[0]?.id ?? '', record: { module: 'tasks', id: task.id } });
    await app.automation.drain();
    expect(await waiting()).toEqual([[task.id, expect.closeTo(inHours(4).getTime(), -6)]]);
  });

  it('of a paused workflow is skipped with that reason', async () => {
    const workflowId = await publish();
    await made(3);
    await app.workflows.pause(workflowId, ADMIN);
    await pass(3);
    expect(await runs(workflowId)).toEqual(['paused']);
  });

  it('starts beside those of a workspace that the CRM fails for, which wait', async () => {
    const workflowId = await publish();
    const rival = { ...ADMIN, workspaceId: 'rival' };
    const theirs = await app.workflows.create({ name: 'Theirs', definition: { trigger: trigger(), steps: THEIR_STEPS } as never }, rival);
    await app.workflows.publish(theirs.id, rival);
    await made(3);
    await made(3, { workspaceId: 'rival' });
    const crm = app.module.get<CrmHost>(CRM_HOST);
    const find = crm.findRecords.bind(crm);
    const failing = jest.spyOn(crm, 'findRecords').mockImplementation(async (tx, ...asked) => {
      if (tx.workspaceId === 'acme') throw new Error('the CRM is tired');
      return find(tx, ...asked);
    });
    await pass(3);
    const counts = 'SELECT workspace_id, count(*)::int AS runs FROM automation.runs GROUP BY 1';
    expect(await app.query(counts)).toEqual([{ workspace_id: 'rival', runs: 1 }]);
    failing.mockRestore();
    await app.automation.drain();
    expect(await runs(workflowId)).toEqual(['succeeded']);
  });

  it('is bound to its workspace', async () => {
    await publish();
    const theirs = await create(3, { workspaceId: 'brook' });
    await tell(theirs, 'created');
    await app.automation.drain();
    expect(await waiting()).toEqual([]);
  });

  describe('that is published', () => {
    const timing = async (workflowId: string) =>
      (
        await app.query<{ state: string; seen: number; noted: number }>(
          'SELECT state, seen::int, noted::int FROM automation.date_builds WHERE workflow_id = $1',
          [workflowId],
        )
      )[0];

    it('sees the records that are there, in batches, and says how far it is', async () => {
      for (let batch = 0; batch < 3; batch += 1) {
        const tasks = Array.from({ length: 400 }, (_, index) => ({
          id: uuidv7(),
          workspaceId: 'acme',
          title: 'there before',
          // A quarter is past, a quarter has none.
          dueAt: index % 4 === 0 ? null : inHours(index % 4 === 1 ? -5 : 5),
        }));
        await app.source.manager.insert(Task, tasks);
      }
      await create(5, { workspaceId: 'rival' });
      const workflowId = await publish();
      await app.module.get(DateBuilds).round();
      expect(await timing(workflowId)).toEqual({ state: 'building', seen: 500, noted: expect.any(Number) });
      await app.automation.drain();
      expect(await timing(workflowId)).toEqual({ state: 'done', seen: 900, noted: 600 });
      expect(await waiting()).toHaveLength(600);
      await pass(4.5);
      expect(await app.query(`SELECT status, count(*)::int FROM automation.runs GROUP BY status`)).toEqual([
        { status: 'succeeded', count: 600 },
      ]);
    });

    it('as a new version is due at its own times alone, but what was due before stays due', async () => {
      const workflowId = await publish();
      const [overdue, later] = [await made(2), await made(30)];
      await app.query(`UPDATE crm_tasks SET "dueAt" = now() + interval '59 minutes' WHERE id = $1`, [overdue.id]);
      await app.query(`UPDATE automation.date_triggers SET due_at = now() - interval '1 minute' WHERE record_id = $1`, [overdue.id]);
      const { revision } = await app.workflows.get(workflowId, ADMIN);
      await app.workflows.update(
        workflowId,
        { revision, definition: { trigger: trigger({ offset: '-PT3H' }), steps: STEPS } as never },
        ADMIN,
      );
      await app.workflows.publish(workflowId, ADMIN);
      await app.automation.drain();
      expect(await app.query('SELECT version, record_id FROM automation.runs')).toEqual([{ version: 1, record_id: overdue.id }]);
      expect(await waiting()).toEqual([dueOf(later, -3)]);
    });

    it('with another kind of trigger, or deleted, leaves nothing behind', async () => {
      const workflowId = await publish();
      await made(3);
      const { revision } = await app.workflows.get(workflowId, ADMIN);
      await app.workflows.update(workflowId, { revision, definition: { trigger: { type: 'manual' }, steps: STEPS } as never }, ADMIN);
      await app.workflows.publish(workflowId, ADMIN);
      await app.automation.drain();
      expect(await waiting()).toEqual([]);
      const deleted = await publish();
      await app.automation.drain();
      expect(await waiting()).toHaveLength(1);
      await app.workflows.delete(deleted, ADMIN);
      await app.automation.drain();
      expect(await waiting()).toEqual([]);
    });

    it('and withdrawn by whomever starts nothing any more', async () => {
      const workflowId = await publish();
      await made(3);
      await app.query('UPDATE automation.workflows SET published_version_id = NULL WHERE id = $1', [workflowId]);
      await pass(3);
      expect(await runs(workflowId)).toEqual([]);
      expect(await waiting()).toEqual([]);
    });

    it('goes on after the host has failed to list its records, and tells why meanwhile', async () => {
      await create(5);
      const crm = app.module.get<CrmHost>(CRM_HOST);
      const list = crm.listByDate;
      crm.listByDate = async () => {
        throw new Error('the CRM is tired');
      };
      const workflowId = await publish();
      await app.automation.drain();
      const [failed] = await app.query('SELECT state, problem FROM automation.date_builds WHERE workflow_id = $1', [workflowId]);
      expect(failed).toMatchObject({ state: 'building', problem: { message: expect.stringContaining('tired') } });
      crm.listByDate = list as NonNullable<typeof list>;
      await app.automation.drain();
      expect(await waiting()).toHaveLength(1);
    });

    it('waits for a process that can read it, and tells why meanwhile', async () => {
      const task = await create(5);
      const workflowId = await publish();
      const newer = `UPDATE automation.workflow_versions SET definition = definition || $1::jsonb`;
      await app.query(newer, [JSON.stringify({ steps: [{ id: 'new', type: 'branch', forks: [] }] })]);
      await app.automation.drain();
      const build = 'SELECT state, problem FROM automation.date_builds WHERE workflow_id = $1';
      expect(await app.query(build, [workflowId])).toMatchObject([{ state: 'building', problem: { code: 'version_unreadable' } }]);
      // Another process, which has not tried to read it yet.
      await app.query(newer, [JSON.stringify({ steps: STEPS })]);
      const other = await startAutomationApp({ calendar: { timezone: 'UTC' } }, { database: app.database });
      await other.automation.drain();
      await other.close();
      expect(await app.query(build, [workflowId])).toEqual([{ state: 'done', problem: null }]);
      expect(await waiting()).toEqual([dueOf(task)]);
    });

    it('is told no problem of a version that was published before, nor one when it is done', async () => {
      const workflowId = await publish();
      const database = app.module.get(AutomationDatabase);
      const build = { workspaceId: 'acme', workflowId, versionId: uuidv7() };
      const problem = { code: 'too_late', message: 'too late' };
      await database.statement((manager) => noteDateBuildProblem(manager, build, problem));
      await app.automation.drain();
      const [{ versionId = '' } = {}] = await app.query<{ versionId: string }>(
        'SELECT version_id AS "versionId" FROM automation.date_builds',
      );
      await database.statement((manager) => noteDateBuildProblem(manager, { ...build, versionId }, problem));
      expect(await app.query('SELECT state, problem FROM automation.date_builds')).toEqual([{ state: 'done', problem: null }]);
    });

    it('keeps the end of its build for as long as it is there: retention removes it after that', async () => {
      const [kept, deleted, withdrawn] = [await publish(), await publish(), await publish()];
      await app.automation.drain();
      await app.workflows.delete(deleted, ADMIN);
      await app.query('UPDATE automation.workflows SET published_version_id = NULL WHERE id = $1', [withdrawn]);
      await app.query('DELETE FROM automation.workflows WHERE id = $1', [withdrawn]);
      await app.automation.drain();
      await app.module.get(RetentionRounds).round();
      expect(await app.query('SELECT workflow_id FROM automation.date_builds')).toEqual([{ workflow_id: kept }]);
    });

    it('sees only what changes from then on, where the host lists none', async () => {
      const task = await create(5);
      const crm = app.module.get<CrmHost>(CRM_HOST);
      const list = crm.listByDate;
      Object.assign(crm, { listByDate: undefined });
      const workflowId = await publish();
      await app.automation.drain();
      expect(await waiting()).toEqual([]);
      await change(task, { title: 'B' });
      expect(await waiting()).toHaveLength(1);
      expect(await app.query('SELECT is_listed FROM automation.date_builds WHERE workflow_id = $1', [workflowId])).toEqual([
        { is_listed: false },
      ]);
      Object.assign(crm, { listByDate: list });
    });
  });
});
