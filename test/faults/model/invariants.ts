import { parseDefinition } from '../../../src/core/definition/parser.js';
import type { WorkflowDefinition } from '../../../src/core/definition/types.js';
import type { StepExecution } from '../../../src/core/plan/history.js';
import { plan } from '../../../src/core/plan/plan.js';
import type { Sequence } from './command.js';
import { machineRules } from './machine-invariants.js';
import { loadGroup, type RunChange, type RunRow, type StepRow, UNFINISHED } from './model-rows.js';
import type { ModelWorld } from './model-world.js';

/** What was looked at, and what did not hold, by sequence. */
export interface Checked {
  runs: number;
  transitions: number;
  repeatedCalls: number;
  localEffects: number;
  violations: Map<Sequence, string[]>;
}

/** What may follow what. Only a failed run may begin anew; everything else that is over stays as it is. */
const NEXT: Record<string, readonly string[]> = {
  queued: ['running', 'cancelled'],
  running: ['running', 'queued', 'waiting', 'succeeded', 'failed', 'cancelled'],
  // `waiting` again: time was made to pass. `running`: somebody cancels it, and takes it over for that.
  waiting: ['queued', 'running', 'waiting', 'cancelled'],
  failed: ['queued'],
};
const NEXT_OF_STEP: Record<string, readonly string[]> = {
  running: ['succeeded', 'failed', 'lost'],
  waiting: ['succeeded', 'failed', 'waiting'],
  // `failed` again: time was made to pass.
  failed: ['failed'],
};
/** How a run may end without the planner. */
const ENDED_BY_OTHERS: readonly string[] = ['run_abandoned', 'cancelled_by_user'];

/** Holds what a group of sequences left behind to the rules. Everything is over by then. */
export async function checkGroup(world: ModelWorld, sequences: readonly Sequence[]): Promise<Checked> {
  const rows = await loadGroup(world, sequences);
  const checked: Checked = {
    ...{ runs: rows.runs.length, transitions: rows.runHistory.length, localEffects: rows.tasks.length, repeatedCalls: 0 },
    violations: new Map(),
  };
  for (const sequence of sequences) {
    const { workspace, records } = sequence;
    const found: string[] = [];
    checked.violations.set(sequence, found);
    const runs = rows.runs.filter((run) => run.workspaceId === workspace.id);
    const events = rows.events.filter((event) => event.workspaceId === workspace.id);
    const stats = rows.stats.find((row) => row.workspaceId === workspace.id);
    if (JSON.stringify(stats?.counted) !== JSON.stringify(stats?.expected)) {
      found.push(`the counters say ${JSON.stringify(stats?.counted)}, the runs ${JSON.stringify(stats?.expected)}`);
    }
    if (events.length !== sequence.published.size) found.push(`${sequence.published.size} events were published, ${events.length} kept`);
    for (const event of events) {
      if (event.routedAt === null || event.error !== null) found.push(`event ${event.id} was not routed: ${JSON.stringify(event.error)}`);
      else if (workspace.kind === 'workflow') found.push(...startedRuns(sequence, { id: event.id, routedAt: event.routedAt }, runs));
    }
    if (workspace.kind === 'machine') found.push(...machineRules(sequence, runs, rows));
    const definitions = new Map([...workspace.definitions].map(([code, definition]) => [code, parsedOf(definition)]));
    let touched = 0;
    for (const run of runs) {
      const steps = rows.steps.filter((step) => step.runId === run.id);
      const calls = world.calls.filter((call) => call.runId === run.id);
      checked.repeatedCalls += calls.length - new Set(calls.map((call) => call.key)).size;
      found.push(
        ...transitions(rows.runHistory.filter((row) => row.runId === run.id)),
        ...stepTransitions(rows.stepHistory.filter((row) => row.runId === run.id)),
        ...attempts(steps),
        ...callsMatch(run, steps, calls),
        ...replay(definitions.get(run.transition ?? '') as WorkflowDefinition, run, steps),
      );
      const effects = rows.tasks.filter((task) => task.title.startsWith(`${run.id} `)).map((task) => task.title.slice(run.id.length + 1));
      const done = steps
        .filter((step) => step.status === 'succeeded' && ['write', 'create_task'].includes(step.type))
        .map(({ path }) => path);
      if (String(effects.sort()) !== String(done.sort())) found.push(`run ${run.id} did ${done} and its effects are ${effects}`);
      touched += steps.filter((step) => step.status === 'succeeded' && step.type === 'change_field').length;
    }
    const touches = rows.leads.filter((lead) => records.includes(lead.id)).reduce((sum, lead) => sum + lead.touches, 0);
    if (touches !== touched) found.push(`the records were touched ${touches} times by ${touched} steps`);
  }
  return checked;
}

