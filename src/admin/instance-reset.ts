import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { didYouMean } from '../core/nearest.js';
import { Calendars } from '../engine/calendars.js';
import { ENGINE_SIGNAL, type EngineSignal } from '../engine/engine-signal.js';
import { InstanceChanges } from '../engine/machines/instance-changes.js';
import { MachineVersions } from '../engine/machines/machine-versions.js';
import { type EndedRun, RunEndings } from '../engine/running/run-endings.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { shareActiveWorkflows } from '../store/active-workflows.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import { addInstanceCounts } from '../store/machines/counts.js';
import { deleteInstances } from '../store/machines/delete-instances.js';
import { findInstance, type InstanceItem } from '../store/machines/instance-list.js';
import { type LockedInstance, lockInstances } from '../store/machines/instances.js';
import { lockRun } from '../store/run-command-store.js';
import { assertEntry } from './instance-advance.js';
import { instanceNotFound } from './instance-service.js';
import { cancelLocked } from './run-cancel.js';

/** A deletion takes parts of a history away for so long, however much of it there is. */
const LONGEST_MS = 20_000;

/** Where a person puts an instance. */
export interface ResetCommand {
  state: string;
  /** Why, in the person's own words. */
  reason: string;
  /** The `entry` that the person has seen. */
  entry?: number;
}

/** Puts instances where people want them, and takes them away; a run of a transition under way ends first. */
@Injectable()
export class InstanceReset {
  constructor(
    private readonly database: AdminDatabase,
    private readonly versions: MachineVersions,
    private readonly calendars: Calendars,
    private readonly endings: RunEndings,
    @Inject(ENGINE_SIGNAL) private readonly signal: EngineSignal,
  ) {}

  /**
   * Puts an instance into a state of its version: a run under way is cancelled, no steps are run, the timeout of the state counts
   * from now, and events that waited for the end of the transition are asked there. Throws `instance_not_found`, `instance_moved`,
   * `instance_transitioning`, `state_unknown`, `version_unreadable`.
   */
  async reset(id: string, { state, reason, entry }: ResetCommand, caller: Caller): Promise<InstanceItem> {
    checkShape({ state, reason }, 'command', REQUEST_LIMITS);
    const { workspaceId } = caller;
    await this.calendars.prepare([workspaceId]);
    const { ended, after } = await this.database.transaction(async (manager) => {
      const { instance, ended } = await this.rested(manager, id, { reason, entry }, caller);
      const { states } = await this.versions.readable(manager, instance);
      const to = states.get(state);
      if (!to) {
        throw new AutomationError('state_unknown', `The machine has no state "${state}".${didYouMean(state, states.keys())}`, {
          problems: [{ path: 'state', message: `must be one of: ${[...states.keys()].join(', ')}` }],
        });
      }
      const before = { state: instance.state };
      // Nobody hears of it: what people correct is no event of the record.
      const changes = new InstanceChanges(async () => []);
      changes.reset(instance, { to, actor: callerAsActor(caller), reason, calendar: this.calendars.of(workspaceId) });
      await changes.write(manager);
      await audit(manager, caller, { action: 'instance.reset', id, before, after: { state }, note: reason });
      return { ended, after: (await findInstance(manager, workspaceId, id)) as InstanceItem };
    });
    this.tell(ended);
    return after;
  }

  /**
   * Deletes an instance with its history; what happens to the record next may make another one. A long history goes in parts before
   * it, the instance with the last one: whoever repeats a call that was broken off goes on with it. Throws `instance_not_found`,
   * `instance_transitioning`, `deletion_unfinished`.
   */
  async delete(id: string, reason: string | null, caller: Caller): Promise<void> {
    checkShape({ reason }, 'command', REQUEST_LIMITS);
    const until = Date.now() + LONGEST_MS;
    if (await this.deletePart(id, { reason, isFirst: true }, caller)) return;
    while (Date.now() < until) if (await this.deletePart(id, { reason, isFirst: false }, caller)) return;
    throw new AutomationError('deletion_unfinished', 'The instance has a longer history than one request can take away.', {
      hint: 'A part of it is gone. Delete the instance again: that goes on with the rest.',
      retry: { kind: 'transient' },
    });
  }

  /** False: there is more of its history. The first part says in the audit that there will be others, whether or not it comes to them. */
  private async deletePart(id: string, { reason, isFirst }: { reason: string | null; isFirst: boolean }, caller: Caller): Promise<boolean> {
    const { workspaceId } = caller;
    const { ended, isGone } = await this.database.transaction(async (manager) => {
      const { instance, ended } = await this.rested(manager, id, { reason }, caller);
      const { machineId, module, recordId, runKey, state } = instance;
      const before = { machineId, module, recordId, runKey, state };
      const isGone = await deleteInstances(manager, workspaceId, [id]);
      if (isGone) {
        await addInstanceCounts(manager, [{ ...instance, instances: -1 }]);
        await audit(manager, caller, { action: 'instance.deleted', id, before, after: null, note: reason });
      } else if (isFirst) {
        await audit(manager, caller, { action: 'instance.deletion_begun', id, before, after: before, note: reason });
      }
      return { ended, isGone };
    });
    this.tell(ended);
    return isGone;
  }

  /**
   * Ends the run of the transition under way, then locks the instance, in the order of everybody who ends runs. Who is faster than
   * we are has moved it by then.
   */
  private async rested(
    manager: EntityManager,
    id: string,
    { reason, entry }: { reason: string | null; entry?: number },
    caller: Caller,
  ): Promise<{ instance: LockedInstance; ended: EndedRun[] }> {
    const { workspaceId } = caller;
    // Whoever deletes the machine, or publishes it and takes instances over, holds that first.
    await shareActiveWorkflows(manager, [workspaceId]);
    const found = isUuid(id) ? await findInstance(manager, workspaceId, id) : null;
    if (!found) return instanceNotFound();
    const runId = found.transitioning?.runId ?? null;
    const run = runId === null ? null : await lockRun(manager, workspaceId, runId);
    const ended = run === null ? [] : await cancelLocked(manager, [run], { reason }, caller, this.endings);
    const [instance] = await lockInstances(manager, [{ workspaceId, id }]);
    if (!instance) return instanceNotFound();
    // Cancelling leaves it where it was.
    assertEntry(instance, entry);
    if (instance.transition === null) return { instance, ended };
    throw new AutomationError('instance_transitioning', `The transition "${instance.transition}" has begun just now.`, {
      hint: 'Look at the instance again, then repeat it.',
    });
  }

  private tell(ended: readonly EndedRun[]): void {
    for (const { id } of ended) this.signal.runEnded(id);
    this.endings.tell(ended);
    this.signal.workAvailable();
  }
}

function audit(
  manager: EntityManager,
  caller: Caller,
  { id, ...entry }: { action: string; id: string; before: JsonObject; after: JsonObject | null; note: string | null },
): Promise<void> {
  const { workspaceId } = caller;
  return writeAudit(manager, [{ workspaceId, actor: callerAsActor(caller), targetType: 'instance', targetId: id, ...entry }]);
}
