import { Inject, Injectable } from '@nestjs/common';
import { AutomationDatabase } from '../../store/database.js';
import { lookAround, type Outlook } from '../../store/outlook.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { WakeUp } from '../wake-up.js';
import { WorkSignal } from '../work-signal.js';
import { BUSY_PAUSE_MS, pauseBeforeLook } from './next-look.js';

/**
 * Looks for work that nobody has announced, and for what falls due: one statement a look, often while something is going
 * on here, rarely while all is quiet and the others tell of theirs. The other loops only wait to be woken.
 */
@Injectable()
export class Watch {
  /** Raised when the next look should not wait for its time. */
  readonly signal = new WorkSignal();
  private nextLookAt = 0;
  private isQuiet = false;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly wakeUp: WakeUp,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** Something is done here, or about to be. */
  stir(): void {
    this.isQuiet = false;
    if (this.nextLookAt - performance.now() > BUSY_PAUSE_MS) this.signal.raise();
  }

  /** One look. `held`: the runs that this process holds. */
  async look(held: readonly string[]): Promise<{ outlook: Outlook; pauseMs: number }> {
    const wasQuiet = this.isQuiet;
    this.isQuiet = true;
    const outlook = await lookAround(this.database.dataSource.manager, held);
    // Something may have been done while we looked.
    const isQuiet = wasQuiet && this.isQuiet;
    const pauseMs = pauseBeforeLook({ outlook, isListening: this.wakeUp.isListening, isQuiet }, this.settings);
    this.nextLookAt = performance.now() + pauseMs;
    return { outlook, pauseMs };
  }
}
