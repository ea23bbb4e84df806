import type { FaultResult } from './fault-case.js';
import type { FaultLab } from './fault-lab.js';

/** What there is in the end, counted from the database and from the far sides. */
export type Ledger = Pick<
  FaultResult,
  'runs' | 'lost' | 'localDuplicates' | 'externalCalls' | 'externalDuplicates' | 'violations' | 'notes'
>;

/** One lead and what became of it. */
interface LeadRow {
  id: string;
  amount: number;
  tasks: number;
  events: number;
  runs: { id: string; status: string; reason: string | null }[];
}

/** Failures after which the far side may have acted although no answer came. */
const AMBIGUOUS = ['outbound_timeout', 'outbound_connection_failed', 'outbound_response_invalid', 'smtp_outcome_unknown', 'step_timed_out'];

/**
 * Closes the books on a load of `fourSteps`, when everything has settled: each lead has one event and one succeeded run,
 * one task, an amount of 1, and its webhook and mail have arrived. Whatever arrived twice must show in the log as an
 * attempt whose outcome nobody knew.
 */
export async function closeBooks(lab: FaultLab, acknowledged: readonly string[], settleMs?: number): Promise<Ledger> {
  const violations: string[] = [];
  const open = await lab.database.settle(settleMs);
  if (open !== null) violations.push(open);
  const leads = await lab.database.query<LeadRow>(`
    SELECT l.id, l.amount::float8 AS amount,
      (SELECT count(*)::int FROM tasks t WHERE t."relatedId" = l.id) AS tasks,
      (SELECT count(*)::int FROM automation.events e WHERE e.record_id = l.id::text AND e.event = 'created' AND e.error IS NULL) AS events,
      coalesce((SELECT json_agg(json_build_object('id', r.id, 'status', r.status, 'reason', r.reason)) FROM automation.runs r
        WHERE r.record_id = l.id::text AND r.module = 'leads'), '[]') AS runs
    FROM leads l`);
  const known = new Set(leads.map(({ id }) => id));
  const gone = acknowledged.filter((id) => !known.has(id));
  if (gone.length > 0) violations.push(`${gone.length} leads are gone although their commit was acknowledged, such as ${gone[0]}`);
  const losses = leads.flatMap((lead) => lossesOf(lead, lab));
  const duplicates = leads.flatMap(duplicatesOf);
  for (const all of [losses, duplicates]) if (all.length > 0) violations.push(`${all.length} times, such as: ${all[0]}`);
  const repeated = [...lab.https.arrivals.repeated, ...lab.smtp.arrivals.repeated];
  const { unexplained, explained } = await explain(lab, repeated);
  if (unexplained.length > 0) {
    violations.push(`${unexplained.length} repeated calls that no attempt in the log owns up to, such as ${unexplained[0]}`);
  }
  const calls = lab.https.arrivals.total + lab.smtp.arrivals.total;
  return {
    runs: leads.length,
    lost: gone.length + losses.length,
    localDuplicates: duplicates.length,
    externalCalls: calls,
    externalDuplicates: calls - lab.https.arrivals.keys.length - lab.smtp.arrivals.keys.length,
    violations,
    notes:
      repeated.length > 0 ? [`${explained} of ${repeated.length} repeated calls show in their run as an attempt of unknown outcome`] : [],
  };
}

function lossesOf(lead: LeadRow, lab: FaultLab): string[] {
  const [run] = lead.runs;
  if (lead.events === 0) return [`lead ${lead.id} has no event`];
  if (run === undefined) return [`lead ${lead.id} has no run`];
  if (run.status !== 'succeeded') return [`run ${run.id} is ${run.status}${run.reason === null ? '' : ` (${run.reason})`}`];
  const losses: string[] = [];
  if (lead.tasks === 0) losses.push(`run ${run.id} has succeeded without its task`);
  if (lead.amount < 1) losses.push(`run ${run.id} has succeeded without changing the field`);
  if (lab.https.arrivals.count(`${run.id}.hook`) === 0) losses.push(`run ${run.id} has succeeded, its webhook never arrived`);
  if (lab.smtp.arrivals.count(`${run.id}.mail`) === 0) losses.push(`run ${run.id} has succeeded, its mail never arrived`);
  return losses;
}

function duplicatesOf(lead: LeadRow): string[] {
  const duplicates: string[] = [];
  if (lead.events > 1) duplicates.push(`lead ${lead.id} has ${lead.events} events`);
  if (lead.runs.length > 1) duplicates.push(`lead ${lead.id} has ${lead.runs.length} runs`);
  if (lead.tasks > 1) duplicates.push(`lead ${lead.id} has ${lead.tasks} tasks`);
  if (lead.amount > 1) duplicates.push(`lead ${lead.id} has an amount of ${lead.amount}`);
  return duplicates;
}

/** Which repeated calls the log shows as ambiguous: an attempt of that step that was lost, or failed without an answer. */
async function explain(lab: FaultLab, keys: readonly string[]): Promise<{ explained: number; unexplained: string[] }> {
  if (keys.length === 0) return { explained: 0, unexplained: [] };
  const rows = await lab.database.query<{ key: string }>(
    `SELECT DISTINCT run_id || '.' || path AS key FROM automation.step_executions
     WHERE run_id || '.' || path = ANY($1::text[]) AND (status = 'lost' OR error->>'code' = ANY($2::text[]))`,
    [keys, AMBIGUOUS],
  );
  const owned = new Set(rows.map(({ key }) => key));
  return { explained: owned.size, unexplained: keys.filter((key) => !owned.has(key)) };
}
