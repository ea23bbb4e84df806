import { Injectable } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import {
  admitFirstOfRecords,
  admitFromQueue,
  type FoundQueues,
  findQueues,
  lockQueue,
  type OrderedRuns,
  type QueueRef,
  type RecordPlace,
  type RecordsOfLook,
} from '../../store/runs/admission.js';
import { ENGINE_IDLE_MS, ENGINE_STATEMENT_MS } from '../../store/transaction-limits.js';
import { isConnectionLoss, isPassing } from '../failures.js';
import { WakeUp } from '../wake-up.js';
import { WorkSignal } from '../work-signal.js';

/** Records of one workflow that one transaction looks at. */
const RECORDS = 500;
/** Runs that one transaction admits. */
const RUNS = 100;
/** Workflows with a queue that one statement looks at. */
const QUEUES = 1_000;
/** How soon to come again where an event that comes first is being routed, or somebody holds what is needed. */
const LOOK_AGAIN_MS = 110;
/** What such a transaction begins with. One queue, of which somebody holds a run, is not what the others wait for. */
const SETTINGS = `SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = ${ENGINE_STATEMENT_MS};
  SET LOCAL idle_in_transaction_session_timeout = ${ENGINE_IDLE_MS}`;

/** A run that has come into a workflow's queue, or has left it; null: it is about no record. */
export interface QueueNews extends QueueRef {
  module: string | null;
  recordId: string | null;
}

/** A queue that may move on. */
interface ExpectedQueue {
  queue: QueueRef;
  /** The records whose runs may be what others of theirs wait for; null: any. */
  records: Map<string, RecordPlace> | null;
}

/** What one transaction did. */
interface Moved {
  ordered: OrderedRuns;
  /** Runs that have come from the queue to a place. */
  runs: number;
}

const NOTHING_ORDERED: OrderedRuns = { admitted: 0, undecided: [], next: null };
const ALL: RecordsOfLook = { after: { module: '', recordId: '' }, limit: RECORDS };

/**
 * Lets runs begin whose turn has come, in workflows that limit how many there may be at a time or want those of a record in
 * order. Which ones, the tables say; what is told here is only where to look first. So a process may die anywhere between
 * the end of a run and this: another one's round finds the free place.
 */
@Injectable()
export class Admissions {
  /** Raised when there may be something to do. */
  readonly signal = new WorkSignal();
  private expected = new Map<string, ExpectedQueue>();
  private looksEverywhere = false;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly wakeUp: WakeUp,
  ) {}

  /**
   * Runs have come into these workflows' queues, or have left them. Of their records alone something is new: thousands of
   * others may wait there too, each for a run of its own record.
   */
  expect(news: readonly QueueNews[]): void {
    for (const { workspaceId, workflowId, module, recordId } of news) {
      const one = this.expectedOf({ workspaceId, workflowId });
      if (module === null || recordId === null) continue;
      one.records?.set(JSON.stringify([module, recordId]), { module, recordId });
      // More than one look is made for.
      if (one.records !== null && one.records.size > RECORDS) one.records = null;
    }
    if (news.length > 0) this.signal.raise();
  }

  /** Some queue may move on. */
  expectAny(): void {
    this.looksEverywhere = true;
    this.signal.raise();
  }

  /**
   * Does what is to be done: in the queues that were told of, or in all. One that cannot be moved on holds up no other.
   * Returns how many runs are due now.
   */
  async round(where: 'expected' | 'everywhere' = 'expected'): Promise<number> {
    const { expected } = this;
    const everywhere = this.looksEverywhere || where === 'everywhere';
    this.expected = new Map();
    this.looksEverywhere = false;
    let admitted = 0;
    const failures: unknown[] = [];
    try {
      if (everywhere) for (const queue of await this.findAll()) expected.set(nameOf(queue), { queue, records: null });
      for (const one of expected.values()) {
        try {
          admitted += await this.admit(one);
        } catch (error) {
          if (isConnectionLoss(error)) throw error;
          if (isPassing(error)) this.expectLater(one.queue, null);
          else failures.push(error);
        }
      }
    } catch (error) {
      failures.push(error);
    } finally {
      if (admitted > 0) this.wakeUp.announce('runs');
    }
    if (failures.length === 0) return admitted;
    // What was told is forgotten by now.
    this.looksEverywhere = true;
    throw failures[0];
  }

  private async findAll(): Promise<QueueRef[]> {
    const all: QueueRef[] = [];
    for (let after: QueueRef | null = null; ; ) {
      const { queues, next }: FoundQueues = await this.database.statement((manager) => findQueues(manager, QUEUES, after));
      all.push(...queues);
      if (next === null) return all;
      after = next;
    }
  }

  private async admit({ queue, records }: ExpectedQueue): Promise<number> {
    let admitted = 0;
    const undecided: RecordPlace[] = [];
    let look: RecordsOfLook | null = lookAt(records);
    for (let more = true; more; ) {
      const { ordered, runs } = await this.moveOn(queue, look);
      admitted += ordered.admitted + runs;
      undecided.push(...ordered.undecided);
      look = ordered.next && { after: ordered.next, limit: RECORDS };
      more = look !== null || runs === RUNS;
    }
    if (undecided.length > 0) this.expectLater(queue, undecided.length > RECORDS ? null : undecided);
    return admitted;
  }

  /** `look` null: all records have been looked at, only the queue has not come to its end. */
  private moveOn(queue: QueueRef, look: RecordsOfLook | null): Promise<Moved> {
    return this.database.transaction(async (manager) => {
      await lockQueue(manager, queue);
      const ordered = look === null ? NOTHING_ORDERED : await admitFirstOfRecords(manager, queue, look);
      return { ordered, runs: await admitFromQueue(manager, queue, RUNS) };
    }, SETTINGS);
  }

  /** `records` null: any. */
  private expectLater(queue: QueueRef, records: readonly RecordPlace[] | null): void {
    setTimeout(() => {
      if (records === null) this.expectedOf(queue).records = null;
      else this.expect(records.map((record) => ({ ...queue, ...record })));
      this.signal.raise();
    }, LOOK_AGAIN_MS).unref();
  }

  private expectedOf(queue: QueueRef): ExpectedQueue {
    const name = nameOf(queue);
    const one = this.expected.get(name) ?? { queue, records: new Map() };
    this.expected.set(name, one);
    return one;
  }
}

function lookAt(records: ExpectedQueue['records']): RecordsOfLook | null {
  if (records === null) return ALL;
  return records.size === 0 ? null : { these: [...records.values()] };
}

function nameOf({ workspaceId, workflowId }: QueueRef): string {
  return `${workspaceId}/${workflowId}`;
}
