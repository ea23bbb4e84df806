import type { Problem } from './errors.js';
import type { Json, JsonObject } from './json.js';
import type { SecretPlaces } from './secrets/secret-reference.js';

/** What a field holds; decides which operators fit. `list` is a list of texts. */
export type FieldType = 'text' | 'number' | 'money' | 'boolean' | 'date' | 'datetime' | 'list' | 'json';

/** One field of a module's records. */
export interface FieldDescription {
  name: string;
  label: string;
  type: FieldType;
  nullable: boolean;
  /** A new record needs it: nothing but whoever makes the record gives it a value. */
  required?: true;
  /** False for ids, timestamps and whatever the host keeps to itself: workflows cannot change it. */
  writable: boolean;
  /** Worked out from other columns: what an event lacks of it is read when workflows look at the event. Never writable. */
  computed?: true;
  /** The values it may take, where they are fixed. */
  options?: string[];
  /** The most characters it holds; of a list, each of its texts. */
  maxLength?: number;
  /** The most decimals it keeps. */
  maxDecimals?: number;
  /** The least and the greatest number it holds; a text where no number is exact. */
  minimum?: number | string;
  maximum?: number | string;
}

/** A field that holds the id of something else in the CRM. */
export interface ReferenceDescription {
  field: string;
  /** The module it points into; absent where what it points at is none. */
  module?: string;
}

/** A to-one relation, whose fields conditions and templates reach one hop away: `account.industry`. */
export interface RelationDescription {
  /** The name used in paths: `account`. */
  name: string;
  /** The related module: `accounts`. */
  module: string;
}

/**
 * When an event of a module happens, told from a record before and after. `custom` events are only ever published
 * by the host (`converted`, `overdue`).
 */
export type EventRule =
  | { on: 'created' }
  | { on: 'updated' }
  | { on: 'deleted' }
  | { on: 'changed'; field: string; to?: Json[] }
  | { on: 'custom' };

/** One event of a module. */
export interface EventDescription {
  name: string;
  label: string;
  rule: EventRule;
}

/** A kind of CRM record that workflows can be about. */
export interface ModuleDescription {
  /** Plural, as in paths and definitions: `leads`. */
  name: string;
  /** `lead`: the other way hosts name their events (`lead.created`). */
  singular: string;
  label: string;
  fields: FieldDescription[];
  relations: RelationDescription[];
  events: EventDescription[];
  /** The field that move_stage changes. */
  stageField?: string;
  /** The field that assign_owner changes and `is_owner` looks at. */
  ownerField?: string;
  /** The list of texts that add_tag and remove_tag change. */
  tagsField?: string;
  /** Fields that must point at something of the workspace; the owner is not among them. */
  references?: ReferenceDescription[];
  /** The fields whose values together name a record. Default: the one that usually does (`name`, `title`, first and last name, `number`). */
  titleFields?: string[];
  /** The fields that decide which stages a record may take; none of them when all records share one pipeline. Absent: not known. */
  pipelineFields?: string[];
}

/** Local: inside our transaction, exactly once. External: intent first, at least once, with an idempotency key. */
export type Effect = 'local' | 'external';

/** What a step leaves behind, by member: its type, or its own members. Of a `json` nothing more is known. */
export interface OutputShape {
  readonly [member: string]: FieldType | OutputShape;
}

/**
 * What an action writes: a field (null: which one is not known before it runs), of the run's record or of another one in
 * `module`; a new record; or a task or a note, wherever the CRM keeps these.
 */
export type ActionWrite =
  | { kind: 'field'; field: string | null; value?: Json; module?: string }
  | { kind: 'created'; module: string }
  | { kind: 'task' }
  | { kind: 'note' };

/** Users whom a step names by their ids in one place. */
export interface NamedUsers {
  users: { id: string; path: string }[];
  /** Whether it may mean others besides, whom only a run can tell: an expression, a role. */
  others: boolean;
}

/** What the core needs to know of an action to check a step that uses it. */
export interface ActionDescription {
  type: string;
  label: string;
  description?: string;
  effect: Effect;
  /** Arguments that nobody may read again: of an object the names stay and the values are masked. */
  secret?: readonly string[];
  /** The argument that says where the secrets are sent: with another one, they have to be given anew. */
  secretsGoTo?: string;
  /** Where it takes references to secrets of the workspace, and the arguments that say where these are sent. */
  takesSecrets?: SecretPlaces;
  /** JSON Schema of the step's `with`. */
  argumentsSchema: JsonObject;
  /** What later steps find in `steps.<id>.output`. Without it, whatever they read there is taken to be there. */
  output?: OutputShape;
  /** Checks the arguments as written in a definition; values that hold `{{…}}` are checked when they are rendered. Paths are relative to `with`. */
  check(args: JsonObject, about: { module: ModuleDescription | null }): Problem[];
  /** What it writes, from the arguments as a definition has them. Absent: not known. */
  writes?(args: JsonObject, about: { module: ModuleDescription | null }): ActionWrite[];
  /** The users whom its arguments name as a definition has them. Paths are relative to `with`. Absent: none. */
  users?(args: JsonObject, about: { module: ModuleDescription | null }): NamedUsers[];
}

/** Everything a definition may refer to. */
export interface Catalog {
  modules: ReadonlyMap<string, ModuleDescription>;
  actions: ReadonlyMap<string, ActionDescription>;
  /** The module that tasks live in, when it is one of the modules. */
  taskModule?: string;
  /** The same for notes. */
  noteModule?: string;
}
