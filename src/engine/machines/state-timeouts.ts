import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../../core/event.js';
import { databaseNow } from '../../store/clock.js';
import { AutomationDatabase } from '../../store/database.js';
import { workspacesWithDue } from '../../store/due-by-workspace.js';
import { insertStarts, type StartRow } from '../../store/event-store.js';
import { versionsWithInstances } from '../../store/machines/counts.js';
import {
  type DueInstance,
  fireMissedTimeouts,
  lockDueInstances,
  restartMissedTimeouts,
  takeTimeouts,
} from '../../store/machines/timeouts.js';
import { startRow } from '../../store/start-row.js';
import { Turns } from '../../store/turns.js';
import { Calendars } from '../calendars.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { isConnectionLoss } from '../failures.js';
import { FloodWatch } from '../routing/flood-watch.js';
import type { DueWork, TimingRound } from '../timing/timed-trigger.js';
import { WakeUp } from '../wake-up.js';
import { timeoutOf } from './instance-changes.js';
import { MachineVersions } from './machine-versions.js';

/** Instances that one transaction captures the timeouts of. */
const BATCH = 500;
/** The same while another workspace has events of its own. */
const CROWDED_BATCH = 50;
/** Workspaces that one round goes through, a transaction each. */
const MOST_WORKSPACES = 20;
const TIMEOUT: Actor = { type: 'system', id: null, name: 'Timeout' };

/** What becomes of timeouts that came due while their machine was disabled. */
export const MISSED_TIMEOUTS = ['fire', 'restart'] as const;
export type MissedTimeouts = (typeof MISSED_TIMEOUTS)[number];

/**
 * Timeouts of states: each is on the row of its instance, and goes in the transaction that captures its start, so that it
 * fires once. Whether the instance is still where it was meant for is decided when the start is routed, under its lock.
 */
@Injectable()
export class StateTimeouts implements DueWork {
  readonly name = 'state timeouts';
  readonly kind = 'stateTimeouts';
  private readonly turns = new Turns();
  private readonly logger = new Logger('AutomationTiming');

  constructor(
    private readonly database: AutomationDatabase,
    private readonly versions: MachineVersions,
    private readonly calendars: Calendars,
    private readonly wakeUp: WakeUp,
    private readonly floods: FloodWatch,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  async round(): Promise<TimingRound> {
    const workspaces = await this.database.statement((manager) => workspacesWithDue(manager, 'instances', MOST_WORKSPACES, this.turns));
    // Due they are, or nobody would have come.
    const total: TimingRound = { starts: 0, more: workspaces.length === 0 && 'soon' };
    let idle = 0;
    for (const workspaceId of workspaces) {
      try {
        const most = this.floods.isCrowded ? CROWDED_BATCH : BATCH;
        const due = await this.database.transaction((manager) => this.captureIn(manager, workspaceId, most));
        if (due.length === 0) idle += 1;
        total.starts += due.filter(({ isEnabled }) => isEnabled).length;
        total.more ||= due.length === most;
      } catch (error) {
        if (isConnectionLoss(error)) throw error;
        idle += 1;
        this.logger.error(`Workspace ${workspaceId}: its timeouts of states wait: ${String(error)}`);
      }
    }
    total.more ||= workspaces.length === MOST_WORKSPACES && idle < workspaces.length;
    return total;
  }

  /** Belongs into each transaction that has set timeouts: whoever waits for the next one may wait for too long. */
  expect(manager: EntityManager, inMs: number): void {
    const { pollIntervalMs, idlePollIntervalMs } = this.settings;
    if (inMs < Math.max(pollIntervalMs, idlePollIntervalMs)) this.wakeUp.announceAfterCommit(manager, 'timing');
  }

  /**
   * Belongs into the transaction that enables a machine: what becomes of the timeouts that came due while it was disabled.
   * What is due and was not looked at meanwhile fires by itself.
   */
  async enabled(manager: EntityManager, workspaceId: string, machineId: string, missed: MissedTimeouts): Promise<void> {
    if (missed === 'fire') {
      this.expect(manager, 0);
      return fireMissedTimeouts(manager, workspaceId, machineId);
    }
    await this.calendars.prepare([workspaceId]);
    const calendar = this.calendars.of(workspaceId);
    const now = await databaseNow(manager);
    const used = await versionsWithInstances(manager, workspaceId, [machineId]);
    const outcomes = await this.versions.load(
      manager,
      used.map(({ versionId }) => ({ workspaceId, versionId })),
    );
    const timeouts = [...outcomes].flatMap(([versionId, outcome]) => {
      const states = outcome.kind === 'compiled' ? outcome.machine.definition.states : [];
      return states.flatMap((state) => {
        const timeoutAt = timeoutOf(state, now, calendar);
        return timeoutAt === null ? [] : [{ versionId, state: state.code, timeoutAt }];
      });
    });
    await restartMissedTimeouts(manager, workspaceId, machineId, timeouts);
  }

  private async captureIn(manager: EntityManager, workspaceId: string, most: number): Promise<DueInstance[]> {
    await this.database.enter(manager, workspaceId);
    const due = await lockDueInstances(manager, workspaceId, most);
    if (due.length === 0) return due;
    await insertStarts(manager, due.filter(({ isEnabled }) => isEnabled).map(startOf));
    await takeTimeouts(manager, due);
    return due;
  }
}

function startOf({ workspaceId, id, machineId, module, recordId, state, entry, timeoutAt }: DueInstance): StartRow {
  return startRow({
    workspaceId,
    module,
    event: 'timeout',
    recordId,
    actor: TIMEOUT,
    source: 'timeout',
    trigger: { type: 'timeout', state, entry, dueAt: timeoutAt.toISOString() },
    target: { workflowId: machineId, instanceId: id },
  });
}
