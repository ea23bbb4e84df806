import type { EntityManager } from 'typeorm';
import type { ModuleDescription } from '../core/catalog.js';
import type { RecordData, RecordRef } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import type { CrmHost, CrmTransaction, CrmUser, NewNotification, RecordQuery } from './crm-host.js';
import { answeredInGroups, ownFailure } from './grouped.js';
import { applyUpdates, derivedEvents, type UpdateCall, type UpdateResult } from './session/apply-updates.js';
import { Batches } from './session/batches.js';
import { ChangeRules } from './session/change-rules.js';
import { createRecord } from './session/create-record.js';
import { type CreateCall, createRecords, type NoteCall } from './session/create-records.js';
import { createTasks, type TaskCall } from './session/create-tasks.js';
import { findRecords, type RecordLookUp } from './session/find-records.js';
import { modulesOf } from './session/known-modules.js';
import { KnownRecords, type RecordRequest } from './session/known-records.js';
import { KnownStages } from './session/known-stages.js';
import { KnownUsers } from './session/known-users.js';
import { countOwners, leastBusyOwners, type OwnersCall } from './session/owner-counts.js';
import { crmUnable, moduleUnknown } from './session/refusals.js';
import { nextPlaces, type RotationCall } from './session/rotation.js';
import type { CrmSession, UsersQuery } from './session/session.js';
import type { NewEvent, StepAtWork, StepOrigin } from './session/step-origin.js';
import { type Of, StepSession } from './session/step-session.js';
import { WriteRefused, writeTogether } from './session/write-together.js';

export type { CrmSession, NewEvent, StepOrigin, UpdateResult };
export { WriteRefused };

/**
 * The CRM side of one transaction that advances many runs at once. Calls that runs make in the same tick become one
 * statement per workspace and module; a record is read once. After the transaction, or a savepoint around it, was rolled
 * back, make a new one.
 */
export class CrmUnitOfWork {
  private readonly modules: ReadonlyMap<string, ModuleDescription>;
  private readonly records: KnownRecords;
  private readonly users: KnownUsers;
  private readonly stages: KnownStages;
  private readonly rules: ChangeRules;
  private readonly batches = new Batches();
  private events: NewEvent[] = [];

  constructor(
    private readonly host: CrmHost,
    private readonly manager: EntityManager,
  ) {
    this.modules = modulesOf(host);
    this.records = new KnownRecords(host, manager, this.modules);
    this.users = new KnownUsers(host);
    this.stages = new KnownStages(host);
    this.rules = new ChangeRules(host, this.modules, { records: this.records, users: this.users, stages: this.stages });
  }

  /** The session of one step. */
  forStep(origin: StepOrigin): CrmSession {
    return new StepSession(this, origin);
  }

  /**
   * Returns the record with the given relations nested (at least), as {@link CrmSession.get} says; null when there is none.
   * `lock` is for a step that is about to write the record: {@link update} then needs no second look. Records that are asked
   * for in one tick are read, and locked in order of id, by one statement per workspace and module.
   */
  async read(
    workspaceId: string,
    ref: RecordRef,
    relations: readonly string[] = [],
    { lock = false }: { lock?: boolean } = {},
  ): Promise<RecordData | null> {
    this.module(ref.module);
    const request = { workspaceId, ref, relations, lock };
    if (!this.records.has(request)) await this.learn(request);
    const own = this.records.own(workspaceId, ref);
    return own && this.records.withRelations(workspaceId, ref, own);
  }

  /** Reads records ahead of the steps that will ask for them, without locking them. */
  async loadRecords(requests: readonly { workspaceId: string; ref: RecordRef; relations?: readonly string[] }[]): Promise<void> {
    await Promise.all(requests.map(({ workspaceId, ref, relations }) => this.read(workspaceId, ref, relations)));
  }

