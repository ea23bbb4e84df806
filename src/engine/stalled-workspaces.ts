import { Inject, Injectable } from '@nestjs/common';
import { ENGINE_SETTINGS, type EngineSettings } from './engine-settings.js';

/** For how many limits of a call a workspace is kept apart: what hangs takes a fifth of the time then. */
const PAUSES = 4;

/** Workspaces for which the CRM's own code did not answer lately: each further look costs everybody beside them a whole limit. */
@Injectable()
export class StalledWorkspaces {
  /** Any call: their runs are advanced apart from others. */
  readonly running: Lately;
  /** Records that routing asked for: their events are left alone, since nothing can be decided about them. */
  readonly routing: Lately;
  /** Records that were due, by {@link nameOfModule}: those of the workspace's other modules start meanwhile. */
  readonly dates: Lately;

  constructor(@Inject(ENGINE_SETTINGS) { limits }: EngineSettings) {
    this.running = new Lately(PAUSES * limits.crmCallMs);
    this.routing = new Lately(PAUSES * limits.crmCallMs);
    this.dates = new Lately(PAUSES * limits.crmCallMs);
  }
}

/** The name of a module among those of all workspaces. */
export function nameOfModule(workspaceId: string, module: string): string {
  return JSON.stringify([workspaceId, module]);
}

/** What was noted within a span of time. */
class Lately {
  private readonly until = new Map<string, number>();

  constructor(private readonly spanMs: number) {}

  add(workspaceId: string): void {
    this.until.set(workspaceId, performance.now() + this.spanMs);
  }

  has(workspaceId: string): boolean {
    return this.until.size > 0 && this.all.includes(workspaceId);
  }

  get all(): string[] {
    const now = performance.now();
    for (const [workspaceId, until] of this.until) if (until <= now) this.until.delete(workspaceId);
    return [...this.until.keys()];
  }
}
