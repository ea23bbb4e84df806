import DataLoader from 'dataloader';
import { endsTransaction } from '../postgres-errors.js';

/**
 * Collects the calls that are made in one tick into batches, and runs one batch at a time: a connection serves one
 * statement after the other, and what a batch reads is not changed under it by the next.
 */
export class Batches {
  private last: Promise<unknown> = Promise.resolve();
  private failure: { error: unknown } | undefined;

  /** A function whose calls of one tick reach `work` together, in call order. An Error in its answer is that call's alone. */
  collect<Call, Result>(work: (calls: readonly Call[]) => Promise<(Result | Error)[]>): (call: Call) => Promise<Result> {
    const loader = new DataLoader<Call, Result>((calls) => this.inTurn(() => work(calls)), { cache: false });
    return (call) => loader.load(call);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(() => this.guarded(work));
    this.last = result.catch(() => undefined);
    return result;
  }

  /** After a refused statement Postgres refuses all others of the transaction: they fail with the reason, not its echo. */
  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.failure) throw this.failure.error;
    try {
      return await work();
    } catch (error) {
      if (endsTransaction(error)) this.failure = { error };
      throw error;
    }
  }
}
