import type { RunGroup } from '../../api/types.js';
import type { BulkWork } from './bulk-dialog.js';

/** Returns the retry of a group's runs; `filter` says which runs were grouped. */
export function retryOf({ workflowId, workflowName, reason }: RunGroup, filter: Record<string, unknown>): BulkWork {
  return {
    kind: 'retry',
    filter: { ...filter, status: undefined, workflowId, ...(reason !== null && { reason }) },
    words: `${workflowName ?? 'a deleted workflow'}, because of ${reason ?? 'no reason'}`,
  };
}
