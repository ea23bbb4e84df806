import type { EntityManager } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import { InstanceChanges } from '../engine/machines/instance-changes.js';
import { type InstanceFailure, type LockedInstance, lockInstancesFailedBy } from '../store/machines/instances.js';
import type { LockedRun } from '../store/run-command-store.js';

/**
 * The transitions whose runs are to be retried, with their instances locked: an instance that rests where its transition has
 * failed takes it up again, and one that has gone on since does not.
 */
export class RetriedTransitions {
  private constructor(private readonly failed: ReadonlyMap<string, LockedInstance>) {}

  /** Locks the instances whose transitions these runs were. */
  static async open(manager: EntityManager, workspaceId: string, runs: readonly LockedRun[]): Promise<RetriedTransitions> {
    const ids = runs.filter(({ transition }) => transition !== null).map(({ id }) => id);
    const instances = ids.length === 0 ? [] : await lockInstancesFailedBy(manager, workspaceId, ids);
    return new RetriedTransitions(new Map(instances.map((instance) => [(instance.failure as InstanceFailure).runId, instance])));
  }

  /** Why the run cannot be retried; null when it can. */
  refusalOf({ id, transition }: LockedRun): AutomationError | null {
    return transition === null || this.failed.has(id) ? null : transitionOver(transition);
  }

  /** The transitions are under way again, with these runs. */
  async takeUp(manager: EntityManager, retried: readonly { id: string; goesOnAs: string }[]): Promise<void> {
    const changes = new InstanceChanges(async () => []);
    for (const { id, goesOnAs } of retried) {
      const instance = this.failed.get(id);
      if (!instance) continue;
      const { transition, trigger, actor, eventId, explanation, cause } = instance.failure as InstanceFailure;
      changes.begin(instance, transition, goesOnAs, { trigger, actor, eventId, explanation, cause });
    }
    await changes.write(manager);
  }
}

/** The error for the run of a transition whose instance is not where that has failed. */
export function transitionOver(transition: string): AutomationError {
  return new AutomationError('transition_over', `The instance does not rest where its transition "${transition}" has failed.`, {
    hint: 'It has gone on since, or was reset. Fire a transition from where it is now.',
  });
}
