import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuidv7 } from 'uuid';
import { AutomationError } from '../core/errors.js';
import type { DomainEvent, StartRule } from '../core/event.js';
import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { knownEvent } from '../core/record-values.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { Starts } from '../engine/capture/starts.js';
import { type ForeseenStart, StartDecider } from '../engine/routing/start-decider.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { writeAudit } from '../store/audit-store.js';
import { databaseNow } from '../store/clock.js';
import type { ClaimedEvent } from '../store/event-claims.js';
import { loadEvents } from '../store/event-store.js';
import {
  findPendingReplays,
  listRunsOfReplays,
  lockForReplay,
  namesOfStartable,
  type Replay,
  type RunOfEvent,
} from '../store/replay-store.js';
import { findEvent } from '../store/run-log-store.js';

/** How an event is to be given to workflows again. */
export interface ReplayCommand {
  /** These workflows, whatever their triggers listen to; left out: those that listen to it now, or the one that it was for. */
  workflowIds?: string[];
  /** Also those that have run on it already. Default false. */
  again?: boolean;
  /** Rules of the workflows that are not to hold. Default none. */
  force?: StartRule[];
  /** Only say what would become of it. */
  dryRun?: boolean;
  /** Why, in the person's own words. */
  reason?: string | null;
}

/** What a replay means to one workflow. */
export interface ReplayedWorkflow {
  workflowId: string;
  workflowName: string;
  /** `ran`: it has run on the event already, and is left alone. `refused`: its trigger or its rules keep it out now. */
  verdict: 'starts' | 'ran' | 'refused';
  /** Why it is refused, as a skipped run would say. */
  reason: string | null;
  explanation: Json;
  /** What it has made of the event so far, replays included. */
  ran: Omit<RunOfEvent, 'workflowId'>[];
  /**
   * The id of the start, under which `GET events/:id` tells what came of it; null unless it starts. That of an earlier replay
   * which nobody has looked at yet, unless it is to start `again`: asked twice it starts once.
   */
  eventId: string | null;
}

/** What a replay did, or would do. */
export interface ReplayResult {
  dryRun: boolean;
  workflows: ReplayedWorkflow[];
}

/** The most workflows that one replay names. */
export const MOST_REPLAYED = 100;

