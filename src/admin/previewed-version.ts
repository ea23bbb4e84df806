import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuid } from 'uuid';
import { ActionRegistry } from '../actions/registry.js';
import { parseDefinition } from '../core/definition/parser.js';
import { withSettingDefaults } from '../core/definition/settings.js';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { type CompiledVersion, compileVersion } from '../engine/workflows/compiled-version.js';
import type { Caller } from '../host/access.js';
import { findWorkflow } from '../store/workflow-list-store.js';
import { findVersion } from '../store/workflow-versions.js';
import type { Compared } from './definition-versions.js';
import { versionNotFound } from './publishing.js';
import { workflowNotFound } from './workflow-changes.js';

/** A definition of a workflow, ready to be asked. */
export interface PreviewedVersion {
  /** Null: the draft. */
  number: number | null;
  compiled: CompiledVersion;
}

/** Makes drafts and versions ready to be looked at, as the engine makes the published ones ready to run. */
@Injectable()
export class PreviewedVersions {
  constructor(
    private readonly catalog: AutomationCatalog,
    private readonly actions: ActionRegistry,
  ) {}

  /** Throws `workflow_not_found`, `version_not_found`, `workflow_not_published`, and `definition_invalid` with the problems. */
  async load(manager: EntityManager, id: string, which: Compared, caller: Caller): Promise<PreviewedVersion> {
    const workflow = isUuid(id) ? await findWorkflow(manager, caller.workspaceId, id) : null;
    if (!workflow) throw workflowNotFound();
    const { number, definition } = await side(manager, workflow, which, caller);
    const parsed = parseDefinition(definition, this.catalog);
    if (!parsed.ok) {
      throw new AutomationError('definition_invalid', 'The definition has problems, and nobody can say what it would do.', {
        hint: 'Correct what the problems name, and save the draft.',
        problems: parsed.problems,
      });
    }
    const { code, name, version } = workflow;
    const row = {
      workspaceId: caller.workspaceId,
      versionId: uuid(),
      version: number ?? (version ?? 0) + 1,
      workflowId: id,
      code,
      name,
      transition: null,
      definition: withSettingDefaults(definition),
    };
    return { number, compiled: compileVersion(row, this.catalog, this.actions) };
  }
}

async function side(
  manager: EntityManager,
  { id, definition, published }: { id: string; definition: JsonObject; published: { version: number; definition: JsonObject } | null },
  which: Compared,
  { workspaceId }: Caller,
): Promise<{ number: number | null; definition: JsonObject }> {
  if (which === 'draft') return { number: null, definition };
  if (which === 'published') {
    if (published) return { number: published.version, definition: published.definition };
    throw new AutomationError('workflow_not_published', 'The workflow has no published version.', {
      hint: 'Name the draft, or publish it.',
    });
  }
  const version = await findVersion(manager, workspaceId, id, which);
  if (!version) throw versionNotFound(which);
  return { number: version.version, definition: version.definition };
}
