import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { RUN_FINISHED, type RunFinished } from '../../src/engine/capture/emitter-bridge.js';
import { benchHost } from './support.js';

/**
 * A worker process of its own, `fork`ed by worker-client.ts: the sample CRM with automation on the database of its first
 * argument. It says when it is ready, reports finished runs on the records whose ids begin as its second argument says, answers how much memory it
 * uses, and ends when its parent goes.
 */
export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'finished'; status: RunFinished['status']; recordId: string | null; at: string }
  | ({ kind: 'memory' } & WorkerMemory);
export type ToWorker = { kind: 'memory'; collect: boolean };

/** Bytes. */
export interface WorkerMemory {
  rss: number;
  heapUsed: number;
  /** The largest RSS that this process ever had. */
  peakRss: number;
}

const [url = '', reported] = process.argv.slice(2);
const host = await benchHost(url, {}, [EventEmitterModule.forRoot()]);
const tell = (message: FromWorker): void => void process.send?.(message);

if (reported !== undefined) {
  host.context.get(EventEmitter2, { strict: false }).on(RUN_FINISHED, ({ status, recordId }: RunFinished) => {
    if (!recordId?.startsWith(reported)) return;
    // The machine's monotonic clock, which the parent reads as well.
    tell({ kind: 'finished', status, recordId, at: String(process.hrtime.bigint()) });
  });
}
process.on('message', ({ collect }: ToWorker) => {
  // Twice: what the first round's finalizers let go of is collected by the second.
  if (collect) for (const _ of [1, 2]) (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  tell({ kind: 'memory', rss, heapUsed, peakRss: process.resourceUsage().maxRSS * 1024 });
});
process.once('disconnect', () => {
  host.close().then(
    () => process.exit(),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
tell({ kind: 'ready' });
