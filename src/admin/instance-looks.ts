import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AutomationError } from '../core/errors.js';
import { type OfferedTransition, offeredTransitions } from '../core/machine/offered.js';
import { startSubject } from '../core/start/start.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { Calendars } from '../engine/calendars.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import { type MachineVersion, MachineVersions } from '../engine/machines/machine-versions.js';
import { completeRecords } from '../engine/routing/complete-records.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { loadTargets } from '../store/active-workflows.js';
import { databaseNow } from '../store/clock.js';
import type { ClaimedEvent } from '../store/event-claims.js';
import type { InstanceItem } from '../store/machines/instance-list.js';
import type { LockedInstance } from '../store/machines/instances.js';

/** As much of an instance as a look needs. */
export type SeenInstance = Pick<
  LockedInstance,
  'id' | 'machineId' | 'versionId' | 'module' | 'recordId' | 'state' | 'isFinal' | 'transition'
>;

/** An instance from {@link InstanceItem}. */
export function asSeen({ transitioning, ...item }: InstanceItem): SeenInstance {
  return { ...item, transition: transitioning?.transition ?? null };
}

/** An instance as a person finds it: its machine, and which transitions are offered. */
export interface InstanceLook {
  machine: MachineVersion;
  isEnabled: boolean;
  offered: OfferedTransition[];
}

/** Looks at instances with the eyes of a person: their records as they are now, by the version that each is on. */
@Injectable()
export class InstanceLooks {
  constructor(
    private readonly versions: MachineVersions,
    private readonly calendars: Calendars,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** One look for each, in their order: their records are read together. Throws `version_unreadable`, `crm_timed_out`. */
  async look(manager: EntityManager, instances: readonly SeenInstance[], caller: Caller): Promise<InstanceLook[]> {
    const { workspaceId } = caller;
    await this.calendars.prepare([workspaceId]);
    const calendar = this.calendars.of(workspaceId);
    const now = await databaseNow(manager);
    const roles = await this.rolesOf(manager, caller);
    const enabled = await enabledMachines(manager, workspaceId, instances);
    const looked: { instance: SeenInstance; event: ClaimedEvent; version: MachineVersion }[] = [];
    for (const instance of instances) {
      const version = await this.versions.readable(manager, { workspaceId, versionId: instance.versionId });
      looked.push({ instance, event: eventOn(instance, caller, now), version });
    }
    const { payloadBytes } = this.settings.limits;
    const { unanswered } = await completeRecords({ manager, crm: this.crm, catalog: this.catalog, payloadBytes }, looked, []);
    if (unanswered.size > 0) {
      throw new AutomationError('crm_timed_out', "The CRM did not answer 'findRecords' in time.", { hint: 'Try again in a moment.' });
    }
    return looked.map(({ instance, event, version: machine }) => {
      const isEnabled = enabled.has(instance.machineId);
      const subject = startSubject(event, { now, timezone: calendar.timezone, calendar });
      return { machine, isEnabled, offered: offeredTransitions(machine.transitions, { ...instance, isEnabled, roles, subject }) };
    });
  }

  /** A policy that says nothing of roles leaves it to the CRM. */
  private async rolesOf(manager: EntityManager, { workspaceId, userId, roles }: Caller): Promise<readonly string[]> {
    return roles ?? (await this.crm.findUsers({ manager, workspaceId }, { ids: [userId] }))[0]?.roles ?? [];
  }
}

async function enabledMachines(manager: EntityManager, workspaceId: string, instances: readonly SeenInstance[]): Promise<Set<string>> {
  const ids = [...new Set(instances.map(({ machineId }) => machineId))];
  const targets = await loadTargets(
    manager,
    ids.map((workflowId) => ({ workspaceId, workflowId })),
  );
  return new Set(targets.flatMap(({ workflowId, status }) => (status === 'active' ? [workflowId] : [])));
}

/** What a person's advance would be: conditions are asked about it as they will be then. */
function eventOn({ module, recordId }: SeenInstance, caller: Caller, now: Date): ClaimedEvent {
  return {
    id: uuid(),
    workspaceId: caller.workspaceId,
    module,
    event: 'manual',
    recordId,
    record: null,
    previous: null,
    changes: null,
    actor: callerAsActor(caller),
    cause: null,
    trigger: { type: 'manual', input: {} },
    target: null,
    parent: null,
    occurredAt: now.toISOString(),
    heard: null,
    claimedAt: now,
    sharing: null,
  };
}
