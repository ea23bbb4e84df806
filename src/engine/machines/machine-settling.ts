import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import { type Firing, type LockedInstance, lockInstancesOfRuns } from '../../store/machines/instances.js';
import type { RunEnd } from '../../store/runs/run.js';
import { Calendars } from '../calendars.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { InstanceChanges, type Move } from './instance-changes.js';
import { MachineVersions } from './machine-versions.js';
import { StateTimeouts } from './state-timeouts.js';

/** The end of a run that may be that of a transition. */
export interface TransitionEnd extends Pick<RunEnd, 'status' | 'error' | 'finishedAt'> {
  workspaceId: string;
  id: string;
}

/** Ends transitions with the runs of their steps, in the transaction that ends these. */
@Injectable()
export class MachineSettling {
  constructor(
    private readonly versions: MachineVersions,
    private readonly active: ActiveWorkflows,
    private readonly calendars: Calendars,
    private readonly timeouts: StateTimeouts,
  ) {}

  /** Moves the instances whose transitions these runs were, or says why they stay where they are. Other runs are passed over. */
  async settle(manager: EntityManager, ends: readonly TransitionEnd[]): Promise<void> {
    const instances = await lockInstancesOfRuns(manager, ends);
    if (instances.length === 0) return;
    await this.calendars.prepare(instances.map(({ workspaceId }) => workspaceId));
    const changes = new InstanceChanges((of, events) => this.active.listenedTo(of, events));
    for (const instance of instances) {
      const end = ends.find(({ id }) => id === instance.runId) as TransitionEnd;
      const { transition, runId, firing } = instance as LockedInstance & { transition: string; runId: string; firing: Firing };
      if (end.status === 'succeeded') {
        const place = await this.stateAfter(manager, instance, transition);
        changes.move(instance, { ...place, transition, firing, runId, calendar: this.calendars.of(instance.workspaceId) });
      } else {
        const failure = { ...firing, transition, runId, error: end.error, at: end.finishedAt };
        changes.fail(instance, { kind: end.status, failure });
      }
    }
    await changes.write(manager);
    this.timeouts.expect(manager, changes.nextTimeoutMs);
  }

  /** By the version that the instance is on. Where this process cannot read it, the run fails with that reason, and may be retried. */
  private async stateAfter(manager: EntityManager, instance: LockedInstance, transition: string): Promise<Pick<Move, 'machine' | 'to'>> {
    const version = await this.versions.readable(manager, instance);
    const code = version.transitions.find(({ definition }) => definition.code === transition)?.definition.to;
    const to = code === undefined ? undefined : version.states.get(code);
    if (to) return { machine: version.machine, to };
    throw new AutomationError('version_unreadable', `The version of the machine has no transition '${transition}'.`, {
      hint: 'The instance has come to another version while the transition was under way.',
    });
  }
}
