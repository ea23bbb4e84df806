import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { AdminDatabase } from '../store/admin-database.js';
import { findWorkflow, type WorkflowDetail } from '../store/workflow-list-store.js';
import { DefinitionVersions } from './definition-versions.js';
import { WorkflowChanges } from './workflow-changes.js';

/** The published versions of workflows. */
@Injectable()
export class WorkflowVersions extends DefinitionVersions {
  constructor(
    database: AdminDatabase,
    catalog: AutomationCatalog,
    protected readonly changes: WorkflowChanges,
  ) {
    super(database, catalog);
  }

  protected find(manager: EntityManager, workspaceId: string, id: string): Promise<WorkflowDetail | null> {
    return findWorkflow(manager, workspaceId, id);
  }
}
