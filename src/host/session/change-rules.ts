import type { ModuleDescription } from '../../core/catalog.js';
import { AutomationError, type Problem } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import type { CrmHost, CrmTransaction, NewNote, NewTask, PlannedChange } from '../crm-host.js';
import { shownValue } from '../shown-value.js';
import type { KnownRecords } from './known-records.js';
import type { KnownStages } from './known-stages.js';
import type { KnownUsers } from './known-users.js';
import { changeRefused, moduleUnknown, referenceUnknown, stageUnknown, taskRefused, userUnknown } from './refusals.js';

/** What is asked about changes before they are written: whether what they point at exists, and what the CRM itself says. */
export class ChangeRules {
  /** What was found of the values of a reference field; by workspace, module and field. */
  private readonly referenced = new Map<string, Set<string>>();

  constructor(
    private readonly host: CrmHost,
    private readonly modules: ReadonlyMap<string, ModuleDescription>,
    private readonly known: { records: KnownRecords; users: KnownUsers; stages: KnownStages },
  ) {}

  /** Forgets what it has found: the next change asks the host. */
  clear(): void {
    this.referenced.clear();
  }

  /**
   * Returns for each change why it may not be written, or null. Whatever the number of changes, it asks once for the owners,
   * once for each reference field and once for each pipeline, and only for what the transaction does not know yet.
   */
  async refusals(tx: CrmTransaction, module: ModuleDescription, changes: readonly PlannedChange[]): Promise<Refusal[]> {
    const refusals = new Refusals(changes.length);
    await this.checkOwners(tx, module, changes, refusals);
    await this.checkReferences(tx, module, changes, refusals);
    await this.checkStages(tx, module, changes, refusals);
    const { host } = this;
    if (host.validate) {
      const refusalOf = (change: PlannedChange, problems: readonly Problem[]) =>
        problems.length > 0 ? changeRefused(module, change, problems) : null;
      await refusals.each(changes, (change) => whenKnown(host.validate?.(module.name, change, tx), (found) => refusalOf(change, found)));
    }
    return refusals.all;
  }

  /** The same for tasks to be created: the assignee, the record that each is about, the CRM's own rules. */
  async taskRefusals(tx: CrmTransaction, tasks: readonly NewTask[]): Promise<Refusal[]> {
    const refusals = new Refusals(tasks.length);
    await this.checkUsers(
      tx,
      tasks.map(({ assigneeId }) => assigneeId),
      refusals,
    );
    tasks.forEach(({ record }, at) => {
      if (record && !this.modules.has(record.module)) refusals.add(at, moduleUnknown(record.module));
    });
    const about = tasks.map(({ record }, at) => (record && refusals.isOpen(at) ? record : null));
    const requests = about.map((ref) => ref && { workspaceId: tx.workspaceId, ref, relations: [], lock: false });
    const failed = await this.known.records.learn(requests.filter((request) => request !== null));
    about.forEach((ref, at) => {
      const failure = requests[at] && failed.get(requests[at]);
      if (failure) refusals.add(at, failure);
      else if (ref && !this.known.records.own(tx.workspaceId, ref)) {
        refusals.add(at, referenceUnknown(`There is no record '${ref.id}' in ${ref.module} that a task could be about.`, { ...ref }));
      }
    });
    const { host } = this;
    if (host.validateTask) {
      const refusalOf = (problems: readonly Problem[]) => (problems.length > 0 ? taskRefused(problems) : null);
      await refusals.each(tasks, (task) => whenKnown(host.validateTask?.(task, tx), refusalOf));
    }
    return refusals.all;
  }

  /** The same for notes: their author, and the record that each is about. */
  async noteRefusals(tx: CrmTransaction, notes: readonly NewNote[]): Promise<Refusal[]> {
    const refusals = new Refusals(notes.length);
    await this.checkUsers(
      tx,
      notes.map(({ authorId }) => authorId),
      refusals,
    );
    const requests = notes.map(({ record: ref }, at) => {
      if (!this.modules.has(ref.module)) refusals.add(at, moduleUnknown(ref.module));
      return refusals.isOpen(at) ? { workspaceId: tx.workspaceId, ref, relations: [], lock: false } : null;
    });
    const failed = await this.known.records.learn(requests.filter((request) => request !== null));
    notes.forEach(({ record }, at) => {
      const request = requests[at];
      const failure = request && failed.get(request);
      if (failure) refusals.add(at, failure);
      else if (request && !this.known.records.own(tx.workspaceId, record)) {
        refusals.add(
          at,
          referenceUnknown(`There is no record '${record.id}' in ${record.module} that a note could be about.`, { ...record }),
        );
      }
    });
    return refusals.all;
  }

  private async checkOwners(tx: CrmTransaction, { ownerField }: ModuleDescription, changes: readonly PlannedChange[], refusals: Refusals) {
    if (ownerField === undefined) return;
    const owners = changes.map(({ fields, after }) => (fields.includes(ownerField) ? idOf(after[ownerField]) : null));
    await this.checkUsers(tx, owners, refusals, ownerField);
  }

