import type { ModuleDescription } from '../../core/catalog.js';
import type { RecordData, RecordRef } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import type { CrmUser, NewNote, NewNotification, NewTask } from '../crm-host.js';
import type { UpdateResult } from './apply-updates.js';
import type { RecordLookUp } from './find-records.js';

/** Which users: by id, or by role. */
export type UsersQuery = { ids: readonly string[] } | { role: string };

/**
 * The CRM as one local step sees it, inside the step's transaction. What it writes commits together with the step's log.
 * Errors: `module_unknown` (permanent); those of the host and of Postgres as they are.
 */
export interface CrmSession {
  /** True once a write of this step was sent, even if it failed. */
  readonly wrote: boolean;
  /** The step is over: whatever its code still asks or writes is refused. Error: `step_is_over`. */
  close(): void;
  /**
   * The record with the transaction's own writes; null when there is none. `relations` are nested; others are when they are
   * known already. It is not locked: a transaction reads a record once (READ COMMITTED: as it was committed at that moment),
   * shows the same for as long as it lasts, and keeps nobody from changing it meanwhile. Who writes what depends on it uses
   * {@link update}, or locks it: with `lock` the answer is current, and nobody else changes it until the transaction ends.
   */
  get(ref: RecordRef, relations?: readonly string[], options?: { lock?: boolean }): Promise<RecordData | null>;
  /**
   * Changes a record by a function of its current, locked state, so that increments are safe; fields that keep their value
   * are not written. Returns the record's own fields. `change` is called again when another update of the same record in the
   * same tick was refused. Errors: `record_not_found`, those of checkedPatch (field-values.ts), `user_unknown`,
   * `reference_unknown`, `stage_unknown`, `change_refused`, and whatever `change` throws; none of these has written anything.
   */
  update(ref: RecordRef, change: (record: RecordData) => JsonObject): Promise<UpdateResult>;
  /** Creates a task and returns its record. Errors that have written nothing: `user_unknown`, `reference_unknown`, `task_refused`. */
  createTask(task: NewTask): Promise<RecordData>;
  /** The module's description. Error: `module_unknown`. */
  describe(module: string): ModuleDescription;
  /**
   * Creates a record and returns its own fields. Errors that have written nothing: `crm_unable`, those of checkedPatch
   * (field-values.ts), `user_unknown`, `reference_unknown`, `stage_unknown`, `change_refused`.
   */
  createRecord(module: string, set: JsonObject): Promise<RecordData>;
  /** The records that a look-up accepts, with the transaction's own writes. Errors: `crm_unable`, `field_unknown`, `too_many_records`. */
  find(module: string, lookUp: RecordLookUp): Promise<RecordData[]>;
  /** Adds a note to a record and returns the note's record. Errors that have written nothing: `crm_unable`, `record_not_found`, `user_unknown`. */
  addNote(note: NewNote): Promise<RecordData>;
  /** Notifies users inside the CRM; returns the notifications' ids in order. */
  notify(notifications: readonly NewNotification[]): Promise<string[]>;
  /** Active users of the workspace: of ids in the order asked, of a role in a stable order. */
  findUsers(query: UsersQuery): Promise<CrmUser[]>;
  /** How many open records of the module each of the users owns; users without any may be missing. */
  countOwned(module: string, userIds: readonly string[]): Promise<Map<string, number>>;
  /**
   * The one of the users who owns the fewest open records of the module; the earlier in the list of several. Steps that ask
   * at the same time take turns, as if each had assigned its record before the next one asked. Error: `candidates_missing`.
   */
  leastBusy(module: string, userIds: readonly string[]): Promise<string>;
  /** The stages that a record may take, in order; null when the module has none. */
  findStages(module: string, record: RecordData): Promise<string[] | null>;
  /** The next place (from 0 to size - 1) of a rotation that all nodes share. Error: `candidates_missing` for a size below 1. */
  nextInRotation(key: string, size: number): Promise<number>;
}
