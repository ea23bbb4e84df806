import { Injectable } from '@nestjs/common';
import { AutomationError, type Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, invalidRequest, REQUEST_LIMITS } from '../core/json-shape.js';
import { didYouMean } from '../core/nearest.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import {
  countIntegrations,
  deleteIntegration,
  findIntegration,
  type Integration,
  type KeptIntegration,
  listIntegrations,
  MOST_INTEGRATIONS,
  machinesForIntegration,
  putIntegration,
  subjectOfMachine,
} from '../store/integrations.js';

/** An integration as people see it. */
export interface IntegrationItem extends Integration {
  /** ISO 8601. */
  updatedAt: string;
}

/** What an integration is to be; what is left out has its default. */
export type IntegrationCommand = Partial<Omit<Integration, 'code'>>;

/** What codes look like: they stand in addresses. */
const CODE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** The integrations of the caller's workspace. Each change and its audit entry are one transaction. */
@Injectable()
export class IntegrationService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
  ) {}

  /** All of them, by code. */
  async list({ workspaceId }: Caller): Promise<IntegrationItem[]> {
    return (await this.database.read((manager) => listIntegrations(manager, workspaceId))).map(itemOf);
  }

  /** One integration. Throws `integration_not_found`. */
  async get(code: string, { workspaceId }: Caller): Promise<IntegrationItem> {
    const found = await this.database.read((manager) => findIntegration(manager, workspaceId, code));
    if (!found) throw notFound();
    return itemOf(found);
  }

  /** Makes an integration, or changes it. Throws `integrations_too_many`, and `invalid_request` for what does not fit. */
  async put(code: string, command: IntegrationCommand, caller: Caller): Promise<IntegrationItem> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const { workspaceId } = caller;
    const { description = null, module = null, machine = null, mode = 'per_record', enabled = true } = command;
    const integration = { code, description, module, machine, mode, enabled };
    const problems = this.problemsOf(integration);
    if (problems.length > 0) throw invalidRequest(problems);
    const after = await this.database.transaction(async (manager) => {
      const subject = machine === null ? undefined : await subjectOfMachine(manager, workspaceId, machine);
      const unfit = subject === undefined ? null : machineProblem(integration, subject);
      if (unfit !== null) throw invalidRequest([{ path: 'machine', message: unfit }]);
      const written = await putIntegration(manager, workspaceId, integration);
      if (written.before === null && (await countIntegrations(manager, workspaceId)) > MOST_INTEGRATIONS) {
        throw new AutomationError('integrations_too_many', `A workspace may have ${MOST_INTEGRATIONS} integrations at the most.`, {
          hint: 'Delete one that nothing uses.',
        });
      }
      await writeAudit(manager, [entryOf(caller, written.before === null ? 'created' : 'updated', written.before, written.after)]);
      return written.after;
    });
    return itemOf(after);
  }

  /** Removes an integration. Throws `integration_not_found`, and `integration_in_use` while a machine that is for it is enabled. */
  async delete(code: string, caller: Caller): Promise<void> {
    const { workspaceId } = caller;
    await this.database.transaction(async (manager) => {
      const before = await deleteIntegration(manager, workspaceId, code);
      if (!before) throw notFound();
      const machines = await machinesForIntegration(manager, workspaceId, code);
      if (machines.length > 0) {
        throw new AutomationError('integration_in_use', `Machines that are enabled are for this integration: ${machines.join(', ')}.`, {
          hint: 'Disable them first.',
          details: { machines },
        });
      }
      await writeAudit(manager, [entryOf(caller, 'deleted', before, null)]);
    });
  }

  private problemsOf({ code, module, mode }: Integration): Problem[] {
    const problems: Problem[] = [];
    if (!CODE.test(code)) {
      problems.push({ path: 'code', message: 'A code is made of letters, digits, "_" and "-", at most 64 of them.' });
    }
    if (module !== null && !this.catalog.modules.has(module)) {
      const names = [...this.catalog.modules.keys()];
      problems.push({
        path: 'module',
        message: `There is no module "${module}".`,
        hint: didYouMean(module, names).trim() || names.join(', '),
      });
    }
    if (module === null && mode === 'per_record') {
      problems.push({ path: 'module', message: 'An integration that is followed record by record needs a module.' });
    }
    return problems;
  }
}

/** The machine follows what the mode says: the records of the module, or the runs of this integration. */
function machineProblem({ code, module, machine, mode }: Integration, subject: JsonObject | null): string | null {
  if (subject === null) return `There is no machine "${machine}".`;
  if (mode === 'per_run') return subject.integration === code ? null : `The machine "${machine}" is not for runs of this integration.`;
  return subject.module === module ? null : `The machine "${machine}" is not for records of ${module}.`;
}

function itemOf({ code, description, module, machine, mode, enabled, updatedAt }: KeptIntegration): IntegrationItem {
  return { code, description, module, machine, mode, enabled, updatedAt: updatedAt.toISOString() };
}

function entryOf(
  caller: Caller,
  action: string,
  before: KeptIntegration | null,
  after: KeptIntegration | null,
): Parameters<typeof writeAudit>[1][number] {
  const shown = (one: KeptIntegration | null): JsonObject | null => {
    if (one === null) return null;
    const { id: _, updatedAt: __, ...kept } = one;
    return { ...kept };
  };
  return {
    workspaceId: caller.workspaceId,
    actor: callerAsActor(caller),
    action: `integration.${action}`,
    targetType: 'integration',
    targetId: ((before ?? after) as KeptIntegration).id,
    before: shown(before),
    after: shown(after),
    note: null,
  };
}

function notFound(): AutomationError {
  return new AutomationError('integration_not_found', 'The workspace has no integration of this code.');
}