function parsedOf(definition: object): WorkflowDefinition {
  const parsed = parseDefinition(definition, null);
  if (!parsed.ok) throw new Error('a definition that was published can be parsed');
  return parsed.definition;
}

/** An event starts one run when the workflow is active, none while it is paused, however often it is routed. */
function startedRuns(sequence: Sequence, event: { id: string; routedAt: Date }, runs: readonly RunRow[]): string[] {
  const at = event.routedAt.getTime();
  const near = (moment: Date | null, slack: number): boolean => moment !== null && Math.abs(at - moment.getTime()) < slack;
  const started = runs.filter((run) => run.eventId === event.id && run.retryOf === null).length;
  if (sequence.pauses.some((pause) => near(pause.from, pause.unsureMs) || near(pause.to, pause.unsureMs))) {
    return started > 1 ? [`event ${event.id} started ${started} runs`] : [];
  }
  const paused = sequence.pauses.some((pause) => at >= pause.from.getTime() && (pause.to === null || at < pause.to.getTime()));
  const expected = paused ? 0 : 1;
  return started === expected ? [] : [`event ${event.id} started ${started} runs while the workflow was ${paused ? 'paused' : 'active'}`];
}

/** A run goes through states as it may, ends once (and once more for each time a person sent it back), and its fence never falls. */
function transitions(history: readonly RunChange[]): string[] {
  const found: string[] = [];
  let ended = 0;
  let sentBack = 0;
  for (const [index, { runId, was, status, fenceWas, fence, due, finished, onlyRetried }] of history.entries()) {
    const over = !UNFINISHED.includes(status);
    const told = `run ${runId} went from ${was} to ${status}`;
    if (over && due) found.push(`${told} and is still due`);
    // Who cancels a run takes it over and ends it in one transaction.
    const isCancelled = history[index + 1]?.status === 'cancelled' && history[index + 1]?.fence === fence;
    if (!over && !due && !isCancelled) found.push(`${told} and nobody will ever look at it`);
    if (over !== finished) found.push(`${told} and has ${finished ? 'an' : 'no'} end`);
    if (over && (was === null || UNFINISHED.includes(was))) ended += 1;
    if (was === null) continue;
    if (fenceWas !== null && fence < fenceWas) found.push(`${told} and its fence fell from ${fenceWas} to ${fence}`);
    if (status === 'running' && was !== 'running' && fence !== (fenceWas ?? 0) + 1)
      found.push(`${told} with the fence ${fence} after ${fenceWas}`);
    if (was === status && over && onlyRetried) continue;
    if (!NEXT[was]?.includes(status)) found.push(told);
    if (was === 'failed') sentBack += 1;
  }
  if (history.length > 0 && ended !== sentBack + 1)
    found.push(`run ${history[0]?.runId} ended ${ended} times and was sent back ${sentBack} times`);
  return found;
}

function stepTransitions(
  history: readonly { runId: string; path: string; attempt: number; was: string | null; status: string; same: boolean }[],
) {
  return history
    .filter(({ was, status, same }) => was !== null && !same && !NEXT_OF_STEP[was]?.includes(status))
    .map(({ runId, path, attempt, was, status }) => `step ${path} ${attempt} of run ${runId} went from ${was} to ${status}`);
}

