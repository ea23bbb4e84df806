import type { ModuleDescription } from '../../core/catalog.js';
import { AutomationError } from '../../core/errors.js';
import type { RecordData, RecordRef } from '../../core/event.js';
import type { JsonObject } from '../../core/json.js';
import type { CrmUser, NewNote, NewNotification, NewTask } from '../crm-host.js';
import type { UpdateCall, UpdateResult } from './apply-updates.js';
import type { CreateCall, NoteCall } from './create-records.js';
import type { TaskCall } from './create-tasks.js';
import type { RecordLookUp } from './find-records.js';
import type { OwnersCall } from './owner-counts.js';
import type { RotationCall } from './rotation.js';
import type { CrmSession, UsersQuery } from './session.js';
import type { StepAtWork, StepOrigin } from './step-origin.js';

/** A call with the step that makes it. */
export type Of<Call> = Call & { step: StepAtWork };

/** Where the calls of all steps of a transaction come together. */
interface SharedCalls {
  module(name: string): ModuleDescription;
  read(workspaceId: string, ref: RecordRef, relations?: readonly string[], options?: { lock?: boolean }): Promise<RecordData | null>;
  update(call: UpdateCall): Promise<UpdateResult>;
  createTask(call: TaskCall): Promise<RecordData>;
  createRecords(call: CreateCall): Promise<RecordData>;
  find(call: Of<{ module: string; lookUp: RecordLookUp }>): Promise<RecordData[]>;
  addNote(call: NoteCall): Promise<RecordData>;
  notify(call: Of<{ notifications: readonly NewNotification[] }>): Promise<string[]>;
  findUsers(call: Of<{ query: UsersQuery }>): Promise<CrmUser[]>;
  countOwned(call: OwnersCall): Promise<Map<string, number>>;
  leastBusy(call: OwnersCall): Promise<string>;
  findStages(call: Of<{ module: string; record: RecordData }>): Promise<string[] | null>;
  nextInRotation(call: Of<RotationCall>): Promise<number>;
}

/** What one step does through the unit of work. */
export class StepSession implements CrmSession, StepAtWork {
  wrote = false;
  private isOver = false;

  constructor(
    private readonly unit: SharedCalls,
    readonly origin: StepOrigin,
  ) {}

  close(): void {
    this.isOver = true;
  }

  async get(ref: RecordRef, relations?: readonly string[], options?: { lock?: boolean }): Promise<RecordData | null> {
    return this.open.read(this.origin.workspaceId, ref, relations, options);
  }

  async update(ref: RecordRef, change: (record: RecordData) => JsonObject): Promise<UpdateResult> {
    return this.open.update({ step: this, ref, module: this.unit.module(ref.module), change });
  }

  async createTask(task: NewTask): Promise<RecordData> {
    return this.open.createTask({ step: this, task });
  }

  describe(module: string): ModuleDescription {
    return this.open.module(module);
  }

  async createRecord(module: string, set: JsonObject): Promise<RecordData> {
    this.unit.module(module);
    return this.open.createRecords({ step: this, module, set });
  }

  async find(module: string, lookUp: RecordLookUp): Promise<RecordData[]> {
    return this.open.find({ step: this, module, lookUp });
  }

  async addNote(note: NewNote): Promise<RecordData> {
    return this.open.addNote({ step: this, note });
  }

  async notify(notifications: readonly NewNotification[]): Promise<string[]> {
    return notifications.length === 0 ? [] : this.open.notify({ step: this, notifications });
  }

  async findUsers(query: UsersQuery): Promise<CrmUser[]> {
    return this.open.findUsers({ step: this, query });
  }

  async countOwned(module: string, userIds: readonly string[]): Promise<Map<string, number>> {
    this.unit.module(module);
    return userIds.length === 0 ? new Map() : this.open.countOwned({ step: this, module, userIds });
  }

  async leastBusy(module: string, userIds: readonly string[]): Promise<string> {
    this.unit.module(module);
    if (userIds.length === 0) throw candidatesMissing();
    return this.open.leastBusy({ step: this, module, userIds });
  }

  async findStages(module: string, record: RecordData): Promise<string[] | null> {
    this.unit.module(module);
    return this.open.findStages({ step: this, module, record });
  }

  async nextInRotation(key: string, size: number): Promise<number> {
    if (!Number.isSafeInteger(size) || size < 1) throw candidatesMissing();
    return this.open.nextInRotation({ step: this, workspaceId: this.origin.workspaceId, key, size });
  }

  /** What an action does that was given up after its time would commit with other steps, although its own log says that it failed. */
  private get open(): SharedCalls {
    if (!this.isOver) return this.unit;
    throw new AutomationError('step_is_over', 'The step was over when its action asked or wrote something further.', {
      hint: 'Await everything that the action does, and give the step a longer `timeout` if it needs one.',
    });
  }
}

function candidatesMissing(): AutomationError {
  return new AutomationError('candidates_missing', 'There is nobody to choose from.', {
    hint: 'Name at least one active user, or a role that somebody has.',
  });
}
