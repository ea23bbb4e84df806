import type { Condition } from '../condition/tree.js';
import type { Step } from '../steps/index.js';
import type { ConnectorTrigger } from '../trigger/connector.js';
import type { DateTrigger } from '../trigger/date.js';
import type { EventTrigger } from '../trigger/event.js';
import type { MachineEnteredTrigger } from '../trigger/machine-entered.js';
import type { ManualTrigger } from '../trigger/manual.js';
import type { ScheduleTrigger } from '../trigger/schedule.js';
import type { WebhookTrigger } from '../trigger/webhook.js';
import type { Callback } from './callback.js';

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

export type Trigger =
  | EventTrigger
  | WebhookTrigger
  | ScheduleTrigger
  | DateTrigger
  | ManualTrigger
  | MachineEnteredTrigger
  | ConnectorTrigger;

/** When a workflow may run again on a record. `{ oncePer: 'P7D' }`: once in any such period. */
export type Reentry = 'always' | 'not_while_active' | 'once_per_record' | { oncePer: string };

/** In which order a workflow's runs go. */
export type RunOrder = 'any' | 'per_record';

export interface WorkflowSettings {
  reentry: Reentry;
  /** Whether a run that failed counts as one for {@link Reentry}: it has not done what it was for. */
  countFailedRuns: boolean;
  /** How many runs of the workflow may be under way at a time, waiting ones included; 0: no limit. Further ones are queued. */
  maxConcurrentRuns: number;
  /** `per_record`: runs of one record go one after the other, in the order of their events. */
  order: RunOrder;
  /** ISO 8601: a run older than this is failed. */
  maxDuration: string;
  /** Who is told when a run has succeeded, and when one has failed. */
  onSuccess?: Callback;
  onFailure?: Callback;
}
