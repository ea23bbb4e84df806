import type { Condition } from '../condition/tree.js';
import type { Step } from '../steps/index.js';
import type { ConnectorTrigger } from '../trigger/connector.js';
import type { DateTrigger } from '../trigger/date.js';
import type { EventTrigger } from '../trigger/event.js';
import type { ManualTrigger } from '../trigger/manual.js';
import type { ScheduleTrigger } from '../trigger/schedule.js';
import type { WebhookTrigger } from '../trigger/webhook.js';

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

/** When a workflow may run again on a record. `{ oncePer: 'P7D' }`: once in any such period. */
export type Reentry = 'always' | 'not_while_active' | 'once_per_record' | { oncePer: string };

export interface WorkflowSettings {
  reentry: Reentry;
  /** 0: no limit. */
  maxConcurrentRuns: number;
  /** ISO 8601: a run older than this is failed. */
  maxDuration: string;
}
