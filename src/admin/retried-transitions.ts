import type { EntityManager } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import { InstanceChanges } from '../engine/machines/instance-changes.js';
import { type InstanceFailure, type LockedInstance, lockInstancesFailedBy } from '../store/machines/instances.js';
import { findInstancesOfRuns, type InstanceNow } from '../store/machines/run-transition.js';
import type { LockedRun } from '../store/run-command-store.js';

/**
 * The transitions whose runs are to be retried, with their instances locked: an instance that rests where its transition has
 * failed takes it up again, and one that has gone on since does not.
 */
export class RetriedTransitions {
  private constructor(
    private readonly failed: ReadonlyMap<string, LockedInstance>,
    private readonly others: ReadonlyMap<string, InstanceNow>,
  ) {}

  /** Locks the instances whose transitions these runs were. */
  static async open(manager: EntityManager, workspaceId: string, runs: readonly LockedRun[]): Promise<RetriedTransitions> {
    const ids = runs.filter(({ transition }) => transition !== null).map(({ id }) => id);
    const instances = ids.length === 0 ? [] : await lockInstancesFailedBy(manager, workspaceId, ids);
    const failed = new Map(instances.map((instance) => [(instance.failure as InstanceFailure).runId, instance]));
    const over = ids.filter((id) => !failed.has(id));
    const others = over.length === 0 ? [] : await findInstancesOfRuns(manager, workspaceId, over);
    return new RetriedTransitions(failed, new Map(others.map((now) => [now.runId, now])));
  }

  /** Why the run cannot be retried; null when it can. */
  refusalOf({ id, transition }: LockedRun): AutomationError | null {
    return transition === null || this.failed.has(id) ? null : transitionOver(transition, this.others.get(id));
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

/** The error for the run of a transition whose instance is not where that has failed; `now`: where it is, if that is known. */
export function transitionOver(transition: string, now: InstanceNow | undefined): AutomationError {
  const rests = `The instance does not rest where its transition "${transition}" has failed`;
  if (now === undefined) {
    return new AutomationError('transition_over', `${rests}.`, {
      hint: 'It has gone on since, or was reset or deleted. Fire a transition from where it is now.',
    });
  }
  const { state, transition: underWay, failedTransition, failedRunId } = now;
  if (underWay !== null) {
    return new AutomationError('transition_over', `${rests}: it is in "${state}", and the transition "${underWay}" is under way.`, {
      hint: 'Look at the instance when that is over.',
    });
  }
  if (failedTransition !== null && failedRunId !== null) {
    return new AutomationError(
      'transition_over',
      `${rests} last: it is in "${state}", where "${failedTransition}" was tried after it, and has failed, too.`,
      {
        hint: `Retry that run, or fire "${transition}" anew. An instance takes up what has failed last; what failed before was replaced by it.`,
        details: { runId: failedRunId },
      },
    );
  }
  return new AutomationError('transition_over', `${rests}: it has gone on, or was reset, and is in "${state}".`, {
    hint: 'Fire a transition from where it is now.',
  });
}
