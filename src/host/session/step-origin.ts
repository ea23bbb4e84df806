import type { Actor, Cause, DomainEvent } from '../../core/event.js';

/** For whom a step acts: the workspace that binds it, and what its events say of their origin. */
export interface StepOrigin {
  workspaceId: string;
  actor: Actor;
  cause: Cause | null;
  /** The zone of date-times that are set without an offset. Default UTC. */
  timezone?: string;
}

/** An event that a step's writes amount to, as yet without id and time. */
export type NewEvent = Omit<DomainEvent, 'id' | 'occurredAt' | 'module' | 'trigger' | 'target' | 'parent'> & { module: string };

/** One step at work. */
export interface StepAtWork {
  readonly origin: StepOrigin;
  /** Set before its first write is sent. */
  wrote: boolean;
}
