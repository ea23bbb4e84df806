import type { Sequence } from './command.js';
import { type InstanceRow, type loadGroup, type RunChange, type RunRow, UNFINISHED } from './model-rows.js';

/** What is written of a transition when the run of its steps has ended so. */
const TOLD: Record<string, string> = { succeeded: 'fired', failed: 'failed', cancelled: 'cancelled' };

/** Instances rest, are where their history has led them, and each end of a run of a transition is in it once; they are counted where they are. */
export function machineRules(
  { workspace }: Sequence,
  runs: readonly RunRow[],
  { instances, runHistory, miscounted }: Awaited<ReturnType<typeof loadGroup>>,
): string[] {
  const own = instances.filter(({ workspaceId }) => workspaceId === workspace.id);
  return [
    ...own.flatMap(atRest),
    ...own.flatMap(followed),
    ...runs.flatMap((run) => endings(run, runHistory, own)),
    ...miscounted
      .filter(({ workspaceId }) => workspaceId === workspace.id)
      .map(({ state, counted }) => `the counters have ${counted} instances too many in ${state}`),
  ];
}

function atRest({ id, transition, runId, deferred, left }: InstanceRow): string[] {
  if (transition === null && runId === null && deferred === 0 && left === 0) return [];
  return [`instance ${id} does not rest: ${JSON.stringify({ transition, runId, deferred, left })}`];
}

/** From where it was made each entry of its history takes it on from where it is. */
function followed({ id, state, entry, history }: InstanceRow): string[] {
  const found: string[] = [];
  let at: string | null = null;
  let entries = 0;
  for (const { kind, from, to } of history) {
    if (from !== at) found.push(`instance ${id} is in ${at} when it ${kind} from ${from}`);
    if (to === null) continue;
    at = to;
    entries += 1;
  }
  if (state !== at || entry !== entries)
    found.push(`instance ${id} is in ${state}, entry ${entry}; its history leads to ${at}, ${entries}`);
  return found;
}

/** Whatever ends the run of a transition ends the transition, and nothing else does. */
function endings({ id, status }: RunRow, changes: readonly RunChange[], instances: readonly InstanceRow[]): string[] {
  if (status === 'skipped') return [`run ${id} of a transition was skipped`];
  const ended = changes
    .filter(
      (change) => change.runId === id && !UNFINISHED.includes(change.status) && (change.was === null || UNFINISHED.includes(change.was)),
    )
    .map((change) => TOLD[change.status]);
  const told = instances.flatMap(({ history }) => history.filter(({ runId }) => runId === id).map(({ kind }) => kind));
  return String(ended) === String(told) ? [] : [`run ${id} ${ended}; the history of its instance says ${told}`];
}
