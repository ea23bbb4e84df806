import type { DataSource } from 'typeorm';
import { type BenchHost, insertLeads } from './support.js';

/** Events in one INSERT of a burst. */
const PER_STATEMENT = 500;

/** A workspace's workflow whose successes are waited for. */
export interface Counted {
  workspaceId: string;
  workflowId: string;
}

/**
 * How long the workers that run already take for a burst of `count` events: all are published in one transaction, so that
 * they become visible at once; the clock runs from its commit to the commit of the last run. Milliseconds.
 */
export async function measureBurst(host: BenchHost, counted: Counted, prefix: string, count: number): Promise<number> {
  const leads = await insertLeads(host.source, count, prefix);
  const before = await succeeded(host.source, counted);
  await host.source.transaction(async (manager) => {
    for (let from = 0; from < leads.length; from += PER_STATEMENT) {
      const events = leads.slice(from, from + PER_STATEMENT).map((id) => leadCreated(counted.workspaceId, id));
      await host.automation.publish(events, manager);
    }
  });
  const committed = performance.now();
  while ((await succeeded(host.source, counted)) < before + count) await new Promise((resolve) => setTimeout(resolve, 10));
  return performance.now() - committed;
}

/** Publishes the creation of one lead, in a transaction of the host's own. */
export async function publishLead(host: BenchHost, id: string): Promise<void> {
  await host.source.transaction((manager) => host.automation.publish(leadCreated('acme', id), manager));
}

/** The event of a lead as {@link insertLeads} wrote it. */
export function leadCreated(workspaceId: string, id: string) {
  const record = { id, workspaceId, name: `Lead ${id}`, email: null, source: 'Web Form', stage: 'New', ownerId: null };
  return { workspaceId, module: 'leads', event: 'created', record };
}

/** Throws when a run of the workflow went another way: the numbers would mean nothing. */
async function succeeded(source: DataSource, { workspaceId, workflowId }: Counted): Promise<number> {
  const [row] = (await source.query(
    `SELECT coalesce(sum(succeeded), 0)::int AS succeeded, coalesce(sum(failed + skipped + cancelled), 0)::int AS others
     FROM automation.workflow_stats WHERE workspace_id = $1 AND workflow_id = $2`,
    [workspaceId, workflowId],
  )) as { succeeded: number; others: number }[];
  if (row && row.others > 0) throw new Error(`${row.others} runs did not succeed: the numbers would mean nothing`);
  return row?.succeeded ?? 0;
}
