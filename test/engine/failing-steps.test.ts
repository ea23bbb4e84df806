import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { HostError as AutomationError } from '../../src/core/errors.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Task } from '../support/sample-crm.js';

class Title {
  @IsString() title!: string;
}

/** Writes through the host's entity, then fails for titles that ask for it: what it wrote must vanish. */
const writeTask = defineAction({
  type: 'write_task',
  label: 'Write a task',
  effect: 'local',
  arguments: Title,
  async execute({ title }, step) {
    const { id } = await step.manager.save(
      step.manager.create(Task, { workspaceId: step.workspaceId, title, recordId: step.record?.id ?? null }),
    );
    if (title.startsWith('fail for now')) throw new AutomationError('no_luck_now', 'Later, perhaps.', { retry: { kind: 'transient' } });
    if (title.startsWith('fail')) throw new AutomationError('no_such_luck', 'The title asked for it.');
    return { id };
  },
});

/** What `rude` was asked to do, in order. */
let performed: string[] = [];

/** Declares itself fit for a shared transaction, and writes before it fails. */
const rude = defineAction({
  type: 'rude',
  label: 'Rude',
  effect: 'local',
  transaction: 'shared',
  arguments: Title,
  async execute({ title }, step) {
    const ref = step.record ?? { module: 'leads', id: '' };
    performed.push(title);
    await step.crm.update(ref, () => ({ name: title }));
    if (title.startsWith('fail')) throw new AutomationError('rude_failure', 'After the write.');
    return {};
  },
});

const CREATED = { type: 'event', module: 'leads', event: 'created' };

