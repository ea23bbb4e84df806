import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import { isJsonObject, type Json } from '../core/json.js';
import { AdminDatabase } from '../store/admin-database.js';
import { loadMachineVersions } from '../store/machines/versions.js';
import type { WorkflowRow } from '../store/workflow-store.js';
import { MachineChanges } from './machine-changes.js';
import { DefinitionUrls, isWebhook } from './trigger-urls.js';

/** The trigger URLs of machines: one a machine, for all its transitions that are fired by deliveries. */
@Injectable()
export class MachineTriggerUrls extends DefinitionUrls {
  constructor(database: AdminDatabase, changes: MachineChanges) {
    super(database, changes);
  }

  protected async assertTriggerUrl(manager: EntityManager, row: WorkflowRow, workspaceId: string): Promise<void> {
    if (isReached(row.draft)) return;
    const versionId = row.publishedVersionId;
    const [published] = versionId === null ? [] : await loadMachineVersions(manager, [{ workspaceId, versionId }]);
    if (published && isReached(published.definition)) return;
    throw new AutomationError('trigger_url_missing', 'No transition of the machine is fired by a URL, so it has none.', {
      hint: 'Give one a trigger of type "webhook" first.',
    });
  }
}

/** Also of a draft that may be anything. */
function isReached(machine: Json): boolean {
  const transitions = isJsonObject(machine) ? machine.transitions : undefined;
  return Array.isArray(transitions) && transitions.some((one) => isJsonObject(one) && isWebhook(one.trigger));
}
