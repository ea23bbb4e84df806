import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/demo/free-port.js';
import { inOneTransaction, type LeadRecord } from './actions.js';
import { NotRunnableError, type Peer, until } from './peer.js';

interface Queue {
  addBulk(jobs: { name: string; data: LeadRecord }[]): Promise<unknown>;
  getJobCounts(...states: string[]): Promise<Record<string, number>>;
  obliterate(options: { force: boolean }): Promise<void>;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}
interface Worker {
  on(event: 'error' | 'failed', listener: (...args: unknown[]) => void): void;
  close(): Promise<void>;
}
interface BullMq {
  Queue: new (name: string, options: object) => Queue;
  Worker: new (name: string, handle: (job: { data: LeadRecord }) => Promise<void>, options: object) => Worker;
}

const QUEUE = 'nestjs-crm-automation-bench';

export const bullMq: Peer = {
  name: 'BullMQ',
  kind: 'queue',
  folder: 'bullmq',
  packages: { bullmq: '6.7.0', ioredis: '5.11.1' },
  does: 'one job, one transaction; jobs in a Redis that writes its log once a second, as BullMQ advises',
  candidates: [{ concurrency: 4 }, { concurrency: 8 }, { concurrency: 32 }],
  async open({ settings, packages, pool, job = (lead) => inOneTransaction(pool, lead) }) {
    const { Queue, Worker } = await packages.load<BullMq>('bullmq');
    const redis = await redisAtHand();
    const connection = { url: redis.url, maxRetriesPerRequest: null };
    const queue = new Queue(QUEUE, { connection });
    await queue.waitUntilReady();
    await queue.obliterate({ force: true });
    let worker: Worker | null = null;
    let handled = 0;
    return {
      async enqueue(leads) {
        for (let from = 0; from < leads.length; from += 1_000) {
          await queue.addBulk(leads.slice(from, from + 1_000).map((data) => ({ name: 'lead-created', data })));
        }
      },
      async work(count) {
        handled = 0;
        worker = new Worker(
          QUEUE,
          async ({ data }) => {
            await job(data);
            handled += 1;
          },
          { connection, concurrency: settings.concurrency, removeOnComplete: { count: 0 } },
        );
        worker.on('error', console.error);
        worker.on('failed', console.error);
        await until(() => handled >= count);
        await until(async () => Object.values(await queue.getJobCounts('waiting', 'active')).every((open) => open === 0));
      },
      async pause() {
        await worker?.close();
      },
      async close() {
        await queue.obliterate({ force: true });
        await queue.close();
        await redis.stop();
      },
    };
  },
};

/** The Redis of `REDIS_URL`, or one of our own from the `redis-server` on the PATH. */
async function redisAtHand(): Promise<{ url: string; stop(): Promise<void> }> {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, stop: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-crm-automation-bench-redis-'));
  const port = await freePort();
  const options = [
    '--port',
    port,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
    '--save',
    '',
  ];
  const server = spawn('redis-server', [...options.map(String), '--maxmemory-policy', 'noeviction'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  process.once('exit', () => server.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new NotRunnableError('no Redis at hand: neither REDIS_URL nor a redis-server on the PATH')));
    server.once('exit', (code) => reject(new NotRunnableError(`redis-server ended at its start with code ${code}`)));
    server.stdout.on('data', (text: Buffer) => {
      if (text.includes('Ready to accept connections')) resolve();
    });
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