describe('steps that fail', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp({ actions: [writeTask, rude] });
  });
  afterAll(() => app.close());

  const only = (name: string) => ({ field: 'name', operator: 'equals', value: name });
  const statuses = (run: { steps: { path: string; attempt: number; status: string }[] } | undefined) =>
    run?.steps.map(({ path, attempt, status }) => `${path} ${attempt} ${status}`);

  it('fail the run with the code, the message and what to do, and leave the steps before them done', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: only('Stage'),
      steps: [
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 2 } },
        { id: 'stage', type: 'move_stage', with: { stage: '{{record.source}}' } },
        { id: 'never', type: 'create_task', with: { title: 'Never' } },
      ],
    });
    const lead = await app.createLead({ name: 'Stage', source: 'Nowhere' });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run).toMatchObject({ status: 'failed', reason: 'stage_unknown' });
    expect(run?.error).toMatchObject({
      step: 'stage',
      code: 'stage_unknown',
      message: expect.stringContaining('Nowhere'),
      hint: expect.any(String),
    });
    expect(statuses(run)).toEqual(['touch 1 succeeded', 'stage 1 failed']);
    expect(await app.query('SELECT touches, stage FROM crm_leads WHERE id = $1', [lead.id])).toEqual([{ touches: 2, stage: 'New' }]);
  });

  it('are passed over with onError continue, rendering errors included', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: only('Continue'),
      steps: [
        { id: 'render', type: 'create_task', with: { title: '{{previous.name}}' }, onError: 'continue' },
        { id: 'mail', type: 'send_email', with: { to: '{{record.email}}', subject: 'Hi', text: 'Hi' }, onError: 'continue' },
        { id: 'task', type: 'create_task', with: { title: 'Still done' } },
      ],
    });
    await app.createLead({ name: 'Continue' });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(run?.steps.map(({ status, error }) => [status, error?.code ?? null])).toEqual([
      ['failed', 'template_path_missing'],
      ['failed', 'mail_not_configured'],
      ['succeeded', null],
    ]);
  });

  it('whose run timed out before their next attempt are tried again when a person retries it, not passed over', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: only('Late'),
      steps: [
        {
          id: 'write',
          type: 'write_task',
          with: { title: '{{record.source}}' },
          retry: { maxAttempts: 3, initialInterval: 'PT1H' },
          onError: 'continue',
        },
      ],
    });
    const lead = await app.createLead({ name: 'Late', source: 'fail for now' });
    await app.automation.drain();
    await app.query("UPDATE automation.runs SET started_at = started_at - interval '31 days', due_at = now() WHERE status = 'waiting'");
    await app.automation.drain();
    const [late] = await app.runsOf({ workflowId });
    expect(late).toMatchObject({ status: 'failed', reason: 'run_timed_out', steps: [{ status: 'failed', standing: 'failed' }] });
    await app.query("UPDATE crm_leads SET source = 'fine' WHERE id = $1", [lead.id]);
    await app.runs.retry(late?.id ?? '', { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect([run?.status, statuses(run)]).toEqual(['succeeded', ['write 1 failed', 'write 2 succeeded']]);
  });

  it('take back what they wrote themselves, in a transaction of their own', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: only('Own'),
      steps: [
        { id: 'good', type: 'write_task', with: { title: 'good one' } },
        { id: 'bad', type: 'write_task', with: { title: 'fail this' }, onError: 'continue' },
        { id: 'after', type: 'write_task', with: { title: 'after it' } },
      ],
    });
    const lead = await app.createLead({ name: 'Own' });
    await app.automation.drain();
    const [run] = await app.runsOf({ workflowId });
    expect(run?.status).toBe('succeeded');
    expect(statuses(run)).toEqual(['good 1 succeeded', 'bad 1 failed', 'after 1 succeeded']);
    const titles = await app.query<{ title: string }>('SELECT title FROM crm_tasks WHERE "recordId" = $1', [lead.id]);
    expect(titles.map(({ title }) => title).sort()).toEqual(['after it', 'good one']);
  });

  it('do not drag down the neighbours of their shared transaction', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'source', operator: 'equals', value: 'Shared' },
      steps: [
        { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } },
        { id: 'rude', type: 'rude', with: { title: '{{record.name}}, rudely' } },
      ],
    });
    const leads = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        app.createLead({ name: index % 5 === 0 ? `fail ${index}` : `fine ${index}`, source: 'Shared' }),
      ),
    );
    await app.automation.drain();
    const runs = await app.runsOf({ workflowId });
    expect(runs).toHaveLength(20);
    expect(runs.filter(({ status }) => status === 'failed')).toHaveLength(4);
    expect(runs.filter(({ status }) => status === 'succeeded')).toHaveLength(16);
    const rows = await app.query<{ touches: number }>('SELECT touches FROM crm_leads WHERE id = ANY($1)', [leads.map(({ id }) => id)]);
    expect(rows.map(({ touches }) => touches)).toEqual(Array(20).fill(1));
  });

  it('after a write in a shared transaction are repeated alone, the others together, all in one go', async () => {
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'source', operator: 'equals', value: 'One go' },
      steps: [{ id: 'rude', type: 'rude', with: { title: '{{record.name}}, rudely' } }],
    });
    for (let index = 0; index < 10; index += 1) await app.createLead({ name: index === 4 ? 'fail' : `fine ${index}`, source: 'One go' });
    performed = [];
    expect((await app.automation.tick()).runs).toBe(10);
    const runs = await app.query(
      'SELECT status, count(*)::int AS count FROM automation.runs WHERE workflow_id = $1 GROUP BY status ORDER BY status',
      [workflowId],
    );
    expect(runs).toEqual([
      { status: 'failed', count: 1 },
      { status: 'succeeded', count: 9 },
    ]);
    const xmins = await app.query(`SELECT DISTINCT xmin::text FROM automation.runs WHERE workflow_id = $1 AND status = 'succeeded'`, [
      workflowId,
    ]);
    expect(xmins).toHaveLength(1);
    const times = (title: string) => performed.filter((one) => one === `${title}, rudely`).length;
    // Everybody once for nothing; then the others together, and the culprit by itself.
    expect([times('fine 0'), times('fine 9'), times('fail')]).toEqual([2, 2, 2]);
    expect(await app.query(`SELECT count(*)::int AS renamed FROM crm_leads WHERE source = 'One go' AND name = 'fail'`)).toEqual([
      { renamed: 1 },
    ]);
  });

  it('of the database are told by their SQLSTATE and fail only their own run', async () => {
    await app.query('ALTER TABLE crm_leads ADD CONSTRAINT few_touches CHECK (touches < 100)');
    const workflowId = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'source', operator: 'equals', value: 'Check' },
      steps: [{ id: 'touch', type: 'change_field', with: { field: 'touches', increment: 60 } }],
    });
    await Promise.all([1, 2, 3].map(() => app.createLead({ source: 'Check' })));
    await app.createLead({ source: 'Check', touches: 50 });
    await app.automation.drain();
    const runs = await app.runsOf({ workflowId });
    expect(runs.map(({ status }) => status).sort()).toEqual(['failed', 'succeeded', 'succeeded', 'succeeded']);
    const failed = runs.find(({ status }) => status === 'failed');
    expect(failed?.error).toMatchObject({ code: 'database_error', details: { sqlState: '23514' } });
    await app.query('ALTER TABLE crm_leads DROP CONSTRAINT few_touches');
  });
});
