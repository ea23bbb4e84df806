import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import type { Actor, RecordData } from '../../core/event.js';
import type { CompiledTransition } from '../../core/machine/compiled-machine.js';
import { leadsFrom } from '../../core/machine/graph.js';
import type { MachineDefinition } from '../../core/machine/types.js';
import { nextTicks } from '../../core/trigger/schedule.js';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { databaseNow } from '../../store/clock.js';
import { AutomationDatabase } from '../../store/database.js';
import { insertStarts, type StartRow } from '../../store/event-store.js';
import { versionsWithInstances } from '../../store/machines/counts.js';
import {
  advancePoll,
  type DuePoll,
  insertPolls,
  instancesBehind,
  lockDuePoll,
  type PollCursor,
  type PolledInstance,
  removePoll,
} from '../../store/machines/polls.js';
import { startRow } from '../../store/start-row.js';
import { Calendars } from '../calendars.js';
import type { DueWork, TimingRound } from '../timing/timed-trigger.js';
import { type MachineVersion, MachineVersions } from './machine-versions.js';

/** Instances that one transaction looks at. */
const BATCH = 500;
const POLL: Actor = { type: 'system', id: null, name: 'Poll' };

/**
 * Transitions by scheduled polls: at each tick a walk through the instances in the states that they lead from, a bounded
 * number a transaction. A start is captured only where the conditions hold now; the router asks them again. What is walked
 * is the version's own instances, for older versions tick on while they have some.
 */
@Injectable()
export class MachinePolls implements DueWork {
  readonly name = 'polls of machines';
  readonly kind = 'machinePolls';
  private readonly logger = new Logger('AutomationTiming');