  private async checkUsers(tx: CrmTransaction, ids: readonly (string | null)[], refusals: Refusals, field?: string): Promise<void> {
    const wanted = [...new Set(ids.filter((id) => id !== null))];
    if (wanted.length === 0) return;
    const asking = ids.flatMap((id, at) => (id === null ? [] : [at]));
    await refusals.unlessRefused(asking, async () => {
      const [found = []] = await this.known.users.find(tx, [{ ids: wanted }]);
      const active = new Set(found.map(({ id }) => id));
      ids.forEach((id, at) => {
        if (id !== null && !active.has(id)) refusals.add(at, userUnknown(id, field));
      });
    });
  }

  private async checkReferences(tx: CrmTransaction, module: ModuleDescription, changes: readonly PlannedChange[], refusals: Refusals) {
    for (const { field, module: target } of module.references ?? []) {
      const values = changes.map(({ fields, after }) => (fields.includes(field) ? idOf(after[field]) : null));
      const asking = values.flatMap((value, at) => (value === null ? [] : [at]));
      if (asking.length === 0) continue;
      await refusals.unlessRefused(asking, async () => {
        const existing = await this.existing(tx, module.name, field, target, new Set(values.filter((value) => value !== null)));
        values.forEach((value, at) => {
          if (value === null || existing.has(value)) return;
          const message = `${shownValue(value)} does not fit the field '${field}' of ${module.name}: the workspace has no such ${target ? `record in ${target}` : 'record'}.`;
          refusals.add(at, referenceUnknown(message, { module: module.name, field, value }));
        });
      });
    }
  }

  private async existing(tx: CrmTransaction, module: string, field: string, target: string | undefined, values: ReadonlySet<string>) {
    const name = JSON.stringify([tx.workspaceId, module, field]);
    const known = this.referenced.get(name) ?? new Set();
    this.referenced.set(name, known);
    const unknown = [...values].filter((value) => !known.has(value));
    if (unknown.length === 0) return known;
    if (this.host.findReferenced) {
      for (const value of await this.host.findReferenced(tx, module, field, unknown)) known.add(value);
    } else if (target !== undefined && this.modules.has(target)) {
      const refs = unknown.map((id) => ({ module: target, id }));
      const requests = refs.map((ref) => ({ workspaceId: tx.workspaceId, ref, relations: [], lock: false }));
      for (const failure of (await this.known.records.learn(requests)).values()) throw failure;
      for (const ref of refs) if (this.known.records.own(tx.workspaceId, ref)) known.add(ref.id);
    }
    return known;
  }

  /** A stage must be one of the pipeline in which the change leaves the record. */
  private async checkStages(
    tx: CrmTransaction,
    module: ModuleDescription,
    changes: readonly PlannedChange[],
    refusals: Refusals,
  ): Promise<void> {
    const { stageField, pipelineFields = [] } = module;
    if (stageField === undefined) return;
    const deciding = [stageField, ...pipelineFields];
    const isConcerned = ({ fields }: PlannedChange): boolean => fields.some((field) => deciding.includes(field));
    if (!changes.some(isConcerned)) return;
    await refusals.each(changes, async (change) => {
      const { after } = change;
      const stage = after[stageField] ?? null;
      if (stage === null || !isConcerned(change)) return null;
      const stages = await this.known.stages.find(tx, module, after);
      return stages === null || stages.includes(String(stage)) ? null : stageUnknown(stage, stages);
    });
  }
}

/** Why something is refused; null when it is not. */
type Refusal = Error | null;

/** Passes the host's answer on as soon as it is there. */
function whenKnown<Answer>(
  problems: readonly Problem[] | Promise<readonly Problem[]> | undefined,
  use: (problems: readonly Problem[]) => Answer,
): Answer | Promise<Answer> {
  return problems === undefined || isList(problems) ? use(problems ?? []) : Promise.resolve(problems).then(use);
}

function isList(problems: readonly Problem[] | Promise<readonly Problem[]>): problems is readonly Problem[] {
  return Array.isArray(problems);
}

/** For each of a batch why it is refused; the first reason counts. */
class Refusals {
  readonly all: Refusal[];

  constructor(size: number) {
    this.all = new Array<Refusal>(size).fill(null);
  }

  isOpen(at: number): boolean {
    return this.all[at] === null;
  }

  add(at: number, error: Error): void {
    this.all[at] ??= error;
  }

  /** Asks about each one that is not refused yet; what is thrown refuses that one alone. Most answers need no waiting. */
  async each<Item>(items: readonly Item[], ask: (item: Item) => Refusal | Promise<Refusal>): Promise<void> {
    const pending: Promise<void>[] = [];
    items.forEach((item, at) => {
      if (!this.isOpen(at)) return;
      const refuse = (error: unknown): void => this.add(at, error instanceof Error ? error : new Error(String(error)));
      try {
        const answer = ask(item);
        if (answer instanceof Promise) pending.push(answer.then((refusal) => (refusal ? refuse(refusal) : undefined), refuse));
        else if (answer) refuse(answer);
      } catch (error) {
        refuse(error);
      }
    });
    if (pending.length > 0) await Promise.all(pending);
  }

  /** Asks one question for several; when the host cannot answer (it was not told where users are), it refuses those alone. */
  async unlessRefused(asking: readonly number[], ask: () => Promise<void>): Promise<void> {
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof AutomationError)) throw error;
      for (const at of asking) this.add(at, error);
    }
  }
}

/** Ids are texts, whatever their column. */
function idOf(value: Json | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
