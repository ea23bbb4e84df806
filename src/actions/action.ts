import type { EntityManager } from 'typeorm';
import type { ActionWrite, Effect, ModuleDescription, NamedUsers, OutputShape } from '../core/catalog.js';
import type { Problem } from '../core/errors.js';
import type { RecordData, RecordRef } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import type { Scope } from '../core/scope.js';
import type { SecretPlaces, SecretReference } from '../core/secrets/secret-reference.js';
import type { CrmUser } from '../host/crm-host.js';
import type { CrmSession } from '../host/crm-session.js';

/** What a class or token stands for in the host's injector. */
export type InjectionToken<T> = (abstract new (...args: never[]) => T) | string | symbol;

/** A class whose properties are declared with class-validator: the arguments of an action. */
export type ArgumentsClass<A extends object> = new () => A;

/** What every action gets to know of the step it performs. */
export interface StepContext {
  workspaceId: string;
  runId: string;
  workflow: { id: string; code: string; name: string };
  /** Where the step stands: `welcome`, `each[3].notify`. */
  path: string;
  /** 1 for the first attempt. */
  attempt: number;
  /** `<runId>.<path>`: the same for every attempt of the step, so that the far side can tell a repetition. */
  idempotencyKey: string;
  /** The module of the record; null when the run is about none. */
  module: ModuleDescription | null;
  record: RecordRef | null;
  scope: Scope;
  /** The time to count from, by the database's clock. */
  now: Date;
  /** A provider of the host's application. Errors when there is none. */
  inject<T>(token: InjectionToken<T>): T;
}

/** A local step: what it does through `crm` commits together with its log. */
export interface LocalStep extends StepContext {
  crm: CrmSession;
  machines: StepMachines;
}

/** The state machines of the workspace, as a local step may drive them. */
export interface StepMachines {
  /**
   * Fires a transition of the record, or with null makes its instance where there is none, once the step has committed. Throws
   * `machine_unknown`, `workflow_not_published`, `record_required` for a record of another module.
   */
  advance(advance: {
    machine: string;
    transition: string | null;
    input: JsonObject;
    record: RecordRef;
  }): Promise<{ machineId: string; eventId: string }>;
}

/** A local step with a transaction of its own, open for the host's entities. */
export interface OwnTransactionStep extends LocalStep {
  manager: EntityManager;
}

/** What an external step may ask the CRM; reads only, outside any transaction. */
export interface CrmLookup {
  findUsers(query: { ids: readonly string[] } | { role: string }): Promise<CrmUser[]>;
  getRecord(ref: RecordRef): Promise<RecordData | null>;
}

/** The secrets of the workspace, as one attempt of an external step may use them. */
export interface StepSecrets {
  /**
   * Returns the value of a secret that is about to be sent to these addresses. Throws `secret_not_found`,
   * `secret_host_refused` when it may not go to one of them, and `secret_unreadable`. In a preview it is a stand-in.
   */
  reveal(reference: SecretReference, goesTo: readonly string[]): Promise<string>;
  /** Keeps a text that was made of secrets out of the step's output and errors, as the secrets are. */
  conceal(text: string): void;
  /** Returns a value in which whatever was revealed or concealed is masked. What the step returns or throws is masked anyway. */
  redact<T>(value: T): T;
}

/** A step that reaches outside. It must give up when `signal` aborts. */
export interface ExternalStep extends StepContext {
  signal: AbortSignal;
  /** How long the attempt may take in milliseconds, where the step says so (`timeout`); `signal` aborts then. A client's own limits must not be shorter. */
  timeoutMs?: number;
  crm: CrmLookup;
  /** Secrets of the workspace, where `takesSecrets` of the action lets arguments name them. */
  secrets: StepSecrets;
}

/** What a check of written arguments may ask. */
export interface CheckContext {
  /** The module that the workflow is about; null when it is about none. */
  module: ModuleDescription | null;
  /** A provider of the application; absent where definitions are checked outside of one. */
  inject?: StepContext['inject'];
}

/**
 * What the texts of an argument are, and so what becomes of the values that expressions put into them:
 * - `html`: they are escaped.
 * - `url`: they are percent-encoded, and change neither the origin nor the structure of the path.
 * - `condition`: it stays as it is written, and the action asks it with the step's scope: what an expression gives is only ever
 *   compared with, and never read as a part of the condition.
 * - `address`: between other text each is one display name or one address; such a text becomes a list of `{ name, address }`.
 *
 * In a URL or address, a text that is exactly one expression gives the value as it is: a whole URL, an address, several
 * with commas, a list.
 */
export type ArgumentFormat = 'html' | 'url' | 'address' | 'condition';

