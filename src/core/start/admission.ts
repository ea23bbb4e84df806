import type { WorkflowSettings } from '../definition/types.js';
import { isJsonObject, type Json } from '../json.js';

/** Why a queued run is not due yet; what run lists show as `reason`. */
export type QueueReason = 'record_order' | 'concurrency_limit';

/** For what a new run waits before it begins: earlier runs of its record, or a free place. */
export type Admission = { admission: 'record'; reason: 'record_order' } | { admission: 'queue'; reason: 'concurrency_limit' };

const IN_ORDER: Admission = { admission: 'record', reason: 'record_order' };
const IN_QUEUE: Admission = { admission: 'queue', reason: 'concurrency_limit' };

/** Whether runs of a workflow with these settings may have to wait for each other. */
export function hasQueue({ maxConcurrentRuns, order }: Pick<WorkflowSettings, 'maxConcurrentRuns' | 'order'>): boolean {
  return maxConcurrentRuns > 0 || order === 'per_record';
}

/**
 * Returns what a new run is to wait for; null: nothing. Whoever has come to the end of the one waits for the other: a run
 * that is the first of its record takes its place in the queue of the workflow.
 */
export function admissionOf(
  { maxConcurrentRuns, order }: Pick<WorkflowSettings, 'maxConcurrentRuns' | 'order'>,
  { module, recordId }: { module: string | null; recordId: string | null },
): Admission | null {
  if (order === 'per_record' && module !== null && recordId !== null) return IN_ORDER;
  return maxConcurrentRuns > 0 ? IN_QUEUE : null;
}

/** The same for a run of a version that cannot be read, from as much of its settings as can. */
export function admissionOfStored(definition: Json, subject: { module: string | null; recordId: string | null }): Admission | null {
  const settings = isJsonObject(definition) && isJsonObject(definition.settings) ? definition.settings : {};
  const order = settings.order === 'per_record' ? 'per_record' : 'any';
  return admissionOf({ maxConcurrentRuns: Number(settings.maxConcurrentRuns), order }, subject);
}
