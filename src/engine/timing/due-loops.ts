import { WorkSignal } from '../work-signal.js';
import type { LookIntervals } from './next-look.js';
import type { DueWork } from './timed-trigger.js';
import { isDue, type Timing } from './timing.js';

/** How soon a workspace that has enough to be routed is looked at again: at 2,500 runs a second 250 of its 1,000 events are gone by then. */
const SOON_MS = 100;

/**
 * The loops of what becomes due by itself: one that looks, by one statement for all, and one for each work, so that what takes
 * long holds up none of the others. A work that is at it, or rests, is not looked at; it calls for a look when it is through.
 */
export class DueLoops {
  /** Raised when the next look should not wait for its time. */
  readonly signal = new WorkSignal();
  readonly works: readonly DueLoop[];

  constructor(
    private readonly timing: Pick<Timing, 'works' | 'dueTimes' | 'roundOf'>,
    private readonly intervals: LookIntervals,
  ) {
    this.works = timing.works.map((work) => new DueLoop(work, timing, intervals, this.signal));
  }

  /** One look. Returns when to look again, in milliseconds. */
  async look(): Promise<number> {
    const { pollIntervalMs, idlePollIntervalMs } = this.intervals;
    let pauseMs = Math.max(pollIntervalMs, idlePollIntervalMs);
    const idle = this.works.filter(({ isIdle }) => isIdle);
    if (idle.length === 0) return pauseMs;
    const due = await this.timing.dueTimes(idle.map(({ work }) => work));
    for (const work of idle) {
      const dueIn = due[work.kind];
      if (isDue(dueIn)) work.begin();
      else pauseMs = Math.min(pauseMs, Math.ceil(dueIn ?? Number.POSITIVE_INFINITY));
    }
    return pauseMs;
  }

  /** Something is due at another time than the last look has seen. */
  hear(): void {
    for (const work of this.works) work.hear();
    this.signal.raise();
  }
}

/** What one work does, in turns of its loop. */
class DueLoop {
  readonly signal = new WorkSignal();
  private state: 'idle' | 'due' | 'resting' = 'idle';
  private isCalled = false;

  constructor(
    readonly work: DueWork,
    private readonly timing: Pick<Timing, 'roundOf'>,
    private readonly intervals: LookIntervals,
    private readonly looks: WorkSignal,
  ) {}

  get name(): string {
    return this.work.name;
  }

  get kind(): DueWork['kind'] {
    return this.work.kind;
  }

  get isIdle(): boolean {
    return this.state === 'idle';
  }

  begin(): void {
    this.state = 'due';
    this.signal.raise();
  }

  /** Whatever it is at, there is to be another look. */
  hear(): void {
    this.isCalled = true;
    if (this.state === 'resting') this.state = 'idle';
  }

  /** One turn. Returns how long it rests, in milliseconds; null when it is over. */
  async turn(): Promise<number | null> {
    if (this.state === 'idle') return null;
    if (this.state === 'due') {
      this.isCalled = false;
      const restMs = await this.round();
      if (!this.isCalled) {
        this.state = 'resting';
        return restMs;
      }
    }
    this.state = 'idle';
    this.looks.raise();
    return null;
  }

  /**
   * Where more is due, it rests for as long as this has taken: it is captured faster than it can be run, and half of the time is
   * for whoever else wants something of this process and the database. Else another node may be at it.
   */
  private async round(): Promise<number> {
    const { pollIntervalMs } = this.intervals;
    const began = performance.now();
    const { more } = await this.timing.roundOf(this.work);
    if (more === 'soon') return Math.min(pollIntervalMs, SOON_MS);
    return more ? Math.min(pollIntervalMs, Math.ceil(performance.now() - began)) : pollIntervalMs;
  }
}
