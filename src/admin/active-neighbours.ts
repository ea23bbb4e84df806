import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ActiveWorkflows } from '../engine/workflows/active-workflows.js';
import { type CompiledVersion } from '../engine/workflows/compiled-version.js';
import { loadActiveWorkflows } from '../store/active-workflows.js';

/** What is active in a workspace, for those who only look: they neither wait for who publishes nor let them wait. */
@Injectable()
export class ActiveNeighbours {
  constructor(private readonly active: ActiveWorkflows) {}

  /** The published versions of all active workflows, in the order in which the workflows were created; without those that this release cannot read. */
  async versions(manager: EntityManager, workspaceId: string): Promise<CompiledVersion[]> {
    const workflows = await loadActiveWorkflows(manager, workspaceId);
    const refs = workflows.map(({ versionId }) => ({ workspaceId, versionId }));
    const versions = await this.active.versionsOf(manager, refs);
    return workflows.flatMap(({ id, code, name, versionId }) => {
      const outcome = versions.get(versionId);
      // A version is compiled once, and its workflow may have been renamed since.
      return outcome?.kind === 'compiled' ? [{ ...outcome.version, workflow: { id, code, name } }] : [];
    });
  }
}
