import { Injectable } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import {
  admitFirstOfRecords,
  admitFromQueue,
  findQueues,
  lockQueue,
  type OrderedRuns,
  type QueueRef,
  type RecordPlace,
} from '../../store/runs/admission.js';
import { WakeUp } from '../wake-up.js';
import { WorkSignal } from '../work-signal.js';

/** Records of one workflow that one transaction looks at. */
const RECORDS = 500;
/** Runs that one transaction admits. */
const RUNS = 100;
/** Workflows whose queues one round finds by itself. */
const QUEUES = 1_000;
/** How soon to come again where an event that comes first is being routed. */
const LOOK_AGAIN_MS = 110;
/** What one transaction did. */
interface Moved {
  ordered: OrderedRuns;
  /** Runs that have come from the queue to a place. */
  runs: number;
}

const NOTHING_ORDERED: OrderedRuns = { admitted: 0, undecided: false, next: null };
const FIRST: RecordPlace = { module: '', recordId: '' };

/**
 * Lets runs begin whose turn has come, in workflows that limit how many there may be at a time or want those of a record in
 * order. Which ones, the tables say; what is told here is only where to look first. So a process may die anywhere between
 * the end of a run and this: another one's round finds the free place.
 */
@Injectable()
export class Admissions {
  /** Raised when there may be something to do. */
  readonly signal = new WorkSignal();
  private expected = new Map<string, QueueRef>();
  private looksEverywhere = false;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly wakeUp: WakeUp,
  ) {}

  /** Runs have come into these workflows' queues, or have left them. */
  expect(queues: readonly QueueRef[]): void {
    for (const { workspaceId, workflowId } of queues) this.expected.set(`${workspaceId}/${workflowId}`, { workspaceId, workflowId });
    if (queues.length > 0) this.signal.raise();
  }

  /** Some queue may move on. */
  expectAny(): void {
    this.looksEverywhere = true;
    this.signal.raise();
  }

  /** Does what is to be done: in the queues that were told of, or in all. Returns how many runs are due now. */
  async round(where: 'expected' | 'everywhere' = 'expected'): Promise<number> {
    const queues = new Map(this.expected);
    const everywhere = this.looksEverywhere || where === 'everywhere';
    this.expected = new Map();
    this.looksEverywhere = false;
    let admitted = 0;
    try {
      const found = everywhere ? await this.database.statement((manager) => findQueues(manager, QUEUES)) : [];
      for (const queue of found) queues.set(`${queue.workspaceId}/${queue.workflowId}`, queue);
      for (const queue of queues.values()) admitted += await this.admit(queue);
    } catch (error) {
      // What was told is forgotten by now.
      this.looksEverywhere = true;
      throw error;
    } finally {
      if (admitted > 0) this.wakeUp.announce('runs');
    }
    return admitted;
  }

  private async admit(queue: QueueRef): Promise<number> {
    let admitted = 0;
    let undecided = false;
    let after: RecordPlace | null = FIRST;
    for (let more = true; more; ) {
      const { ordered, runs } = await this.moveOn(queue, after);
      admitted += ordered.admitted + runs;
      undecided ||= ordered.undecided;
      after = ordered.next;
      more = after !== null || runs === RUNS;
    }
    if (undecided) setTimeout(() => this.expect([queue]), LOOK_AGAIN_MS).unref();
    return admitted;
  }

  /** `after` null: all records have been looked at, only the queue has not come to its end. */
  private moveOn(queue: QueueRef, after: RecordPlace | null): Promise<Moved> {
    return this.database.transaction(async (manager) => {
      await lockQueue(manager, queue);
      const ordered = after === null ? NOTHING_ORDERED : await admitFirstOfRecords(manager, queue, after, RECORDS);
      return { ordered, runs: await admitFromQueue(manager, queue, RUNS) };
    });
  }
}
