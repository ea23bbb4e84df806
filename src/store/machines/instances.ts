import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../../core/errors.js';
import type { Actor, Cause } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import { prepared } from '../prepared-statements.js';
import { RowSet } from '../row-set.js';
import { recordset, sql } from '../sql.js';

/** What an instance is about: a record, or a run of an integration. */
export type InstanceSubject = { module: string; recordId: string; runKey?: undefined } | { runKey: string; module?: undefined };

/** The last transition out of the state that failed, or was cancelled. */
export interface InstanceFailure extends Firing {
  transition: string;
  runId: string;
  error: LoggedError | null;
  /** ISO 8601. */
  at: string;
}

/** What set a transition off. */
export interface Firing {
  /** The type of its trigger: `event`, `manual`, … */
  trigger: string;
  actor: Actor;
  eventId: string;
  /** For the history. */
  explanation: Json;
  /** The chain of runs behind what follows from it. */
  cause: Cause | null;
}

/** Where an instance is. */
export interface InstancePlace {
  state: string;
  isFinal: boolean;
  /** How many states it has entered: what a timeout or an answer was meant for. */
  entry: number;
  enteredAt: Date;
  timeoutAt: Date | null;
  /** Under way; null at rest. */
  transition: string | null;
  runId: string | null;
  /** What has set it off. */
  firing: Firing | null;
  lastTransition: string | null;
  lastTrigger: string | null;
  lastActor: Actor | null;
  lastRunId: string | null;
  failure: InstanceFailure | null;
  /** How many events wait for the end of the transition that is under way. */
  deferred: number;
  /** The entry whose timeout came due while the machine was disabled. */
  missedTimeout: number | null;
}

/** An instance that the transaction has locked. */
export interface LockedInstance extends InstancePlace {
  workspaceId: string;
  id: string;
  machineId: string;
  versionId: string;
  module: string | null;
  recordId: string | null;
  runKey: string | null;
  /** The database's clock. */
  now: Date;
}

const COLUMNS = `i.workspace_id AS "workspaceId", i.id, i.machine_id AS "machineId", i.version_id AS "versionId", i.module,
  i.record_id AS "recordId", i.run_key AS "runKey", i.state, i.is_final AS "isFinal", i.entry::integer, i.entered_at AS "enteredAt",
  i.timeout_at AS "timeoutAt", i.transition, i.run_id AS "runId", i.firing, i.last_transition AS "lastTransition", i.last_trigger AS "lastTrigger",
  i.last_actor AS "lastActor", i.last_run_id AS "lastRunId", i.failure, i.deferred, i.missed_timeout::integer AS "missedTimeout", now() AS now`;

/** Each in the order of their ids, so that two who lock many cannot wait for each other. NO KEY: nobody refers to them by key. */
const IN_ORDER = 'ORDER BY i.workspace_id, i.id FOR NO KEY UPDATE OF i';

const BY_SUBJECT = new RowSet('r', { workspaceId: 'text', machineId: 'uuid', module: 'text', recordId: 'text', runKey: 'text' });
const BY_ID = new RowSet('r', { workspaceId: 'text', id: 'uuid' });

/**
 * Locks instances until the transaction ends, and returns them as they are then. Whoever is to end the run of one ends it
 * first, and comes here after: so does the end of each run.
 */
export async function lockInstances(
  manager: EntityManager,
  refs: readonly { workspaceId: string; id: string }[],
): Promise<LockedInstance[]> {
  if (refs.length === 0) return [];
  return prepared<LockedInstance>(
    manager,
    `SELECT ${COLUMNS} FROM ${BY_ID.from} JOIN automation.instances i ON i.workspace_id = r."workspaceId" AND i.id = r.id ${IN_ORDER}`,
    BY_ID.parameters(refs),
  );
}

/** The same by what they are about; those that do not exist are missing. Served by instances_record and instances_key. */
export async function lockInstancesOf(
  manager: EntityManager,
  subjects: readonly ({ workspaceId: string; machineId: string } & InstanceSubject)[],
): Promise<LockedInstance[]> {
  const records = subjects.filter(({ runKey }) => runKey === undefined);
  const runs = subjects.filter(({ runKey }) => runKey !== undefined);
  const locked: LockedInstance[] = [];
  if (records.length > 0) {
    const rows = await prepared<LockedInstance>(
      manager,
      `SELECT ${COLUMNS} FROM ${BY_SUBJECT.from} JOIN automation.instances i ON i.workspace_id = r."workspaceId"
         AND i.machine_id = r."machineId" AND i.module = r.module AND i.record_id = r."recordId" ${IN_ORDER}`,
      BY_SUBJECT.parameters(records),
    );
    locked.push(...rows);
  }
  if (runs.length > 0) {
    const rows = await prepared<LockedInstance>(
      manager,
      `SELECT ${COLUMNS} FROM ${BY_SUBJECT.from} JOIN automation.instances i ON i.workspace_id = r."workspaceId"
         AND i.machine_id = r."machineId" AND i.run_key = r."runKey" ${IN_ORDER}`,
      BY_SUBJECT.parameters(runs),
    );
    locked.push(...rows);
  }
  return locked;
}

