import type { DataSource, EntityManager } from 'typeorm';
import { OutboundHttp } from '../../../src/actions/outbound/outbound-http.js';
import { SecretService } from '../../../src/admin/secret-service.js';
import type { AutomationOptions } from '../../../src/automation.options.js';
import { ADMIN, type BenchHost, benchHost, inParallel } from '../support.js';

export const SIGNING = `whsec_${Buffer.from('the signing secret of the receiver').toString('base64')}`;
const ALLOW = { allow: ['127.0.0.1'] };

/** The same client for all who are measured. */
export const client = (): OutboundHttp => new OutboundHttp(ALLOW);

/** A host whose steps call the receiver. */
export function callingHost(url: string, worker: AutomationOptions['worker']): Promise<BenchHost> {
  return benchHost(url, { worker, outbound: ALLOW, secret: 'the secret of a host that is measured' });
}

/** Counts the answers of a host's calls: while they are made nobody asks its database, as nobody asks that of a queue. */
export function countAnswers(host: BenchHost): () => number {
  const http = host.context.get(OutboundHttp);
  const { send } = http;
  let answers = 0;
  http.send = (call) => send.call(http, call).finally(() => (answers += 1));
  return () => answers;
}

/** Publishes a workflow with one signed webhook, to the path that the record's source says. */
export async function publishCalls(host: BenchHost, origin: string, secret: 'stored' | 'literal'): Promise<void> {
  if (secret === 'stored') await host.context.get(SecretService).put('receiver', { value: SIGNING, hosts: [origin] }, ADMIN);
  const args = {
    url: `${origin}/{{record.source}}/{{record.id}}`,
    secret: secret === 'stored' ? { $secret: 'receiver' } : SIGNING,
    body: { id: '{{record.id}}', name: '{{record.name}}' },
  };
  const definition = {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    steps: [{ id: 'call', type: 'webhook', with: args }],
  };
  const { id, problems } = await host.workflows.create({ name: 'Calls', definition: definition as never }, ADMIN);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  await host.workflows.publish(id, ADMIN);
}

/** Publishes the events of leads, eight at a time. */
export function publishLeads(host: BenchHost, ids: readonly string[], source: string): Promise<void> {
  return inParallel(ids, 8, (id) => host.source.transaction((manager) => publishLead(host, manager, id, source)));
}

/** Publishes the events of leads in one transaction: a backlog for a worker that is up. Returns when it is about to commit. */
export async function publishAtOnce(host: BenchHost, ids: readonly string[], source: string): Promise<number> {
  return host.source.transaction(async (manager) => {
    for (const id of ids) await publishLead(host, manager, id, source);
    return performance.now();
  });
}

function publishLead(host: BenchHost, manager: EntityManager, id: string, source: string): Promise<void> {
  const record = { id, workspaceId: 'acme', name: `Lead ${id}`, email: null, source, stage: 'New', ownerId: null };
  return host.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record }, manager);
}

/** Waits until so many runs about leads with this prefix have succeeded; asked ten times a second. */
export async function succeeded(source: DataSource, prefix: string, runs: number): Promise<void> {
  for (;;) {
    const [row] = (await source.query(
      `SELECT count(*) FILTER (WHERE status = 'succeeded')::int AS done, count(*) FILTER (WHERE status IN ('failed', 'cancelled', 'skipped'))::int AS amiss
       FROM automation.runs WHERE workspace_id = 'acme' AND record_id LIKE $1 || '%'`,
      [prefix],
    )) as { done: number; amiss: number }[];
    if (row && row.amiss > 0) throw new Error(`${row.amiss} runs did not succeed: the numbers would mean nothing`);
    if (row && row.done >= runs) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits until so many runs of the workspace have succeeded; by the counters, for counting the runs takes from what is measured. */
export async function succeededInAll(source: DataSource, runs: number): Promise<void> {
  for (;;) {
    const [row] = (await source.query(
      `SELECT coalesce(sum(succeeded), 0)::int AS done, coalesce(sum(failed + cancelled + skipped), 0)::int AS amiss
       FROM automation.workflow_stats WHERE workspace_id = 'acme'`,
    )) as { done: number; amiss: number }[];
    if (row && row.amiss > 0) throw new Error(`${row.amiss} runs did not succeed: the numbers would mean nothing`);
    if (row && row.done >= runs) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