/**
 * Attempts are numbered without a gap, positions too, nothing is left open, and a path succeeds once; a stop that failed the
 * run, once for each time it was sent back.
 */
function attempts(steps: readonly StepRow[]): string[] {
  const found: string[] = [];
  for (const [index, { runId, path, status, position }] of steps.entries()) {
    if (position !== index) found.push(`run ${runId} has no step execution at position ${index}`);
    if (status === 'running' || status === 'waiting') found.push(`run ${runId} is over and its step ${path} is ${status}`);
  }
  for (const path of new Set(steps.map((step) => step.path))) {
    const own = steps.filter((step) => step.path === path);
    if (own.some(({ attempt }, index) => attempt !== index + 1))
      found.push(`the attempts of ${path} are ${own.map(({ attempt }) => attempt)}`);
    if (own.filter(({ status, superseded, type }) => status === 'succeeded' && !(superseded && type === 'stop')).length > 1)
      found.push(`${path} succeeded more than once`);
  }
  return found;
}

/** Every call has its attempt, with the key of its path; a result in the log is what that very call was answered. */
function callsMatch(run: RunRow, steps: readonly StepRow[], calls: ModelWorld['calls']): string[] {
  const found: string[] = [];
  for (const { path, attempt, key } of calls) {
    if (key !== `${run.id}.${path}`) found.push(`a call of ${path} has the key ${key}`);
    if (!steps.some((step) => step.path === path && step.attempt === attempt))
      found.push(`the log knows nothing of the call ${path} ${attempt}`);
  }
  for (const { path, attempt, status, output, error } of steps.filter((step) => step.type === 'call')) {
    const own = calls.filter((call) => call.path === path && call.attempt === attempt);
    if (own.length > 1) found.push(`attempt ${attempt} of ${path} was made ${own.length} times`);
    const ending = own[0]?.ending ?? null;
    if (status === 'succeeded' && (ending !== 'succeed' || output?.attempt !== attempt))
      found.push(`${path} ${attempt} succeeded, its call: ${ending}`);
    if (status === 'failed' && error?.code !== `scripted_${ending}`)
      found.push(`${path} ${attempt} failed with ${error?.code}, its call: ${ending}`);
  }
  return found;
}

/** The log is enough: the pure planner, given the history up to any step, starts that very attempt; given all of it, it ends the run as it ended. */
function replay(definition: WorkflowDefinition, run: RunRow, steps: readonly StepRow[]): string[] {
  const found: string[] = [];
  for (const [index, step] of steps.entries()) {
    const now = new Date(step.startedAt);
    const before = steps.slice(0, index).map((earlier): StepExecution => {
      // Sent back by then: its next attempt had begun, or begins now.
      const again = steps.slice(0, index + 1).some(({ path, attempt }) => path === earlier.path && attempt > earlier.attempt);
      return { ...asOf(earlier), superseded: earlier.superseded && again };
    });
    const { ready } = plan(definition, { startedAt: step.startedAt, executions: before }, now);
    if (!ready.some(({ path, attempt }) => path === step.path && attempt === step.attempt)) {
      found.push(
        `run ${run.id} made attempt ${step.attempt} of ${step.path} where the planner wants ${JSON.stringify(ready.map(({ path, attempt }) => [path, attempt]))}`,
      );
    }
  }
  if (run.status === 'skipped' || run.startedAt === null || run.finishedAt === null || ENDED_BY_OTHERS.includes(run.reason ?? ''))
    return found;
  const executions = steps.map(asOf);
  const { outcome } = plan(definition, { startedAt: run.startedAt, executions }, new Date(run.finishedAt));
  const says = outcome?.status === 'failed' ? `failed ${outcome.error.code}` : outcome?.status;
  const is = run.status === 'failed' ? `failed ${run.error?.code}` : run.status;
  if (says !== is) found.push(`run ${run.id} is ${is}; the planner says ${says}`);
  return found;
}

/** A step as it was before its run ended, which closes what waits. */
function asOf(step: StepRow): StepExecution {
  return step.error?.code === 'run_ended' ? { ...step, status: 'waiting', error: null } : step;
}