  /** Creates a record with these fields, as a start wants it rather than a step; returns its id. Its events are as those of steps. */
  async createRecord(origin: StepOrigin, moduleName: string, set: JsonObject): Promise<string> {
    const module = this.module(moduleName);
    const { workspaceId, timezone } = origin;
    const context = { host: this.host, rules: this.rules };
    const record = await createRecord(context, { manager: this.manager, workspaceId }, module, set, timezone);
    const ref = { module: module.name, id: String(record.id) };
    this.records.wrote(workspaceId, ref, record);
    this.events.push(...derivedEvents(module, { origin, wrote: true }, ref.id, null, this.records.own(workspaceId, ref)));
    return ref.id;
  }

  /** The events of the writes since the last call, in the order of the calls that made them. */
  takeEvents(): NewEvent[] {
    const events = this.events;
    this.events = [];
    return events;
  }

  /** Forgets what it knows, after something else has written in the same transaction. */
  forget(): void {
    this.records.clear();
    this.users.clear();
    this.stages.clear();
    this.rules.clear();
  }

  /** The module's description. Throws `module_unknown`. */
  module(name: string): ModuleDescription {
    const module = this.modules.get(name);
    if (module) return module;
    throw moduleUnknown(name);
  }

  private readonly learn = this.batches.collect<RecordRequest, void>(async (requests) => {
    const failed = await this.records.learn(requests);
    return requests.map((request) => failed.get(request));
  });

  readonly update = this.batches.collect<UpdateCall, UpdateResult>(async (calls) => {
    const context = { host: this.host, manager: this.manager, records: this.records, rules: this.rules };
    const { results, events } = await applyUpdates(context, calls);
    this.events.push(...events);
    return results;
  });

  readonly createTask = this.batches.collect<TaskCall, RecordData>((calls) =>
    this.perWorkspace(calls, async (group, tx) => {
      const results = await createTasks({ host: this.host, rules: this.rules }, group, tx, (some, write) => this.write(some, write));
      this.created(this.host.taskModule === undefined ? undefined : this.modules.get(this.host.taskModule), group, results);
      return results;
    }),
  );

  readonly createRecords = this.batches.collect<CreateCall, RecordData>((calls) =>
    this.perModule(calls, async (group, tx, name) => {
      const module = this.module(name);
      const context = { host: this.host, rules: this.rules };
      const results = await createRecords(context, group, tx, module, (some, write) => this.write(some, write));
      this.created(module, group, results);
      return results;
    }),
  );

  readonly addNote = this.batches.collect<NoteCall, RecordData>((calls) =>
    this.perWorkspace(calls, async (group, tx) => {
      const { createNotes } = this.host;
      if (!createNotes) throw crmUnable('This CRM takes no notes of workflows.', 'createNotes');
      const refusals = await this.rules.noteRefusals(
        tx,
        group.map(({ note }) => note),
      );
      const accepted = group.filter((_, at) => !refusals[at]);
      const write = (some: readonly NoteCall[]) =>
        createNotes.call(
          this.host,
          tx,
          some.map(({ note }) => note),
        );
      const written = accepted.length === 0 ? [] : await this.write(accepted, write);
      let next = 0;
      const results = refusals.map((refusal) => refusal ?? (written[next++] as RecordData | Error));
      this.created(this.host.noteModule === undefined ? undefined : this.modules.get(this.host.noteModule), group, results);
      return results;
    }),
  );

  /** Looks records up; each page is a batch of its own, so that nobody's statement comes between it and what it reads. */
  async find({ step, module, lookUp }: Of<{ module: string; lookUp: RecordLookUp }>): Promise<RecordData[]> {
    const { workspaceId } = step.origin;
    this.module(module);
    return findRecords(module, lookUp, {
      list: (query) => this.listIds({ step, module, query }),
      read: (ids, relations) => Promise.all(ids.map((id) => this.read(workspaceId, { module, id }, relations))),
    });
  }

  private readonly listIds = this.batches.collect<Of<{ module: string; query: RecordQuery }>, string[]>(async (calls) => {
    const { listIds } = this.host;
    if (!listIds) throw crmUnable('This CRM finds no records for workflows.', 'listIds');
    const answers: (string[] | Error)[] = [];
    for (const { step, module, query } of calls) {
      answers.push(await listIds.call(this.host, this.transaction(step), module, query).catch(ownFailure));
    }
    return answers;
  });

