/** The public API of nestjs-crm-automation. What is not exported here may change without notice. */

// The module, and what the CRM's code injects.

export { captureSql, installCapture } from './automation.capture.js';
export { AutomationModule } from './automation.module.js';
export type { AutomationOptions } from './automation.options.js';
export { Automation } from './engine/automation.js';
export { AutomationHealth, type HealthLimits, type HealthState } from './engine/automation-health.js';
export type { AutomationEvent, EmittedEvent, EmitterMap, RecordChange } from './engine/capture/automation-event.js';
export { RUN_FINISHED, type RunFinished } from './engine/capture/emitter-bridge.js';
export type { IntegrationRun, TransferredRecords } from './engine/capture/integrations.js';
export type { ManualStart } from './engine/capture/starts.js';
export { type ConsoleOptions, setupAutomationDocs } from './http/index.js';

// Administration from code: what the admin API does, without HTTP.

export { IntegrationService } from './admin/integration-service.js';
export { MachineService } from './admin/machine-service.js';
export { RunService } from './admin/run-service.js';
export { WorkflowService } from './admin/workflow-service.js';

// What the CRM gives: records, and who may do what.

export type { AccessPolicy, AccessRequest, Caller, Permission } from './host/access.js';
export type { CalendarSource } from './host/calendar-source.js';
export type {
  CaptureTrigger,
  CrmHost,
  CrmTransaction,
  CrmUser,
  DateRange,
  NewNotification,
  NewTask,
  PlannedChange,
  RecordIdentity,
  RecordMatch,
  RecordPatch,
  RecordSearch,
  SeenChange,
  UserSearch,
} from './host/crm-host.js';
export type { EntitlementSource } from './host/entitlement-source.js';
export type { CrmOptions, ModuleOption, ModuleOptions } from './host/typeorm/config.js';
export { type AttachableCrmHost, type TypeOrmCrmHost, typeOrmCrm } from './host/typeorm-crm-host.js';

// Actions of the CRM's own, and what they may use.

export {
  type ActionDefinition,
  type ArgumentFormat,
  Describe,
  defineAction,
  type ExternalStep,
  type LocalStep,
  type OwnTransactionStep,
  type StepMachines,
  type StepSecrets,
} from './actions/define-action.js';
export { Mailer } from './actions/email/mailer.js';
export { OutboundHttp } from './actions/outbound/outbound-http.js';

// The vocabulary.

export type { EventRule, FieldDescription, FieldType, ModuleDescription, OutputShape } from './core/catalog.js';
export type { Condition } from './core/condition/tree.js';
export type { Trigger, WorkflowDefinition } from './core/definition/types.js';
export { HostError as AutomationError, type Problem, type Retryability } from './core/errors.js';
export type { Actor, DomainEvent, RecordData, RecordRef } from './core/event.js';
export type { Json, JsonObject } from './core/json.js';
export type { SecretPlaces, SecretReference } from './core/secrets/secret-reference.js';
export type { Entitlements } from './core/start/entitlements.js';
export type { Step } from './core/steps/index.js';
export type { WorkCalendar } from './core/time/calendar.js';
