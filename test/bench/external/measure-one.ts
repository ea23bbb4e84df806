import pg from 'pg';
import { Webhook } from 'standardwebhooks';
import { sampleDataSource } from '../../support/sample-crm.js';
import type { LeadRecord } from '../peers/actions.js';
import { installPackages } from '../peers/install.js';
import { PEERS } from '../peers/list.js';
import { type Settings, until } from '../peers/peer.js';
import { benchDatabase, insertLeads } from '../support.js';
import {
  callingHost,
  client,
  countAnswers,
  publishAtOnce,
  publishCalls,
  publishLeads,
  SIGNING,
  succeeded,
  succeededInAll,
} from './calls.js';

/** One measurement in a process of its own: `fork`ed by the suite, which sends an order and gets an answer. */
export interface Order {
  /**
   * `beside`: how long fast calls take while slow ones are kept open, so many at a time. The others: calls in a second, from a
   * backlog, by ours with a stored or a literal secret, or by a peer.
   */
  subject: { ours: 'stored' | 'literal' } | { peer: string; settings: Settings } | { beside: number; concurrency: number };
  serverUrl: string;
  /** Of the receiver. */
  origin: string;
  runs: number;
}
export type Answer = { rate: number } | { failed: string };

process.once('disconnect', () => process.exit());
process.once('message', (order: Order) => {
  measure(order)
    .then((rate): Answer => ({ rate }))
    .catch((error: Error): Answer => ({ failed: error.message.split('\n')[0] ?? 'unknown' }))
    .then((answer) => process.send?.(answer, () => process.exit()))
    .catch(console.error);
});

const SLOW_EVERY_MS = 2_000;
/** Two minutes of slow calls: several times what the fast ones take. */
const MOST_TURNS = 60;

function measure({ subject, ...order }: Order): Promise<number> {
  if ('ours' in subject) return measureOurs(order, subject.ours);
  return 'peer' in subject ? measurePeer(order, subject) : measureBeside(order, subject);
}

type Given = Omit<Order, 'subject'>;

async function measureOurs({ serverUrl, origin, runs }: Given, secret: 'stored' | 'literal'): Promise<number> {
  const url = await benchDatabase(serverUrl, 'bench_external');
  // As many calls at once as a worker makes that is told nothing. A queue has the fastest of its settings.
  const host = await callingHost(url, {});
  try {
    await publishCalls(host, origin, secret);
    const answered = countAnswers(host);
    let inAll = 0;
    const round = async (prefix: string, count: number): Promise<number> => {
      const began = await publishAtOnce(host, await insertLeads(host.source, count, prefix), 'fast');
      inAll += count;
      await until(() => answered() >= inAll);
      await succeededInAll(host.source, inAll);
      return count / ((performance.now() - began) / 1_000);
    };
    await round('warm-', runs);
    return await round('lead-', runs);
  } finally {
    await host.close();
  }
}

async function measurePeer(
  { serverUrl, origin, runs }: Given,
  { peer: name, settings }: { peer: string; settings: Settings },
): Promise<number> {
  const peer = PEERS.find((one) => one.name === name);
  if (!peer) throw new Error(`no peer is called ${name}`);
  const packages = await installPackages(peer.folder, peer.packages);
  const url = await benchDatabase(serverUrl, 'bench_external_peer');
  const source = await sampleDataSource(url, {}).initialize();
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  pool.on('error', console.error);
  await pool.query(
    'CREATE TABLE call_results (lead_id text PRIMARY KEY, status integer NOT NULL, body jsonb NOT NULL, at timestamptz NOT NULL)',
  );
  const http = client();
  const signer = new Webhook(SIGNING);
  const keep = { name: 'keep', text: 'INSERT INTO call_results VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING' };
  let began: number | null = null;
  const job = async ({ id, name: leadName, source: path }: LeadRecord): Promise<void> => {
    // Not when it is told to work: starting is no part of ours either.
    began ??= performance.now();
    const body = JSON.stringify({ id, name: leadName });
    const now = new Date();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': signer.sign(id, now, body),
    };
    const response = await http.send({ method: 'POST', url: `${origin}/${path}/${id}`, headers, body });
    if (response.status !== 200) throw new Error(`the receiver answered ${response.status}`);
    await pool.query({ ...keep, values: [id, response.status, response.body.toString()] });
  };
  const session = await peer.open({ url, settings, packages, pool, job });
  try {
    const round = async (prefix: string, count: number): Promise<number> => {
      const ids = await insertLeads(source, count, prefix);
      await session.enqueue(ids.map((id): LeadRecord => ({ id, name: `Lead ${id}`, source: 'fast', stage: 'New' })));
      began = null;
      await session.work(count);
      const seconds = (performance.now() - (began ?? Number.NaN)) / 1_000;
      await session.pause();
      const { rowCount } = await pool.query(`SELECT FROM call_results WHERE lead_id LIKE $1 || '%'`, [prefix]);
      if (rowCount !== count) throw new Error(`${rowCount} results of ${count} calls were kept`);
      return count / seconds;
    };
    await round('warm-', runs);
    return await round('lead-', runs);
  } finally {
    await session.close();
    await http.close();
    await pool.end();
    await source.destroy();
  }
}

/** Fast calls in a second, to fifty receivers, while `beside` slow ones are open all the time. */
async function measureBeside(
  { serverUrl, origin, runs }: Given,
  { beside, concurrency }: { beside: number; concurrency: number },
): Promise<number> {
  const url = await benchDatabase(serverUrl, 'bench_external_slow');
  const host = await callingHost(url, { concurrency });
  let isOver = false;
  let slowTurns = 0;
  // Before it begins: inserting leads, and looking at all of them for the planner, is no part of what the slow ones cost.
  const slowOnes = beside === 0 ? [] : await insertLeads(host.source, beside * MOST_TURNS, 'slow-');
  const keepSlow = async (): Promise<void> => {
    for (; !isOver && slowTurns < MOST_TURNS && beside > 0; slowTurns += 1) {
      await publishLeads(host, slowOnes.slice(slowTurns * beside, (slowTurns + 1) * beside), 'slow');
      await new Promise((resolve) => setTimeout(resolve, SLOW_EVERY_MS));
    }
  };
  try {
    await publishCalls(host, origin, 'stored');
    const slow = keepSlow();
    const fast = async (prefix: string, count: number): Promise<number> => {
      const ids = await insertLeads(host.source, count, prefix);
      const started = performance.now();
      await publishLeads(host, ids, 'fast');
      await succeeded(host.source, prefix, count);
      return count / ((performance.now() - started) / 1_000);
    };
    await fast('warm-', Math.ceil(runs / 5));
    const rate = await fast('lead-', runs);
    if (slowTurns === MOST_TURNS) throw new Error('the slow calls were over before the fast ones');
    isOver = true;
    await slow;
    return rate;
  } finally {
    isOver = true;
    await host.close();
  }
}
