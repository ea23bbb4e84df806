import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AutomationError } from '../../src/core/errors.js';
import { ResumeLinks } from '../../src/engine/waits/resume-links.js';
import { Resumptions } from '../../src/engine/waits/resumptions.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { workUntilDeath } from './support/mortal-app.js';

// Some forty deaths, one after the other.
jest.setTimeout(240_000);

const OPTIONS = { publicUrl: 'https://crm.acme.test', secret: 'a secret of no less than 32 characters' };
const COOL = { id: 'cool', type: 'delay', for: 'PT1H' };
const ASK = { id: 'ask', type: 'wait_for_webhook', expiresIn: 'PT1H', onExpiry: 'continue' };
const USE = { id: 'use', type: 'create_task', with: { title: '{{record.id}}' } };
/** What a sender is told when it was not the first, or came too late. */
const TOLD = ['wait_answered', 'wait_over'];

/** F16: the long form, with load and processes killed at random, is `FAULTS_ONLY=F16 npm run test:faults`. */
describe('an answer, when processes die between any two statements', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp(OPTIONS);
  });
  afterAll(() => app?.close());

  const publish = (name: string, ...steps: object[]) =>
    app.publishWorkflow(
      {
        trigger: { type: 'event', module: 'leads', event: 'created' },
        conditions: { field: 'source', operator: 'equals', value: name },
        steps,
      },
      name,
    );
  /** A run of a new lead, driven as far as it goes. */
  const begin = async (workflowId: string, source: string) => {
    const lead = await app.createLead({ source });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId, recordId: lead.id });
    return { leadId: lead.id, runId: run?.id as string };
  };
  /** Calls the URL of the run's step; returns `taken`, or the code of the refusal. */
  const call = async (runId: string, word: string, from = app): Promise<string> => {
    const url = app.module.get(ResumeLinks).of({ workspaceId: 'acme', runId, path: 'ask', attempt: 1 });
    const token = url?.split('/').at(-1) as string;
    const request = { token, body: { word }, raw: null, headers: {}, query: {}, from: null, key: null };
    try {
      await from.module.get(Resumptions).take(request);
      return 'taken';
    } catch (error) {
      if (!(error instanceof AutomationError)) throw error;
      return error.code;
    }
  };
  const due = async (runId: string): Promise<void> => {
    await app.query("UPDATE automation.step_executions SET wake_at = now() WHERE run_id = $1 AND status = 'waiting'", [runId]);
    await app.query('UPDATE automation.runs SET due_at = now() WHERE id = $1', [runId]);
  };
  /** Another process takes over, when the server has let go of the dead one's locks and the lease has run out. */
  const over = (runId: string, dieAt: number) =>
    app.eventually(async () => {
      await app.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");
      await app.automation.drain();
      const run = await app.runs.get(runId, ADMIN);
      expect([dieAt, ['succeeded', 'cancelled']]).toEqual([dieAt, expect.arrayContaining([run.status])]);
      return run;
    });
  /** Whether it had come to its end when it died: what dies later leaves the same. */
  const wasDone = async (runId: string): Promise<boolean> =>
    (await app.query('SELECT 1 FROM automation.runs WHERE id = $1 AND finished_at IS NOT NULL', [runId])).length > 0;
  const outputOf = ({ steps }: Awaited<ReturnType<typeof over>>) => steps.find(({ path }) => path === 'ask')?.output;
  const tasksOf = async (leadId: string) => (await app.query('SELECT 1 FROM crm_tasks WHERE title = $1', [leadId])).length;
  const answersOf = async (runId: string) =>
    (await app.query<{ word: string }>("SELECT answer->'body'->>'word' AS word FROM automation.run_inbox WHERE run_id = $1", [runId])).map(
      ({ word }) => word,
    );

  it('is taken whole or not at all when the process that takes it dies; whoever sends again is taken or told', async () => {
    const workflowId = await publish('Taking', ASK, USE);
    for (let dieAt = 1, died = true; died; dieAt += 1) {
      const { leadId, runId } = await begin(workflowId, 'Taking');
      died = await workUntilDeath(app.database.url, dieAt, { options: OPTIONS, work: (mortal) => call(runId, 'first', mortal) });
      const again = await call(runId, 'second');
      const [word, ...others] = await answersOf(runId);
      expect([dieAt, again, word, others]).toEqual([dieAt, word === 'second' ? 'taken' : 'wait_answered', word, []]);
      expect(outputOf(await over(runId, dieAt))).toMatchObject({ body: { word }, expired: false });
      expect(await tasksOf(leadId)).toBe(1);
    }
  });

  it('that came before the wait is used exactly once when the process that begins the wait dies', async () => {
    // Its URL is out before: a step in front of the wait has it.
    const link = { id: 'link', type: 'change_field', with: { field: 'name', value: '{{steps.ask.resumeUrl}}' } };
    const workflowId = await publish('Before', link, COOL, ASK, USE);
    for (let dieAt = 1, died = true; died; dieAt += 1) {
      const { leadId, runId } = await begin(workflowId, 'Before');
      expect(await call(runId, 'early')).toBe('taken');
      await due(runId);
      died = (await workUntilDeath(app.database.url, dieAt, { options: OPTIONS })) && !(await wasDone(runId));
      const run = await over(runId, dieAt);
      expect([dieAt, run.status, outputOf(run)]).toMatchObject([dieAt, 'succeeded', { body: { word: 'early' }, expired: false }]);
      expect(await tasksOf(leadId)).toBe(1);
    }
  });

  it('comes too late, and is told so, whatever becomes of the process that notes the end of the time', async () => {
    const workflowId = await publish('Expiring', ASK, USE);
    for (let dieAt = 1, died = true; died; dieAt += 1) {
      const { leadId, runId } = await begin(workflowId, 'Expiring');
      await due(runId);
      died = (await workUntilDeath(app.database.url, dieAt, { options: OPTIONS })) && !(await wasDone(runId));
      expect([dieAt, await call(runId, 'late')]).toEqual([dieAt, 'wait_over']);
      const run = await over(runId, dieAt);
      expect([dieAt, run.status, outputOf(run)]).toMatchObject([dieAt, 'succeeded', { body: null, expired: true }]);
      expect(await answersOf(runId)).toEqual([]);
      expect(await tasksOf(leadId)).toBe(1);
    }
  });

  it('or a cancel of its run, one of them, when the process that cancels dies', async () => {
    const workflowId = await publish('Cancelling', ASK, USE);
    for (let dieAt = 1, died = true; died; dieAt += 1) {
      const { leadId, runId } = await begin(workflowId, 'Cancelling');
      died = await workUntilDeath(app.database.url, dieAt, { options: OPTIONS, work: (mortal) => mortal.runs.cancel(runId, null, ADMIN) });
      const said = await call(runId, 'after');
      const run = await over(runId, dieAt);
      expect([dieAt, said, run.status]).toEqual([dieAt, ...(said === 'taken' ? ['taken', 'succeeded'] : ['wait_over', 'cancelled'])]);
      expect([await answersOf(runId), await tasksOf(leadId)]).toEqual(said === 'taken' ? [['after'], 1] : [[], 0]);
    }
  });

  it.each([1, 2, 3, 4])('is one when several come at the moment of the end, of a cancel and of a worker (%d)', async (round) => {
    const name = `Race ${round}`;
    const workflowId = await publish(name, ASK, USE);
    const { leadId, runId } = await begin(workflowId, name);
    const words = ['a', 'b', 'c'];
    const [cancelled, expired, , ...said] = await Promise.all([
      round % 2 === 0
        ? app.runs.cancel(runId, null, ADMIN).then(
            () => true,
            () => false,
          )
        : false,
      round > 2 ? due(runId).then(() => true) : false,
      app.automation.drain(),
      ...words.map((word) => call(runId, word)),
    ]);
    const run = await over(runId, round);
    const taken = words.filter((_, index) => said[index] === 'taken');
    expect(said.filter((one) => one !== 'taken' && !TOLD.includes(one))).toEqual([]);
    expect(await answersOf(runId)).toEqual(taken);
    expect(taken.length).toBeLessThanOrEqual(1);
    if (taken.length === 0) expect(cancelled || expired).toBe(true);
    else expect(outputOf(run)).toMatchObject({ body: { word: taken[0] } });
    expect(await tasksOf(leadId)).toBe(run.status === 'succeeded' ? 1 : 0);
  });
});
