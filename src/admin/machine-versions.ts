import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { DefinitionDiff } from '../core/definition/diff.js';
import type { JsonObject } from '../core/json.js';
import { diffMachines } from '../core/machine/diff.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { AdminDatabase } from '../store/admin-database.js';
import { findMachine, type MachineRow } from '../store/machines/machine-list.js';
import { DefinitionVersions } from './definition-versions.js';
import { MachineChanges } from './machine-changes.js';

/** The published versions of state machines. */
@Injectable()
export class MachineVersions extends DefinitionVersions {
  constructor(
    database: AdminDatabase,
    catalog: AutomationCatalog,
    protected readonly changes: MachineChanges,
  ) {
    super(database, catalog);
  }

  protected find(manager: EntityManager, workspaceId: string, id: string): Promise<MachineRow | null> {
    return findMachine(manager, workspaceId, id);
  }

  protected override compare(before: JsonObject, after: JsonObject): DefinitionDiff {
    return diffMachines(before, after);
  }
}
