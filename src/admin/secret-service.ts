import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AutomationError, type Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { hostProblem } from '../core/secrets/secret-hosts.js';
import { SECRET_NAME, SECRET_NAME_RULE } from '../core/secrets/secret-reference.js';
import { KEY_RING, type KeyRing } from '../engine/secrets/key-ring.js';
import { sealSecret } from '../engine/secrets/sealed-secret.js';
import { assertConfigured } from '../engine/secrets/secret-vault.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import { deleteSecret, listSecrets, type ShownSecret, workflowsWithSecret, writeSecret } from '../store/secrets.js';

/** A secret to be kept. */
export interface NewSecret {
  value: string;
  /** Where it may be sent: `api.example.com`, `api.example.com:8443`, `http://intranet`. None: it is sent nowhere. */
  hosts: string[];
  /** Why, in the person's own words. */
  note?: string | null;
}

/** So many that nobody wants more, and so few that all of them are one answer. */
const MOST_SECRETS = 500;

/**
 * The secrets of a workspace. A value goes in and never comes out; hosts cannot be changed without it, or whoever may edit
 * could have it sent to a host of their own. Each change and its audit entry are one transaction.
 */
@Injectable()
export class SecretService {
  constructor(
    private readonly database: AdminDatabase,
    @Inject(KEY_RING) private readonly ring: KeyRing | null,
  ) {}

  /** By name. */
  list({ workspaceId }: Caller): Promise<ShownSecret[]> {
    return this.database.read((manager) => listSecrets(manager, workspaceId));
  }

  /** Throws `secret_not_found`. */
  get(name: string, { workspaceId }: Caller): Promise<ShownSecret> {
    return this.database.read((manager) => this.find(manager, workspaceId, name));
  }

  /**
   * Keeps a secret, in the place of the one of its name. Runs that come to a step from now on use it. Throws
   * `invalid_request`, `too_many_secrets`, and `secrets_not_configured` where the host gives no key.
   */
  async put(name: string, { value, hosts, note = null }: NewSecret, caller: Caller): Promise<ShownSecret> {
    const ring = assertConfigured(this.ring);
    const problems: Problem[] = SECRET_NAME.test(name) ? [] : [{ path: 'name', message: SECRET_NAME_RULE }];
    hosts.forEach((host, index) => {
      const message = hostProblem(host);
      if (message !== null) problems.push({ path: `hosts[${index}]`, message });
    });
    if (problems.length > 0) throw new AutomationError('invalid_request', 'The request is not valid.', { problems });
    const { workspaceId } = caller;
    return this.database.transaction(async (manager) => {
      const all = await listSecrets(manager, workspaceId);
      const before = all.find((one) => one.name === name);
      if (!before && all.length >= MOST_SECRETS) {
        throw new AutomationError('too_many_secrets', `The workspace has ${MOST_SECRETS} secrets, which is the most that it may have.`, {
          hint: 'Delete one that no workflow uses any more.',
        });
      }
      const sealed = sealSecret(ring, { workspaceId, name, hosts }, value);
      const id = await writeSecret(manager, { workspaceId, name, id: uuid(), hosts, sealed }, callerAsActor(caller));
      const shown = before && { name, hosts: before.hosts };
      await this.audit(manager, caller, id, {
        action: before ? 'changed' : 'created',
        before: shown ?? null,
        after: { name, hosts },
        note,
      });
      return this.find(manager, workspaceId, name);
    });
  }

  /**
   * Removes a secret. Throws `secret_not_found`, and `secret_in_use` with the names of the workflows whose published version
   * uses it: their runs would fail. No publication in the workspace overlaps it.
   */
  delete(name: string, caller: Caller): Promise<void> {
    const { workspaceId } = caller;
    return this.database.activeWorkflowsTransaction(workspaceId, async (manager) => {
      const { id, hosts } = await this.find(manager, workspaceId, name);
      const workflows = await workflowsWithSecret(manager, workspaceId, name);
      if (workflows.length > 0) {
        const names = workflows.map((workflow) => workflow.name);
        throw new AutomationError('secret_in_use', `Workflows use the secret "${name}": ${names.join(', ')}.`, {
          hint: 'Publish them without it first, or archive them.',
          details: { workflows },
        });
      }
      await deleteSecret(manager, workspaceId, name);
      await this.audit(manager, caller, id, { action: 'deleted', before: { name, hosts }, after: null, note: null });
    });
  }

  private async find(manager: EntityManager, workspaceId: string, name: string): Promise<ShownSecret> {
    const [found] = await listSecrets(manager, workspaceId, [name]);
    if (found) return found;
    throw new AutomationError('secret_not_found', 'The workspace has no secret of this name.');
  }

  private audit(
    manager: EntityManager,
    caller: Caller,
    targetId: string,
    { action, ...entry }: { action: string; before: JsonObject | null; after: JsonObject | null; note: string | null },
  ): Promise<void> {
    const { workspaceId } = caller;
    const about = { workspaceId, actor: callerAsActor(caller), targetType: 'secret' as const, targetId };
    return writeAudit(manager, [{ ...about, action: `secret.${action}`, ...entry }]);
  }
}
