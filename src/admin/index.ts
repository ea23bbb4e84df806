import type { Provider } from '@nestjs/common';
import { ActiveNeighbours } from './active-neighbours.js';
import { ApprovalByLink } from './approval-by-link.js';
import { AskedPeople } from './asked-people.js';
import { AuditService } from './audit-service.js';
import { BatchStartService } from './batch-start-service.js';
import { CatalogService } from './catalog-service.js';
import { CrmInquiries } from './crm-inquiry.js';
import { DefinitionDrafts } from './definition-drafts.js';
import { EntitlementCheck } from './entitlement-check.js';
import { ExplainService } from './explain-service.js';
import { InstanceAdvance } from './instance-advance.js';
import { InstanceBatches } from './instance-batches.js';
import { InstanceCreation } from './instance-creation.js';
import { InstanceLooks } from './instance-looks.js';
import { InstanceReset } from './instance-reset.js';
import { InstanceService } from './instance-service.js';
import { IntegrationService } from './integration-service.js';
import { LookUpService } from './look-up-service.js';
import { MachineChanges } from './machine-changes.js';
import { MachineLifecycle } from './machine-lifecycle.js';
import { MachineMigrations } from './machine-migration.js';
import { MachineProblems } from './machine-problems.js';
import { MachinePublishPreviews } from './machine-publish-preview.js';
import { MachineRemoval } from './machine-removal.js';
import { MachineService } from './machine-service.js';
import { MachineTransfer } from './machine-transfer.js';
import { MachineTriggerUrls } from './machine-trigger-urls.js';
import { MachineVersions } from './machine-versions.js';
import { MachineWarnings } from './machine-warnings.js';
import { MeService } from './me-service.js';
import { PreviewService } from './preview-service.js';
import { PreviewSubjects } from './preview-subjects.js';
import { PreviewedVersions } from './previewed-version.js';
import { PublishPreviews } from './publish-preview.js';
import { RecipeService } from './recipe-service.js';
import { ReplayService } from './replay-service.js';
import { RetryPreviews } from './retry-preview.js';
import { RunBatches } from './run-batches.js';
import { RunInsight } from './run-insight.js';
import { RunService } from './run-service.js';
import { SearchService } from './search-service.js';
import { SecretService } from './secret-service.js';
import { SecretUses } from './secret-uses.js';
import { Simulations } from './simulation.js';
import { StartService } from './start-service.js';
import { TaskDecisions } from './task-decisions.js';
import { TaskDesk } from './task-desk.js';
import { TaskQueueService } from './task-queue-service.js';
import { TaskService } from './task-service.js';
import { TaskWork } from './task-work.js';
import { TimelineService } from './timeline-service.js';
import { TimingService } from './timing-service.js';
import { TriggerUrls } from './trigger-urls.js';
import { WhatIfService } from './what-if.js';
import { WorkflowChanges } from './workflow-changes.js';
import { WorkflowContextService } from './workflow-context-service.js';
import { WorkflowLifecycle } from './workflow-lifecycle.js';
import { WorkflowService } from './workflow-service.js';
import { WorkflowStatisticsService } from './workflow-statistics.js';
import { WorkflowTests } from './workflow-test.js';
import { WorkflowTransfer } from './workflow-transfer.js';
import { WorkflowVersions } from './workflow-versions.js';
import { WorkflowWarnings } from './workflow-warnings.js';
import { WorkflowWrites } from './workflow-writes.js';

/** The application services behind the API. */
export const adminProviders: Provider[] = [
  CatalogService,
  EntitlementCheck,
  AskedPeople,
  CrmInquiries,
  WorkflowChanges,
  DefinitionDrafts,
  SecretUses,
  WorkflowWarnings,
  WorkflowLifecycle,
  WorkflowVersions,
  WorkflowWrites,
  WorkflowService,
  WorkflowTransfer,
  WorkflowStatisticsService,
  RecipeService,
  StartService,
  BatchStartService,
  ReplayService,
  RunService,
  RunBatches,
  RunInsight,
  InstanceService,
  InstanceLooks,
  InstanceAdvance,
  InstanceReset,
  InstanceBatches,
  InstanceCreation,
  TimelineService,
  ExplainService,
  SearchService,
  LookUpService,
  MeService,
  AuditService,
  TaskDesk,
  TaskService,
  TaskWork,
  TaskDecisions,
  ApprovalByLink,
  TaskQueueService,
  IntegrationService,
  TimingService,
  TriggerUrls,
  MachineTriggerUrls,
  SecretService,
  WorkflowContextService,
  RetryPreviews,
  ActiveNeighbours,
  PublishPreviews,
  WhatIfService,
  Simulations,
  PreviewSubjects,
  PreviewedVersions,
  PreviewService,
  WorkflowTests,
  MachineChanges,
  MachineProblems,
  MachineWarnings,
  MachineLifecycle,
  MachineVersions,
  MachineRemoval,
  MachineService,
  MachineTransfer,
  MachineMigrations,
  MachinePublishPreviews,
];
