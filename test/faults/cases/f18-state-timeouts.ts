import { adminOf } from '../../../src/demo/access/tokens.js';
import { type JsonObject, MachineService } from '../../../src/index.js';
import type { FaultLab } from '../support/fault-lab.js';

/** What the steps of a timeout tell. */
export const TIMED_OUT = 'Timed out';

/** Instances whose states time out: half of them move at once, the others after a step. */
export interface TimedInstances {
  silent: string;
  telling: string;
  /** Of each. */
  count: number;
}

/** Machines for tasks, with an instance each of so many of them. */
export async function publishTimed(lab: FaultLab, count: number): Promise<TimedInstances> {
  const tell: JsonObject = { id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: TIMED_OUT } };
  const timed = { silent: await publish(lab, 'silent', []), telling: await publish(lab, 'telling', [tell]), count: count / 2 };
  for (const machineId of [timed.silent, timed.telling]) {
    await lab.database.query(
      `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final)
       SELECT w.workspace_id, gen_random_uuid(), w.id, w.published_version_id, 'tasks', t.id, 'OPEN', false
       FROM automation.workflows w, (SELECT id::text FROM tasks WHERE "workspaceId" = 'acme' LIMIT $2) AS t WHERE w.id = $1`,
      [machineId, timed.count],
    );
  }
  await lab.database.query('ANALYZE automation.instances');
  return timed;
}

async function publish(lab: FaultLab, code: string, steps: JsonObject[]): Promise<string> {
  const machines = lab.crm.context.get(MachineService);
  const definition: JsonObject = {
    for: { module: 'tasks' },
    states: [
      { code: 'OPEN', initial: true, timeout: { after: 'P1D', transition: 'escalate' } },
      { code: 'ESCALATED', final: true },
    ],
    transitions: [{ code: 'escalate', from: ['OPEN'], to: 'ESCALATED', trigger: { type: 'timeout' }, steps }],
  };
  const { id } = await machines.create({ code, definition }, adminOf('acme'));
  await machines.publish(id, adminOf('acme'));
  return id;
}

/** All of them have just begun, and time out at that moment. */
export async function timeOutAt(lab: FaultLab, { silent, telling, count }: TimedInstances, moment: Date): Promise<void> {
  await lab.database.query('TRUNCATE automation.transitions, automation.instance_counts, automation.deferred_events');
  await lab.database.query(
    `UPDATE automation.instances SET state = 'OPEN', is_final = false, entry = 1, entered_at = now(), timeout_at = $1, last_transition = NULL,
       last_trigger = NULL, last_actor = NULL, last_run_id = NULL`,
    [moment],
  );
  await lab.database.query(
    `INSERT INTO automation.instance_counts (workspace_id, machine_id, version_id, state, slot, instances)
     SELECT workspace_id, id, published_version_id, 'OPEN', 0, $2 FROM automation.workflows WHERE id = ANY($1)`,
    [[silent, telling], count],
  );
}

/** What has become of timeouts. */
interface TimedJudgement {
  /** Those with steps. */
  runs: number;
  lost: number;
  doubled: number;
  violations: string[];
}

/** Each instance must have moved once, not before the moment, and each step must have told it once. To be asked when all is over. */
export async function judgeTimed(lab: FaultLab, { silent, telling, count }: TimedInstances, moment: Date): Promise<TimedJudgement> {
  const violations: string[] = [];
  const found = await lab.database.one<Record<'moved' | 'fired' | 'early' | 'runs' | 'told' | 'counted', number>>(
    `SELECT (SELECT count(*)::int FROM automation.instances WHERE machine_id = ANY($1) AND state = 'ESCALATED' AND entry = 2 AND transition IS NULL
         AND timeout_at IS NULL) AS moved,
       (SELECT count(*)::int FROM automation.transitions WHERE kind = 'fired') AS fired,
       (SELECT count(*)::int FROM automation.transitions WHERE at < $2) AS early,
       (SELECT count(*)::int FROM automation.runs WHERE workflow_id = $3 AND status = 'succeeded') AS runs,
       (SELECT count(*)::int FROM notifications WHERE title = $4) AS told,
       (SELECT coalesce(sum(instances), 0)::int FROM automation.instance_counts WHERE state = 'ESCALATED') AS counted`,
    [[silent, telling], moment, telling, TIMED_OUT],
  );
  const all = count * 2;
  if (found.moved !== all) violations.push(`${found.moved} of ${all} instances have moved once`);
  if (found.fired !== all) violations.push(`the history knows of ${found.fired} transitions of ${all}`);
  if (found.early > 0) violations.push(`${found.early} timeouts came early`);
  if (found.runs !== count) violations.push(`${found.runs} runs of ${count} timeouts with steps`);
  if (found.told !== count) violations.push(`${found.told} notifications of ${count} timeouts`);
  if (found.counted !== all) violations.push(`${found.counted} instances of ${all} are counted where they are`);
  return { runs: found.runs, lost: all - found.moved, doubled: Math.max(0, found.told - count), violations };
}
