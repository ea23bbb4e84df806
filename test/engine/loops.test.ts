import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { FarSide } from './support/far-side.js';

const items = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `n${index}` }));
const each = (steps: object[], more: object = {}) => ({ id: 'each', type: 'for_each', in: '{{trigger.input.list}}', steps, ...more });
const note = (title: string, id = 'note') => ({ id, type: 'create_task', with: { title } });
const call = (more: object = {}) => ({ id: 'call', type: 'call', with: { to: '{{item.name}}' }, ...more });

describe('loops over a list', () => {
  let app: AutomationApp;
  let far: FarSide;
  beforeEach(async () => {
    far = new FarSide();
    app = await startAutomationApp({ actions: [far.action] });
  });
  afterEach(() => app.close());

  const publish = (...steps: object[]) => app.publishWorkflow({ trigger: { type: 'manual' }, steps });
  const start = (workflow: string, count: number) => app.automation.start({ workspaceId: 'acme', workflow, input: { list: items(count) } });
  const theRun = async () => {
    const [run] = await app.runsOf({});
    if (!run) throw new Error('There is no run.');
    return run;
  };
  const standings = async () => Object.fromEntries((await theRun()).steps.map(({ path, standing }) => [path, standing]));
  const titles = async () => (await app.query<{ title: string }>('SELECT title FROM crm_tasks ORDER BY title')).map(({ title }) => title);

  it('go through it one item after the other, each a path of its own, and show what the last one left', async () => {
    const id = await publish(
      each([note('{{index}} {{item.name}}')]),
      note('after {{steps.each.output.count}} {{steps.note.output.taskId}}', 'end'),
    );
    await start(id, 3);
    await app.automation.drain();
    expect(await standings()).toEqual({
      each: 'succeeded',
      'each[0].note': 'succeeded',
      'each[1].note': 'succeeded',
      'each[2].note': 'succeeded',
      end: 'succeeded',
    });
    const tasks = await titles();
    expect(tasks.slice(0, 3)).toEqual(['0 n0', '1 n1', '2 n2']);
    expect(tasks[3]).toMatch(/^after 3 \S+/);
  });

  it('call the outside for so many items at a time, and begin the next as one is answered', async () => {
    const id = await publish(each([call(), note('{{item.name}}')], { concurrency: 2 }));
    await start(id, 4);
    const driving = app.automation.drain();
    await Promise.all([far.arrived('n0'), far.arrived('n1')]);
    expect(await standings()).toEqual({ each: 'succeeded', 'each[0].call': 'running', 'each[1].call': 'running' });
    far.answer('n1');
    await far.arrived('n2');
    far.answer('n2');
    await far.arrived('n3');
    far.answer('n0');
    far.answer('n3');
    await driving;
    expect((await theRun()).status).toBe('succeeded');
    expect(await titles()).toEqual(['n0', 'n1', 'n2', 'n3']);
  });

  it('wait for each item by itself', async () => {
    const id = await publish(each([{ id: 'cool', type: 'delay', for: 'P1D' }, note('{{item.name}}')], { concurrency: 2 }));
    await start(id, 3);
    await app.automation.drain();
    expect((await theRun()).waiting).toMatchObject([{ path: 'each[0].cool' }, { path: 'each[1].cool' }]);
    await app.passTime();
    await app.automation.drain();
    expect((await theRun()).waiting).toMatchObject([{ path: 'each[2].cool' }]);
    await app.passTime();
    await app.automation.drain();
    expect(await theRun()).toMatchObject({ status: 'succeeded', failedSteps: 0 });
  });

  it('leave behind the items that fail where they say so, and the run tells how many', async () => {
    const id = await publish(each([call({ retry: { maxAttempts: 1 } }), note('{{item.name}}')], { onError: 'continue', concurrency: 3 }));
    await start(id, 3);
    const driving = app.automation.drain();
    await Promise.all(['n0', 'n1', 'n2'].map((to) => far.arrived(to)));
    far.refuse('n1');
    far.answer('n0');
    far.answer('n2');
    await driving;
    expect(await theRun()).toMatchObject({ status: 'succeeded', failedSteps: 1, summary: expect.stringContaining('each[1].call') });
    expect(await titles()).toEqual(['n0', 'n2']);
  });

  it('fail with the items that fail otherwise; a retry repeats exactly those, and what was cancelled for them', async () => {
    const id = await publish(
      each([call({ retry: { maxAttempts: 1 } }), { id: 'cool', type: 'delay', for: 'P1D' }, note('{{item.name}}')], { concurrency: 4 }),
    );
    await start(id, 5);
    const driving = app.automation.drain();
    await Promise.all(['n0', 'n1', 'n2', 'n3'].map((to) => far.arrived(to)));
    far.answer('n0');
    await app.eventually(async () => expect((await standings())['each[0].cool']).toBe('waiting'));
    far.refuse('n1');
    far.refuse('n3');
    far.answer('n2');
    await driving;
    expect(await theRun()).toMatchObject({ status: 'failed', error: { step: 'each[1].call' } });
    expect(await standings()).toEqual({
      each: 'succeeded',
      'each[0].call': 'succeeded',
      'each[0].cool': 'cancelled',
      'each[1].call': 'failed',
      'each[2].call': 'succeeded',
      'each[3].call': 'failed',
    });
    await app.runs.retry((await theRun()).id, { from: 'failed_step' }, ADMIN);
    for (const to of ['n1', 'n3']) far.answer(to);
    await app.automation.drain();
    expect(far.calls.slice(4).sort()).toEqual(['n1', 'n3']);
    far.answer('n4');
    await app.passTime();
    await app.automation.drain();
    await app.passTime();
    await app.automation.drain();
    expect((await theRun()).status).toBe('succeeded');
    expect(far.calls.length).toBe(7);
    expect(await titles()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4']);
  });

  it('of 1,000 items take several transactions, and each effect happens once', async () => {
    const id = await app.publishWorkflow({
      trigger: { type: 'manual' },
      steps: [
        each([{ id: 'way', type: 'branch', branches: [{ name: 'all', when: { all: [] }, steps: [note('{{item.name}}')] }] }], {
          maxItems: 1_000,
        }),
      ],
    });
    await start(id, 1_000);
    await app.automation.drain();
    const run = await theRun();
    expect({ status: run.status, steps: run.steps.length }).toEqual({ status: 'succeeded', steps: 2_001 });
    expect(await app.query('SELECT count(*)::int AS all, count(DISTINCT title)::int AS titles FROM crm_tasks')).toEqual([
      { all: 1_000, titles: 1_000 },
    ]);
  });

  it('refuse what is no list, and lists longer than they or the installation allow', async () => {
    const id = await publish(each([note('x')], { maxItems: 2 }));
    await start(id, 3);
    await app.automation.drain();
    expect(await theRun()).toMatchObject({ status: 'failed', reason: 'loop_too_long' });
    const of = await publish(each([note('x')]));
    await app.automation.start({ workspaceId: 'acme', workflow: of, input: { list: 'no list' } });
    await app.automation.drain();
    expect(await app.runsOf({ workflowId: of })).toMatchObject([{ status: 'failed', reason: 'loop_invalid' }]);
  });
});
