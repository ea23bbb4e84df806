import { appendFileSync } from 'node:fs';

/**
 * Loaded into a worker by `--import`, with `--expose-gc`: writes into the file MEMORY_LOG, five times a second, how much memory
 * is in use after a garbage collection, buffers outside the heap included. What is only waiting to be collected does not count.
 */
const file = process.env.MEMORY_LOG;
const collect = (globalThis as { gc?: () => void }).gc;
if (!file || !collect) throw new Error('MEMORY_LOG must name a file, and node must run with --expose-gc.');
setInterval(() => {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  // `external` holds the buffers too.
  appendFileSync(file, `${Date.now()} ${heapUsed + external} ${rss}\n`);
}, 200).unref();