/** Locks the instances whose transition these runs are. Served by instances_of_run. */
export async function lockInstancesOfRuns(
  manager: EntityManager,
  runs: readonly { workspaceId: string; id: string }[],
): Promise<LockedInstance[]> {
  if (runs.length === 0) return [];
  return prepared<LockedInstance>(
    manager,
    `SELECT ${COLUMNS} FROM ${BY_ID.from} JOIN automation.instances i ON i.workspace_id = r."workspaceId" AND i.run_id = r.id
     WHERE i.transition IS NOT NULL ${IN_ORDER}`,
    BY_ID.parameters(runs),
  );
}

/** Locks the instances at rest whose last transition was one of these runs and has failed. Served by instances_failed. */
export async function lockInstancesFailedBy(
  manager: EntityManager,
  workspaceId: string,
  runIds: readonly string[],
): Promise<LockedInstance[]> {
  return sql<LockedInstance>(
    manager,
    `SELECT ${COLUMNS} FROM automation.instances i
     WHERE i.workspace_id = $1 AND i.failure->>'runId' = ANY($2::text[]) AND i.failure IS NOT NULL AND i.transition IS NULL ${IN_ORDER}`,
    [workspaceId, runIds],
  );
}

/** An instance that is to be made. */
export type NewInstance = Pick<LockedInstance, 'workspaceId' | 'id' | 'machineId' | 'versionId' | 'module' | 'recordId' | 'runKey'> &
  Pick<InstancePlace, 'state' | 'isFinal' | 'enteredAt' | 'timeoutAt'>;

/** Makes instances, each unless its machine has one for that subject already. Returns the ids of those that were made. */
export async function insertInstances(manager: EntityManager, instances: readonly NewInstance[]): Promise<Set<string>> {
  if (instances.length === 0) return new Set();
  const rows = await sql<{ id: string }>(
    manager,
    `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, run_key, state, is_final, entered_at,
       timeout_at)
     SELECT "workspaceId", id, "machineId", "versionId", module, "recordId", "runKey", state, "isFinal", "enteredAt", "timeoutAt"
     FROM json_to_recordset($1::json) AS r("workspaceId" text, id uuid, "machineId" uuid, "versionId" uuid, module text, "recordId" text,
       "runKey" text, state text, "isFinal" boolean, "enteredAt" timestamptz, "timeoutAt" timestamptz)
     ORDER BY "workspaceId", "machineId", module, "recordId", "runKey"
     ON CONFLICT DO NOTHING RETURNING id`,
    [recordset(instances)],
  );
  return new Set(rows.map(({ id }) => id));
}

const WRITTEN = new RowSet('u', {
  workspaceId: 'text',
  instanceId: 'uuid',
  newState: 'text',
  isFinal: 'boolean',
  newEntry: 'integer',
  enteredAt: 'timestamptz',
  timeoutAt: 'timestamptz',
  newTransition: 'text',
  runId: 'uuid',
  newFiring: 'jsonb',
  lastTransition: 'text',
  lastTrigger: 'text',
  lastActor: 'jsonb',
  lastRunId: 'uuid',
  newFailure: 'jsonb',
  newDeferred: 'integer',
  missedTimeout: 'integer',
});

/**
 * Writes where instances are that the transaction has locked: moved, with a transition under way, or at rest again. What
 * belongs to a state stays as it is to the microsecond where no state was entered, so that the indexes of it do not change.
 */
export async function writeInstances(manager: EntityManager, instances: readonly LockedInstance[]): Promise<void> {
  if (instances.length === 0) return;
  await prepared(
    manager,
    `UPDATE automation.instances i SET state = u."newState", is_final = u."isFinal", entry = u."newEntry",
       entered_at = CASE WHEN i.entry = u."newEntry" THEN i.entered_at ELSE u."enteredAt" END,
       timeout_at = CASE WHEN i.entry = u."newEntry" THEN i.timeout_at ELSE u."timeoutAt" END,
       transition = u."newTransition", run_id = u."runId", firing = u."newFiring",
       transition_since = CASE WHEN u."newTransition" IS NULL THEN NULL WHEN i.run_id = u."runId" THEN i.transition_since ELSE now() END,
       last_transition = u."lastTransition", last_trigger = u."lastTrigger", last_actor = u."lastActor", last_run_id = u."lastRunId",
       failure = u."newFailure", deferred = u."newDeferred", missed_timeout = u."missedTimeout"
     FROM ${WRITTEN.from} WHERE i.workspace_id = u."workspaceId" AND i.id = u."instanceId"`,
    WRITTEN.parameters(
      instances.map((one) => ({
        ...one,
        instanceId: one.id,
        newState: one.state,
        newEntry: one.entry,
        newTransition: one.transition,
        newFiring: one.firing,
        newFailure: one.failure,
        newDeferred: one.deferred,
      })),
    ),
  );
}
