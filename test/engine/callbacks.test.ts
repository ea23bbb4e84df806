import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Callbacks } from '../../src/engine/running/callbacks.js';
import { Watch } from '../../src/engine/timing/watch.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: { type: string; run: Record<string, unknown>; workflow: Record<string, unknown> };
}

const note = { id: 'note', type: 'create_task', with: { title: 'done' } };
const FAILS = { id: 'end', type: 'stop', outcome: 'failed', message: 'no' };

describe('callbacks about the ends of runs', () => {
  let app: AutomationApp;
  let server: Server;
  let url: string;
  const received: Received[] = [];
  /** What each call is answered; null: nothing, ever. */
  let answers: (number | null)[];

  beforeEach(async () => {
    received.length = 0;
    answers = [];
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        received.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(text) });
        const status = answers.length > 0 ? answers.shift() : 200;
        if (status !== null) response.writeHead(status ?? 200).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    app = await startAutomationApp({ outbound: { allow: ['127.0.0.1'] } });
  });
  afterEach(async () => {
    await app.close();
    server.closeAllConnections();
    server.close();
  });

  const publish = (steps: object[], on: 'onSuccess' | 'onFailure' = 'onSuccess') =>
    app.publishWorkflow({ trigger: { type: 'manual' }, steps, settings: { [on]: `${url}/${on}` } }, 'Job');
  const run = async (workflow: string): Promise<void> => {
    await app.automation.start({ workspaceId: 'acme', workflow });
    await app.automation.drain();
  };
  const only = async (workflowId: string) => {
    const [found] = await app.runsOf({ workflowId });
    if (!found) throw new Error('There is no run.');
    return found;
  };
  const pending = () => app.query('SELECT kind FROM automation.run_callbacks');
  const callsIn = async (workflowId: string) =>
    (await only(workflowId)).steps
      .filter(({ path }) => path.startsWith('settings.'))
      .map(({ path, attempt, standing }) => [path, attempt, standing]);

  it('tell what the run has left, once it is over, as a step of its log', async () => {
    const workflow = await publish([note]);
    await run(workflow);
    expect(received).toMatchObject([
      {
        path: '/onSuccess',
        body: {
          type: 'run.succeeded',
          run: { status: 'succeeded', output: { taskId: expect.any(String) } },
          workflow: { id: workflow, version: 1 },
        },
      },
    ]);
    expect(await callsIn(workflow)).toEqual([['settings.onSuccess', 1, 'succeeded']]);
    expect(await pending()).toEqual([]);
  });

  it('tell why it failed, and again what came of it when a person has sent it back; each end has an id of its own', async () => {
    const workflow = await publish([FAILS], 'onFailure');
    await run(workflow);
    await app.runs.retry((await only(workflow)).id, { from: 'failed_step' }, ADMIN);
    await app.automation.drain();
    expect(received.map(({ body }) => body.type)).toEqual(['run.failed', 'run.failed']);
    expect(received[0]?.body.run).toMatchObject({
      reason: 'stopped',
      error: { code: 'stopped', message: 'no', step: 'end' },
      output: null,
    });
    const ids = received.map(({ headers }) => headers['webhook-id'] ?? headers['idempotency-key']);
    expect(new Set(ids).size).toBe(ids[0] === undefined ? 1 : 2);
  });

  it('tell nobody of the other end, nor of a run that was cancelled', async () => {
    await run(await publish([FAILS]));
    const workflow = await publish([{ id: 'cool', type: 'delay', for: 'PT1H' }], 'onFailure');
    await run(workflow);
    await app.runs.cancel((await only(workflow)).id, null, ADMIN);
    await app.automation.drain();
    expect(received).toEqual([]);
    expect(await pending()).toEqual([]);
  });

  it('are tried again, and leave the outcome of the run untouched', async () => {
    answers = [503, 200];
    const workflow = await publish([note]);
    await run(workflow);
    expect(await only(workflow)).toMatchObject({ status: 'succeeded', failedSteps: 0 });
    expect(await callsIn(workflow)).toEqual([['settings.onSuccess', 1, 'retrying']]);
    await app.automation.drain();
    expect(received).toHaveLength(1);
    await app.query('UPDATE automation.run_callbacks SET due_at = now()');
    await app.automation.drain();
    expect(await callsIn(workflow)).toMatchObject([
      ['settings.onSuccess', 1, 'failed'],
      ['settings.onSuccess', 2, 'succeeded'],
    ]);
    expect(await only(workflow)).toMatchObject({ status: 'succeeded', failedSteps: 0 });
  });

  it('are made as soon as the end has committed, before anybody looks for them', async () => {
    const options = { outbound: { allow: ['127.0.0.1'] }, worker: { enabled: true, pollIntervalMs: 20 } };
    const worker = await startAutomationApp(options, { database: app.database });
    // What it sees when it looks around is everything but this.
    const watch = worker.module.get(Watch);
    const look = watch.look.bind(watch);
    watch.look = async (held) => {
      const { outlook, pauseMs } = await look(held);
      return { outlook: { ...outlook, callbacks: false }, pauseMs };
    };
    try {
      const workflow = await publish([note]);
      await worker.automation.start({ workspaceId: 'acme', workflow });
      await app.eventually(() => expect(received).toHaveLength(1));
    } finally {
      await worker.close();
    }
  });

  it('do not wait for those of another workspace whose receiver hangs', async () => {
    const hanging = await publish([note]);
    for (let nth = 0; nth < 25; nth += 1) await app.automation.start({ workspaceId: 'acme', workflow: hanging });
    const other = { ...ADMIN, workspaceId: 'globex' };
    const definition = {
      trigger: { type: 'manual' },
      steps: [{ id: 'end', type: 'stop', outcome: 'succeeded' }],
      settings: { onSuccess: `${url}/other` },
    };
    const { id } = await app.workflows.create({ name: 'Other', definition }, other);
    await app.workflows.publish(id, other);
    answers = Array.from({ length: 26 }, () => null);
    const callbacks = app.module.get(Callbacks);
    const begin = callbacks.round.bind(callbacks);
    // Only this test makes calls: how long one hangs, or the machine takes, is nothing to it.
    callbacks.round = async () => 0;
    await app.automation.drain();
    try {
      while ((await begin()) > 0);
      await app.eventually(() => expect(received).toHaveLength(5));
      await app.automation.start({ workspaceId: 'globex', workflow: id });
      await app.automation.drain();
      await app.eventually(async () => {
        await begin();
        expect(received.map(({ path }) => path)).toContain('/other');
      });
    } finally {
      answers = [];
      server.closeAllConnections();
      await callbacks.settled();
    }
  });

  it('are given up when the receiver wants none', async () => {
    answers = [410];
    const workflow = await publish([note]);
    await run(workflow);
    await app.automation.drain();
    expect(await callsIn(workflow)).toEqual([['settings.onSuccess', 1, 'failed']]);
    expect(await only(workflow)).toMatchObject({ status: 'succeeded', failedSteps: 0 });
    expect(await pending()).toEqual([]);
  });

  it('follow a run whose process dies with its end, and one that dies during the call', async () => {
    answers = [null];
    const workflow = await publish([note]);
    await app.automation.start({ workspaceId: 'acme', workflow });
    const dying = app.automation.drain().catch(() => undefined);
    await app.eventually(async () => expect(received).toHaveLength(1));
    expect(await only(workflow)).toMatchObject({ status: 'succeeded' });
    const other = await startAutomationApp({ outbound: { allow: ['127.0.0.1'] } }, { database: app.database });
    await other.automation.drain();
    // It is being made, and nobody makes it twice.
    expect(received).toHaveLength(1);
    await app.query('UPDATE automation.run_callbacks SET due_at = now()');
    await other.automation.drain();
    expect(received).toHaveLength(2);
    expect(received[1]?.headers['webhook-id']).toBe(received[0]?.headers['webhook-id']);
    server.closeAllConnections();
    await dying;
    // What came of the first is no longer its to say.
    expect(await callsIn(workflow)).toEqual([
      ['settings.onSuccess', 1, 'lost'],
      ['settings.onSuccess', 2, 'succeeded'],
    ]);
    await other.close();
  });

  it('are refused where their address or what signs them is none', async () => {
    const settings = { onSuccess: 'ftp://x', onFailure: { url: 'https://ok.example.com/{{run.id}}', secret: 'plain' } };
    const { problems } = await app.workflows.create(
      { name: 'Bad', definition: { trigger: { type: 'manual' }, steps: [note], settings } as never },
      ADMIN,
    );
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'settings.onFailure.secret',
      'settings.onFailure.url',
      'settings.onSuccess.url',
    ]);
  });
});
