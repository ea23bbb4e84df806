import { Inject, Injectable } from '@nestjs/common';
import { oldestEventAge } from '../store/backlog.js';
import { AutomationDatabase } from '../store/database.js';
import { within } from '../store/within.js';
import { AutomationEngine } from './automation-engine.js';
import { ENGINE_SETTINGS, type EngineSettings } from './engine-settings.js';

/** What is looked at, and what one calls healthy. */
export interface HealthLimits {
  /** How long an event may wait to be routed where this process works, in milliseconds. Default 60,000. */
  maxEventAgeMs?: number;
  /** How long the database may take to answer, in milliseconds. Default 3,000. */
  timeoutMs?: number;
}

/** The health of automation in this process. */
export interface HealthState {
  status: 'up' | 'down';
  /** Why it is down: a sentence. */
  message?: string;
  database: 'up' | 'down';
  /** `off`: this process was told not to work; `failing`: a loop cannot do its work right now. */
  worker: 'on' | 'off' | 'failing' | 'stopped';
  /** How long the oldest event waits to be routed, by whichever process; null when none does. */
  oldestEventMs: number | null;
}

/**
 * Tells whether automation works in this process, for probes. Its answer is what a health indicator of `@nestjs/terminus`
 * answers, and needs nothing of it:
 *
 * ```ts
 * this.health.check([() => this.automationHealth.isHealthy('automation')])
 * ```
 */
@Injectable()
export class AutomationHealth {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly engine: AutomationEngine,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** Never throws: what is wrong is in the answer. */
  async isHealthy<Key extends string = 'automation'>(
    key = 'automation' as Key,
    { maxEventAgeMs = 60_000, timeoutMs = 3_000 }: HealthLimits = {},
  ): Promise<Record<Key, HealthState>> {
    const backlog = await this.backlog(timeoutMs);
    const worker = this.worker();
    const state = { database: 'age' in backlog ? ('up' as const) : ('down' as const), worker, oldestEventMs: backlog.age ?? null };
    const message = this.wrong(backlog, worker, maxEventAgeMs);
    const judged: HealthState = message === null ? { status: 'up', ...state } : { status: 'down', message, ...state };
    return { [key]: judged } as Record<Key, HealthState>;
  }

  private worker(): HealthState['worker'] {
    if (!this.settings.workerEnabled) return 'off';
    if (!this.engine.isWorking) return 'stopped';
    return this.engine.trouble.length > 0 ? 'failing' : 'on';
  }

  private wrong(backlog: Backlog, worker: HealthState['worker'], maxEventAgeMs: number): string | null {
    if ('reason' in backlog) return `The database of automation does not answer: ${backlog.reason}`;
    if (worker === 'stopped') return 'The worker of this process does not run.';
    if (worker === 'failing') return `The worker is in trouble: ${this.engine.trouble.join(' ')}`;
    // Where others work, a restart of this process would mend nothing.
    if (worker === 'off' || backlog.age === null || backlog.age <= maxEventAgeMs) return null;
    return `An event has been waiting to be routed for ${Math.round(backlog.age / 1_000)} s.`;
  }

  private async backlog(timeoutMs: number): Promise<Backlog> {
    let found: Backlog = { reason: `nothing within ${timeoutMs} ms` };
    const look = async (): Promise<void> => {
      try {
        found = { age: await this.database.statement(oldestEventAge) };
      } catch (error) {
        found = { reason: error instanceof Error ? error.message : String(error) };
      }
    };
    await within(timeoutMs, look());
    return found;
  }
}

type Backlog = { age: number | null; reason?: never } | { reason: string; age?: never };
