import { STEP_CANCELLED } from './flow.js';
import type { StepExecution } from './history.js';

/**
 * Where an attempt stands, as people read it.
 * - `retrying`: it failed, and another attempt is to come; `failed`: none is.
 * - `cancelled`: it waited, or was to be tried again, when what it was a part of had been decided without it.
 * - `abandoned`: the run ended while it was under way or waited, and nobody looks at its result any more.
 */
export type StepStanding = 'running' | 'waiting' | 'succeeded' | 'retrying' | 'failed' | 'cancelled' | 'lost' | 'abandoned';

/** Where an attempt stands. What is in the log of a run that is over neither runs nor waits, whatever its row says. */
export function standingOf(
  { status, wakeAt, superseded, error }: Omit<StepExecution, 'path' | 'attempt'>,
  isRunOver: boolean,
): StepStanding {
  switch (status) {
    case 'running':
    case 'waiting':
      return isRunOver ? 'abandoned' : status;
    case 'failed':
      if (error?.code === STEP_CANCELLED) return 'cancelled';
      return wakeAt && !isRunOver && !superseded ? 'retrying' : 'failed';
    default:
      return status;
  }
}
