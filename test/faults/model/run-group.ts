import { MachineService } from '../../../src/admin/machine-service.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { KnownRun, Sequence } from './command.js';
import { checkGroup } from './invariants.js';
import { insertLeads, type ModelNode, type ModelWorkspace, type ModelWorld } from './model-world.js';
import { command } from './sequence.js';

/** Commands of one sequence's own; between them come as many that nodes and time do to all of the group. */
const COMMANDS_EACH = 10;
/** Far more rounds than any history needs to come to its end. */
const MOST_ROUNDS_TO_SETTLE = 80;

/** What became of a group of sequences. */
export interface GroupResult {
  sequences: number;
  runs: number;
  commands: number;
  calls: number;
  /** Calls that a later attempt repeated with the same key. */
  repeatedCalls: number;
  localEffects: number;
  /** Run state changes that were checked. */
  transitions: number;
  violations: string[];
}

/**
 * Runs sequences side by side on two nodes, each on a workflow or a machine of its own. They share what nodes do and how time passes, so
 * that runs of one batch are neighbours of each other's failures, and a batch costs what a single run would. In the end
 * everything is answered and time passes until nothing is left to do; then the rules are checked.
 */
export async function runGroup(world: ModelWorld, name: string, size: number, random: SeededRandom): Promise<GroupResult> {
  const sequences = await begin(world, name, size, random);
  let commands = 0;
  for (let round = 0; round < COMMANDS_EACH; round += 1) {
    const runs = await knownRuns(world, sequences);
    // Racing, commands and nodes meet in every order; else each command finds both nodes standing still.
    const racing = random.next() < 0.15;
    const own = sequences.map((sequence) => () => {
      const context = { world, node: random.pick(world.nodes), random, racing };
      return command(sequence, runs.get(sequence.workspace.id) ?? [], context);
    });
    const others = nodesAndTime(world, sequences, random);
    if (racing) await all([...own, ...others.map((one) => one.act)]);
    else {
      await all(own);
      await quiet(world);
      for (const one of others) await one.act();
    }
    await quiet(world);
    for (const { trace } of sequences) trace.push(...others.map((one) => `  ${one.name}${racing ? ' (racing)' : ''}`));
    commands += sequences.length + others.length;
  }
  const settled = await settle(world, sequences);
  const checked = await checkGroup(world, sequences);
  const violations = sequences.flatMap((sequence) => [
    ...sequence.violations.map((violation) => tell(sequence, violation)),
    ...(checked.violations.get(sequence) ?? []).map((violation) => tell(sequence, violation)),
  ]);
  const calls = world.calls.splice(0).length;
  return {
    ...{ sequences: sequences.length, commands, calls, runs: checked.runs, transitions: checked.transitions },
    ...{ repeatedCalls: checked.repeatedCalls, localEffects: checked.localEffects },
    violations: [...settled, ...violations],
  };
}

async function begin(world: ModelWorld, name: string, size: number, random: SeededRandom): Promise<Sequence[]> {
  const first = random.between(0, world.workspaces.length - 1);
  const workspaces = Array.from({ length: size }, (_, index) => {
    const workspace = world.workspaces[(first + index) % world.workspaces.length];
    if (workspace === undefined) throw new Error('a world has at least one workspace');
    workspace.script.call = [];
    workspace.script.write = [];
    return workspace;
  });
  // The sequence before may have left it paused.
  for (const workspace of workspaces) await activate(world.nodes[0], workspace);
  const sequences = workspaces.map((workspace) => {
    const records = [1, 2].map((number) => `${name} ${workspace.id} r${number}`);
    return { workspace, records, published: new Set<string>(), pauses: [], trace: [], violations: [] };
  });
  const leads = sequences.flatMap(({ workspace, records }) => records.map((id) => ({ id, workspaceId: workspace.id })));
  await insertLeads(world, leads);
  return sequences;
}

async function activate({ app }: ModelNode, { kind, definedId, admin }: ModelWorkspace): Promise<void> {
  if (kind === 'workflow') await app.workflows.activate(definedId, admin);
  else await app.module.get(MachineService).enable(definedId, admin);
}

async function knownRuns(world: ModelWorld, sequences: readonly Sequence[]): Promise<Map<string, KnownRun[]>> {
  const rows = await world.query<KnownRun>(
    `SELECT id, workspace_id AS "workspaceId", record_id AS "recordId", status, retried_as AS "retriedAs" FROM automation.runs
     WHERE workspace_id = ANY($1) AND module = 'leads' AND record_id = ANY($2) ORDER BY id`,
    [sequences.map(({ workspace }) => workspace.id), sequences.flatMap(({ records }) => records)],
  );
  const found = new Map<string, KnownRun[]>();
  for (const row of rows) found.set(row.workspaceId, [...(found.get(row.workspaceId) ?? []), row]);
  return found;
}

