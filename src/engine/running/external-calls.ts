import { Injectable, Logger } from '@nestjs/common';
import { toLoggedFailure } from '../failures.js';
import type { ExternalAttempt, ExternalOutcome } from './external-attempt.js';
import { ExternalSlots } from './external-slots.js';
import type { HeldRun } from './held-run.js';
import { HeldRuns } from './held-runs.js';

/** Makes the calls that external steps intend, once their intents have committed. */
@Injectable()
export class ExternalCalls {
  private readonly logger = new Logger('AutomationRuns');

  constructor(
    private readonly slots: ExternalSlots,
    private readonly held: HeldRuns,
  ) {}

  /**
   * Performs an attempt; its result is with the run then. One that has not begun when the lease may be over, or the process
   * stops, is taken back.
   */
  async perform(run: HeldRun, attempt: ExternalAttempt): Promise<void> {
    const controller = run.began(attempt);
    let outcome: ExternalOutcome;
    if (!this.held.has(run) || performance.now() >= run.leasedUntil) {
      outcome = { kind: 'not_sent' };
    } else {
      try {
        outcome = { kind: 'succeeded', output: await attempt.perform(controller) };
      } catch (error) {
        outcome = { kind: 'failed', failure: attempt.redact(toLoggedFailure(error)) };
      }
    }
    attempt.slot.release();
    run.ended({ attempt, outcome });
    if (this.held.has(run)) return;
    this.logger.warn(`Run ${run.id}: the lease was lost while step ${attempt.ready.path} was performed; its result is dropped.`);
  }

  /** Waits for a slot, and reserves it for the next external step of the run when it is still held. */
  async reserveSlot(run: HeldRun): Promise<void> {
    run.waitsForSlot = true;
    const slot = await this.slots.wait(run.workspaceId);
    run.waitsForSlot = false;
    if (this.held.has(run)) run.reserve(slot);
    else slot.release();
  }
}
