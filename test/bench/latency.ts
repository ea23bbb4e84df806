import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { RUN_FINISHED, type RunFinished } from '../../src/engine/emitter-bridge.js';
import { Lead } from '../support/sample-crm.js';
import { ADMIN, benchDatabase, benchHost, quantile } from './support.js';

/** Times in milliseconds. */
export interface Latency {
  p50: number;
  p95: number;
}

/**
 * Idle latency: from the return of the host's COMMIT to the moment the run's first (and only) step has committed, one
 * event at a time, with worker and host in one process.
 */
export async function measureIdleLatency(serverUrl: string, events: number): Promise<Latency> {
  const url = await benchDatabase(serverUrl, 'bench_latency');
  const host = await benchHost(url, {}, [EventEmitterModule.forRoot()]);
  try {
    const { id } = await host.workflows.create(
      {
        name: 'Bench',
        definition: {
          trigger: { type: 'event', module: 'leads', event: 'created' },
          steps: [{ id: 'task', type: 'create_task', with: { title: 'Call {{record.name}}' } }],
        } as never,
      },
      ADMIN,
    );
    await host.workflows.publish(id, ADMIN);
    const emitter = host.context.get(EventEmitter2, { strict: false });
    const times: number[] = [];
    for (let index = -20; index < events; index += 1) {
      const lead = { id: `idle-${index}`, workspaceId: 'acme', name: 'Ada', source: 'Web Form' };
      const done = new Promise<RunFinished>((resolve) => emitter.once(RUN_FINISHED, resolve));
      await host.source.transaction(async (manager) => {
        await manager.insert(Lead, lead);
        await host.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: lead }, manager);
      });
      const committed = performance.now();
      const { status } = await done;
      if (status !== 'succeeded') throw new Error(`the run ${status}: the number would mean nothing`);
      if (index >= 0) times.push(performance.now() - committed);
      // Idle again: the engine has found nothing more to do.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { p50: quantile(times, 0.5), p95: quantile(times, 0.95) };
  } finally {
    await host.close();
  }
}

/** The host's transaction (one INSERT of a lead) without and with `publish`, in turn; nobody works on the events. */
export async function measurePublish(serverUrl: string, pairs: number): Promise<{ without: Latency; with: Latency }> {
  const url = await benchDatabase(serverUrl, 'bench_publish');
  const host = await benchHost(url, { worker: { enabled: false } });
  try {
    const one = async (id: string, publish: boolean): Promise<number> => {
      const lead = { id, workspaceId: 'acme', name: 'Ada', email: 'ada@lead.test', source: 'Web Form' };
      const started = performance.now();
      await host.source.transaction(async (manager) => {
        await manager.insert(Lead, lead);
        if (publish) await host.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: lead }, manager);
      });
      return performance.now() - started;
    };
    const without: number[] = [];
    const withPublish: number[] = [];
    for (let index = -50; index < pairs; index += 1) {
      const plain = await one(`plain-${index}`, false);
      const published = await one(`published-${index}`, true);
      if (index < 0) continue;
      without.push(plain);
      withPublish.push(published);
    }
    const summary = (times: number[]): Latency => ({ p50: quantile(times, 0.5), p95: quantile(times, 0.95) });
    return { without: summary(without), with: summary(withPublish) };
  } finally {
    await host.close();
  }
}
