import type { EntityManager } from 'typeorm';
import type { Trigger } from '../../core/definition/types.js';
import type { DueKind } from '../../store/due-times.js';

/** A version that is being published. */
export interface PublishedVersion {
  workspaceId: string;
  workflowId: string;
  versionId: string;
  trigger: Trigger;
}

/** What one look at what is due did. */
export interface TimingRound {
  /** Starts that were captured. */
  starts: number;
  /** Whether to look again at once; `soon`: when more of what has been captured is routed. */
  more: boolean | 'soon';
}

/** Something that becomes due by itself. */
export interface DueWork {
  /** For the log. */
  readonly name: string;
  /** What says when it is due. */
  readonly kind: DueKind;
  /** Does what is due, a bounded number. */
  round(): Promise<TimingRound>;
}

/**
 * A kind of trigger whose starts become due by themselves, rather than being told. Everything it knows is in tables; each
 * of its starts is captured in the transaction that notes it as done, so that it is made once, whoever dies when.
 */
export interface TimedTrigger extends DueWork {
  readonly type: Trigger['type'];
  /** Notes when the version is due, in the transaction that publishes it. */
  published(manager: EntityManager, version: PublishedVersion): Promise<void>;
  /** Takes back what an earlier version of the workflow has noted, in the transaction that publishes another kind of trigger or withdraws it. */
  withdrawn(manager: EntityManager, workflow: { workspaceId: string; workflowId: string }): Promise<void>;
}
