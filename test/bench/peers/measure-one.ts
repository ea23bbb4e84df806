import pg from 'pg';
import { sampleDataSource } from '../../support/sample-crm.js';
import { benchDatabase, insertLeads } from '../support.js';
import { measureEngine, measureFloor } from '../throughput.js';
import { type LeadRecord, ROTATION_TABLE, verify } from './actions.js';
import { installPackages } from './install.js';
import { PEERS } from './list.js';
import type { Peer, Settings } from './peer.js';

/**
 * One measurement in a process of its own, so that nobody shares an event loop or a warm heap: `fork`ed by main.ts, which
 * sends an order and gets an answer.
 */
export interface Order {
  subject: 'floor' | 'backlog' | 'live' | { peer: string; settings: Settings };
  serverUrl: string;
  runs: number;
  timeoutSeconds: number;
}
export type Answer = { rate: number } | { failed: string };

// The one who asked is gone: so are the servers that a peer has started, by their handlers of our exit.
process.once('disconnect', () => process.exit());
process.once('message', (order: Order) => {
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(`not done after ${order.timeoutSeconds} s`);
    setTimeout(() => reject(error), order.timeoutSeconds * 1_000);
  });
  Promise.race([measure(order), late])
    .then((rate): Answer => ({ rate }))
    .catch((error: Error): Answer => ({ failed: error.message.split('\n')[0] ?? 'unknown' }))
    .then((answer) => process.send?.(answer, () => process.exit()))
    .catch(console.error);
});

async function measure({ subject, serverUrl, runs }: Order): Promise<number> {
  if (typeof subject === 'object') {
    const peer = PEERS.find(({ name }) => name === subject.peer);
    if (!peer) throw new Error(`no peer is called ${subject.peer}`);
    return measurePeer(peer, subject.settings, serverUrl, runs);
  }
  const measured = subject === 'floor' ? await measureFloor(serverUrl, runs) : await measureEngine(serverUrl, runs, subject);
  return runs / measured.seconds;
}

async function measurePeer(peer: Peer, settings: Settings, serverUrl: string, runs: number): Promise<number> {
  const packages = await installPackages(peer.folder, peer.packages);
  const url = await benchDatabase(serverUrl, `bench_peer_${peer.folder.replaceAll('-', '_')}`);
  const source = await sampleDataSource(url, {}).initialize();
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  pool.on('error', console.error);
  await pool.query(ROTATION_TABLE);
  const session = await peer.open({ url, settings, packages, pool });
  try {
    const round = async (prefix: string, count: number): Promise<number> => {
      const ids = await insertLeads(source, count, prefix);
      await session.enqueue(ids.map((id): LeadRecord => ({ id, name: `Lead ${id}`, source: 'Web Form', stage: 'New' })));
      const started = performance.now();
      await session.work(count);
      const seconds = (performance.now() - started) / 1_000;
      await session.pause();
      await verify(pool, prefix, count);
      return count / seconds;
    };
    await round('warm-', Math.ceil(runs / 5));
    return await round('lead-', runs);
  } finally {
    await session.close();
    await pool.end();
    await source.destroy();
  }
}