interface Act {
  name: string;
  act(): Promise<unknown>;
}

/** What happens to all of the group between their own commands. */
function nodesAndTime(world: ModelWorld, sequences: readonly Sequence[], random: SeededRandom): Act[] {
  const node = random.pick(world.nodes);
  const some = sequences.filter(() => random.next() < 0.5).map(({ workspace }) => workspace.id);
  const of = (name: string, act: (node: ModelNode) => Promise<unknown>): Act => ({ name: `${name} ${node.name}`, act: () => act(node) });
  const route = of('route', (one) => one.route());
  const work = of('work', (one) => one.work());
  const time: Act[] = [
    { name: `leases run out of ${some}`, act: () => expireLeases(world, some) },
    { name: `time passes for ${some}`, act: () => passTime(world, some) },
    { name: `deadlines pass for ${some}`, act: () => passDeadlines(world, some) },
    of('heartbeat', (one) => one.heartbeat()),
    of('give back', (one) => one.giveBack()),
  ];
  const chosen = random.next();
  if (chosen < 0.35) return [route];
  if (chosen < 0.5) return [work];
  const [expire, pass, deadline, heartbeat, giveBack] = time as [Act, Act, Act, Act, Act];
  if (chosen < 0.68) return [expire, work];
  if (chosen < 0.88) return [pass, work];
  if (chosen < 0.91) return [deadline, work];
  return [random.pick([heartbeat, giveBack])];
}

const expireLeases = (world: ModelWorld, workspaces: readonly string[]): Promise<unknown> =>
  world.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running' AND workspace_id = ANY($1)", [workspaces]);

async function passTime(world: ModelWorld, workspaces: readonly string[]): Promise<void> {
  await world.query('UPDATE automation.step_executions SET wake_at = now() WHERE wake_at > now() AND workspace_id = ANY($1)', [workspaces]);
  await world.query("UPDATE automation.runs SET due_at = now() WHERE status = 'waiting' AND workspace_id = ANY($1)", [workspaces]);
  await world.query('UPDATE automation.instances SET timeout_at = now() WHERE timeout_at > now() AND workspace_id = ANY($1)', [workspaces]);
}

/** As if the runs had been going for longer than a run may. */
const passDeadlines = (world: ModelWorld, workspaces: readonly string[]): Promise<unknown> =>
  world.query(
    `UPDATE automation.runs SET started_at = started_at - interval '31 days', due_at = CASE status WHEN 'waiting' THEN now() ELSE due_at END
     WHERE status IN ('running', 'waiting') AND workspace_id = ANY($1)`,
    [workspaces],
  );

/** Answers everything and lets time pass until there is nothing left to do. Says what would not end. */
async function settle(world: ModelWorld, sequences: readonly Sequence[]): Promise<string[]> {
  const workspaces = sequences.map(({ workspace }) => workspace.id);
  for (const { workspace } of sequences) {
    workspace.script.call = [];
    workspace.script.write = [];
  }
  for (let round = 0; round < MOST_ROUNDS_TO_SETTLE; round += 1) {
    for (const call of world.calls) if (call.ending === null) call.end('succeed');
    await quiet(world);
    const [open] = await world.query<{ runs: number; events: number; timeouts: number }>(
      `SELECT (SELECT count(*)::int FROM automation.runs WHERE due_at IS NOT NULL) AS runs,
         (SELECT count(*)::int FROM automation.events WHERE routed_at IS NULL) AS events,
         (SELECT count(*)::int FROM automation.instances WHERE timeout_at IS NOT NULL) AS timeouts`,
    );
    if (open?.runs === 0 && open.events === 0 && open.timeouts === 0) return held(world);
    await passTime(world, workspaces);
    await expireLeases(world, workspaces);
    const node = world.nodes[round % 2] ?? world.nodes[0];
    await node.route();
    await node.work();
    await quiet(world);
  }
  return [`after ${MOST_ROUNDS_TO_SETTLE} rounds there are still runs that are not over, events that are not routed or timeouts to come`];
}

function held(world: ModelWorld): string[] {
  return world.nodes.flatMap((node) => {
    const { holding } = node;
    return holding === 0 ? [] : [`node ${node.name} holds ${holding} runs although every run is over`];
  });
}

async function quiet(world: ModelWorld): Promise<void> {
  for (const node of world.nodes) await node.quiet();
}

async function all(acts: readonly (() => Promise<unknown>)[]): Promise<void> {
  const results = await Promise.allSettled(acts.map((act) => act()));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function tell(sequence: Sequence, violation: string): string {
  const { workspace, records, trace } = sequence;
  return [
    `${records[0]}: ${violation}`,
    `  ${workspace.kind}: ${JSON.stringify([...workspace.definitions])}`,
    ...trace.map((line) => `  ${line}`),
  ].join('\n');
}
