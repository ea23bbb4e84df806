import type { Json, JsonObject } from '../json.js';

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

/** A tree of tests. `all` of nothing is true, `any` of nothing false, `none` of nothing true. */
export type Condition = { all: Condition[] } | { any: Condition[] } | { none: Condition[] } | FieldTest;

/** One test: a field, an operator and, for most operators, a value. */
export interface FieldTest {
  field: string;
  operator: string;
  /**
   * A literal, a text with `{{…}}`, the value of another field (`{ "field": "previous.amount" }`) or a moment counted from
   * now (`{ "fromNow": "-P7D" }`); lists of these where the operator takes lists.
   */
  value?: Json;
  /** Text operators ignore case unless this is true. */
  caseSensitive?: boolean;
}

export type Step =
  | ActionStep
  | BranchStep
  | ParallelStep
  | ForEachStep
  | DelayStep
  | ApprovalStep
  | FormStep
  | WaitForWebhookStep
  | RunWorkflowStep
  | StopStep;

/** What every step has. */
export interface StepBase {
  /** Unique in the definition; letters, digits, `_` and `-`, starting with a letter. */
  id: string;
  name?: string;
  /**
   * What a final failure of this step, or of a step inside it, does to the run. `stop` (the default): the run fails.
   * `continue`: the run goes on behind this step.
   */
  onError?: 'stop' | 'continue';
}

/** Does something: `type` names an action of the catalogue (`send_email`, `http_request`, a host's own). */
export interface ActionStep extends StepBase {
  kind: 'action';
  type: string;
  with: JsonObject;
  retry?: RetryPolicy;
  /**
   * What to do when it is unknown whether an external attempt took effect (its process died, the far side's answer never
   * came): try again with the same idempotency key (default), or fail and let a person decide.
   */
  onAmbiguous?: 'retry' | 'hold';
  /** How long one attempt may take. Default PT15S for external actions. */
  timeout?: string;
}
/** Takes the first branch whose `when` holds, else `otherwise`. */
export interface BranchStep extends StepBase {
  kind: 'branch';
  branches: { name: string; when: Condition; steps: Step[] }[];
  otherwise?: Step[];
}
/** Runs its branches side by side. `all` waits for every one; `any` goes on when the first has succeeded, and no further step of the others is started. */
export interface ParallelStep extends StepBase {
  kind: 'parallel';
  branches: { name: string; steps: Step[] }[];
  join: 'all' | 'any';
}
/** Runs its steps once for each item of a list, one after the other; the item is `item` in templates. */
export interface ForEachStep extends StepBase {
  kind: 'for_each';
  /** One expression that yields a list. */
  in: string;
  /** Refuses longer lists. Default 100. */
  maxItems: number;
  steps: Step[];
}
/** Waits: for a duration, until a moment, or until a date field's value. Exactly one of the three. */
export interface DelayStep extends StepBase {
  kind: 'delay';
  for?: string;
  /** ISO 8601 date-time, or one expression that yields one. A moment in the past does not wait. */
  until?: string;
  /** A date field of the record. */
  untilField?: string;
}
/** What happens when nobody answers in time. */
export type ExpiryOutcome = 'fail' | 'continue' | 'stop';
/** Waits for a person's yes or no. */
export interface ApprovalStep extends StepBase {
  kind: 'approval';
  assignees: string[];
  message: string;
  expiresIn?: string;
  onExpiry: ExpiryOutcome | 'approve' | 'reject';
  /** What a `no` does. Default `stop`: the run ends, cancelled. */
  onReject: 'stop' | 'fail' | 'continue';
}
/** Waits for a person to fill in fields. */
export interface FormStep extends StepBase {
  kind: 'form';
  assignees?: string[];
  queue?: string;
  fields: {
    name: string;
    label?: string;
    type: 'text' | 'number' | 'boolean' | 'date' | 'choice';
    required?: boolean;
    options?: string[];
  }[];
  expiresIn?: string;
  onExpiry: ExpiryOutcome;
}
/** Waits for a POST to a one-time URL. */
export interface WaitForWebhookStep extends StepBase {
  kind: 'wait_for_webhook';
  expiresIn?: string;
  onExpiry: ExpiryOutcome;
}
/** Starts another workflow, and waits for its end if told. */
export interface RunWorkflowStep extends StepBase {
  kind: 'run_workflow';
  workflow: string;
  input?: JsonObject;
  wait: boolean;
}
/** Ends the run here. */
export interface StopStep extends StepBase {
  kind: 'stop';
  outcome: 'succeeded' | 'failed' | 'cancelled';
  message?: string;
}

/** How failed attempts of a step are repeated. Defaults: 3 attempts, 10 s first pause, doubled each time, 1 h at most; full jitter. */
export interface RetryPolicy {
  /** All attempts, the first included; 1 is no retry. */
  maxAttempts?: number;
  /** ISO 8601: the pause before the second attempt. */
  initialInterval?: string;
  /** What each further pause is multiplied by. */
  multiplier?: number;
  /** ISO 8601: no pause is longer. */
  maxInterval?: string;
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

/** Names of the kinds of steps that are not actions, as they stand in `type`. */
export const FLOW_STEP_TYPES = [
  'branch',
  'parallel',
  'for_each',
  'delay',
  'approval',
  'form',
  'wait_for_webhook',
  'run_workflow',
  'stop',
] as const;
export type FlowStepType = (typeof FLOW_STEP_TYPES)[number];
