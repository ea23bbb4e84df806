import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { AutomationEngine } from '../../src/engine/automation-engine.js';
import { Router } from '../../src/engine/routing/router.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { AutomationDatabase } from '../../src/store/database.js';
import { claimRuns } from '../../src/store/runs/claim.js';
import { Turns } from '../../src/store/turns.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { eventually } from '../support/eventually.js';

class Arguments {
  @IsString() to!: string;
}

const ring = defineAction({ type: 'ring', label: 'Ring', effect: 'external', arguments: Arguments, execute: async () => ({}) });

const RING = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [{ id: 'ring', type: 'ring', with: { to: 'x' } }],
};

describe('workspaces that share the workers', () => {
  let app: AutomationApp;
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  const publish = (workspaceId: string, count: number) =>
    app.automation.publish(
      Array.from({ length: count }, (_, index) => ({
        workspaceId,
        module: 'leads',
        event: 'created',
        recordId: `${workspaceId}-${index}`,
      })),
    );
  const unrouted = async () =>
    Object.fromEntries(
      (
        await app.query<{ workspace_id: string; count: number }>(
          'SELECT workspace_id, count(*)::int AS count FROM automation.events WHERE routed_at IS NULL GROUP BY workspace_id',
        )
      ).map((row) => [row.workspace_id, row.count]),
    );
  const statuses = async (workspaceId: string) =>
    Object.fromEntries(
      (
        await app.query<{ status: string; count: number }>(
          'SELECT status, count(*)::int AS count FROM automation.runs WHERE workspace_id = $1 GROUP BY status',
          [workspaceId],
        )
      ).map((row) => [row.status, row.count]),
    );
  const tick = () => app.module.get(AutomationEngine).tick();

  it('route the event of one at once, although another has published hundreds before', async () => {
    app = await startAutomationApp({ worker: { enabled: false, batchSize: 20 } });
    await publish('noisy', 300);
    await publish('quiet', 1);
    await tick();
    expect(await unrouted()).toEqual({ noisy: 290 });
    await tick();
    expect(await unrouted()).toEqual({ noisy: 278 });
  });

  it('leave half of the time to each other: only one that has more than its share beside others floods', async () => {
    app = await startAutomationApp({ worker: { enabled: false, batchSize: 20 } });
    const routed = () => app.module.get(Router).route();
    await publish('noisy', 100);
    // Alone it takes nothing from anybody.
    expect(await routed()).toMatchObject({ events: 20, flood: false });
    await publish('quiet', 1);
    expect(await routed()).toMatchObject({ flood: true });
    await publish('busy', 100);
    expect(await routed()).toMatchObject({ flood: false });
  });

  it('route an event of one in a transaction of its own, while another floods', async () => {
    app = await startAutomationApp({ worker: { enabled: false, batchSize: 20 } });
    // What is known of workspaces is known for a second: it stands still.
    jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    const turn = (isBesideAnother: boolean) => app.module.get(Router).route(isBesideAnother ? 'beside_another' : 'in_turn');
    await publish('noisy', 300);
    await publish('quiet', 1);
    // It is not known yet who floods: each has its share.
    expect(await turn(false)).toMatchObject({ events: 11 });
    await publish('quiet', 1);
    await turn(false);
    const before = await unrouted();
    await publish('quiet', 1);
    // The loop that is in the flood leaves it to the one that stands by, which leaves the flood alone.
    expect(await turn(false)).toMatchObject({ events: 12, flood: true });
    expect(await unrouted()).toEqual({ noisy: (before.noisy as number) - 12, quiet: 1 });
    expect(await turn(true)).toMatchObject({ events: 1, more: false });
    expect(await unrouted()).toEqual({ noisy: (before.noisy as number) - 12 });
  });

  it('leave nobody out once a flood is over', async () => {
    app = await startAutomationApp({ worker: { enabled: false, batchSize: 20 } });
    jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    const turn = () => app.module.get(Router).route('in_turn');
    await publish('noisy', 28);
    for (const events of [11, 7, 12]) {
      await publish('quiet', 1);
      expect(await turn()).toMatchObject({ events });
    }
    expect(await unrouted()).toEqual({ quiet: 1 });
    // What it leaves to the loop that stands by is all that there is.
    expect(await turn()).toMatchObject({ events: 0, more: true });
    expect(await turn()).toMatchObject({ events: 1 });
  });

  it('all get their turn when more of them have work than one batch can take', async () => {
    app = await startAutomationApp({ worker: { enabled: false, batchSize: 10 } });
    const names = Array.from({ length: 25 }, (_, index) => `w${String(index).padStart(2, '0')}`);
    for (const name of names) await publish(name, 30);
    for (let round = 0; round < 3; round += 1) await tick();
    const left = await unrouted();
    // 25 turns were taken, the last batch had room for two of each of its five.
    expect(names.map((name) => left[name])).toEqual([...Array(20).fill(29), ...Array(5).fill(28)]);
  });

  it('run what is queued for one, although hundreds of runs of another are queued before it', async () => {
    app = await startAutomationApp({ actions: [ring], worker: { enabled: false, concurrency: 2 } });
    for (const workspaceId of ['acme', 'brook']) {
      const admin = { ...ADMIN, workspaceId };
      const { id } = await app.workflows.create({ name: 'Ring', definition: RING as never }, admin);
      await app.workflows.publish(id, admin);
    }
    await publish('acme', 60);
    await publish('brook', 1);
    const engine = app.module.get(AutomationEngine);
    await engine.tick();
    const statusOf = async (workspaceId: string) =>
      (
        await app.query<{ status: string }>('SELECT DISTINCT status FROM automation.runs WHERE workspace_id = $1 ORDER BY 1', [workspaceId])
      ).map(({ status }) => status);
    await engine.tick();
    await engine.tick();
    expect({ acme: await statusOf('acme'), brook: await statusOf('brook') }).toEqual({
      acme: ['queued', 'succeeded'],
      brook: ['succeeded'],
    });
    await app.automation.drain();
    expect(await statusOf('acme')).toEqual(['succeeded']);
  });

  it('leave slots to each other: the call of one is made, although slow calls of another hold all that it may have', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slow = defineAction({
      type: 'ring',
      label: 'Ring',
      effect: 'external',
      arguments: Arguments,
      execute: async (_args, step) => {
        if (step.workspaceId === 'acme') await gate;
      },
    });
    app = await startAutomationApp({ actions: [slow], worker: { enabled: true, concurrency: 2 } });
    for (const workspaceId of ['acme', 'brook']) {
      const admin = { ...ADMIN, workspaceId };
      const { id } = await app.workflows.create({ name: 'Ring', definition: RING as never }, admin);
      await app.workflows.publish(id, admin);
    }
    await publish('acme', 60);
    await eventually(async () => expect((await statuses('acme')).running ?? 0).toBeGreaterThanOrEqual(2));
    await publish('brook', 3);
    await eventually(async () => expect(await statuses('brook')).toEqual({ succeeded: 3 }));
    expect((await statuses('acme')).succeeded ?? 0).toBe(0);
    open();
    await eventually(async () => expect(await statuses('acme')).toEqual({ succeeded: 60 }));
  });

  it('get a run of theirs taken up, although others before them fill all that a worker may hold', async () => {
    const gate = new AbortController();
    const slow = defineAction({
      type: 'ring',
      label: 'Ring',
      effect: 'external',
      arguments: Arguments,
      execute: async (_args, step) => {
        if (step.workspaceId !== 'third' && !gate.signal.aborted)
          await new Promise((resolve) => gate.signal.addEventListener('abort', resolve));
      },
    });
    app = await startAutomationApp({ actions: [slow], worker: { enabled: false, concurrency: 2 } });
    for (const workspaceId of ['first', 'second', 'third']) {
      const admin = { ...ADMIN, workspaceId };
      const { id } = await app.workflows.create({ name: 'Ring', definition: RING as never }, admin);
      await app.workflows.publish(id, admin);
    }
    await publish('first', 20);
    await publish('second', 20);
    await publish('third', 20);
    const router = app.module.get(Router);
    const worker = app.module.get(RunDriver);
    // Routed without a worker: all are queued but the few that find room at once.
    for (let batch = 0; batch < 3; batch += 1) await router.route();
    for (let claim = 0; claim < 10; claim += 1) await worker.tick();
    // One place is left, for whoever does not hold any: those before it must not hide it.
    const one = { limit: 1, mostOfOne: 1, leaseMs: 1, full: ['first', 'second'] };
    expect(await claimRuns(app.module.get(AutomationDatabase).dataSource.manager, one, new Turns())).toMatchObject([
      { workspaceId: 'third' },
    ]);
    expect((await statuses('third')).running).toBeGreaterThan(0);
    gate.abort();
    await worker.settled();
    await app.automation.drain();
    expect([await statuses('first'), await statuses('second'), await statuses('third')]).toEqual(Array(3).fill({ succeeded: 20 }));
  });

  /** All of it waits in the queue: nobody has room for it while it is routed. */
  const queue = async (names: readonly string[], count: number): Promise<void> => {
    const driver = app.module.get(RunDriver);
    await driver.drain(0);
    for (const workspaceId of names) await publish(workspaceId, count);
    while ((await app.module.get(Router).route()).events > 0);
    driver.open();
  };
  const claimAll = async (): Promise<void> => {
    while ((await app.module.get(RunDriver).tick()) > 0);
  };
  const publishWorkflow = async (workspaceId: string, type: string): Promise<void> => {
    const admin = { ...ADMIN, workspaceId };
    const definition = { ...RING, steps: [{ id: 'ring', type, with: { to: 'x' } }] };
    const { id } = await app.workflows.create({ name: 'Ring', definition: definition as never }, admin);
    await app.workflows.publish(id, admin);
  };

  it.each(['routed', 'queued'])(
    'have as many of their runs in work as alone, although hanging ones of another %s before them would fill a worker',
    async (how) => {
      const gate = new AbortController();
      const begun: Record<string, number> = { acme: 0, brook: 0 };
      const hang = defineAction({
        type: 'hang',
        label: 'Hang',
        effect: 'local',
        arguments: Arguments,
        execute: async (_args, { workspaceId }) => {
          begun[workspaceId] = (begun[workspaceId] ?? 0) + 1;
          if (!gate.signal.aborted) await new Promise((resolve) => gate.signal.addEventListener('abort', resolve));
        },
      });
      app = await startAutomationApp({ actions: [hang], worker: { enabled: false, concurrency: 2 } });
      for (const workspaceId of ['acme', 'brook']) await publishWorkflow(workspaceId, 'hang');
      if (how === 'queued') await queue(['acme'], 20);
      else await publish('acme', 20);
      await app.module.get(Router).route();
      await claimAll();
      await eventually(() => expect(begun).toEqual({ acme: 2, brook: 0 }));
      await publish('brook', 4);
      await app.module.get(Router).route();
      await claimAll();
      await eventually(() => expect(begun).toEqual({ acme: 2, brook: 2 }));
      gate.abort();
      await app.module.get(RunDriver).settled();
      await app.automation.drain();
      expect([await statuses('acme'), await statuses('brook')]).toEqual([{ succeeded: 20 }, { succeeded: 4 }]);
    },
  );

  it('are many, and a worker holds no more of them than it has room for, or one of each', async () => {
    const gate = new AbortController();
    const slow = defineAction({
      type: 'ring',
      label: 'Ring',
      effect: 'external',
      arguments: Arguments,
      execute: async () => {
        if (!gate.signal.aborted) await new Promise((resolve) => gate.signal.addEventListener('abort', resolve));
      },
    });
    app = await startAutomationApp({ actions: [slow], worker: { enabled: false, concurrency: 2 } });
    const names = Array.from({ length: 10 }, (_, index) => `w${index}`);
    for (const name of names) await publishWorkflow(name, 'ring');
    await queue(names, 3);
    await claimAll();
    expect(app.module.get(RunDriver).holding).toBe(10);
    gate.abort();
    await app.module.get(RunDriver).settled();
    await app.automation.drain();
    expect(await Promise.all(names.map(statuses))).toEqual(names.map(() => ({ succeeded: 3 })));
  });
});
