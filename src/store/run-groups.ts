import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../core/errors.js';
import { RUN_TRANSITION_CODE, TRANSITION_OVER } from './machines/run-transition.js';
import { QueryParts } from './query-parts.js';
import { HAS_INPUT, HAS_WORKFLOW, type RunFilter, type RunQuestion, runIds } from './run-filter.js';
import { RUN_STATUSES, type RunStatus } from './runs/run.js';
import { sql } from './sql.js';

/** How many runs are counted, of one status or in groups; beyond it people are told "more than". */
export const MOST_COUNTED = 10_000;
/** How many groups are told, those of the most runs first. */
const MOST_GROUPS = 100;

/** How many runs of a filter are in a status: exactly, or at least so many. */
export interface StatusCount {
  status: RunStatus;
  runs: number;
  isExact: boolean;
}

/** Counts the runs of a filter by status, each up to {@link MOST_COUNTED}. Statuses that the filter leaves out are missing. */
export async function countByStatus(manager: EntityManager, question: RunQuestion): Promise<StatusCount[]> {
  const parts = new QueryParts();
  const counts = RUN_STATUSES.filter((status) => question.filter.status?.includes(status) ?? true).map((status) => {
    const filter: RunFilter = { ...question.filter, status: [status] };
    const ids = runIds(parts, { ...question, filter }, { limit: MOST_COUNTED + 1, order: 'any' });
    return `SELECT ${parts.bind(status)}::text AS status, count(*)::integer AS runs FROM (${ids}) AS counted`;
  });
  if (counts.length === 0) return [];
  const rows = await sql<{ status: RunStatus; runs: number }>(manager, counts.join(' UNION ALL '), parts.parameters);
  return rows.map(({ status, runs }) => ({ status, runs: Math.min(runs, MOST_COUNTED), isExact: runs <= MOST_COUNTED }));
}

/** Runs that have the same workflow, status, step and reason. Times are ISO 8601. */
export interface RunGroup {
  workflowId: string;
  /** The present name, or that of a workflow that has been deleted since. */
  workflowName: string | null;
  /** Where runs are grouped by version. */
  version: number | null;
  status: RunStatus;
  /** Where it failed, was cancelled or waits; of items of a loop without their places: `each.notify`. */
  step: string | null;
  /** Why it failed, was skipped or cancelled (a code), or what it waits for. */
  reason: string | null;
  runs: number;
  /** When the first and the last of them ended; of those that are not over, when they were created. */
  first: string;
  last: string;
  /** The newest of them, and its error. */
  sampleRunId: string;
  error: LoggedError | null;
}

/** Groups of the newest runs of a filter. */
export interface RunGroups<Group = RunGroup> {
  groups: Group[];
  /** How many runs are in the groups, those that are not told included: exactly, or there are more. */
  counted: number;
  isExact: boolean;
  /** Whether there are groups beyond {@link MOST_GROUPS}. */
  more: boolean;
}

/** What stands in the way of a retry or cancel of all the runs in a group; null where nothing does. */
export interface JudgedGroup extends RunGroup {
  refusal: string | null;
  /** How many of them may do something outside twice. */
  mayRepeat: number;
}

/** Groups runs as people look at them: by what has become of them, or by their versions. */
export type GroupedBy = 'cause' | 'version';

/** Groups the newest {@link MOST_COUNTED} runs of a filter. */
export async function groupRuns(manager: EntityManager, question: RunQuestion, by: GroupedBy): Promise<RunGroups> {
  const { groups, ...counted } = await judgeRuns(manager, question, { by, refusal: 'NULL::text', mayRepeat: 'false' });
  return { groups: groups.map(({ refusal: _, mayRepeat: __, ...group }) => group), ...counted };
}

/** How a retry is judged before it is done. */
export interface RetryTerms {
  from: 'failed_step' | 'start';
  version: 'same' | 'newest';
  /** The types of the actions that act outside. */
  externalTypes: readonly string[];
  /** What the workspace's plan gives no run of. */
  beyondPlan: readonly VersionToRun[];
}

/** A workflow, and the version of it that a retry would run. */
export interface VersionToRun {
  workflowId: string;
  versionId: string;
}

const PUBLISHED = `(SELECT w.published_version_id FROM automation.workflows w WHERE w.workspace_id = r.workspace_id AND w.id = r.workflow_id)`;

/** A transition belongs to the version of the machine that its instance is on. */
function versionToRun({ version }: Pick<RetryTerms, 'version'>): string {
  return version === 'newest' ? `CASE WHEN ${RUN_TRANSITION_CODE} IS NULL THEN ${PUBLISHED} ELSE r.version_id END` : 'r.version_id';
}

/** What the newest {@link MOST_COUNTED} runs of a filter would run again: each version once. */
export async function versionsToRun(
  manager: EntityManager,
  question: RunQuestion,
  terms: Pick<RetryTerms, 'version'>,
): Promise<VersionToRun[]> {
  const parts = new QueryParts();
  const ids = runIds(parts, question, { limit: MOST_COUNTED, order: 'newest' });
  return sql<VersionToRun>(
    manager,
    `SELECT * FROM (
       SELECT DISTINCT r.workflow_id AS "workflowId", ${versionToRun(terms)} AS "versionId"
       FROM (${ids}) f JOIN automation.runs r ON r.workspace_id = ${parts.bind(question.workspaceId)} AND r.id = f.id
     ) AS versions WHERE "versionId" IS NOT NULL`,
    parts.parameters,
  );
}