interface ActionOptionsBase<A extends object> {
  /** The name in definitions: small letters, digits and `_`. */
  type: string;
  label: string;
  description?: string;
  /** Validation, the argument schema in the catalog and the console's form come from this class. */
  arguments: ArgumentsClass<A>;
  /** Arguments whose texts need care with what `{{…}}` puts into them. */
  formats?: Partial<Record<keyof A & string, ArgumentFormat>>;
  /** Arguments that nobody may read again, in logs and in definitions. Of an object the names stay and the values are masked. */
  secret?: readonly (keyof A & string)[];
  /** The argument that says where the secrets are sent. Who changes it in a definition has to give the secrets anew. */
  secretsGoTo?: keyof A & string;
  /**
   * Where arguments may name a secret of the workspace (`{ "$secret": "name" }`), and the arguments that say where it is
   * sent, which are held against the hosts of the secret: `{ 'headers.*': ['url'], token: ['url'] }`. What stands there
   * instead of a reference is secret.
   */
  takesSecrets?: SecretPlaces;
  /**
   * The members of what `execute` returns. With it a definition that reads another one is told so when it is saved; without
   * it nothing is checked.
   */
  output?: OutputShape;
  /**
   * Checks beyond the class, on the arguments as written in a definition; values that hold `{{…}}` are not known yet and
   * must be left alone. Paths are relative to `with`.
   */
  check?(args: JsonObject, about: CheckContext): Problem[];
  /**
   * What it changes in the CRM, from the arguments as written in a definition: who publishes a workflow is told of loops and
   * of other workflows that write the same field. Without it nothing is told of this action.
   */
  writes?(args: JsonObject, about: Pick<CheckContext, 'module'>): ActionWrite[];
  /**
   * The users whom it names by their ids, from the arguments as written in a definition, each list of which one will do: a
   * definition is not published when none of them is an active user. Paths are relative to `with`.
   */
  users?(args: JsonObject, about: Pick<CheckContext, 'module'>): NamedUsers[];
}

/** An action that reaches outside the database: performed at least once, with a stable idempotency key. */
export interface ExternalActionOptions<A extends object> extends ActionOptionsBase<A> {
  effect: 'external';
  /** Returns the step's output. Throws an AutomationError that says whether trying again can help. */
  execute(args: A, step: ExternalStep): Promise<JsonObject | void>;
  /**
   * Returns what `execute` would send, for people who try a workflow before they publish it, without sending it. Secrets are
   * left out. Without it the arguments alone are shown.
   */
  preview?(args: A, step: ExternalStep): Promise<JsonObject>;
}

/** What a local action says of the run's record. */
interface WritingRecord {
  /**
   * True: it changes the run's record. The record is then locked when it is read for the step, so what the arguments were
   * rendered from is what is changed, and no second read is needed. Others read it without a lock; `update` locks it all the same.
   */
  writesRecord?: boolean;
}

/** An action on the CRM alone: performed exactly once, in one transaction with other steps. */
export interface SharedLocalActionOptions<A extends object> extends ActionOptionsBase<A>, WritingRecord {
  effect: 'local';
  transaction: 'shared';
  execute(args: A, step: LocalStep): Promise<JsonObject | void>;
}

/** A local action that writes through the host's entities: performed exactly once, in a transaction of its own. */
export interface OwnTransactionActionOptions<A extends object> extends ActionOptionsBase<A>, WritingRecord {
  effect: 'local';
  transaction?: 'own';
  execute(args: A, step: OwnTransactionStep): Promise<JsonObject | void>;
}

export type ActionOptions<A extends object> = ExternalActionOptions<A> | SharedLocalActionOptions<A> | OwnTransactionActionOptions<A>;

interface ActionDefinitionBase<A extends object> {
  readonly type: string;
  readonly label: string;
  readonly description?: string;
  readonly effect: Effect;
  readonly arguments: ArgumentsClass<A>;
  readonly formats: Readonly<Record<string, ArgumentFormat>>;
  readonly secret: readonly string[];
  readonly secretsGoTo?: string;
  readonly takesSecrets?: SecretPlaces;
  readonly output?: OutputShape;
  check?(args: JsonObject, about: CheckContext): Problem[];
  writes?(args: JsonObject, about: Pick<CheckContext, 'module'>): ActionWrite[];
  users?(args: JsonObject, about: Pick<CheckContext, 'module'>): NamedUsers[];
}

export interface ExternalAction<A extends object = object> extends ActionDefinitionBase<A> {
  readonly effect: 'external';
  execute(args: A, step: ExternalStep): Promise<JsonObject | void>;
  preview?(args: A, step: ExternalStep): Promise<JsonObject>;
}
export interface SharedLocalAction<A extends object = object> extends ActionDefinitionBase<A> {
  readonly effect: 'local';
  readonly writesRecord: boolean;
  readonly transaction: 'shared';
  execute(args: A, step: LocalStep): Promise<JsonObject | void>;
}
export interface OwnTransactionAction<A extends object = object> extends ActionDefinitionBase<A> {
  readonly effect: 'local';
  readonly writesRecord: boolean;
  readonly transaction: 'own';
  execute(args: A, step: OwnTransactionStep): Promise<JsonObject | void>;
}

/** A kind of step that does something, as `defineAction` made it. */
export type ActionDefinition<A extends object = object> = ExternalAction<A> | SharedLocalAction<A> | OwnTransactionAction<A>;
