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
import { LastUsed } from '../last-used.js';
import { WakeUp } from '../wake-up.js';
import { WorkSignal } from '../work-signal.js';

/** Records of one workflow that one transaction looks at. */
const RECORDS = 500;
/** Runs that one transaction admits. */
const RUNS = 100;
/** Workflows with a queue that one statement looks at. */
const QUEUES = 1_000;
/** Workflows of each kind that a look without a hint is about: the others' turn is at the next ones. */
const QUEUES_OF_A_PART = 100;
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
  /** Whether to look at some of its records without a hint, where none was told. */
  looksOn: boolean;
}

/** What one transaction did. */
interface Moved {
  ordered: OrderedRuns;
  /** Runs that have come from the queue to a place. */
  runs: number;
}

const NOTHING_ORDERED: OrderedRuns = { admitted: 0, undecided: [], next: null };
const ALL = { after: { module: '', recordId: '' }, limit: RECORDS };

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
  private looks: 'where told' | 'at a part' | 'everywhere' = 'where told';
  /** Where the next look without a hint begins: behind this workflow, and in a workflow behind this record. */
  private afterQueue: QueueRef | null = null;
  private readonly afterRecord = new LastUsed<RecordPlace>(QUEUES);

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

  /** Some queue may move on: somebody has said so, who does not know which. */
  expectAny(): void {
    this.looks = 'everywhere';
    this.signal.raise();
  }

  /**
   * Some queue may move on of which nobody has told, as when a process dies between the end of a run and this. Nobody waits
   * for it but then, and it is asked again and again: so each time at a part of what there is. Of 10,000 records that wait in
   * order, it was 270 ms with each poll.
   */
  expectUntold(): void {
    if (this.looks === 'where told') this.looks = 'at a part';
    this.signal.raise();
  }

  /**
   * Does what is to be done: in the queues that were told of, in a part of the others, or in all. One that cannot be moved on holds up no other.
   * Returns how many runs are due now.
   */
  async round(where: 'expected' | 'everywhere' = 'expected'): Promise<number> {
    const { expected } = this;
    const looks = where === 'everywhere' ? where : this.looks;
    this.expected = new Map();
    this.looks = 'where told';
    let admitted = 0;
    const failures: unknown[] = [];
    try {
      if (looks === 'everywhere') {
        for (const queue of await this.findAll()) expected.set(nameOf(queue), { queue, records: null, looksOn: false });
      }
      if (looks === 'at a part') {
        for (const queue of await this.findPart()) {
          const { records } = expected.get(nameOf(queue)) ?? { records: new Map<string, RecordPlace>() };
          expected.set(nameOf(queue), { queue, records, looksOn: true });
        }
      }
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
    this.looks = 'everywhere';
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

  private async findPart(): Promise<QueueRef[]> {
    const { queues, next } = await this.database.statement((manager) => findQueues(manager, QUEUES_OF_A_PART, this.afterQueue));
    this.afterQueue = next;
    return queues;
  }

  private async admit({ queue, records, looksOn }: ExpectedQueue): Promise<number> {
    let admitted = 0;
    const undecided: RecordPlace[] = [];
    let look = lookAt(records);
    const isPart = look === null && looksOn;
    if (isPart) look = { after: this.afterRecord.get(nameOf(queue)) ?? ALL.after, limit: RECORDS };
    for (let more = true; more; ) {
      const { ordered, runs } = await this.moveOn(queue, look);
      admitted += ordered.admitted + runs;
      undecided.push(...ordered.undecided);
      if (isPart && look !== null) this.afterRecord.set(nameOf(queue), ordered.next ?? ALL.after);
      look = isPart ? null : ordered.next && { after: ordered.next, limit: RECORDS };
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
    const one = this.expected.get(name) ?? { queue, records: new Map(), looksOn: false };
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
