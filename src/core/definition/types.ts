import type { Condition } from '../condition/tree.js';
import type { Step } from '../steps/index.js';

/**
 * The definition of a workflow: what starts it, for which records, what it does. Steps are a tree, so a definition is
 * always drawable and a run's position is a path (`route.enterprise.am`, `each[3].notify`). Durations are ISO 8601.
 */
export interface WorkflowDefinition {
  trigger: Trigger;
  conditions?: Condition;
  steps: Step[];
  settings: WorkflowSettings;
}

export type Trigger = EventTrigger | WebhookTrigger | ScheduleTrigger | DateTrigger | ManualTrigger | ConnectorTrigger;

/** Starts on a CRM event. */
export interface EventTrigger {
  type: 'event';
  module: string;
  event: string;
  /** For `updated`: any of these fields changed. */
  fields?: string[];
  /** For `stage_changed`: the stage before; one or several. */
  from?: string[];
  /** For `stage_changed`: the stage after; one or several. */
  to?: string[];
}
/** Starts on a POST to the workflow's secret URL. */
export interface WebhookTrigger {
  type: 'webhook';
}
/** Starts by cron. */
export interface ScheduleTrigger {
  type: 'schedule';
  cron: string;
  timezone: string;
}
/** Starts some time before or after a date field of each record. */
export interface DateTrigger {
  type: 'date';
  module: string;
  field: string;
  /** ISO 8601, may be negative: `-P3D` is three days before. */
  offset: string;
  /** `HH:MM` in `timezone`. */
  at?: string;
  timezone?: string;
}
/** Started by a person or by another workflow. */
export interface ManualTrigger {
  type: 'manual';
  module?: string;
}
/** Started by an outside system through a connector. */
export interface ConnectorTrigger {
  type: 'connector';
  connector: string;
  event: string;
}

/** When a workflow may run again on a record. `{ oncePer: 'P7D' }`: once in any such period. */
export type Reentry = 'always' | 'not_while_active' | 'once_per_record' | { oncePer: string };

export interface WorkflowSettings {
  reentry: Reentry;
  /** 0: no limit. */
  maxConcurrentRuns: number;
  /** ISO 8601: a run older than this is failed. */
  maxDuration: string;
}
