import type { CrmHost, CrmTransaction } from '../crm-host.js';
import type { StepAtWork } from './step-origin.js';

/** One question about the open records that users own in a module. */
export interface OwnersCall {
  step: StepAtWork;
  module: string;
  userIds: readonly string[];
}

/** Returns for each call how many records its users own; users without any may be missing. */
export async function countOwners(host: CrmHost, calls: readonly OwnersCall[], tx: CrmTransaction, module: string) {
  const counts = await countAll(host, calls, tx, module);
  return calls.map(({ userIds }) => new Map(userIds.flatMap((id) => (counts.has(id) ? [[id, counts.get(id) ?? 0] as const] : []))));
}

/** Returns for each call the one of its users who owns the fewest; what one call gives out counts for the next. */
export async function leastBusyOwners(host: CrmHost, calls: readonly OwnersCall[], tx: CrmTransaction, module: string): Promise<string[]> {
  const counts = new Map(await countAll(host, calls, tx, module));
  return calls.map(({ userIds }) => {
    const least = userIds.reduce((best, id) => ((counts.get(id) ?? 0) < (counts.get(best) ?? 0) ? id : best));
    counts.set(least, (counts.get(least) ?? 0) + 1);
    return least;
  });
}

function countAll(host: CrmHost, calls: readonly OwnersCall[], tx: CrmTransaction, module: string): Promise<Map<string, number>> {
  return host.countOwned(tx, module, [...new Set(calls.flatMap(({ userIds }) => userIds))]);
}
