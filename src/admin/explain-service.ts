import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { knownExplanation } from '../core/condition/known-explanation.js';
import { type NearestMiss, nearestMisses } from '../core/condition/nearest-miss.js';
import { nearestMissWords } from '../core/condition/words.js';
import { AutomationError } from '../core/errors.js';
import type { DomainEvent } from '../core/event.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { knownEvent } from '../core/record-values.js';
import { startSubject } from '../core/start/start.js';
import { type AskedAgain, answerOf, climb, type LadderRun, type Rung } from '../core/why/ladder.js';
import { standingAt } from '../core/why/life.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { Calendars } from '../engine/calendars.js';
import { ActiveWorkflows, type VersionOutcome } from '../engine/workflows/active-workflows.js';
import type { CompiledVersion } from '../engine/workflows/compiled-version.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { type EventRecord, findEvent, findRun, type RunRow } from '../store/run-log-store.js';
import { findLife, findRunsOf, findVersionAt } from '../store/why-store.js';
import { workflowNotFound } from './workflow-changes.js';

/** Why an event was worked on by a workflow, or was not. */
export interface ExplainedEvent {
  eventId: string;
  workflowId: string;
  /** Its last name, when it has been deleted. */
  workflowName: string | null;
  /** The version that counted: that of the run, else the one published at the time. */
  version: number | null;
  /** The answer in a sentence: the first rung that says no, or what has become of the run. */
  answer: string;
  /** With which values the conditions would have held; null unless it was them. */
  nearestMiss: { sentence: string; ways: NearestMiss[] } | null;
  rungs: Rung[];
  /** The run that came of it, and the last one of those that repeat it; null when there is none. A skipped one is none. */
  runId: string | null;
  lastRunId: string | null;
}