/** Groups the newest {@link MOST_COUNTED} runs of a filter by whether they can be retried, and what would happen. */
export function judgeRetry(
  manager: EntityManager,
  question: RunQuestion,
  { from, version, externalTypes, beyondPlan }: RetryTerms,
): Promise<RunGroups<JudgedGroup>> {
  const parts = new QueryParts();
  const lacking = beyondPlan.length === 0 ? null : parts.bind(beyondPlan.map(({ versionId }) => versionId));
  const refusal = `CASE WHEN r.retried_as IS NOT NULL THEN 'run_already_retried' WHEN r.status <> 'failed' THEN 'run_not_failed'
    WHEN NOT ${HAS_WORKFLOW} THEN 'workflow_deleted' WHEN NOT ${HAS_INPUT} THEN 'event_expired'
    WHEN ${TRANSITION_OVER} THEN 'transition_over'
    ${from === 'start' && version === 'newest' ? `WHEN ${PUBLISHED} IS NULL THEN 'workflow_not_published'` : ''}
    ${lacking === null ? '' : `WHEN ${versionToRun({ version })} = ANY(${lacking}::uuid[]) THEN 'plan_required'`} END`;
  // From the failed step what has succeeded is not done again.
  const statuses = from === 'start' ? ['succeeded', 'lost', 'running'] : ['lost', 'running'];
  const mayRepeat = `EXISTS (SELECT 1 FROM automation.step_executions s WHERE s.workspace_id = r.workspace_id AND s.run_id = r.id
    AND s.type = ANY(${parts.bind(externalTypes)}::text[]) AND s.status = ANY(${parts.bind(statuses)}::text[]) AND NOT s.superseded)`;
  return judgeRuns(manager, question, { by: 'cause', refusal, mayRepeat }, parts);
}

/** Groups the newest {@link MOST_COUNTED} runs of a filter by whether they can be cancelled. */
export function judgeCancel(manager: EntityManager, question: RunQuestion): Promise<RunGroups<JudgedGroup>> {
  const refusal = `CASE WHEN r.status NOT IN ('queued', 'running', 'waiting') THEN 'run_finished' END`;
  return judgeRuns(manager, question, { by: 'cause', refusal, mayRepeat: 'false' });
}

/** Reads each of the runs once, by its key; which they are: see {@link runIds}. */
async function judgeRuns(
  manager: EntityManager,
  question: RunQuestion,
  { by, refusal, mayRepeat }: { by: GroupedBy; refusal: string; mayRepeat: string },
  parts = new QueryParts(),
): Promise<RunGroups<JudgedGroup>> {
  const { workspaceId } = question;
  const ids = runIds(parts, question, { limit: MOST_COUNTED + 1, order: 'newest' });
  const [step, reason] =
    by === 'version'
      ? ['NULL::text', 'NULL::text']
      : [
          `regexp_replace(CASE WHEN r.status IN ('queued', 'running', 'waiting') THEN r.waiting->0->>'path' ELSE r.error->>'step' END, '\\[\\d+\\]', '', 'g')`,
          `coalesce(r.reason, CASE WHEN r.status = 'waiting' THEN r.waiting->0->>'reason' END)`,
        ];
  type Row = Omit<JudgedGroup, 'first' | 'last'> & { first: Date; last: Date; counted: number };
  const rows = await sql<Row>(
    manager,
    `SELECT g."workflowId", w.name AS "workflowName", g.version, g.status, g.step, g.reason, g.refusal, g.runs, g.first, g.last,
       g."mayRepeat", g.sample AS "sampleRunId", s.error, g.counted::integer
     FROM (
       SELECT r.workflow_id AS "workflowId", ${by === 'version' ? 'r.version' : 'NULL::integer'} AS version, r.status, ${step} AS step, ${reason} AS reason,
         ${refusal} AS refusal, count(*)::integer AS runs, min(coalesce(r.finished_at, r.created_at)) AS first,
         max(coalesce(r.finished_at, r.created_at)) AS last, (array_agg(r.id ORDER BY r.id DESC))[1] AS sample,
         (count(*) FILTER (WHERE ${mayRepeat}))::integer AS "mayRepeat", sum(count(*)) OVER () AS counted
       FROM (${ids}) f JOIN automation.runs r ON r.workspace_id = ${parts.bind(workspaceId)} AND r.id = f.id
       GROUP BY 1, 2, 3, 4, 5, 6) g
     LEFT JOIN automation.workflow_names w ON w.workspace_id = ${parts.bind(workspaceId)} AND w.id = g."workflowId"
     LEFT JOIN automation.runs s ON s.workspace_id = ${parts.bind(workspaceId)} AND s.id = g.sample
     ORDER BY g.runs DESC, g.sample DESC LIMIT ${MOST_GROUPS + 1}`,
    parts.parameters,
  );
  const counted = rows[0]?.counted ?? 0;
  return {
    groups: rows
      .slice(0, MOST_GROUPS)
      .map(({ counted: _, first, last, ...group }) => ({ ...group, first: first.toISOString(), last: last.toISOString() })),
    counted: Math.min(counted, MOST_COUNTED),
    isExact: counted <= MOST_COUNTED,
    more: rows.length > MOST_GROUPS,
  };
}
