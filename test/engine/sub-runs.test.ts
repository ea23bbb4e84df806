import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunDetail } from '../../src/admin/run-detail.js';
import { Router } from '../../src/engine/routing/router.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const task = (title: string) => ({ id: 'task', type: 'create_task', with: { title } });
const DELAY = { id: 'cool', type: 'delay', for: 'P1D' };

describe('runs that a step starts', () => {
  let app: AutomationApp;
  beforeEach(async () => {
    app = await startAutomationApp();
  });
  afterEach(() => app.close());

  /** A workflow that nothing starts but a step that names it. Answers its id. */
  const child = (...steps: object[]) => app.publishWorkflow({ trigger: { type: 'manual', module: 'leads' }, steps }, 'Child');
  /** A workflow whose first step starts the other one. */
  const parent = (workflow: string, step: { wait?: boolean; input?: object } = {}) =>
    app.publishWorkflow(
      {
        trigger: CREATED,
        steps: [
          { id: 'sub', type: 'run_workflow', workflow, ...step },
          { id: 'after', type: 'create_task', with: { title: step.wait ? 'After {{steps.sub.output.status}}' : 'After it' } },
        ],
      },
      'Parent',
    );
  const only = async (workflowId: string): Promise<RunDetail> => {
    const runs = await app.runsOf({ workflowId });
    expect(runs).toHaveLength(1);
    return runs[0] as RunDetail;
  };
  const titles = async () => (await app.query<{ title: string }>('SELECT title FROM crm_tasks ORDER BY title')).map(({ title }) => title);

  it('see their input and the record of the run that started them; with wait, that run goes on at their end and knows of it', async () => {
    const childId = await child(DELAY, task('{{trigger.input.greeting}} {{record.name}}'));
    const parentId = await parent(childId, { wait: true, input: { greeting: 'Hello {{record.name}},' } });
    const lead = await app.createLead({ name: 'Ada' });
    await app.automation.drain();
    expect(await only(childId)).toMatchObject({ status: 'waiting', module: 'leads', recordId: lead.id });
    expect(await only(parentId)).toMatchObject({ status: 'waiting', waiting: [{ path: 'sub', reason: 'workflow' }] });
    await app.query('UPDATE automation.runs SET due_at = now() WHERE workflow_id = $1', [childId]);
    await app.query('UPDATE automation.step_executions SET wake_at = now() WHERE wake_at IS NOT NULL');
    await app.automation.drain();
    const sub = await only(childId);
    expect(sub).toMatchObject({ status: 'succeeded', actor: { type: 'workflow', id: parentId }, cause: { depth: 1 } });
    const run = await only(parentId);
    expect(run).toMatchObject({
      status: 'succeeded',
      steps: [{ status: 'succeeded', output: { runId: sub.id, status: 'succeeded' } }, {}],
    });
    expect(await titles()).toEqual(['After succeeded', 'Hello Ada, Ada']);
  });

  it('are nobody’s business without wait: the run that started them goes on at once, whatever becomes of them', async () => {
    const childId = await child({ id: 'stop', type: 'stop', outcome: 'failed', message: 'no' });
    const parentId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'sub', type: 'run_workflow', workflow: childId }, task('After it'), DELAY],
    });
    await app.createLead();
    await app.automation.tick();
    expect(await only(parentId)).toMatchObject({ status: 'waiting' });
    expect(await titles()).toEqual(['After it']);
    await app.automation.drain();
    expect(await only(childId)).toMatchObject({ status: 'failed' });
    expect(await app.query('SELECT answers FROM automation.runs WHERE workflow_id = $1', [parentId])).toEqual([{ answers: 0 }]);
    expect(await only(parentId)).toMatchObject({ status: 'waiting' });
  });

  it('are not started by a step that cannot give what it is to extract', async () => {
    const childId = await child(task('Child'));
    const parentId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'sub', type: 'run_workflow', workflow: childId, extract: { x: '{{context.nothing}}' } }],
    });
    await app.createLead();
    await app.automation.drain();
    expect(await only(parentId)).toMatchObject({ status: 'failed', reason: 'extract_failed' });
    expect(await app.runsOf({ workflowId: childId })).toEqual([]);
  });

  it('that fail fail the step that waits for them, with what they failed of; a retry starts another', async () => {
    const childId = await child({ id: 'stage', type: 'move_stage', with: { stage: '{{record.name}}' } });
    const parentId = await parent(childId, { wait: true });
    const lead = await app.createLead({ name: 'Nowhere' });
    await app.automation.drain();
    const failed = await only(parentId);
    expect(failed).toMatchObject({ status: 'failed', reason: 'sub_run_failed', error: { message: expect.stringContaining('Nowhere') } });
    await app.query(`UPDATE crm_leads SET name = 'Won' WHERE id = $1`, [lead.id]);
    await app.runs.retry(failed.id, { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    expect(await only(parentId)).toMatchObject({
      status: 'succeeded',
      steps: [{ path: 'sub', attempt: 1, superseded: true }, { path: 'sub', attempt: 2, status: 'succeeded' }, { path: 'after' }],
    });
    expect((await app.runsOf({ workflowId: childId })).map(({ status }) => status)).toEqual(['failed', 'succeeded']);
  });

  it('that do not start answer all the same: the workflow is paused', async () => {
    const childId = await child(task('never'));
    const parentId = await parent(childId, { wait: true });
    await app.workflows.pause(childId, ADMIN);
    await app.createLead();
    await app.automation.drain();
    expect(await only(childId)).toMatchObject({ status: 'skipped', reason: 'paused' });
    expect(await only(parentId)).toMatchObject({ status: 'succeeded', steps: [{ output: { status: 'skipped' } }, {}] });
    expect(await titles()).toEqual(['After skipped']);
  });

  it('that a person cancels answer too', async () => {
    const childId = await child(DELAY);
    const parentId = await parent(childId, { wait: true });
    await app.createLead();
    await app.automation.drain();
    await app.runs.cancel((await only(childId)).id, null, ADMIN);
    await app.automation.drain();
    expect(await only(parentId)).toMatchObject({ status: 'succeeded', steps: [{ output: { status: 'cancelled' } }, {}] });
  });

  it('that are given up fail the step too', async () => {
    const childId = await child(DELAY);
    const parentId = await parent(childId, { wait: true });
    await app.createLead();
    await app.automation.drain();
    await app.query("UPDATE automation.runs SET status = 'running', due_at = now(), recoveries = 9 WHERE workflow_id = $1", [childId]);
    await app.automation.drain();
    expect(await only(childId)).toMatchObject({ status: 'failed', reason: 'run_abandoned' });
    expect(await only(parentId)).toMatchObject({ status: 'failed', reason: 'sub_run_failed' });
  });

  it('are cancelled with the run that waits for them, and so are those that they wait for themselves', async () => {
    const grandchildId = await child(DELAY, task('grandchild'));
    const childId = await child({ id: 'inner', type: 'run_workflow', workflow: grandchildId, wait: true }, task('child'));
    const parentId = await parent(childId, { wait: true });
    await app.createLead();
    await app.automation.drain();
    expect(await only(grandchildId)).toMatchObject({ status: 'waiting' });
    await app.runs.cancel((await only(parentId)).id, null, ADMIN);
    // Whoever cancelled may be gone: what is left to do is noted.
    expect(await only(childId)).toMatchObject({ status: 'waiting' });
    await app.passTime();
    await app.automation.drain();
    for (const id of [childId, grandchildId]) expect(await only(id)).toMatchObject({ status: 'cancelled', reason: 'parent_over' });
    expect(await only(parentId)).toMatchObject({ status: 'cancelled', steps: [{ path: 'sub', status: 'failed' }] });
    expect(await titles()).toEqual([]);
    // Looked at again when what was under way then has ended: on the whole server, other tests' databases included.
    await app.eventually(async () => {
      await app.automation.tick();
      expect(await app.query('SELECT * FROM automation.left_sub_runs')).toEqual([]);
    });
  });

  it('are not cancelled where nobody was to wait for them', async () => {
    const childId = await child(DELAY, task('child'));
    const parentId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [{ id: 'sub', type: 'run_workflow', workflow: childId }, DELAY],
    });
    await app.createLead();
    await app.automation.drain();
    await app.runs.cancel((await only(parentId)).id, null, ADMIN);
    await app.passTime();
    await app.automation.drain();
    expect(await only(childId)).toMatchObject({ status: 'succeeded' });
  });

  it('do not begin when the run that was to wait for them is over by then', async () => {
    const childId = await child(task('never'));
    const parentId = await parent(childId, { wait: true });
    await app.createLead();
    await app.module.get(Router).route();
    await app.runs.cancel((await only(parentId)).id, null, ADMIN);
    await app.automation.drain();
    expect(await only(childId)).toMatchObject({ status: 'skipped', reason: 'parent_over' });
    expect(await titles()).toEqual([]);
  });

  it('are cancelled with the branch that lost a join any; those that a retry starts are others', async () => {
    const childId = await child(DELAY, task('child'));
    const parentId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [
        {
          id: 'first',
          type: 'parallel',
          join: 'any',
          branches: [
            { name: 'a', steps: [{ id: 'sub', type: 'run_workflow', workflow: childId, wait: true }] },
            { name: 'b', steps: [{ id: 'soon', type: 'delay', for: 'PT1M' }] },
          ],
        },
        task('after'),
      ],
    });
    await app.createLead();
    await app.automation.drain();
    await app.query("UPDATE automation.step_executions SET wake_at = now() WHERE path = 'first.b.soon'");
    await app.query('UPDATE automation.runs SET due_at = now() WHERE workflow_id = $1', [parentId]);
    await app.automation.drain();
    await app.automation.drain();
    expect(await only(parentId)).toMatchObject({ status: 'succeeded', steps: [{ standing: 'cancelled' }, {}, {}] });
    expect(await only(childId)).toMatchObject({ status: 'cancelled', reason: 'parent_over' });
  });

  it('leave their output to the run that waits: that of the stop step that ended them, else of their last step', async () => {
    const stopped = await child(task('one'), { id: 'end', type: 'stop', output: { title: '{{record.name}}', n: 2 } });
    const plain = await app.publishWorkflow({ trigger: { type: 'manual', module: 'leads' }, steps: [task('two')] }, 'Plain');
    const parentId = await app.publishWorkflow({
      trigger: CREATED,
      steps: [
        { id: 'sub', type: 'run_workflow', workflow: stopped, wait: true },
        { id: 'other', type: 'run_workflow', workflow: plain, wait: true },
        { id: 'after', type: 'create_task', with: { title: '{{steps.sub.output.output.title}} {{steps.other.output.output.taskId}}' } },
      ],
    });
    await app.createLead({ name: 'Ada' });
    await app.automation.drain();
    expect(await only(parentId)).toMatchObject({
      status: 'succeeded',
      steps: [{ output: { output: { title: 'Ada', n: 2 } } }, { output: { output: { taskId: expect.any(String) } } }, {}],
    });
  });

  it('are refused, with the reason in the step, when there is no such workflow or none that is published', async () => {
    const gone = await app.publishWorkflow({ trigger: { type: 'manual' }, steps: [task('gone')] }, 'Gone');
    const parentId = await parent(gone);
    await app.workflows.delete(gone, ADMIN);
    const draft = await app.workflows.create(
      { name: 'Draft', definition: { trigger: { type: 'manual' }, steps: [task('x')] } as never },
      ADMIN,
    );
    const otherId = await parent(draft.id);
    await app.createLead();
    await app.automation.drain();
    expect(await only(parentId)).toMatchObject({ status: 'failed', reason: 'workflow_unknown' });
    expect(await only(otherId)).toMatchObject({ status: 'failed', reason: 'workflow_not_published' });
  });

  it('are refused when a workflow is published that names none of the workspace', async () => {
    await expect(parent('nowhere')).rejects.toMatchObject({
      code: 'definition_invalid',
      problems: [{ path: 'steps[0].workflow', message: expect.stringContaining('nowhere') }],
    });
  });

  it('end a loop of workflows that start each other on the same record, and every one that waits hears of it', async () => {
    const back = { trigger: { type: 'manual' }, steps: [{ id: 'back', type: 'run_workflow', workflow: 'loop-a', wait: true }] };
    const created = await app.workflows.create({ name: 'Loop B', code: 'loop-b', definition: back as never }, ADMIN);
    const a = await app.publishWorkflow(
      { trigger: CREATED, steps: [{ id: 'sub', type: 'run_workflow', workflow: 'loop-b', wait: true }] },
      'Loop A',
    );
    await app.workflows.publish(created.id, ADMIN);
    const lead = await app.createLead();
    await app.automation.drain();
    expect((await app.runsOf({ workflowId: a })).map(({ status, reason }) => [status, reason])).toEqual([
      ['succeeded', null],
      ['skipped', 'loop'],
    ]);
    const [, looped] = await app.runsOf({ workflowId: a });
    expect(looped?.explanation).toMatchObject({ rule: expect.stringContaining(lead.id), depth: 2 });
    expect(await only(created.id)).toMatchObject({ status: 'succeeded', steps: [{ output: { status: 'skipped' } }] });
  });

  it('end a chain at depth 5', async () => {
    let next = await child(task('last'));
    const ids = [next];
    for (let index = 0; index < 5; index += 1) {
      next = await app.publishWorkflow(
        { trigger: { type: 'manual' }, steps: [{ id: 'sub', type: 'run_workflow', workflow: next }] },
        `Link ${index}`,
      );
      ids.unshift(next);
    }
    await app.automation.start({ workspaceId: 'acme', workflow: next });
    await app.automation.drain();
    const outcomes: (string | null | undefined)[] = [];
    for (const workflowId of ids) outcomes.push(...(await app.runsOf({ workflowId })).map(({ status, reason }) => reason ?? status));
    expect(outcomes).toEqual([...Array<string>(5).fill('succeeded'), 'loop']);
  });

  it('that cannot be, because their workflow was deleted meanwhile, leave nobody waiting', async () => {
    const childId = await child(task('never'));
    const parentId = await parent(childId, { wait: true });
    await app.createLead();
    // The parent's step has run, and its start is not routed yet.
    await app.module.get(Router).route();
    await app.workflows.delete(childId, ADMIN);
    await app.automation.drain();
    expect(await only(parentId)).toMatchObject({ status: 'succeeded', steps: [{ output: { runId: null, status: 'skipped' } }, {}] });
    expect(await titles()).toEqual(['After skipped']);
  });

  it('whose start cannot be routed fail the step that waits for them', async () => {
    const childId = await child(task('never'));
    const parentId = await parent(childId, { wait: true });
    await app.createLead();
    await app.module.get(Router).route();
    await app.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON automation.runs FOR EACH ROW WHEN (NEW.parent IS NOT NULL) EXECUTE FUNCTION refuse()`);
    await app.automation.drain();
    expect(await only(parentId)).toMatchObject({ status: 'failed', reason: 'sub_run_failed' });
  });
});
