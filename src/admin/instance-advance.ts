import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import type { ErrorCode } from '../core/error-codes.js';
import { AutomationError } from '../core/errors.js';
import type { Json, JsonObject } from '../core/json.js';
import { isJsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import type { OfferedTransition } from '../core/machine/offered.js';
import { didYouMean } from '../core/nearest.js';
import { jsonBytes, toStorableJson } from '../core/storable-json.js';
import { declaredInput } from '../core/trigger/manual-input.js';
import { MANUAL } from '../engine/capture/starts.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import { ENGINE_SIGNAL, type EngineSignal } from '../engine/engine-signal.js';
import type { MachineVersion } from '../engine/machines/machine-versions.js';
import { Router } from '../engine/routing/router.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { shareActiveWorkflows } from '../store/active-workflows.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import { insertStarts, type StartRow } from '../store/event-store.js';
import { findOutcomes } from '../store/machines/history-list.js';
import { findInstance, type InstanceItem } from '../store/machines/instance-list.js';
import { type LockedInstance, lockInstances } from '../store/machines/instances.js';
import { startRow } from '../store/start-row.js';
import { asSeen, type InstanceLook, InstanceLooks } from './instance-looks.js';
import { instanceNotFound } from './instance-service.js';

/** What a person wants an instance to do. */
export interface AdvanceCommand {
  /** The code of a transition by hand. */
  transition: string;
  /** What steps see as `trigger.input`. */
  input?: object;
  /** Why, in the person's own words. */
  comment?: string | null;
  /** The `entry` that the person has seen: an instance that has entered another state since is left alone. */
  entry?: number;
}

/** A transition that was fired by hand. */
export interface AdvancedInstance {
  /** The start, under which `GET events/:id` tells what came of it. */
  eventId: string;
  /** The run of its steps; null where it has none, and the instance has moved already. */
  runId: string | null;
  instance: InstanceItem;
}

/** Why an instance is not advanced. */
export interface AdvanceRefusal {
  reason: string;
  explanation: Json;
}

/** What has become of a wish to advance an instance. */
export type Advanced = { instance: LockedInstance; eventId: string } | { instance: LockedInstance; refusal: AdvanceRefusal };

/** Fires transitions in people's names: decided, and committed, before they are answered. */
@Injectable()
export class InstanceAdvance {
  constructor(
    private readonly database: AdminDatabase,
    private readonly looks: InstanceLooks,
    private readonly router: Router,
    @Inject(ENGINE_SIGNAL) private readonly signal: EngineSignal,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** All transitions of the version that the instance is on, and which of them the caller may fire now. Throws `instance_not_found`. */
  offered(id: string, caller: Caller): Promise<OfferedTransition[]> {
    return this.database.read(async (manager) => {
      await this.database.enter(manager, caller.workspaceId);
      const instance = isUuid(id) ? await findInstance(manager, caller.workspaceId, id) : null;
      if (!instance) return instanceNotFound();
      const [look] = await this.looks.look(manager, [asSeen(instance)], caller);
      return (look as InstanceLook).offered;
    });
  }

  /**
   * Fires a transition. Of two people at once one fires it, and the other is told what has become of the instance meanwhile.
   * Throws `instance_not_found`, `instance_moved`, `instance_transitioning`, `transition_unknown`, `transition_not_offered`,
   * `permission_denied`, `plan_required`, `start_invalid`, `payload_too_large`.
   */
  async advance(id: string, command: AdvanceCommand, caller: Caller): Promise<AdvancedInstance> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const { workspaceId } = caller;
    const { tell, ...advanced } = await this.database.transaction(async (manager) => {
      const [instance] = isUuid(id) ? await this.lock(manager, [id], caller) : [];
      if (!instance) return instanceNotFound();
      assertEntry(instance, command.entry);
      const { done, tell } = await this.advanceLocked(manager, [instance], command, caller);
      const [outcome] = done;
      if (outcome === undefined || 'refusal' in outcome) throw refused(command.transition, instance, outcome?.refusal);
      const after = (await findInstance(manager, workspaceId, id)) as InstanceItem;
      return { tell, eventId: outcome.eventId, runId: after.transitioning?.runId ?? null, instance: after };
    });
    tell();
    return advanced;
  }

  /**
   * Locks instances, in the order of their ids. First comes what is active: whoever publishes holds that while he moves
   * instances.
   */
  async lock(manager: EntityManager, ids: readonly string[], { workspaceId }: Caller): Promise<LockedInstance[]> {
    await this.database.enter(manager, workspaceId);
    await shareActiveWorkflows(manager, [workspaceId]);
    return lockInstances(
      manager,
      ids.map((id) => ({ workspaceId, id })),
    );
  }

  /**
   * Fires the transition of each that offers it: captured and routed in this very transaction, the runs of its steps left to
   * whoever claims them. `tell` is for after the commit.
   */
  async advanceLocked(
    manager: EntityManager,
    instances: readonly LockedInstance[],
    command: Omit<AdvanceCommand, 'entry'>,
    caller: Caller,
  ): Promise<{ done: Advanced[]; tell: () => void }> {
    const looks = await this.looks.look(manager, instances, caller);
    const starts = new Map<LockedInstance, StartRow>();
    const refusals = new Map<LockedInstance, AdvanceRefusal>();
    for (const [index, instance] of instances.entries()) {
      const { machine, offered } = looks[index] as InstanceLook;
      const refusal = refusalIn(offered, command.transition, machine);
      if (refusal === null) starts.set(instance, this.startOf(instance, machine, command, caller));
      else refusals.set(instance, refusal);
    }
    const rows = [...starts.values()];
    await insertStarts(manager, rows);
    const told = rows.length === 0 ? () => undefined : await this.router.routeWithin(manager, rows);
    const failures = await findOutcomes(
      manager,
      caller.workspaceId,
      [...starts].map(([{ id: instanceId }, { id: eventId }]) => ({ instanceId, eventId })),
    );
    const now = new Map((await lockInstances(manager, [...starts.keys()])).map((instance) => [instance.id, instance]));
    const done = instances.map((instance): Advanced => {
      const refusal = refusals.get(instance);
      if (refusal) return { instance, refusal };
      const { id: eventId } = starts.get(instance) as StartRow;
      const after = now.get(instance.id);
      if (after && (after.entry > instance.entry || after.transition !== null)) return { instance, eventId };
      return { instance, refusal: unfired(failures.get(instance.id)) };
    });
    await writeAudit(manager, auditOf(done, command, caller));
    return {
      done,
      tell: () => {
        told();
        if (rows.length > 0) this.signal.workAvailable();
      },
    };
  }

  private startOf(instance: LockedInstance, machine: MachineVersion, command: Omit<AdvanceCommand, 'entry'>, caller: Caller): StartRow {
    const { id: instanceId, machineId, module, recordId, entry } = instance;
    const { transition, input, comment = null } = command;
    const { trigger } = machine.transitions.find(({ definition }) => definition.code === transition)?.definition ?? { trigger: null };
    const declared = declaredInput(trigger as Parameters<typeof declaredInput>[0], this.inputOf(input));
    return startRow({
      workspaceId: caller.workspaceId,
      module,
      event: MANUAL,
      recordId,
      actor: callerAsActor(caller),
      source: MANUAL,
      trigger: { type: MANUAL, input: declared, entry, ...(comment !== null && { comment }) },
      target: { workflowId: machineId, instanceId, transition },
    });
  }

  private inputOf(input: object | undefined): JsonObject {
    const json = toStorableJson(input ?? {});
    const bytes = jsonBytes(json);
    if (isJsonObject(json) && bytes <= this.settings.limits.payloadBytes) return json;
    throw new AutomationError(
      'payload_too_large',
      `The input is ${bytes} bytes of JSON; ${this.settings.limits.payloadBytes} are allowed.`,
      { hint: 'Store large data in the CRM, and give its id.' },
    );
  }
}

/** Throws `instance_moved` unless it is where the person has seen it. */
export function assertEntry({ entry, state }: LockedInstance, seen: number | undefined): void {
  if (seen === undefined || seen === entry) return;
  throw new AutomationError('instance_moved', `The instance has moved in between: it is in "${state}" now.`, {
    hint: 'Load it again, and see whether that is still what you want.',
    details: { state, entry },
  });
}

/** Why the transition is not offered; null when it is. */
export function refusalIn(offered: readonly OfferedTransition[], code: string, { definition }: MachineVersion): AdvanceRefusal | null {
  const transition = offered.find((one) => one.code === code);
  if (transition === undefined) {
    const codes = definition.transitions.map((one) => one.code);
    return { reason: 'unknown', explanation: { rule: `There is no transition "${code}".${didYouMean(code, codes)}` } };
  }
  return transition.isOffered ? null : { reason: transition.reason ?? 'conditions', explanation: transition.explanation };
}

/** What routing has said against it. */
function unfired(explanation: Json | undefined): AdvanceRefusal {
  const last = Array.isArray(explanation) ? explanation.at(-1) : null;
  if (isJsonObject(last)) return { reason: String(last.reason), explanation: last.explanation ?? null };
  throw new AutomationError('crm_timed_out', 'The CRM did not answer in time.', { hint: 'Try again in a moment.' });
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  unknown: 'transition_unknown',
  transitioning: 'instance_transitioning',
  roles: 'permission_denied',
  plan: 'plan_required',
  version_unreadable: 'version_unreadable',
};

function refused(transition: string, { state }: LockedInstance, refusal: AdvanceRefusal | undefined): AutomationError {
  const { reason = 'conditions', explanation = null } = refusal ?? {};
  const rule = isJsonObject(explanation) && typeof explanation.rule === 'string' ? explanation.rule : 'Its conditions do not hold.';
  return new AutomationError(CODES[reason] ?? 'transition_not_offered', `"${transition}" cannot be fired in "${state}": ${rule}`, {
    details: { state, reason, explanation },
  });
}

function auditOf(done: readonly Advanced[], { transition, comment = null }: AdvanceCommand, caller: Caller) {
  return done.flatMap((one) => {
    if ('refusal' in one) return [];
    const { instance, eventId } = one;
    return [
      {
        workspaceId: caller.workspaceId,
        actor: callerAsActor(caller),
        action: 'instance.advanced',
        targetType: 'instance' as const,
        targetId: instance.id,
        before: { state: instance.state },
        after: { transition, eventId },
        note: comment,
      },
    ];
  });
}
