import { v7 as uuidv7 } from 'uuid';
import { parseMachine } from '../../../src/core/machine/parser.js';
import { transitionVersions } from '../../../src/core/machine/transition-versions.js';
import { MachinePolls } from '../../../src/engine/machines/machine-polls.js';
import { AutomationDatabase } from '../../../src/store/database.js';
import { insertTransitionVersions } from '../../../src/store/machines/transition-versions.js';
import type { AutomationApp } from '../../support/automation-app.js';

/** One row of an instance. */
export interface InstanceRow {
  id: string;
  record_id: string | null;
  state: string;
  entry: string;
  version_id: string;
  transition: string | null;
  run_id: string | null;
  timeout_at: Date | null;
  deferred: number;
  failure: { runId: string; transition: string; error: { code: string } | null } | null;
}

/** Machines of a test, which begins with none. */
export function machinesOf(app: AutomationApp, workspaceId = 'acme') {
  const raise = () =>
    app.query(
      `INSERT INTO automation.active_workflow_generations AS g (workspace_id, generation) VALUES ($1, 1)
       ON CONFLICT (workspace_id) DO UPDATE SET generation = g.generation + 1`,
      [workspaceId],
    );
  const addVersion = async (id: string, version: number, definition: { transitions: object[] }): Promise<void> => {
    const parsed = parseMachine(definition, null);
    if (!parsed.ok) throw new Error(`the machine of a test has problems: ${JSON.stringify(parsed.problems)}`);
    const versionId = uuidv7();
    await app.query(
      `INSERT INTO automation.workflow_versions (workspace_id, id, workflow_id, version, definition, published_by)
       VALUES ($1, $2, $3, $4, $5, '{"type":"system","id":null}')`,
      [workspaceId, versionId, id, version, JSON.stringify(definition)],
    );
    await app.module.get(AutomationDatabase).transaction(async (manager) => {
      await insertTransitionVersions(manager, workspaceId, versionId, transitionVersions(definition as never));
      await app.module.get(MachinePolls).published(manager, { workspaceId, machineId: id, versionId }, parsed.machine);
    });
    await app.query('UPDATE automation.workflows SET published_version_id = $2, published_version = $3 WHERE id = $1', [
      id,
      versionId,
      version,
    ]);
    await raise();
  };
  return {
    /** Publishes an enabled machine for leads; answers its id. */
    async publish(definition: { states: object[]; transitions: object[]; start?: object }, code?: string): Promise<string> {
      const id = uuidv7();
      await app.query(
        `INSERT INTO automation.workflows (workspace_id, id, code, name, kind, status, draft) VALUES ($1, $2, $3, $4, 'machine', 'active', '{}')`,
        [workspaceId, id, code ?? `machine_${id}`, 'Order'],
      );
      await addVersion(id, 1, { for: { module: 'leads' }, ...definition } as never);
      return id;
    },
    /** Publishes a further version of it. */
    publishAgain: (id: string, version: number, definition: { states: object[]; transitions: object[] }) =>
      addVersion(id, version, { for: { module: 'leads' }, ...definition } as never),
    /** Enables or disables it. */
    async setStatus(id: string, status: 'active' | 'paused'): Promise<void> {
      await app.query('UPDATE automation.workflows SET status = $2 WHERE id = $1', [id, status]);
      await raise();
    },
    /** Its instances, of this record alone where one is named. */
    instances: (id: string, recordId: string | null = null) =>
      app.query<InstanceRow>(
        'SELECT * FROM automation.instances WHERE machine_id = $1 AND ($2::text IS NULL OR record_id = $2) ORDER BY id',
        [id, recordId],
      ),
    /** What an instance has been through, in short. */
    async history(instanceId: string): Promise<string[]> {
      const rows = await app.query<HistoryRow>('SELECT * FROM automation.transitions WHERE instance_id = $1 ORDER BY id', [instanceId]);
      return rows.map(({ kind, transition, from_state: from, to_state: to, trigger }) =>
        [kind, transition, from, to && `-> ${to}`, trigger && `by ${trigger}`].filter((part) => part !== null).join(' '),
      );
    },
    /** How many instances each state has, by the counters. */
    async counts(id: string): Promise<Record<string, number>> {
      const rows = await app.query<{ state: string; count: number }>(
        'SELECT state, sum(instances)::int AS count FROM automation.instance_counts WHERE machine_id = $1 GROUP BY state HAVING sum(instances) <> 0',
        [id],
      );
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    },
  };
}

interface HistoryRow {
  kind: string;
  transition: string | null;
  from_state: string | null;
  to_state: string | null;
  trigger: string | null;
}
