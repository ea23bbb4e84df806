import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction, type ExternalStep } from '../../src/actions/define-action.js';
import { HostError as AutomationError } from '../../src/core/errors.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { later } from './support/far-side.js';

class Arguments {
  @IsString() to!: string;
}

/** What the far side of the action `call` does; each test sets it. */
let farSide: (step: ExternalStep) => Promise<object>;
const keys: string[] = [];

const call = defineAction({
  type: 'call',
  label: 'Call',
  effect: 'external',
  arguments: Arguments,
  async execute(_, step) {
    keys.push(step.idempotencyKey);
    return (await farSide(step)) as never;
  },
});

const definition = (source: string, step: object = {}) => ({
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: { field: 'source', operator: 'equals', value: source },
  steps: [
    { id: 'call', type: 'call', with: { to: '{{record.email}}' }, ...step },
    { id: 'note', type: 'create_task', with: { title: 'Answer: {{steps.call.output.answer}}' } },
  ],
});
const transient = (options: { retryAfterMs?: number } = {}) =>
  new AutomationError('busy', 'The far side is busy.', { retry: { kind: 'transient', ...options } });

describe('external steps', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp({ actions: [call] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    keys.length = 0;
  });

  it('have their intent committed before anything leaves the house', async () => {
    const workflowId = await app.publishWorkflow(definition('Intent'));
    let seen: unknown;
    farSide = async () => {
      [seen] = await app.query(
        `SELECT r.status, s.status AS step, s.input FROM automation.runs r JOIN automation.step_executions s ON s.run_id = r.id WHERE r.workflow_id = $1`,
        [workflowId],
      );
      return { answer: 42 };
    };
    await app.createLead({ source: 'Intent' });
    await app.automation.drain();
    expect(seen).toEqual({ status: 'running', step: 'running', input: { to: 'ada@lead.test' } });
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(run?.steps[1]?.input).toMatchObject({ title: 'Answer: 42' });
    expect(keys).toEqual([`${run?.id}.call`]);
  });

  it('are tried again with the same key until they succeed', async () => {
    const workflowId = await app.publishWorkflow(definition('Again', { retry: { maxAttempts: 3 } }));
    let attempts = 0;
    farSide = async () => {
      attempts += 1;
      if (attempts < 3) throw transient();
      return { answer: attempts };
    };
    await app.createLead({ source: 'Again' });
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]).toMatchObject({ status: 'waiting', waiting: [{ path: 'call', reason: 'retry' }] });
    for (let round = 0; round < 2; round += 1) {
      await app.passTime();
      await app.automation.drain();
    }
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(run?.steps.map(({ path, attempt, status }) => `${path} ${attempt} ${status}`)).toEqual([
      'call 1 failed',
      'call 2 failed',
      'call 3 succeeded',
      'note 1 succeeded',
    ]);
    expect(new Set(keys)).toEqual(new Set([`${run?.id}.call`]));
  });

  it('wait at least as long as the far side asks for', async () => {
    const workflowId = await app.publishWorkflow(definition('Patience'));
    farSide = async () => {
      throw transient({ retryAfterMs: 3_600_000 });
    };
    await app.createLead({ source: 'Patience' });
    await app.automation.drain();
    const [row] = await app.query<{ patient: boolean }>(
      `SELECT s.wake_at >= s.finished_at + interval '3599 seconds' AS patient FROM automation.runs r JOIN automation.step_executions s ON s.run_id = r.id WHERE r.workflow_id = $1`,
      [workflowId],
    );
    expect(row?.patient).toBe(true);
  });

  it('are not tried again after a permanent failure, nor beyond their attempts', async () => {
    const permanent = await app.publishWorkflow(definition('Permanent'));
    farSide = async () => {
      throw new AutomationError('gone', 'The far side is gone.', { hint: 'Find another.' });
    };
    await app.createLead({ source: 'Permanent' });
    await app.automation.drain();
    expect((await app.runsOf({ workflowId: permanent }))[0]).toMatchObject({
      status: 'failed',
      reason: 'gone',
      error: { hint: 'Find another. The step is not tried again: the same attempt would fail again.' },
    });
    const exhausted = await app.publishWorkflow(definition('Exhausted', { retry: { maxAttempts: 2 } }));
    farSide = async () => {
      throw transient();
    };
    await app.createLead({ source: 'Exhausted' });
    for (let round = 0; round < 3; round += 1) {
      await app.automation.drain();
      await app.passTime();
    }
    const [run] = await app.runsOf({ workflowId: exhausted });
    expect(run).toMatchObject({ status: 'failed', reason: 'busy' });
    expect(run?.steps.map(({ error }) => error?.hint)).toEqual([
      expect.stringMatching(/This was attempt 1 of 2; the next is due at 20\S+Z\.$/),
      expect.stringMatching(/This was attempt 2 of 2, the last\.$/),
    ]);
  });

  it('whose answer never came are tried again, or held for a person with onAmbiguous hold', async () => {
    farSide = async () => {
      throw new AutomationError('no_answer', 'It hung up.', { retry: { kind: 'ambiguous' } });
    };
    const again = await app.publishWorkflow(definition('Again?'));
    const held = await app.publishWorkflow(definition('Hold?', { onAmbiguous: 'hold' }));
    await app.createLead({ source: 'Again?' });
    await app.createLead({ source: 'Hold?' });
    await app.automation.drain();
    expect((await app.runsOf({ workflowId: again }))[0]).toMatchObject({ status: 'waiting', waiting: [{ reason: 'retry' }] });
    const [run] = (await app.runsOf({ workflowId: held })).filter(({ status }) => status !== 'skipped');
    expect(run).toMatchObject({
      status: 'failed',
      reason: 'attempt_ambiguous',
      error: { message: expect.stringContaining('It hung up.') },
    });
    expect(run?.steps).toMatchObject([{ status: 'lost', error: { code: 'no_answer' } }]);
    // A person has looked, and sends it once more.
    farSide = async () => ({ answer: 'now' });
    await app.runs.retry(run?.id ?? '', { from: 'failed_step', reason: 'it did not arrive' }, ADMIN);
    await app.automation.drain();
    expect(await app.runs.get(run?.id ?? '', ADMIN)).toMatchObject({ status: 'succeeded' });
  });

  it('know how long they may take where the step says so', async () => {
    await app.publishWorkflow(definition('Patient', { timeout: 'PT2M' }));
    await app.publishWorkflow(definition('Usual'));
    const limits: unknown[] = [];
    farSide = async (step) => {
      limits.push(step.timeoutMs);
      return { answer: 'in time' };
    };
    await app.createLead({ source: 'Patient' });
    await app.automation.drain();
    await app.createLead({ source: 'Usual' });
    await app.automation.drain();
    expect(limits).toEqual([120_000, undefined]);
  });

  it('end when their time is over, even if the action does not listen', async () => {
    const workflowId = await app.publishWorkflow(definition('Hang', { timeout: 'PT0.05S', retry: { maxAttempts: 1 } }));
    let release = (): void => undefined;
    farSide = () =>
      new Promise((resolve) => {
        release = () => resolve({});
      });
    await app.createLead({ source: 'Hang' });
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]).toMatchObject({ status: 'failed', reason: 'step_timed_out' });
    release();
  });

  it('that were lost with their process are shown as lost, and repeated with the same key or held for a person', async () => {
    for (const [onAmbiguous, source] of [
      ['retry', 'Lost'],
      ['hold', 'Held'],
    ] as const) {
      const workflowId = await app.publishWorkflow(definition(source, { onAmbiguous }));
      const lead = await app.createLead({ source });
      // What a process leaves behind that dies between intent and result: the intent, and a lease that runs out.
      const other = await startAutomationApp({ actions: [call], worker: { enabled: false } }, { database: app.database });
      const unheard = later<object>();
      farSide = () => unheard.promise as never;
      void other.automation.tick().catch(() => undefined);
      await app.eventually(async () => {
        const [row] = await app.query(
          `SELECT 1 FROM automation.runs r JOIN automation.step_executions s ON s.run_id = r.id WHERE record_id = $1`,
          [lead.id],
        );
        expect(row).toBeDefined();
      });
      farSide = async () => ({ answer: 'second' });
      await app.query('UPDATE automation.runs SET due_at = now() WHERE record_id = $1', [lead.id]);
      await app.automation.drain();
      const [run] = await app.runsOf({ workflowId });
      expect(run?.steps[0]).toMatchObject({ path: 'call', attempt: 1, status: 'lost', error: { code: 'attempt_lost' } });
      if (onAmbiguous === 'retry') {
        expect(run?.steps.map(({ path, status }) => `${path} ${status}`)).toEqual(['call lost', 'call succeeded', 'note succeeded']);
        expect(new Set(keys.filter((key) => key.startsWith(run?.id ?? '?'))).size).toBe(1);
      } else {
        expect(run).toMatchObject({ status: 'failed', reason: 'attempt_ambiguous' });
      }
      // What comes of it now is no longer its to say.
      unheard.resolve({ answer: 'first' });
      await other.abandon();
    }
  });
});

describe('a worker with little room for external steps', () => {
  it('performs no more at a time than it may, leaves the rest in the queue, and comes to all of them', async () => {
    const app = await startAutomationApp({ actions: [call], worker: { enabled: true, concurrency: 3, pollIntervalMs: 60_000 } });
    keys.length = 0;
    let atOnce = 0;
    let most = 0;
    farSide = async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      return { answer: 1 };
    };
    const workflowId = await app.publishWorkflow(definition('Room'));
    await Promise.all(Array.from({ length: 60 }, () => app.createLead({ source: 'Room' })));
    await app.eventually(async () => {
      const [row] = await app.query("SELECT count(*)::int AS done FROM automation.runs WHERE workflow_id = $1 AND status = 'succeeded'", [
        workflowId,
      ]);
      expect(row).toEqual({ done: 60 });
    });
    expect(most).toBe(3);
    expect(new Set(keys).size).toBe(60);
    expect(keys).toHaveLength(60);
    await app.close();
  });
});
