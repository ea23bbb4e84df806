import { Injectable } from '@nestjs/common';
import type { StepAddress } from '../../core/plan/history.js';
import type { Scope } from '../../core/scope.js';
import { pathOfAddressed } from '../../core/steps/addresses.js';
import type { AnswerAddress } from '../../store/runs/inbox.js';
import type { HeldRun } from '../running/held-run.js';
import type { StepTransaction } from '../running/step-transaction.js';
import { WaitTokens } from './wait-tokens.js';

/**
 * The addresses of steps that wait for a call. Each is there as soon as the run is: a step before or beside it may send it out,
 * and its token commits with that step, so before the request leaves; or else with the beginning of the wait.
 */
@Injectable()
export class ResumeLinks {
  constructor(private readonly tokens: WaitTokens) {}

  /**
   * Adds the addresses that the step reads to what it sees, and has the log hide all that it may come to know: a far side may
   * send back what it was sent. Throws `links_not_configured`.
   */
  addTo(scope: Scope, run: HeldRun, { path }: StepAddress, writes: Pick<StepTransaction['writes'], 'tokens'>): void {
    const { addressed, addressesReadBy } = run.version;
    for (const one of addressed) {
      const there = pathOfAddressed(one, path);
      const isRead = addressesReadBy.get(idOf(path))?.has(one.id) ?? false;
      if (there === null || !(isRead || this.tokens.isConfigured)) continue;
      const address = { workspaceId: run.workspaceId, runId: run.id, path: there, attempt: run.attemptNumberAt(there) };
      const { token, row } = this.tokens.issue(address, 'resume');
      run.hide(token);
      if (!isRead) continue;
      writes.tokens.push(row);
      const { output = null } = scope.steps[one.id] ?? {};
      scope.steps = { ...scope.steps, [one.id]: { output, resumeUrl: this.tokens.linkTo('resume', token) } };
    }
  }

  /** The address of a step that waits; null where the application cannot make links. */
  of(address: AnswerAddress): string | null {
    return this.tokens.isConfigured ? this.tokens.linkTo('resume', this.tokens.issue(address, 'resume').token) : null;
  }
}

/** The id of the step at a path: ids hold no dots. */
function idOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
