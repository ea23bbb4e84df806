import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../../core/errors.js';
import { takesAnswers } from '../../core/steps/index.js';
import type { HeldRun } from './held-run.js';

/** A wait for an answer from outside that is over, however: what it has opened outside of its run is closed with it. */
export interface EndedWait {
  workspaceId: string;
  runId: string;
  /** Of the step that waited; null: every step of the run. */
  step: { path: string; attempt: number; type: string } | null;
  end: WaitEnd;
}

/** How a wait has ended. `over`: nobody answers it any more (its time, its branch or its run is over), with the reason. */
export type WaitEnd = { kind: 'answered' } | { kind: 'over'; error: LoggedError | null };

/** Closes what waits have opened. */
export interface WaitCloser {
  /** In the transaction that ends the waits, by one statement for all of them. Never called with none. */
  close(manager: EntityManager, ended: readonly EndedWait[]): Promise<void>;
}

/** Injection token of the {@link WaitCloser}s. */
export const WAIT_CLOSERS = Symbol('WAIT_CLOSERS');

/** The waits of a run that the open transaction ends, those included that were answered before they began. */
export function endedWaits(run: HeldRun): EndedWait[] {
  const ended: EndedWait[] = [];
  for (const { path, attempt, type, status, error } of run.unwritten) {
    if (status === 'waiting' || !takesAnswers(type)) continue;
    const isAnswered = run.answers.answers.some((answer) => answer.path === path && answer.attempt === attempt);
    ended.push({
      workspaceId: run.workspaceId,
      runId: run.id,
      step: { path, attempt, type },
      end: isAnswered ? { kind: 'answered' } : { kind: 'over', error: error ?? null },
    });
  }
  return ended;
}
