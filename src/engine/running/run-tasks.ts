import { Injectable, Logger } from '@nestjs/common';

/** Work under way for the runs of this process: calls, transactions, waits for their turn. */
@Injectable()
export class RunTasks {
  /** Called when a piece of work is over: it may have left some behind. */
  onWorkDone: (() => void) | null = null;
  private readonly logger = new Logger('AutomationRuns');
  private readonly running = new Set<Promise<void>>();

  get size(): number {
    return this.running.size;
  }

  /** Counts the work until it ends, and says so when it fails. */
  track(run: { id: string }, work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.logger.error(`Run ${run.id}: could not be taken on: ${String(error)}`))
      .then(() => {
        this.running.delete(tracked);
        this.onWorkDone?.();
      });
    this.running.add(tracked);
  }

  /** Resolves when nothing is under way, what is added meanwhile included. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }
}
