import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { countByState, type StateCount } from '../store/machines/census.js';
import { beforeAllOf, deleteInstanceCounts, type LeftPlace, removeInstancesBehind } from '../store/machines/removal.js';
import { deleteWorkflow, type WorkflowRow } from '../store/workflow-store.js';
import { MachineChanges } from './machine-changes.js';

/** So many in one transaction. */
const AT_ONCE = 1_000;
/** A request goes on for so long; rounds of retention take what is left. */
const LONGEST_MS = 20_000;

/** Deletes machines: first what they are, then, in batches, what they have left. */
@Injectable()
export class MachineRemoval {
  private readonly logger = new Logger('AutomationAdmin');

  constructor(
    private readonly database: AdminDatabase,
    private readonly changes: MachineChanges,
  ) {}

  /**
   * The machine is gone with the first transaction, and nobody sees its instances any more. These, in final states all of them, go
   * in batches of their own; where time is up, or the process ends between two of them, retention goes on with what is left.
   * Throws `machine_not_found`, and `machine_has_active_instances`, with how many, while instances are in states that are not final.
   */
  async delete(id: string, caller: Caller): Promise<void> {
    const { workspaceId } = caller;
    await this.changes.ofActive(id, caller, (manager, row) => this.deleteRow(manager, row, caller));
    const until = Date.now() + LONGEST_MS;
    try {
      for (let place: LeftPlace | null = beforeAllOf(workspaceId, id); place !== null && Date.now() < until; ) {
        const from: LeftPlace = place;
        place = await this.database.transaction((manager) => removeInstancesBehind(manager, from, AT_ONCE));
      }
    } catch (error) {
      // It is deleted: who asked for that must not hear that it failed.
      this.logger.warn(`Instances of the deleted machine ${id} are left to the next round of retention: ${String(error)}`);
    }
  }

  private async deleteRow(manager: EntityManager, row: WorkflowRow, caller: Caller): Promise<boolean> {
    const { workspaceId } = caller;
    const active = (await countByState(manager, workspaceId, row.id)).filter(({ isFinal }) => !isFinal);
    if (active.length > 0) throw instancesInTheWay(active);
    await deleteInstanceCounts(manager, workspaceId, row.id);
    await deleteWorkflow(manager, workspaceId, row.id);
    const { code, name, description, status } = row;
    const before = { code, name, description, status, definition: this.changes.masked(row.draft) };
    await this.changes.audit(manager, caller, row.id, { action: 'deleted', before, after: null });
    return true;
  }
}

/** The error for what cannot be done while instances are under way: how many there are, and in which states. */
function instancesInTheWay(active: readonly StateCount[]): AutomationError {
  const byState: Record<string, number> = {};
  for (const { state, instances } of active) byState[state] = (byState[state] ?? 0) + instances;
  const instances = active.reduce((total, one) => total + one.instances, 0);
  const told = Object.entries(byState).map(([state, count]) => `${count} in ${state}`);
  const how = instances === 1 ? '1 active instance' : `${instances} active instances`;
  return new AutomationError('machine_has_active_instances', `The machine has ${how}: ${told.join(', ')}.`, {
    hint: 'Disable it, and let them come to a final state, or delete them, first.',
    details: { instances, byState },
  });
}
