import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parseDefinition } from '../core/definition/parser.js';
import { writesOf } from '../core/definition/writes.js';
import type { JsonObject } from '../core/json.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { AdminDatabase } from '../store/admin-database.js';
import { findUnknownWrites, keepWrites } from '../store/workflow-writes.js';

/** So few that reading them keeps nobody waiting. */
const AT_ONCE = 100;

/**
 * Knows which workflows write a field, without reading all definitions for each question: what is asked for is told once of
 * each definition and kept. Told when somebody asks: saving costs nothing, and what another release has saved is told too.
 */
@Injectable()
export class WorkflowWrites {
  private fingerprint: string | undefined;

  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
  ) {}

  /** Tells what is not known yet of a workspace's workflows. */
  async complete(workspaceId: string): Promise<void> {
    this.fingerprint ??= fingerprintOf(this.catalog);
    const catalog = this.fingerprint;
    for (let told = AT_ONCE; told === AT_ONCE; ) {
      told = await this.database.transaction(async (manager) => {
        const unknown = await findUnknownWrites(manager, workspaceId, catalog, AT_ONCE);
        const known = unknown.map(({ definition, ...one }) => ({ ...one, fields: this.fieldsOf(definition) }));
        if (known.length > 0) await keepWrites(manager, workspaceId, known);
        return known.length;
      });
    }
  }

  /** Of a draft that cannot be read nothing. */
  private fieldsOf(definition: JsonObject): string[] {
    const parsed = parseDefinition(definition, null);
    if (!parsed.ok) return [];
    const names = writesOf(parsed.definition, this.catalog).map(
      (write) => `${write.module}.${write.kind === 'created' ? '+' : (write.field ?? '*')}`,
    );
    return [...new Set(names)];
  }
}

/** Another one where modules, or actions that say what they write, are other ones. */
function fingerprintOf({ modules, actions, taskModule, noteModule }: AutomationCatalog): string {
  const facts = [
    [...modules.values()].map(({ name, stageField, ownerField, tagsField, relations }) => [
      name,
      stageField,
      ownerField,
      tagsField,
      relations,
    ]),
    [...actions.values()].filter(({ writes }) => writes !== undefined).map(({ type }) => type),
    taskModule,
    noteModule,
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64url').slice(0, 12);
}