/** Explains one event to one workflow, rung by rung. Bound to the caller's workspace. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly active: ActiveWorkflows,
    private readonly calendars: Calendars,
  ) {}

  /** Throws `event_not_found`, `workflow_not_found`. */
  async explain(eventId: string, workflowId: string, caller: Caller): Promise<ExplainedEvent> {
    const { workspaceId } = caller;
    await this.calendars.prepare([workspaceId]);
    return this.database.read(async (manager) => {
      const stored = isUuid(eventId) ? await findEvent(manager, workspaceId, eventId) : null;
      if (!stored)
        throw new AutomationError('event_not_found', 'There is no event of this id.', { hint: 'Retention may have removed it.' });
      const record = knownEvent(this.catalog, stored);
      const at = momentOf(record);
      const workflow = isUuid(workflowId) ? await findLife(manager, workspaceId, workflowId, at) : null;
      if (!workflow) throw workflowNotFound();
      const ids = await findRunsOf(manager, workspaceId, eventId, workflowId);
      const first = ids && (await findRun(manager, workspaceId, ids.first, this.catalog));
      const last = ids && (ids.last === ids.first ? first : await findRun(manager, workspaceId, ids.last, this.catalog));
      const outcome = await this.version(manager, record, workflowId, workspaceId, first?.versionId ?? null, at);
      const event: DomainEvent = { ...record, workspaceId, cut: record.cut } as unknown as DomainEvent;
      const module = record.module === null ? null : (this.catalog.modules.get(record.module) ?? null);
      const again = outcome && this.askAgain(event, outcome, at);
      const standing = standingAt(workflow.life, at.toISOString());
      const rungs = climb({
        workflowId,
        event: { ...record, targetId: record.target?.workflowId ?? null, ignores: record.target?.force ?? [] },
        standing,
        version: outcome && again && { ...numberAndTrigger(outcome), again },
        run: first && last ? { first: this.told(first), last: this.told(last) } : null,
        module,
      });
      const isRun = first !== null && first.status !== 'skipped';
      return {
        eventId,
        workflowId,
        workflowName: workflow.name,
        version: first?.version ?? (outcome ? numberAndTrigger(outcome).version : null),
        answer: answerOf(rungs),
        nearestMiss: this.nearestMiss(rungs, event, outcome, again, at),
        rungs,
        runId: isRun ? first.id : null,
        lastRunId: isRun ? (last?.id ?? null) : null,
      };
    });
  }

  /** The version that counted; null when it is gone, or there was none. */
  private async version(
    manager: EntityManager,
    { target }: EventRecord,
    workflowId: string,
    workspaceId: string,
    ofRun: string | null,
    at: Date,
  ): Promise<VersionOutcome | null> {
    const named = target?.workflowId === workflowId ? (target.versionId ?? null) : null;
    const versionId = ofRun ?? named ?? (await findVersionAt(manager, workspaceId, workflowId, at));
    if (versionId === null) return null;
    return (await this.active.versionsOf(manager, [{ workspaceId, versionId }])).get(versionId) ?? null;
  }

  private told({ id, version, status, reason, createdAt, summary, explanation, module }: RunRow): LadderRun {
    return { id, version, status, reason, createdAt, summary, explanation: knownExplanation(this.catalog, module, explanation) };
  }

  /** What the version says of the event as it is kept. */
  private askAgain(event: DomainEvent, outcome: VersionOutcome, at: Date): AskedAgain {
    if (outcome.kind === 'unreadable') return { kind: 'unreadable', message: outcome.failure.error.message };
    const { version } = outcome;
    const explained = event.target === null ? version.trigger.explain(event) : { matched: true };
    const trigger = explained.matched ? null : (explained.reason ?? 'The trigger does not match.');
    const lacks = lackingOf(event, version);
    if (lacks.length > 0) return { kind: 'incomplete', trigger, lacks };
    return { kind: 'asked', trigger, conditions: version.conditions?.explain(this.subject(event, at)) ?? null };
  }

  private nearestMiss(
    rungs: readonly Rung[],
    event: DomainEvent,
    outcome: VersionOutcome | null,
    again: AskedAgain | null,
    at: Date,
  ): ExplainedEvent['nearestMiss'] {
    const isMiss = rungs.some(({ rung, result }) => rung === 'conditions' && result === 'no');
    if (!isMiss || outcome?.kind !== 'compiled' || again?.kind !== 'asked') return null;
    const { conditions, trigger } = outcome.version.definition;
    if (conditions === undefined) return null;
    const module = 'module' in trigger && trigger.module !== undefined ? (this.catalog.modules.get(trigger.module) ?? null) : null;
    const ways = nearestMisses(conditions, module, this.subject(event, at));
    const sentence = nearestMissWords(ways, module);
    return sentence === null ? null : { sentence, ways };
  }

  private subject(event: DomainEvent, now: Date) {
    const calendar = this.calendars.of(event.workspaceId);
    return startSubject(event, { now, timezone: calendar.timezone, calendar });
  }
}

/** When it was decided; of an event that nobody has looked at yet, now. Moments of the database have microseconds, ours have not. */
function momentOf({ routedAt }: EventRecord): Date {
  return new Date((routedAt === null ? Date.now() : Date.parse(routedAt)) + 1);
}

function numberAndTrigger(outcome: VersionOutcome): { version: number; trigger: JsonObject } {
  const { version, definition } =
    outcome.kind === 'compiled'
      ? { version: outcome.version.version, definition: outcome.version.definition as unknown as JsonObject }
      : { version: outcome.row.version, definition: isJsonObject(outcome.row.definition) ? outcome.row.definition : {} };
  const trigger = isJsonObject(definition.trigger) ? definition.trigger : {};
  // A trigger may hold what nobody may read again.
  const { type = null, module = null, event = null } = trigger;
  return { version, trigger: { type, module, event } };
}

/** What the conditions read and the event does not carry: it was read from the CRM when the event was routed, or was cut. */
function lackingOf({ record, cut, module }: DomainEvent, { conditions, ...version }: CompiledVersion): string[] {
  const { conditionRelations, conditionComputed, conditionMachines } = version;
  if (conditions === null || module === null) return [];
  if (record === null) return ['the record'];
  const cutFields = (cut ?? []).filter((path) => conditions.paths.some((read) => read === path || read.startsWith(`${path}.`)));
  const machines = conditionMachines.map((code) => `machine.${code}`);
  return [...[...conditionRelations, ...conditionComputed].filter((name) => !Object.hasOwn(record, name)), ...cutFields, ...machines];
}