  readonly notify = this.batches.collect<Of<{ notifications: readonly NewNotification[] }>, string[]>((calls) =>
    this.perWorkspace(calls, (group, tx) =>
      this.write(group, async (some) => {
        const ids = await this.host.createNotifications(
          tx,
          some.flatMap(({ notifications }) => notifications),
        );
        let at = 0;
        return some.map(({ notifications }) => {
          at += notifications.length;
          return ids.slice(at - notifications.length, at);
        });
      }),
    ),
  );

  readonly findUsers = this.batches.collect<Of<{ query: UsersQuery }>, CrmUser[]>((calls) =>
    this.perWorkspace(calls, (group, tx) =>
      this.users.find(
        tx,
        group.map(({ query }) => query),
      ),
    ),
  );

  readonly countOwned = this.batches.collect<OwnersCall, Map<string, number>>((calls) =>
    this.perModule(calls, (group, tx, module) => countOwners(this.host, group, tx, module)),
  );

  readonly leastBusy = this.batches.collect<OwnersCall, string>((calls) =>
    this.perModule(calls, (group, tx, module) => leastBusyOwners(this.host, group, tx, module)),
  );

  readonly findStages = this.batches.collect<Of<{ module: string; record: RecordData }>, string[] | null>(async (calls) => {
    const answers = await Promise.allSettled(
      calls.map(({ step, module, record }) => this.stages.find(this.transaction(step), this.module(module), record)),
    );
    return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : asError(answer.reason)));
  });

  readonly nextInRotation = this.batches.collect<Of<RotationCall>, number>(async (calls) => {
    for (const { step } of calls) step.wrote = true;
    return nextPlaces(this.manager, calls);
  });

  /** Writes for many steps at once; a step has written when its write was not taken back, or was sent alone. */
  private async write<Call extends { step: StepAtWork }, Result>(
    calls: readonly Call[],
    write: (calls: readonly Call[]) => Promise<Result[]>,
  ): Promise<(Result | WriteRefused)[]> {
    if (calls.length === 1) for (const { step } of calls) step.wrote = true;
    const results = await writeTogether(this.manager, calls, write).catch((error: unknown) => {
      // How far the host's code had come, nobody knows.
      for (const { step } of calls) step.wrote = true;
      throw error;
    });
    calls.forEach(({ step }, at) => {
      if (!(results[at] instanceof WriteRefused)) step.wrote = true;
    });
    return results;
  }

  /** Notes what steps have created, where it lives in one of the modules. */
  private created(
    module: ModuleDescription | undefined,
    calls: readonly { step: StepAtWork }[],
    results: readonly (RecordData | Error)[],
  ): void {
    if (!module) return;
    for (const [at, { step }] of calls.entries()) {
      const record = results[at];
      if (!record || record instanceof Error) continue;
      const ref = { module: module.name, id: String(record.id) };
      this.records.wrote(step.origin.workspaceId, ref, record);
      this.events.push(...derivedEvents(module, step, ref.id, null, this.records.own(step.origin.workspaceId, ref)));
    }
  }

  private transaction(step: StepAtWork): CrmTransaction {
    return { manager: this.manager, workspaceId: step.origin.workspaceId };
  }

  /** Has `work` answer the calls of one workspace after the other, and puts the answers into call order. */
  private perWorkspace<Call extends { step: StepAtWork }, Result>(
    calls: readonly Call[],
    work: (group: readonly Call[], tx: CrmTransaction) => Promise<(Result | Error)[]>,
  ): Promise<(Result | Error)[]> {
    return answeredInGroups(
      calls,
      ({ step }) => step.origin.workspaceId,
      (group, first) => work(group, this.transaction(first.step)),
    );
  }

  private perModule<Call extends { step: StepAtWork; module: string }, Result>(
    calls: readonly Call[],
    work: (group: readonly Call[], tx: CrmTransaction, module: string) => Promise<(Result | Error)[]>,
  ): Promise<(Result | Error)[]> {
    return answeredInGroups(
      calls,
      ({ step, module }) => JSON.stringify([step.origin.workspaceId, module]),
      (group, first) => work(group, this.transaction(first.step), first.module),
    );
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
