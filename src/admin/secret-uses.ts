import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { secretUseProblems, secretUses } from '../core/secrets/secret-uses.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { AdminDatabase } from '../store/admin-database.js';
import { listSecrets } from '../store/secrets.js';

/** Holds definitions against the secrets that their workspace has. They come and go, so it is asked each time. */
@Injectable()
export class SecretUses {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
  ) {}

  /** What keeps a definition from being published: secrets that there are not, or that must not go where it sends them. */
  async problems(definition: JsonObject, workspaceId: string): Promise<Problem[]> {
    const uses = secretUses(definition, this.catalog.actions);
    if (uses.length === 0) return [];
    return secretUseProblems(uses, await this.database.read((manager) => listSecrets(manager, workspaceId)));
  }

  /** The same within a transaction: what it says of a publication holds until that has committed. */
  async problemsIn(manager: EntityManager, definition: JsonObject, workspaceId: string): Promise<Problem[]> {
    const uses = secretUses(definition, this.catalog.actions);
    return uses.length === 0 ? [] : secretUseProblems(uses, await listSecrets(manager, workspaceId));
  }
}
