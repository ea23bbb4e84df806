import { InstanceAdvance } from '../../../src/admin/instance-advance.js';
import { InstanceReset } from '../../../src/admin/instance-reset.js';
import { MachineService } from '../../../src/admin/machine-service.js';
import { type Command, codeOf, type KnownRun, type Sequence } from './command.js';
import type { ModelWorld } from './model-world.js';

/** An instance as a command finds it. */
interface KnownInstance {
  id: string;
  state: string;
  isUnder: boolean;
  isEnabled: boolean;
}

/** A person recalls an instance. */
export const advance: Command = async (sequence, _, { world, node, random, racing }) => {
  const instance = await find(world, sequence, random.pick(sequence.records));
  if (instance === null) return;
  const possible = instance.state === 'THERE' && !instance.isUnder && instance.isEnabled;
  sequence.trace.push(`recall the instance ${instance.id} (${instance.state}) on ${node.name}`);
  const advancing = node.app.module.get(InstanceAdvance).advance(instance.id, { transition: 'recall' }, sequence.workspace.admin);
  const outcome = await codeOf(advancing);
  if (racing ? !ADVANCE_ANSWERS.has(outcome) : possible !== (outcome === 'done')) {
    sequence.violations.push(`recalling the instance ${JSON.stringify(instance)} answered ${outcome}`);
  }
};
const ADVANCE_ANSWERS = new Set(['done', 'transition_not_offered', 'instance_transitioning']);

/** A person puts an instance somewhere. */
export const reset: Command = async (sequence, _, { world, node, random, racing }) => {
  const instance = await find(world, sequence, random.pick(sequence.records));
  if (instance === null) return;
  const state = random.pick(['HERE', 'THERE']);
  sequence.trace.push(`reset the instance ${instance.id} to ${state} on ${node.name}`);
  const outcome = await codeOf(node.app.module.get(InstanceReset).reset(instance.id, { state, reason: 'Again' }, sequence.workspace.admin));
  if (outcome !== 'done' && !(racing && outcome === 'instance_transitioning')) {
    sequence.violations.push(`resetting the instance ${JSON.stringify(instance)} answered ${outcome}`);
  }
};

/** Disables the machine, or enables it again, whatever it has missed. */
export const switchMachine: Command = async ({ workspace, trace }, _, { world, node, random }) => {
  const machines = node.app.module.get(MachineService);
  const [row] = await world.query<{ status: string }>('SELECT status FROM automation.workflows WHERE id = $1', [workspace.definedId]);
  const isEnabled = row?.status === 'active';
  const missed = random.pick(['fire', 'restart'] as const);
  trace.push(isEnabled ? 'disable the machine' : `enable the machine: ${missed}`);
  if (isEnabled) await machines.disable(workspace.definedId, workspace.admin);
  else await machines.enable(workspace.definedId, workspace.admin, missed);
};

/** Those of the runs that are a transition's whose instance does not rest where it has failed: they cannot be retried. */
export async function refusedRetries(world: ModelWorld, { workspace }: Sequence, runs: readonly KnownRun[]): Promise<Set<string>> {
  if (workspace.kind === 'workflow') return new Set();
  const failed = await world.query<{ runId: string }>(
    `SELECT failure->>'runId' AS "runId" FROM automation.instances WHERE workspace_id = $1 AND failure IS NOT NULL AND transition IS NULL`,
    [workspace.id],
  );
  return new Set(runs.map(({ id }) => id).filter((id) => !failed.some(({ runId }) => runId === id)));
}

async function find(world: ModelWorld, { workspace }: Sequence, record: string): Promise<KnownInstance | null> {
  const [row] = await world.query<KnownInstance>(
    `SELECT i.id, i.state, i.transition IS NOT NULL AS "isUnder", w.status = 'active' AS "isEnabled"
     FROM automation.instances i JOIN automation.workflows w ON w.workspace_id = i.workspace_id AND w.id = i.machine_id
     WHERE i.workspace_id = $1 AND i.record_id = $2`,
    [workspace.id, record],
  );
  return row ?? null;
}