  constructor(
    private readonly database: AutomationDatabase,
    private readonly versions: MachineVersions,
    private readonly calendars: Calendars,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /** Belongs into the transaction that publishes a version of a machine. */
  async published(
    manager: EntityManager,
    version: { workspaceId: string; machineId: string; versionId: string },
    { transitions }: Pick<MachineDefinition, 'transitions'>,
  ): Promise<void> {
    const polled = transitions.filter(({ trigger }) => trigger.type === 'poll');
    if (polled.length === 0) return;
    const now = await databaseNow(manager);
    const polls = polled.flatMap(({ code: transition, trigger }) => {
      const nextAt = nextTick(trigger, now);
      return nextAt === null ? [] : [{ ...version, transition, nextAt }];
    });
    await insertPolls(manager, polls);
  }

  /** One batch of one poll. */
  round(): Promise<TimingRound> {
    return this.database.transaction(async (manager) => {
      const poll = await lockDuePoll(manager);
      if (poll === null) return { starts: 0, more: false };
      await this.database.enter(manager, poll.workspaceId);
      const outcome = (await this.versions.load(manager, [poll])).get(poll.versionId);
      // A version that is gone, or that nobody is on any more.
      if (outcome === undefined || !(await isUsed(manager, poll))) {
        await removePoll(manager, poll);
        return { starts: 0, more: true };
      }
      if (outcome.kind === 'unreadable') {
        // Left for a process that can read it.
        await advancePoll(manager, poll, poll);
        return { starts: 0, more: false };
      }
      return this.walk(manager, poll, outcome.machine);
    });
  }

  private async walk(manager: EntityManager, poll: DuePoll, version: MachineVersion): Promise<TimingRound> {
    const transition = version.transitions.find(({ definition }) => definition.code === poll.transition);
    const nextAt = transition ? nextTick(transition.definition.trigger, poll.now) : null;
    if (transition === undefined || nextAt === null) {
      await removePoll(manager, poll);
      return { starts: 0, more: true };
    }
    const states = version.definition.states.filter((state) => leadsFrom(transition.definition, state)).map(({ code }) => code);
    const [first] = states;
    const cursor = poll.cursor ?? (first === undefined ? null : { state: first, enteredAt: null, id: null });
    if (cursor === null || !poll.isEnabled || !transition.definition.enabled) {
      await advancePoll(manager, poll, { nextAt, cursor: null });
      return { starts: 0, more: true };
    }
    const { workspaceId, machineId } = poll;
    const instances = await instancesBehind(manager, { workspaceId, machineId, until: poll.nextAt }, cursor, BATCH);
    const meant = instances.filter(({ versionId, isAtRest }) => isAtRest && versionId === poll.versionId);
    const holding = await this.holding(manager, poll, version, transition, meant);
    // The CRM does not answer: this part of the walk comes again.
    if (holding === null) {
      await advancePoll(manager, poll, { nextAt: poll.nextAt, cursor });
      return { starts: 0, more: false };
    }
    await insertStarts(
      manager,
      holding.map((instance) => startOf(poll, instance)),
    );
    const next = nextCursor(cursor, instances, states);
    await advancePoll(manager, poll, next === null ? { nextAt, cursor: null } : { nextAt: poll.nextAt, cursor: next });
    return { starts: holding.length, more: true };
  }

  /** Those of the instances for which the conditions hold now; null when the CRM does not answer. */
  private async holding(
    manager: EntityManager,
    { workspaceId, now }: DuePoll,
    { definition, conditionRelations, conditionMachines }: MachineVersion,
    { conditions }: CompiledTransition,
    instances: readonly PolledInstance[],
  ): Promise<readonly PolledInstance[] | null> {
    // Where the record stands in machines, the router knows.
    if (conditions === null || conditionMachines.length > 0 || !('module' in definition.for) || instances.length === 0) return instances;
    const ids = instances.flatMap(({ recordId }) => (recordId === null ? [] : [recordId]));
    const options = { lock: false, relations: [...conditionRelations] };
    const found = await this.crm.findRecords({ manager, workspaceId }, definition.for.module, ids, options).catch((error: unknown) => {
      if (!(error instanceof AutomationError && error.code === 'crm_timed_out')) throw error;
      this.logger.warn(`Workspace ${workspaceId}: the CRM does not answer 'findRecords'; a poll of a machine waits.`);
      return null;
    });
    if (found === null) return null;
    await this.calendars.prepare([workspaceId]);
    const calendar = this.calendars.of(workspaceId);
    const nothing = {
      previous: null,
      changes: {},
      trigger: {},
      context: {},
      steps: {},
      actor: POLL,
      now,
      timezone: calendar.timezone,
      calendar,
    };
    return instances.filter(({ recordId }) => {
      const record: RecordData | undefined = found.get(recordId ?? '');
      return record !== undefined && conditions.test({ record, ...nothing });
    });
  }
}

/** Of the published version there may be instances at any time. */
async function isUsed(manager: EntityManager, { workspaceId, machineId, versionId, isPublished }: DuePoll): Promise<boolean> {
  if (isPublished) return true;
  return (await versionsWithInstances(manager, workspaceId, [machineId])).some((one) => one.versionId === versionId);
}

function nextTick(trigger: MachineDefinition['transitions'][number]['trigger'], now: Date): Date | null {
  return trigger.type === 'poll' ? (nextTicks(trigger.cron, trigger.timezone, now, 1)?.[0] ?? null) : null;
}

/** Null: the walk is over. */
function nextCursor({ state }: PollCursor, instances: readonly PolledInstance[], states: readonly string[]): PollCursor | null {
  const last = instances.at(-1);
  if (last && instances.length === BATCH) return { state, enteredAt: last.enteredAt, id: last.id };
  const next = states[states.indexOf(state) + 1];
  return next === undefined ? null : { state: next, enteredAt: null, id: null };
}

function startOf({ workspaceId, machineId, transition, nextAt }: DuePoll, { id, module, recordId, entry }: PolledInstance): StartRow {
  return startRow({
    workspaceId,
    module,
    event: 'poll',
    recordId,
    actor: POLL,
    source: 'poll',
    trigger: { type: 'poll', entry, at: nextAt.toISOString() },
    target: { workflowId: machineId, instanceId: id, transition },
  });
}
