import { afterEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { AutomationEngine } from '../../src/engine/automation-engine.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../support/automation-app.js';

class Arguments {
  @IsString() to!: string;
}

const ring = defineAction({ type: 'ring', label: 'Ring', effect: 'external', arguments: Arguments, execute: async () => ({}) });

describe('workspaces that share the workers', () => {
  let app: AutomationApp;
  afterEach(() => app.close());

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
  const tick = () => app.module.get(AutomationEngine).tick();

  it('route the event of one at once, although another has published hundreds before', async () => {
    app = await startAutomationApp({ worker: { enabled: false, batchSize: 20 } });
    await publish('noisy', 300);
    await publish('quiet', 1);
    await tick();
    expect(await unrouted()).toEqual({ noisy: 290 });
    await tick();
    expect(await unrouted()).toEqual({ noisy: 270 });
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
    const definition = {
      trigger: { type: 'event', module: 'leads', event: 'created' },
      steps: [{ id: 'ring', type: 'ring', with: { to: 'x' } }],
    };
    for (const workspaceId of ['acme', 'brook']) {
      const admin = { ...ADMIN, workspaceId };
      const { id } = await app.workflows.create({ name: 'Ring', definition: definition as never }, admin);
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
});
