import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { LoggedError } from '../../core/errors.js';
import { circleFrom, stuckRuns, type WaitsFor } from '../../core/start/deadlock.js';
import { AutomationDatabase } from '../../store/database.js';
import { takeRuns } from '../../store/run-command-store.js';
import { findAwaitedRuns, findRunWaits, type RunRef, takeDeadlockLook } from '../../store/runs/awaited-runs.js';
import { WakeUp } from '../wake-up.js';
import { type EndedRun, RunEndings } from './run-endings.js';

/** Runs that one look begins with, that it follows from there, and that one of them may wait for. */
const LOOK = 100;
const MOST_FOLLOWED = 1_000;
const MOST_WAITED_FOR = 100;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/**
 * Ends runs that wait for each other for ever: one holds the place that another waits for, and waits itself for the end of a
 * run that waits for a place which the other holds. It takes two workflows that run each other, wait for it, and limit their
 * runs or keep them in order. The run that waits for its turn fails, and the step that waits for it knows why. Until then
 * nothing is lost, so a look is short, and the next one begins where it ended.
 */
@Injectable()
export class Deadlocks {
  private after = BEFORE_ALL;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly endings: RunEndings,
    private readonly wakeUp: WakeUp,
  ) {}

  /** Looks at some of the runs that wait for their turn while others wait for them. Returns how many were ended. */
  async look(): Promise<number> {
    const awaited = await this.database.statement((manager) => findAwaitedRuns(manager, this.after, LOOK));
    this.after = awaited.length < LOOK ? BEFORE_ALL : (awaited.at(-1) as RunRef).id;
    if (awaited.length === 0) return 0;
    const ended = await this.database.transaction((manager) => this.endAmong(manager, awaited));
    if (ended.length > 0) this.wakeUp.announce('runs');
    this.endings.tell(ended);
    return ended.length;
  }

  private async endAmong(manager: EntityManager, awaited: readonly RunRef[]): Promise<EndedRun[]> {
    if (!(await takeDeadlockLook(manager))) return [];
    const ended: EndedRun[] = [];
    for (const [workspaceId, ids] of byWorkspace(awaited)) ended.push(...(await this.endStuck(manager, workspaceId, ids)));
    return ended;
  }

  private async endStuck(manager: EntityManager, workspaceId: string, ids: readonly string[]): Promise<EndedRun[]> {
    const ended: EndedRun[] = [];
    const { waits, queued } = await this.follow(manager, workspaceId, ids);
    for (const id of ids) {
      const stuck = stuckRuns(waits);
      if (!stuck.has(id)) continue;
      const circle = circleFrom(waits, stuck, id);
      // The newest, whoever looks; one that waits for its turn is in every circle.
      const victim = circle
        .filter((one) => queued.has(one))
        .sort()
        .at(-1) as string;
      waits.delete(victim);
      const [taken] = await takeRuns(manager, workspaceId, [victim]);
      if (!taken) continue;
      const { now, ...claim } = taken;
      const error = whyEnded(victim, circle);
      ended.push(
        ...(await this.endings.end(manager, [
          { ...claim, status: 'failed', reason: error.code, error, failedSteps: 0, finishedAt: now.toISOString() },
        ])),
      );
    }
    return ended;
  }

  /** What the runs wait for, and what those wait for, and so on. Whatever is too much to follow counts as going on. */
  private async follow(
    manager: EntityManager,
    workspaceId: string,
    ids: readonly string[],
  ): Promise<{ waits: Map<string, WaitsFor>; queued: ReadonlySet<string> }> {
    const waits = new Map<string, WaitsFor>();
    const queued = new Set<string>();
    const seen = new Set(ids);
    for (let next = [...ids]; next.length > 0; ) {
      const found = await findRunWaits(manager, workspaceId, next, MOST_WAITED_FOR);
      next = [];
      for (const { id, kind, of } of found) {
        if (kind !== 'runs') queued.add(id);
        waits.set(id, { goesOnWhen: kind === 'record' ? 'all' : 'any', of });
        const unseen = of.filter((other) => !seen.has(other)).slice(0, MOST_FOLLOWED - seen.size);
        for (const other of unseen) seen.add(other);
        next.push(...unseen);
      }
    }
    return { waits, queued };
  }
}

function byWorkspace(runs: readonly RunRef[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { workspaceId, id } of runs) groups.set(workspaceId, [...(groups.get(workspaceId) ?? []), id]);
  return groups;
}

function whyEnded(id: string, circle: readonly string[]): LoggedError {
  const at = circle.indexOf(id);
  const way = [...circle.slice(at), ...circle.slice(0, at), id].join(' → ');
  return {
    code: 'deadlock',
    message: `It would have waited for its turn for ever: runs wait for each other, each for the next: ${way}.`,
    hint: 'Workflows that run each other and wait for it need no limit and no order on one of them, or no wait. Then retry the run that waited for this one.',
  };
}