/** Gives events to workflows again: new starts with all that the event carried, in which the person and the reason are kept. */
@Injectable()
export class ReplayService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly starts: Starts,
    private readonly decider: StartDecider,
    private readonly catalog: AutomationCatalog,
  ) {}

  /**
   * Replays an event. The workflows' rules are asked beforehand, and decide again when the starts are routed. Throws
   * `event_not_found`, `event_not_routed`, `workflow_not_found`.
   */
  replay(eventId: string, command: ReplayCommand, caller: Caller): Promise<ReplayResult> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const { again = false, force = [], dryRun = false, reason = null } = command;
    return this.database.transaction(async (manager) => {
      const { workspaceId } = caller;
      const event = await this.load(manager, eventId, workspaceId);
      // Before any lock that others wait for.
      if (!dryRun) await lockForReplay(manager, event);
      const wanted = await this.workflowsOf(manager, event, command.workflowIds);
      const pending = again ? new Map<string, string>() : await findPendingReplays(manager, event);
      const ran = await listRunsOfReplays(manager, { workspaceId, id: event.id });
      const replays = [...wanted].map(([workflowId, workflowName]) => ({
        workflowName,
        ran: ran.filter((run) => run.workflowId === workflowId).map(({ workflowId: _, ...run }) => run),
        start: { id: uuidv7(), target: { workflowId, ...(force.length > 0 && { force }) }, trigger: triggerOf(event, reason, caller) },
      }));
      const asked = replays.filter((one) => again || one.ran.length === 0);
      await this.database.enter(manager, workspaceId);
      const now = await databaseNow(manager);
      const foreseen = await this.decider.foresee(
        manager,
        asked.map(({ start }) => ({ ...event, ...start, parent: null, heard: null, claimedAt: now, sharing: null }) satisfies ClaimedEvent),
        now,
      );
      const isNamed = command.workflowIds !== undefined || event.target !== null;
      const workflows = replays.map(({ workflowName, ran, start }): ReplayedWorkflow => {
        const about = { workflowId: start.target.workflowId, workflowName, ran, reason: null, explanation: null, eventId: null };
        const index = asked.findIndex((one) => one.start === start);
        if (index < 0) return { ...about, verdict: 'ran' };
        const refusal = refusalOf(foreseen[index] ?? null, isNamed ? null : event);
        if (refusal) return { ...about, ...refusal, verdict: 'refused' };
        const captured = pending.get(start.target.workflowId);
        return { ...about, verdict: 'starts', eventId: captured ?? (dryRun ? null : start.id) };
      });
      if (!dryRun) {
        const started = replays.map(({ start }) => start).filter(({ id }) => workflows.some((one) => one.eventId === id));
        if (started.length > 0 || pending.size === 0)
          await this.write(manager, event, started, { ...command, force, again, reason }, caller);
      }
      return { dryRun, workflows };
    });
  }

  /**
   * Gives an event to one workflow that has not run on it: because it was skipped, paused, not published yet, or too late.
   * Returns the id of the start, and whether it is an earlier one that nobody has looked at yet; what comes of it the router
   * decides. Throws as {@link replay} does, and `event_already_ran`.
   */
  async runNow(
    eventId: string,
    workflowId: string,
    { force = [], reason = null }: Pick<ReplayCommand, 'force' | 'reason'>,
    caller: Caller,
  ): Promise<{ eventId: string; isNew: boolean }> {
    return this.database.transaction(async (manager) => {
      const { workspaceId } = caller;
      const event = await this.load(manager, eventId, workspaceId);
      await lockForReplay(manager, event);
      await this.workflowsOf(manager, event, [workflowId]);
      const pending = (await findPendingReplays(manager, event)).get(workflowId);
      const ran = (await listRunsOfReplays(manager, { workspaceId, id: event.id })).filter((run) => run.workflowId === workflowId);
      if (ran.length > 0) {
        throw new AutomationError('event_already_ran', 'The workflow has run on this event already.', {
          hint: 'Retry that run, or replay the event with `again`.',
          details: { runs: ran.map(({ id, status }) => ({ id, status })) },
        });
      }
      if (pending !== undefined) return { eventId: pending, isNew: false };
      const target = { workflowId, ...(force.length > 0 && { force }) };
      const start: Replay = { id: uuidv7(), target, trigger: triggerOf(event, reason, caller) };
      await this.write(manager, event, [start], { force, reason }, caller);
      return { eventId: start.id, isNew: true };
    });
  }

  private async load(manager: EntityManager, eventId: string, workspaceId: string): Promise<DomainEvent> {
    const found = isUuid(eventId) ? await findEvent(manager, workspaceId, eventId) : null;
    if (found === null)
      throw new AutomationError('event_not_found', 'There is no event of this id.', { hint: 'Retention may have removed it.' });
    if (found.routedAt === null) {
      throw new AutomationError('event_not_routed', 'Workflows have not looked at this event yet.', { hint: 'Wait a moment.' });
    }
    const event = (await loadEvents(manager, [{ workspaceId, id: eventId }])).get(eventId);
    if (!event) throw new AutomationError('event_not_found', 'There is no event of this id.');
    return { ...knownEvent(this.catalog, event), cut: found.cut };
  }

  /** The names of the workflows that it is for, by id. */
  private async workflowsOf(
    manager: EntityManager,
    event: DomainEvent,
    named: readonly string[] | undefined,
  ): Promise<Map<string, string>> {
    const { workspaceId, target } = event;
    const ids = named ?? (target === null ? await this.decider.listenersTo(manager, event) : [target.workflowId]);
    const names = await namesOfStartable(manager, workspaceId, [...new Set(ids)]);
    const missing = ids.filter((id) => !names.has(id));
    if (missing.length === 0) return names;
    throw new AutomationError('workflow_not_found', `There is no published workflow ${missing.join(', ')}.`);
  }

  private async write(
    manager: EntityManager,
    event: DomainEvent,
    starts: readonly Replay[],
    { force = [], again = false, reason = null }: ReplayCommand,
    caller: Caller,
  ): Promise<void> {
    const { workspaceId } = caller;
    if (starts.length > 0 && !(await this.starts.replay({ workspaceId, id: event.id }, starts, manager))) {
      throw new AutomationError('event_not_found', 'The event has been removed by retention just now.');
    }
    await writeAudit(manager, [
      {
        workspaceId,
        actor: callerAsActor(caller),
        action: 'event.replayed',
        targetType: 'event',
        targetId: event.id,
        before: null,
        after: {
          starts: starts.map(({ id, target }) => ({ workflowId: target.workflowId, eventId: id })),
          ...(again && { again }),
          ...(force.length > 0 && { force: [...force] }),
        },
        note: reason,
      },
    ]);
  }
}

/** What keeps a start from being one; `event` where the trigger is asked too. */
function refusalOf(foreseen: ForeseenStart | null, event: DomainEvent | null): { reason: string; explanation: Json } | null {
  if (foreseen === null) {
    return { reason: 'undecided', explanation: { rule: 'The CRM does not answer, or this process cannot read the workflow: try again.' } };
  }
  const { version, decision } = foreseen;
  const matched = event === null ? null : version.trigger.explain(event);
  if (matched !== null && !matched.matched)
    return { reason: 'trigger', explanation: { rule: matched.reason ?? 'The trigger does not match.' } };
  return decision.kind === 'skip' ? { reason: decision.reason, explanation: decision.explanation } : null;
}

/** What steps see as `trigger`: what they would have seen then, and that this is a replay. That it came too late is over. */
function triggerOf(event: DomainEvent, reason: string | null, caller: Caller): JsonObject {
  const { module, event: name, recordId, id: eventId, occurredAt } = event;
  const {
    tooLate: _,
    replay: __,
    refused,
    ...trigger
  } = event.trigger ?? { type: 'event', module, event: name, recordId, eventId, occurredAt };
  const { id, name: called = null } = callerAsActor(caller);
  // Its record is looked for anew. What was refused because nobody checked who calls stays refused.
  const isLookedForAgain = isJsonObject(refused) && refused.reason === 'record' && trigger.record !== undefined;
  const kept = refused === undefined || isLookedForAgain ? {} : { refused };
  return { ...trigger, ...kept, replay: { of: eventId, by: { id, name: called }, reason } };
}
