import type { Condition } from '../condition/tree.js';
import type { RunSettings } from '../definition/settings.js';
import type { Step } from '../steps/index.js';
import type { EventTrigger } from '../trigger/event.js';
import type { InputField } from '../trigger/manual-input.js';
import type { WebhookTrigger } from '../trigger/webhook.js';

/** The definition of a state machine: which states there are, and what leads from one to another. Durations are ISO 8601. */
export interface MachineDefinition {
  for: MachineSubject;
  /**
   * What makes an instance, without firing a transition. Absent: the first event that a transition out of the initial state
   * listens to, which is then asked about that transition too.
   */
  start?: MachineStart;
  states: MachineState[];
  /** In the order in which they are asked. */
  transitions: MachineTransition[];
}

/** What an instance follows: a record of a module, or a run of an integration. */
export type MachineSubject = { module: string } | { integration: string };

/** What makes an instance. */
export interface MachineStart {
  trigger: EventTrigger | ImportTrigger | ExportTrigger;
  conditions?: Condition;
}

/** One state. Exactly one is the initial one. */
export interface MachineState {
  code: string;
  description?: string;
  initial?: boolean;
  /** Nothing leads out of it. */
  final?: boolean;
  timeout?: StateTimeout;
}

/** What becomes of an instance that stays in a state. */
export interface StateTimeout {
  /** From entering the state on. */
  after: string;
  /** The code of the transition that is fired. */
  transition: string;
}

/** One way from states to a state. */
export interface MachineTransition {
  code: string;
  description?: string;
  /** `any`: every state that is not final. */
  from: string[] | 'any';
  to: string;
  trigger: MachineTrigger;
  conditions?: Condition;
  /** Done before the state is entered; none: the instance moves at once. */
  steps: Step[];
  /** What a workflow can have beside these is about starts, and an instance has one transition under way at a time. */
  settings: RunSettings;
  /** False: it is never asked. */
  enabled: boolean;
}

/** What fires a transition. */
export type MachineTrigger =
  | MachineManualTrigger
  | MachineEventTrigger
  | MachineWebhookTrigger
  | ImportTrigger
  | ExportTrigger
  | PollTrigger
  | TimeoutTrigger;

/** A person fires it. */
export interface MachineManualTrigger {
  type: 'manual';
  /** The values that are asked for; without it any object is taken. */
  input?: InputField[];
  /** Who may fire it, beside the permission; without it everybody who has that. */
  roles?: string[];
}

/** Something happens to the record; of a machine for an integration: the integration's run begins or ends. */
export type MachineEventTrigger = EventTrigger | RunEventTrigger;

/** The integration's run begins or ends. */
export interface RunEventTrigger {
  type: 'event';
  event: 'run_started' | 'run_finished';
}

/** A POST to the machine's secret URL; of a machine for an integration `run` says which of its runs is meant. */
export type MachineWebhookTrigger = WebhookTrigger & { run?: string };

/** The host says that an integration has brought the record. */
export interface ImportTrigger {
  type: 'import';
}

/** The host says that an integration has taken the record away. */
export interface ExportTrigger {
  type: 'export';
}

/** Asked of every instance in the states that it leads from, again and again. */
export interface PollTrigger {
  type: 'poll';
  /** Five fields, as clocks in `timezone` show them. */
  cron: string;
  timezone: string;
}

/** The timeout of a state fires it, and nothing else. */
export interface TimeoutTrigger {
  type: 'timeout';
}
