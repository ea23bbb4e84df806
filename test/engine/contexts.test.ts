import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Allow } from 'class-validator';
import { defineAction, type ExternalStep } from '../../src/actions/define-action.js';
import { WorkflowContextService } from '../../src/admin/workflow-context-service.js';
import { WorkflowTransfer } from '../../src/admin/workflow-transfer.js';
import { HostError } from '../../src/core/errors.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

class Arguments {
  @Allow() payload: unknown;
}

/** What the far side of `call` does, and what it was sent; each test sets it. */
let farSide: (step: ExternalStep) => Promise<object>;
let sent: unknown[] = [];

const call = defineAction({
  type: 'call',
  label: 'Call',
  effect: 'external',
  arguments: Arguments,
  async execute({ payload }, step) {
    sent.push(payload);
    return (await farSide(step)) as never;
  },
});

const CREATED = { type: 'event', module: 'leads', event: 'created' };
const note = (title: string, id = 'note') => ({ id, type: 'create_task', with: { title } });
const ask = (id: string, payload: unknown, more: object = {}) => ({ id, type: 'call', with: { payload }, ...more });

describe('what steps extract', () => {
  let app: AutomationApp;
  let number = 0;
  beforeAll(async () => {
    app = await startAutomationApp({ actions: [call] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    number += 1;
    sent = [];
    farSide = async () => ({ body: { score: 42, tags: ['a', 'b'], name: 'Ada' } });
  });

  /** A workflow of this test alone, and how to start it. */
  const publish = async (...steps: object[]) => {
    const source = `Test ${number}.${Math.random()}`;
    const conditions = { field: 'source', operator: 'equals', value: source };
    const workflowId = await app.publishWorkflow({ trigger: CREATED, conditions, steps });
    const start = async (values: object = {}) => {
      const lead = await app.createLead({ source, ...values });
      await app.automation.drain();
      return lead;
    };
    const latest = async () => (await app.runsOf({ workflowId })).at(-1);
    return { workflowId, start, latest };
  };
  const inputOf = async (run: () => ReturnType<Awaited<ReturnType<typeof publish>>['latest']>, path: string) =>
    (await run())?.steps.findLast((step) => step.path === path)?.input;
  const contexts = () => app.module.get(WorkflowContextService);

  it('is in the context of the steps behind it, each value as it is, for templates and for conditions', async () => {
    const { start, latest } = await publish(
      ask(
        'check',
        {},
        { extract: { score: '{{output.body.score}}', tags: '{{output.body.tags}}', who: '{{output.body.name}} of {{record.name}}' } },
      ),
      {
        id: 'route',
        type: 'branch',
        branches: [
          {
            name: 'high',
            when: { field: 'context.score', operator: 'greater_than', value: 40 },
            steps: [ask('tell', { score: '{{context.score}}', tags: '{{context.tags}}', who: '{{context.who}}' })],
          },
        ],
      },
    );
    await start({ name: 'Lovelace' });
    const run = await latest();
    expect(run?.status).toBe('succeeded');
    expect(run?.steps[0]?.extracted).toEqual({ run: { score: 42, tags: ['a', 'b'], who: 'Ada of Lovelace' } });
    expect(sent[1]).toEqual({ score: 42, tags: ['a', 'b'], who: 'Ada of Lovelace' });
  });

  it('fails a call that succeeded where it cannot be taken, naming the member, and does not make the call again', async () => {
    const { start, latest } = await publish(
      ask('check', {}, { extract: { good: 1, score: '{{output.body.rating}}' }, retry: { maxAttempts: 3 } }),
    );
    await start();
    const run = await latest();
    expect(run).toMatchObject({ status: 'failed', steps: [{ status: 'failed', output: { body: { score: 42 } }, extracted: null }] });
    expect(run?.steps[0]?.error).toMatchObject({
      code: 'extract_failed',
      message:
        'Step "check" did what it does, but "extract.score" cannot be taken from it: "output.body.rating" does not exist for this run.',
      details: { member: 'extract.score' },
    });
    expect(sent).toHaveLength(1);
  });

  it('takes the writes of a local step back where it cannot be taken', async () => {
    const { start, latest } = await publish({
      id: 'touch',
      type: 'change_field',
      with: { field: 'touches', increment: 5 },
      extract: { after: '{{output.to}}', missing: '{{output.changes.x}}' },
    });
    const { id } = await start();
    expect(await latest()).toMatchObject({ status: 'failed', steps: [{ error: { code: 'extract_failed' } }] });
    expect(await app.query('SELECT touches FROM crm_leads WHERE id = $1', [id])).toEqual([{ touches: 0 }]);
  });

  it('is taken of the answer to a step that waited', async () => {
    const child = await app.publishWorkflow({
      trigger: { type: 'manual', module: 'leads' },
      steps: [{ id: 'pause', type: 'delay', for: 'P1D' }],
    });
    const { start, latest } = await publish(
      { id: 'sub', type: 'run_workflow', workflow: child, wait: true, extract: { ended: '{{record.name}} {{output.status}}' } },
      note('{{context.ended}}'),
    );
    await start({ name: 'Ann' });
    await app.passTime();
    await app.automation.drain();
    expect((await latest())?.status).toBe('succeeded');
    expect(await inputOf(latest, 'note')).toMatchObject({ title: 'Ann succeeded' });
  });

  it('is taken once for each item of a loop, also of what waited; behind it the last item counts', async () => {
    const child = await app.publishWorkflow({
      trigger: { type: 'manual', module: 'leads' },
      steps: [{ id: 'pause', type: 'delay', for: 'P1D' }],
    });
    const { start, latest } = await publish(
      ask('list', {}, { extract: { list: '{{output.body.tags}}' } }),
      {
        id: 'each',
        type: 'for_each',
        in: '{{context.list}}',
        steps: [
          { id: 'sub', type: 'run_workflow', workflow: child, wait: true, extract: { ended: '{{item}} {{index}} {{output.status}}' } },
          note('{{context.ended}}', 'inner'),
        ],
      },
      note('Last: {{context.ended}}'),
    );
    await start();
    for (let item = 0; item < 2; item += 1) {
      await app.passTime();
      await app.automation.drain();
    }
    expect((await latest())?.status).toBe('succeeded');
    expect(await inputOf(latest, 'each[0].inner')).toMatchObject({ title: 'a 0 succeeded' });
    expect(await inputOf(latest, 'each[1].inner')).toMatchObject({ title: 'b 1 succeeded' });
    expect(await inputOf(latest, 'note')).toMatchObject({ title: 'Last: b 1 succeeded' });
  });

  it('fails a step that waited where it cannot be taken of the answer', async () => {
    const child = await app.publishWorkflow({
      trigger: { type: 'manual', module: 'leads' },
      steps: [{ id: 'pause', type: 'delay', for: 'P1D' }],
    });
    const { start, latest } = await publish({
      id: 'sub',
      type: 'run_workflow',
      workflow: child,
      wait: true,
      extract: { x: '{{context.nothing}}' },
    });
    await start();
    await app.passTime();
    await app.automation.drain();
    expect(await latest()).toMatchObject({
      status: 'failed',
      steps: [{ output: { status: 'succeeded' }, error: { code: 'extract_failed' } }],
    });
  });

  it('is not seen by the branches beside, and of two branches the later in the definition counts behind them', async () => {
    const branch = (name: string, ...steps: object[]) => ({ name, steps });
    const { start, latest } = await publish(
      {
        id: 'both',
        type: 'parallel',
        join: 'all',
        branches: [
          branch('a', ask('one', {}, { extract: { from: 'one' } }), note('{{default context.from "nothing"}}', 'inA')),
          branch('b', note('{{default context.from "nothing"}}', 'inB'), ask('two', {}, { extract: { from: 'two' } })),
        ],
      },
      note('{{context.from}}'),
    );
    await start();
    expect(await inputOf(latest, 'both.a.inA')).toMatchObject({ title: 'one' });
    expect(await inputOf(latest, 'both.b.inB')).toMatchObject({ title: 'nothing' });
    expect(await inputOf(latest, 'note')).toMatchObject({ title: 'two' });
  });

  describe('into the context of the workflow', () => {
    const counting = () =>
      publish(
        ask('count', { before: '{{default context.seen 0}}' }, { extractToContext: { seen: '{{output.seen}}', last: '{{record.name}}' } }),
        note('{{context.seen}} {{context.last}}'),
      );

    it('outlives the run; later runs begin with it, and see their own changes', async () => {
      const { workflowId, start, latest } = await counting();
      farSide = async () => ({ seen: sent.length });
      await start({ name: 'Ann' });
      await start({ name: 'Bob' });
      expect(sent).toEqual([{ before: 0 }, { before: 1 }]);
      expect(await inputOf(latest, 'note')).toMatchObject({ title: '2 Bob' });
      expect((await contexts().get(workflowId, ADMIN)).values).toEqual({ last: 'Bob', seen: 2 });
    });

    it('is hidden by what the run extracts for itself under the same name', async () => {
      const { workflowId, start, latest } = await publish(
        ask('own', {}, { extract: { x: 'the run' } }),
        ask('shared', {}, { extractToContext: { x: 'the workflow' } }),
        note('{{context.x}}'),
      );
      await start();
      expect(await inputOf(latest, 'note')).toMatchObject({ title: 'the run' });
      expect((await contexts().get(workflowId, ADMIN)).values).toEqual({ x: 'the workflow' });
    });

    it('is as it was when the run began, however long that lasts and whoever changes it, also for a step that is sent back', async () => {
      const { workflowId, start, latest } = await publish({ id: 'wait', type: 'delay', for: 'P1D' }, ask('tell', '{{context.rate}}'));
      await contexts().patch(workflowId, { values: { rate: 1 } }, ADMIN);
      farSide = async () => {
        throw new Error('refused');
      };
      await start();
      await contexts().patch(workflowId, { values: { rate: 2 } }, ADMIN);
      await app.passTime();
      await app.automation.drain();
      for (let round = 0; round < 3; round += 1) {
        await app.passTime();
        await app.automation.drain();
      }
      const run = await latest();
      expect(run?.status).toBe('failed');
      farSide = async () => ({});
      await app.runs.retry(run?.id as string, { from: 'failed_step' }, ADMIN);
      await app.automation.drain();
      expect((await latest())?.status).toBe('succeeded');
      expect(new Set(sent)).toEqual(new Set([1]));
    });

    it('is written once with the result of its step, and not at all when that is not', async () => {
      const { workflowId, start } = await publish({
        id: 'touch',
        type: 'change_field',
        with: { field: 'touches', increment: 1 },
        extractToContext: { touches: '{{output.to}}', broken: '{{output.changes.none}}' },
      });
      await start();
      expect((await contexts().get(workflowId, ADMIN)).values).toEqual({});
    });

    it('takes a value away that is null', async () => {
      const { workflowId, start } = await publish(ask('a', {}, { extractToContext: { old: null, kept: 1 } }));
      await contexts().patch(workflowId, { values: { old: 'x' } }, ADMIN);
      await start();
      expect((await contexts().get(workflowId, ADMIN)).values).toEqual({ kept: 1 });
    });

    it('fails the step that has no room left, also where another run took the room since it began; what was there stays', async () => {
      const { workflowId, start, latest } = await publish(
        { id: 'wait', type: 'delay', for: 'P1D' },
        ask('a', {}, { extractToContext: { big: '{{output.text}}' } }),
      );
      farSide = async () => ({ text: 'x'.repeat(40_000) });
      await start();
      await contexts().patch(workflowId, { values: { other: 'y'.repeat(40_000) } }, ADMIN);
      await app.passTime();
      await app.automation.drain();
      expect(await latest()).toMatchObject({ status: 'failed', steps: [{}, { status: 'failed', error: { code: 'context_too_large' } }] });
      expect(Object.keys((await contexts().get(workflowId, ADMIN)).values)).toEqual(['other']);
      await start();
      await app.passTime();
      await app.automation.drain();
      expect(await latest()).toMatchObject({ status: 'failed', steps: [{}, { error: { code: 'context_too_large' } }] });
    });

    it('takes what there is room for, of runs that go on together: only those that come too late fail', async () => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      const wait = { id: 'wait', type: 'delay', for: 'P1D' };
      const { workflowId } = await publish(wait, {
        id: 'route',
        type: 'branch',
        branches: names.map((name) => ({
          name,
          when: { field: 'record.name', operator: 'equals', value: name },
          steps: [ask(name, {}, { extractToContext: { [name]: 'x'.repeat(19_000) } })],
        })),
      });
      const source = (await app.workflows.get(workflowId, ADMIN)).definition?.conditions as unknown as { value: string };
      await Promise.all(names.map((name) => app.createLead({ source: source.value, name })));
      await app.automation.drain();
      await app.passTime();
      await app.automation.drain();
      const ended = (await app.runsOf({ workflowId })).map(({ status }) => status).sort();
      expect(ended).toEqual(['failed', 'failed', 'succeeded', 'succeeded', 'succeeded']);
      expect(Object.keys((await contexts().get(workflowId, ADMIN)).values)).toHaveLength(3);
    });
  });

  it('costs a workflow that uses no context no statement and nothing in its row', async () => {
    const { start } = await publish(note('plain'));
    await start();
    expect(
      await app.query(
        "SELECT 1 FROM automation.runs r JOIN automation.step_executions s ON s.run_id = r.id WHERE s.type = 'create_task' AND s.input->>'title' = 'plain' AND (r.context IS NOT NULL OR s.extracted IS NOT NULL)",
      ),
    ).toEqual([]);
  });
});

describe('the context of a workflow, by hand', () => {
  let app: AutomationApp;
  let id: string;
  let contexts: WorkflowContextService;
  beforeAll(async () => {
    app = await startAutomationApp();
    contexts = app.module.get(WorkflowContextService);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    id = await app.publishWorkflow({ trigger: CREATED, steps: [note('x')] });
  });

  it('takes texts and any other JSON, leaves what is not named, and gives up what is null', async () => {
    await contexts.patch(id, { values: { text: 'a', list: [1, { b: true }], gone: 1 } }, ADMIN);
    expect(await contexts.patch(id, { values: { gone: null, never: null, text: 'b' }, note: 'Why' }, ADMIN)).toEqual({
      values: { list: [1, { b: true }], text: 'b' },
    });
    const audit = await app.query<{ action: string; before: object; after: object }>(
      "SELECT action, before, after, note FROM automation.audit_log WHERE target_id = $1 AND action = 'workflow.context_changed' ORDER BY id",
      [id],
    );
    expect(audit.at(-1)).toMatchObject({ before: { gone: 1, text: 'a' }, after: { gone: null, text: 'b' }, note: 'Why' });
  });

  it('loses nothing of what people set at the same time, and holds no more than 64 KB whoever comes first', async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key) => contexts.patch(id, { values: { [key]: key } }, ADMIN)));
    expect(Object.keys((await contexts.get(id, ADMIN)).values).sort()).toEqual([...keys].sort());
    const large = await Promise.allSettled(
      ['a', 'b', 'c'].map((key) => contexts.patch(id, { values: { [key]: key.repeat(30_000) } }, ADMIN)),
    );
    expect(large.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(large.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'context_too_large' } });
  });

  it('refuses names that templates cannot reach, texts that cannot be stored, and workflows of others', async () => {
    await expect(contexts.patch(id, { values: { 'a b': 1, constructor: 2, toString: 3, bad: '\0' } }, ADMIN)).rejects.toMatchObject({
      code: 'invalid_request',
      problems: [{ path: 'values["a b"]' }, { path: 'values.constructor' }, { path: 'values.bad' }],
    });
    await expect(contexts.patch(id, { values: { a: 1 } }, { ...ADMIN, workspaceId: 'other' })).rejects.toMatchObject({
      code: 'workflow_not_found',
    });
    await expect(contexts.get('no-uuid', ADMIN)).rejects.toMatchObject({ code: 'workflow_not_found' });
  });

  it('is kept over versions, and is no part of what is exported', async () => {
    await contexts.patch(id, { values: { remembered: 'x' } }, ADMIN);
    await app.workflows.publish(id, ADMIN);
    expect((await contexts.get(id, ADMIN)).values).toEqual({ remembered: 'x' });
    expect(JSON.stringify(await app.module.get(WorkflowTransfer).export(id, undefined, ADMIN))).not.toContain('remembered');
  });
});

