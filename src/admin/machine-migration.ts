import { Injectable } from '@nestjs/common';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { AutomationError } from '../core/errors.js';
import { parseMachine } from '../core/machine/parser.js';
import type { MachineState } from '../core/machine/types.js';
import { Calendars } from '../engine/calendars.js';
import { timeoutOf } from '../engine/machines/instance-changes.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { countByState, type StateCount } from '../store/machines/census.js';
import { addInstanceCounts } from '../store/machines/counts.js';
import { insertHistory } from '../store/machines/history.js';
import { findMachine } from '../store/machines/machine-list.js';
import { FIRST_INSTANCE, lockMigratable, type MigrationCursor, moveToVersion } from '../store/machines/migrate.js';
import { findVersion } from '../store/workflow-versions.js';
import { MachineChanges } from './machine-changes.js';

/** So many in one transaction: routers wait for those instances meanwhile. */
const AT_ONCE = 500;
/** A request goes on for so long; a further one goes on where it has ended. */
const LONGEST_MS = 20_000;

/** What has become, or would become, of the instances on earlier versions. */
export interface MachineMigration {
  /** The published version, to which they go. */
  version: number;
  /** How many have gone over; of a preview how many would. */
  migrated: number;
  /** Those whose state the published version does not have: they stay, and go on by their own version. */
  staying: { version: number; state: string; instances: number }[];
  /** Those that are left on earlier versions though their state is there: a transition of theirs is under way, or time was up. */
  left: number;
}

/** The published version of a machine, as migrating needs it. */
interface Goal {
  workspaceId: string;
  machineId: string;
  versionId: string;
  version: number;
  states: readonly MachineState[];
}

/** Of instances on other versions how many may go over to one, and which stay. */
interface Movable {
  ready: number;
  staying: MachineMigration['staying'];
}

/** Returns which instances, all of them on other versions, may go over to one that has these states. */
export function movable(counts: readonly StateCount[], states: readonly MachineState[]): Movable {
  const isThere = ({ state }: StateCount): boolean => states.some(({ code }) => code === state);
  const staying = counts.filter((count) => !isThere(count));
  return {
    ready: counts.filter(isThere).reduce((total, { instances }) => total + instances, 0),
    staying: staying.map(({ version, state, instances }) => ({ version, state, instances })),
  };
}

/** Takes instances over to the published version: those whose state is there. Nothing is dropped. */
@Injectable()
export class MachineMigrations {
  constructor(
    private readonly database: AdminDatabase,
    private readonly changes: MachineChanges,
    private readonly calendars: Calendars,
  ) {}

  /**
   * In bounded batches, each a transaction of its own: what has gone over stays so. Timeouts are those of the published
   * version, from entering the state on. Throws `machine_not_found` and `machine_not_published`.
   */
  async migrate(id: string, { dryRun = false }: { dryRun?: boolean }, caller: Caller): Promise<MachineMigration> {
    const goal = await this.goal(id, caller);
    const before = await this.census(goal);
    const { staying } = before;
    if (dryRun) return { version: goal.version, migrated: before.ready, staying, left: 0 };
    await this.calendars.prepare([caller.workspaceId]);
    let migrated = 0;
    const until = Date.now() + LONGEST_MS;
    for (const state of goal.states) {
      for (let after: MigrationCursor | null = FIRST_INSTANCE; after !== null && Date.now() < until; ) {
        const batch: { moved: number; next: MigrationCursor | null } = await this.batch(goal, state, after, caller);
        migrated += batch.moved;
        after = batch.next;
      }
    }
    if (migrated > 0) {
      await this.changes.ofDraft(id, caller, (manager) =>
        this.changes.audit(manager, caller, id, {
          action: 'migrated',
          before: null,
          after: { version: goal.version, instances: migrated },
        }),
      );
    }
    return { version: goal.version, migrated, staying, left: (await this.census(goal)).ready };
  }

  private async batch(
    goal: Goal,
    state: MachineState,
    after: MigrationCursor,
    caller: Caller,
  ): Promise<{ moved: number; next: MigrationCursor | null }> {
    const { workspaceId, machineId, versionId, version } = goal;
    const calendar = this.calendars.of(workspaceId);
    return this.database.transaction(async (manager) => {
      const locked = await lockMigratable(manager, { workspaceId, machineId, versionId, state: state.code }, after, AT_ONCE);
      const moved = locked.map(({ id, enteredAt }) => ({ id, timeoutAt: timeoutOf(state, enteredAt, calendar) }));
      await moveToVersion(manager, { workspaceId, versionId, isFinal: state.final === true }, moved);
      const nothing = { transition: null, trigger: null, eventId: null, runId: null, timeInStateMs: null };
      const history = locked.map(({ id: instanceId }) => ({
        ...{ workspaceId, instanceId, id: uuidv7(), machineId, kind: 'migrated' as const, ...nothing },
        ...{ fromState: state.code, toState: state.code, actor: callerAsActor(caller), explanation: { toVersion: version } },
      }));
      await insertHistory(manager, history);
      const count = (of: string, instances: number) => ({ workspaceId, machineId, versionId: of, state: state.code, instances });
      const gone = [...new Set(locked.map((one) => one.versionId))].map((of) =>
        count(of, -locked.filter((one) => one.versionId === of).length),
      );
      await addInstanceCounts(manager, locked.length === 0 ? [] : [...gone, count(versionId, locked.length)]);
      const last = locked.length < AT_ONCE ? undefined : locked.at(-1);
      return { moved: locked.length, next: last ? { enteredAt: last.enteredAtText, id: last.id } : null };
    });
  }

  /** The instances on earlier versions: how many may go over, and which stay. */
  private async census({ workspaceId, machineId, versionId, states }: Goal): Promise<Movable> {
    const counts = await this.database.read((manager) => countByState(manager, workspaceId, machineId));
    return movable(
      counts.filter((count) => count.versionId !== versionId),
      states,
    );
  }

  private goal(id: string, { workspaceId }: Caller): Promise<Goal> {
    return this.database.read(async (manager) => {
      const machine = isUuid(id) ? await findMachine(manager, workspaceId, id) : null;
      if (!machine) throw this.changes.notFound();
      const published = machine.version === null ? null : await findVersion(manager, workspaceId, id, machine.version);
      const parsed = published && parseMachine(published.definition, null);
      if (!published || !parsed?.ok) {
        throw new AutomationError('machine_not_published', 'The machine has no published version to go over to.', {
          hint: 'Publish it first.',
        });
      }
      return { workspaceId, machineId: id, versionId: published.id, version: published.version, states: parsed.machine.states };
    });
  }
}
