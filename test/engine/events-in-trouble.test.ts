import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AutomationDatabase } from '../../src/store/database.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { aroundTransactions } from './support/transactions.js';

const DEFINITION = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [
    { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
    { id: 'task', type: 'create_task', with: { title: 'Call' } },
  ],
};

describe('events in trouble', () => {
  let app: AutomationApp;
  let workflowId: string;
  beforeEach(async () => {
    app = await startAutomationApp();
    workflowId = await app.publishWorkflow(DEFINITION);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  /** Has Postgres refuse every run of the record `poison`. */
  const refuseRuns = (sqlState: string): Promise<unknown> =>
    app.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '${sqlState}'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON automation.runs FOR EACH ROW WHEN (NEW.record_id = 'poison') EXECUTE FUNCTION refuse()`);
  const eventOf = async (recordId: string) => {
    const [row] = await app.query<{ routed: boolean; error: { code: string } | null }>(
      'SELECT routed_at IS NOT NULL AS routed, error FROM automation.events WHERE record_id = $1',
      [recordId],
    );
    return row;
  };
  const statusesOf = async (recordId: string) => (await app.runsOf({ workflowId, recordId })).map(({ status }) => status);

  it('are marked for what they are, and never in the place of another that has come before them meanwhile', async () => {
    await refuseRuns('P0001');
    await app.createLead({ id: 'poison' });
    // Routed with its steps, without them, alone; then it is given up. Right before, a transaction commits that began earlier: an older id.
    const database = app.module.get(AutomationDatabase);
    const transaction = database.transaction.bind(database);
    let calls = 0;
    jest.spyOn(database, 'transaction').mockImplementation(async (work, settings) => {
      calls += 1;
      if (calls === 4) {
        await app.createLead({ id: 'healthy' });
        await app.query("UPDATE automation.events SET id = '00000000-0000-7000-8000-000000000001' WHERE record_id = 'healthy'");
      }
      return transaction(work, settings);
    });
    await app.automation.drain();
    expect(await eventOf('poison')).toMatchObject({ routed: true, error: { code: 'database_error' } });
    expect(await eventOf('healthy')).toEqual({ routed: true, error: null });
    expect(await statusesOf('healthy')).toEqual(['succeeded']);
  });

  it.each([
    ['a lock that somebody holds', '55P03'],
    ['a deadlock', '40P01'],
    ['a serialization failure', '40001'],
  ])('wait for as long as the trouble lasts when it is one that passes, and do not hold up their neighbours: %s', async (_, state) => {
    await refuseRuns(state);
    await app.createLead({ id: 'poison' });
    await app.createLead({ id: 'healthy' });
    for (let round = 0; round < 6; round += 1) await app.automation.tick();
    expect(await statusesOf('healthy')).toEqual(['succeeded']);
    expect(await eventOf('poison')).toEqual({ routed: false, error: null });
    await app.query('DROP TRIGGER refuse ON automation.runs');
    await app.automation.drain();
    expect(await statusesOf('poison')).toEqual(['succeeded']);
  });

  it.each([
    ['before it was tried again', 2],
    ['before it was tried alone', 3],
    ['before it was to be given up', 4],
  ])('that another node has routed %s are neither routed once more nor given up', async (_, when) => {
    const other = await startAutomationApp({}, { database: app.database });
    await app.createLead({ id: 'ours' });
    aroundTransactions(app, async (real, work, nth) => {
      if (nth === when) {
        await other.automation.drain();
        return real(work);
      }
      return real(async (manager) => {
        const result = await work(manager);
        if (nth < when) throw new Error('refused');
        return result;
      });
    });
    // Nothing was left to route; only who was about to give the event up has looked at it once more.
    expect((await app.automation.tick()).events).toBe(when === 4 ? 1 : 0);
    expect(await eventOf('ours')).toEqual({ routed: true, error: null });
    expect(await statusesOf('ours')).toEqual(['succeeded']);
    expect(await app.query('SELECT touches FROM crm_leads')).toEqual([{ touches: 1 }]);
    expect((await app.workflows.get(workflowId, ADMIN)).runCount).toBe(1);
    await other.close();
  });

  it('that are routed once more start nothing once more', async () => {
    await app.createLead({ id: 'again' });
    await app.createLead({ id: 'beside' });
    await app.automation.drain();
    await app.query(`UPDATE automation.events SET routed_at = NULL WHERE record_id = 'again'`);
    await app.createLead({ id: 'fresh' });
    await app.automation.drain();
    expect(await eventOf('again')).toEqual({ routed: true, error: null });
    for (const id of ['again', 'beside', 'fresh']) expect(await statusesOf(id)).toEqual(['succeeded']);
    expect(await app.query('SELECT id, touches FROM crm_leads ORDER BY id')).toEqual([
      { id: 'again', touches: 1 },
      { id: 'beside', touches: 1 },
      { id: 'fresh', touches: 1 },
    ]);
    expect(await app.query('SELECT count(*)::int AS tasks FROM crm_tasks')).toEqual([{ tasks: 3 }]);
    expect(await app.query('SELECT count(*)::int AS steps FROM automation.step_executions')).toEqual([{ steps: 6 }]);
    expect((await app.workflows.get(workflowId, ADMIN)).runCount).toBe(3);
  });
});
