import { RunBatches } from '../../../src/admin/run-batches.js';
import { AutomationError } from '../../../src/core/errors.js';
import { type Command, type CommandContext, codeOf, type KnownRun, type Sequence } from './command.js';
import { advance, refusedRetries, reset, switchMachine } from './machine-commands.js';
import { UNFINISHED } from './model-rows.js';
import type { ModelWorld } from './model-world.js';
import type { Ending } from './scripted-actions.js';

const ENDINGS: readonly Ending[] = ['succeed', 'succeed', 'succeed', 'transient', 'transient', 'permanent', 'ambiguous'];

const publish: Command = async (sequence, _, { node, random }) => {
  const record = random.pick(sequence.records);
  const key = random.next() < 0.3 ? `${sequence.records[0]} key ${random.between(1, 2)}` : undefined;
  sequence.published.add(key ?? `#${sequence.published.size}`);
  sequence.trace.push(`publish ${record}${key ? ` with key ${key}` : ''} on ${node.name}`);
  const event = { workspaceId: sequence.workspace.id, module: 'leads', event: 'created', recordId: record };
  await node.app.automation.publish({ ...event, ...(key === undefined ? {} : { key }) });
};

const script: Command = async ({ workspace, trace }, _, { random }) => {
  const ending = random.pick(ENDINGS);
  const action = random.pick(['call', 'write', 'write'] as const);
  trace.push(`the next ${action} is to ${ending}`);
  workspace.script[action].push(ending);
};

const answer: Command = async ({ workspace, trace }, _, { world, random }) => {
  const waiting = world.calls.filter((call) => call.workspaceId === workspace.id && call.ending === null);
  if (waiting.length === 0) return;
  const call = random.pick(waiting);
  const ending = random.pick(ENDINGS);
  trace.push(`the call of ${call.path} ${call.attempt} on ${call.node} ends: ${ending}`);
  call.end(ending);
};

const retry: Command = async (sequence, runs, { world, node, random, racing }) => {
  if (runs.length === 0) return;
  const run = random.pick(runs);
  const from = random.pick(['failed_step', 'failed_step', 'start'] as const);
  const refused = await refusedRetries(world, sequence, runs);
  const possible =
    !refused.has(run.id) &&
    run.retriedAs === null &&
    (from === 'failed_step' ? run.status === 'failed' : ['failed', 'cancelled', 'succeeded'].includes(run.status));
  sequence.trace.push(`retry ${run.id} (${run.status}) from ${from}`);
  const outcome = await codeOf(node.app.runs.retry(run.id, { from }, sequence.workspace.admin));
  if (racing ? !RETRY_ANSWERS.has(outcome) : possible !== (outcome === 'done')) {
    sequence.violations.push(`a retry from ${from} of a run that is ${run.status}, retried as ${run.retriedAs}, answered ${outcome}`);
  }
};
const RETRY_ANSWERS = new Set(['done', 'run_not_failed', 'run_not_finished', 'run_skipped', 'run_already_retried', 'transition_over']);

const retryMany: Command = async (sequence, runs, { world, node, random, racing }) => {
  const recordId = random.pick(sequence.records);
  const refused = await refusedRetries(world, sequence, runs);
  const failed = runs.filter(
    (run) => run.recordId === recordId && run.status === 'failed' && run.retriedAs === null && !refused.has(run.id),
  ).length;
  sequence.trace.push(`retry all that failed on ${recordId} (${failed})`);
  const retrying = node.app.module.get(RunBatches).retry({ recordId }, { from: 'failed_step' }, sequence.workspace.admin);
  const { retried } = await retrying.catch((error: unknown) => {
    // Which it says where there is nothing else.
    if (error instanceof AutomationError && error.code === 'transition_over' && refused.size > 0) return { retried: 0 };
    throw error;
  });
  if (!racing && retried !== failed) sequence.violations.push(`of ${failed} failed runs ${retried} were retried`);
};

const cancel: Command = async (sequence, runs, { node, random, racing }) => {
  if (runs.length === 0) return;
  const run = random.pick(runs);
  sequence.trace.push(`cancel ${run.id} (${run.status})`);
  const outcome = await codeOf(node.app.runs.cancel(run.id, 'no longer wanted', sequence.workspace.admin));
  const expected = UNFINISHED.includes(run.status) ? 'done' : 'run_finished';
  if (racing ? !['done', 'run_finished'].includes(outcome) : outcome !== expected) {
    sequence.violations.push(`cancelling a run that is ${run.status} answered ${outcome}`);
  }
};

/** Longer than a router and a pause ever wait for each other here. */
const RACE_MS = 2_000;

const pauseOrActivate: Command = async (sequence, _, { world, node, racing }) => {
  const { workspace, pauses } = sequence;
  const last = pauses.at(-1);
  if (last?.to === null) {
    sequence.trace.push('activate');
    await node.app.workflows.activate(workspace.definedId, workspace.admin);
    last.to = await clock(world);
    if (racing) last.unsureMs = RACE_MS;
  } else {
    sequence.trace.push('pause');
    pauses.push({ from: await clock(world), to: null, unsureMs: racing ? RACE_MS : 0 });
    await node.app.workflows.pause(workspace.definedId, workspace.admin);
  }
};

const COMMANDS: readonly Command[] = [
  ...[publish, publish, publish, publish],
  ...[script, script, answer, answer, answer],
  ...[retry, retry, cancel, retryMany, pauseOrActivate],
];

const MACHINE_COMMANDS: readonly Command[] = [
  ...COMMANDS.filter((one) => one !== pauseOrActivate),
  ...[advance, advance, reset, switchMachine],
];

/** Gives a sequence its next command. */
export async function command(sequence: Sequence, runs: readonly KnownRun[], context: CommandContext): Promise<void> {
  const commands = sequence.workspace.kind === 'workflow' ? COMMANDS : MACHINE_COMMANDS;
  const chosen = sequence.published.size === 0 ? publish : context.random.pick(commands);
  await chosen(sequence, runs, context);
}

/** The database's clock. */
async function clock(world: ModelWorld): Promise<Date> {
  const [row] = await world.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  return row?.now ?? new Date(0);
}
