import type { Catalog, ModuleDescription } from '../catalog.js';
import type { DomainEvent } from '../event.js';
import type { JsonObject } from '../json.js';
import type { TriggerReader } from './trigger-reader.js';

/** What a trigger looks at of an event. */
export type TriggeringEvent = Pick<DomainEvent, 'module' | 'event' | 'changes' | 'previous' | 'record' | 'trigger'>;

/** A trigger that is ready to be asked. */
export interface CompiledTrigger {
  /** Whether the event starts the workflow, its conditions aside. */
  matches(event: TriggeringEvent): boolean;
  /** The same answer, with the reason when it does not. */
  explain(event: TriggeringEvent): { matched: boolean; reason?: string };
  /** `leads.created` for event triggers: only events of that module and name can match. Null for all others. */
  key: string | null;
}

/**
 * One kind of trigger: what it is made of, what may be wrong with it, and what it makes of events. A new kind is a file
 * like the others here, and a line in the list of `trigger.ts`.
 */
export interface TriggerKind<Trigger extends { type: string }> {
  type: Trigger['type'];
  label: string;
  /** What starts the workflow, in one sentence. */
  description: string;
  /** JSON Schema of each member beside `type`, in the order in which problems name them. */
  members: Readonly<Record<string, JsonObject>>;
  /** Members that must be there. */
  required: readonly string[];
  /** Notes all that is wrong; members that are not known are noted already. Never throws. */
  check(trigger: TriggerReader, catalog: Catalog | null): void;
  /** Absent: no event starts it, only a start that names the workflow. */
  compile?(trigger: Trigger, module: ModuleDescription | null): CompiledTrigger;
}
