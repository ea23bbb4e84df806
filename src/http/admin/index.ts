import type { Type } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { CatalogController, DefinitionSchemaController, MachineSchemaController } from './catalog.controller.js';
import { EventsController } from './events.controller.js';
import { ExplainController } from './explain.controller.js';
import { InstanceBatchesController, InstanceCreationController } from './instance-batches.controller.js';
import { InstanceCommandsController } from './instance-commands.controller.js';
import { InstancesController } from './instances.controller.js';
import { IntegrationsController } from './integrations.controller.js';
import { RecordLookUpController, RolesController, UsersController } from './look-ups.controller.js';
import { MachineLifecycleController } from './machine-lifecycle.controller.js';
import { MachineTransferController } from './machine-transfer.controller.js';
import { MachineTriggerUrlsController } from './machine-trigger-urls.controller.js';
import { MachineVersionsController } from './machine-versions.controller.js';
import { MachinesController } from './machines.controller.js';
import { MeController } from './me.controller.js';
import { ConditionsController, MailTemplatesController, TemplatesController } from './previews.controller.js';
import { MachinePublishPreviewController, PublishPreviewController } from './publish-preview.controller.js';
import { RecipesController } from './recipes.controller.js';
import { RecordsController } from './records.controller.js';
import { ReplaysController } from './replays.controller.js';
import { RunBatchesController } from './run-batches.controller.js';
import { RunsController } from './runs.controller.js';
import { SearchController } from './search.controller.js';
import { SecretsController } from './secrets.controller.js';
import { SimulationController } from './simulation.controller.js';
import { StartBatchesController, StartsController } from './starts.controller.js';
import { TaskQueuesController } from './task-queues.controller.js';
import { TasksController } from './tasks.controller.js';
import { SchedulesController, WorkflowTimingController } from './timing.controller.js';
import { TriggerUrlsController } from './trigger-urls.controller.js';
import { WhatIfController } from './what-if.controller.js';
import { WorkflowContextController } from './workflow-context.controller.js';
import { WorkflowLifecycleController } from './workflow-lifecycle.controller.js';
import { WorkflowStatisticsController } from './workflow-statistics.controller.js';
import { WorkflowTestController } from './workflow-test.controller.js';
import { WorkflowTransferController } from './workflow-transfer.controller.js';
import { WorkflowVersionsController } from './workflow-versions.controller.js';
import { WorkflowsController } from './workflows.controller.js';

/** The controllers of the admin API. Their paths are relative: the module mounts them. */
export const adminControllers: Type<unknown>[] = [
  MeController,
  CatalogController,
  DefinitionSchemaController,
  MachineSchemaController,
  WorkflowsController,
  WorkflowLifecycleController,
  WorkflowVersionsController,
  WorkflowTransferController,
  WorkflowStatisticsController,
  RecipesController,
  RunBatchesController,
  RunsController,
  EventsController,
  ExplainController,
  InstanceBatchesController,
  InstanceCreationController,
  InstancesController,
  InstanceCommandsController,
  SearchController,
  ReplaysController,
  StartsController,
  StartBatchesController,
  RecordsController,
  RecordLookUpController,
  UsersController,
  RolesController,
  TasksController,
  TaskQueuesController,
  IntegrationsController,
  AuditController,
  SchedulesController,
  WorkflowTimingController,
  TriggerUrlsController,
  MachineTriggerUrlsController,
  SecretsController,
  WorkflowContextController,
  ConditionsController,
  TemplatesController,
  MailTemplatesController,
  WorkflowTestController,
  PublishPreviewController,
  WhatIfController,
  SimulationController,
  MachinesController,
  MachineLifecycleController,
  MachineVersionsController,
  MachinePublishPreviewController,
  MachineTransferController,
];