describe('what templates make up', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp({ actions: [call] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    sent = [];
  });

  it('stays the same for every attempt of a step, whoever makes it: ids, the time, the run', async () => {
    const payload = { ids: ['{{uuid}}', '{{uuid}}'], text: '{{uuid}}/{{now}}/{{run.id}}' };
    await app.publishWorkflow({ trigger: CREATED, steps: [ask('call', payload, { retry: { maxAttempts: 2 } }), ask('next', '{{uuid}}')] });
    farSide = async () => {
      throw new HostError('busy', 'Busy.', { retry: { kind: 'transient' } });
    };
    await app.createLead();
    await app.automation.drain();
    // Another process takes the run up.
    const other = await startAutomationApp({ actions: [call] }, { database: app.database });
    await other.passTime();
    await other.automation.drain();
    await other.close();
    const [failed] = await app.runsOf({});
    expect(failed?.status).toBe('failed');
    farSide = async () => ({});
    // By hand, some time later.
    await app.runs.retry(failed?.id as string, { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    expect((await app.runsOf({}))[0]?.status).toBe('succeeded');
    const [first, second, third, next] = sent as { ids: string[]; text: string }[];
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    const made = [...(first?.ids ?? []), first?.text.split('/')[0], next];
    expect(new Set(made).size).toBe(4);
    expect(first?.text.split('/')[2]).toBe(failed?.id);
  });

  it('stays the same for an attempt that is lost with its process', async () => {
    await app.query('UPDATE automation.workflows SET status = $1', ['paused']);
    const workflowId = await app.publishWorkflow({ trigger: CREATED, steps: [ask('call', '{{uuid}} {{now}}')] });
    let arrived = (): void => undefined;
    const there = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    farSide = () => {
      arrived();
      return new Promise(() => undefined);
    };
    const dying = await startAutomationApp({ actions: [call] }, { database: app.database });
    await dying.createLead();
    void dying.automation.drain().catch(() => undefined);
    await there;
    void dying.abandon();
    farSide = async () => ({});
    await app.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");
    await app.automation.drain();
    await app.passTime();
    await app.automation.drain();
    expect((await app.runsOf({ workflowId }))[0]).toMatchObject({
      status: 'succeeded',
      steps: [{ status: 'lost' }, { status: 'succeeded' }],
    });
    expect(sent).toHaveLength(2);
    expect(sent[1]).toBe(sent[0]);
  });
});
