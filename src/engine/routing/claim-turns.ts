import type { ClaimLimits } from '../../store/event-claims.js';
import { Turns } from '../../store/turns.js';
import { BatchSize } from './batch-size.js';
import type { FloodWatch } from './flood-watch.js';
import { type RoutingPace, UNPACED } from './routing-pace.js';

/**
 * While several workspaces have events, each waits for the end of the others' transactions: beside a flood, with 100 events
 * in each, seven times as long as alone (p95, two workers on two cores), and 15 times with one loop in the flood and the
 * other behind it. So transactions are short then, and one loop does not take part in the flood but stands by for whoever
 * else comes. No shorter where they take long: what they take then is their round trips, however few events they hold.
 */
const CROWDED_BATCH = 12;
/**
 * Who has had nothing to do for long meets batches that are not short: how long they may take. 200 events of four steps take 140
 * ms with two loops on two cores; on a machine that is busy otherwise, or with a CRM that is slow, as many took two seconds.
 */
const LONG_BATCH = { least: 100, mostMs: 400 };

/**
 * How a batch is routed: `at_once`, whatever there is; `in_turn`, at the pace of {@link RoutingPace}; the same `beside_another`
 * turn of this process.
 */
export type RoutingTurn = 'at_once' | 'in_turn' | 'beside_another';

/** What one turn may claim. */
export interface ClaimTurn {
  /** The most events. */
  readonly most: number;
  readonly turns: Turns;
  readonly limits: ClaimLimits;
  /** Whether it leaves a flood to another turn, and takes what others have. */
  readonly standsBy: boolean;
  readonly isCrowded: boolean;
  /** To be called when it is over, however it ends: what it has not claimed is free for others. */
  release(): void;
  /** To be called when it has succeeded, with how many events it has routed, and whether it claimed as many as it might. Returns whether to come again at once. */
  end(routed: { events: number; full: boolean }): boolean;
}

/** What the turns of this process that route may claim, side by side. */
export class ClaimTurns {
  private readonly turns = new Turns();
  /** Of turns that stand by. */
  private readonly standby = new Turns();
  private readonly longBatch: BatchSize;

  constructor(
    private readonly floods: FloodWatch,
    private readonly batchSize: number,
  ) {
    this.longBatch = new BatchSize(batchSize, LONG_BATCH.least, LONG_BATCH.mostMs);
  }

  /** Several workspaces have had events lately. */
  get isCrowded(): boolean {
    return this.turns.isCrowded || this.floods.isCrowded;
  }

  /** One turn begins. `stalled`: workspaces that are left alone for now. */
  begin(turn: RoutingTurn, paces: Pick<RoutingPace, 'begin'>, stalled: readonly string[]): ClaimTurn {
    const { isCrowded } = this;
    const standsBy = isCrowded && turn === 'beside_another';
    const left = standsBy ? this.floods.exceptFloods : turn === 'in_turn' ? this.floods.exceptOthers : [];
    const most = isCrowded ? Math.min(this.batchSize, CROWDED_BATCH) : this.longBatch.current;
    const pace = turn === 'at_once' ? UNPACED : paces.begin(left);
    const began = performance.now();
    return {
      most,
      turns: standsBy ? this.standby : this.turns,
      limits: { except: [...stalled, ...pace.waiting, ...left], shares: pace.shares },
      standsBy,
      isCrowded,
      release: pace.end,
      end: ({ events, full }) => {
        if (full && !isCrowded) this.longBatch.note(most, performance.now() - began);
        if (standsBy) return full;
        // Nothing but what was left alone, perhaps: who asks next finds it.
        const isOver = left.length > 0 && events === 0;
        if (isOver) this.floods.forget();
        return isOver || events > 0;
      },
    };
  }
}
