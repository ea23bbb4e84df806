import { Injectable } from '@nestjs/common';
import type { ModuleDescription } from '../core/catalog.js';
import { sameJson } from '../core/derive-events.js';
import { AutomationError } from '../core/errors.js';
import type { Actor, FieldChange } from '../core/event.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { checkShape, invalidRequest, REQUEST_LIMITS } from '../core/json-shape.js';
import { knownChanges } from '../core/record-values.js';
import { FLOW_STEP_TYPES } from '../core/steps/index.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import {
  listRecordChanges,
  listRecordEvents,
  listRunsOfEvents,
  type TimelineChange,
  type TimelineEvent,
  type TimelinePaging,
  type TimelinePlace,
  type TimelineRun,
} from '../store/timeline.js';
import type { Page } from './run-service.js';

/** The workflow behind an item. */
export interface TimelineAuthor {
  workflowId: string;
  /** Of an event the name at the time; of a change the present one, or the last one of a workflow that has been deleted. */
  workflowName: string | null;
  runId: string;
  /** The step; null where it is not known. */
  path: string | null;
}

/** Something that happened to the record, by an event that is stored. */
export interface EventTimelineItem {
  kind: 'event';
  /** ISO 8601. */
  at: string;
  eventId: string;
  event: string;
  source: string;
  actor: Actor;
  /** Null unless a workflow did it. */
  by: TimelineAuthor | null;
  changes: Record<string, FieldChange> | null;
  /** What each workflow made of it. */
  runs: Omit<TimelineRun, 'eventId'>[];
}

/** Something that a step of a workflow did, by its execution: no event of it is stored, since nobody listened. */
export interface ChangeTimelineItem {
  kind: 'change';
  at: string;
  actor: Actor;
  by: TimelineAuthor;
  version: number;
  /** The action. */
  type: string;
  output: JsonObject | null;
  /** Told from the output of the actions that change fields of the record; null of others. */
  changes: Record<string, FieldChange> | null;
}

export type TimelineItem = EventTimelineItem | ChangeTimelineItem;

/** `<moment>~<key>`, as the items of the store have them. */
const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)~((?:event|change)[.0-9a-f-]{1,60})$/;

/** What happened to a record, and what workflows did about it and to it. Bound to the caller's workspace. */
@Injectable()
export class TimelineService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
  ) {}

  /** The timeline of a record, newest first; a record that is gone keeps its own. Throws `module_not_found`, `invalid_request`. */
  async list(
    record: { module: string; recordId: string },
    { cursor, limit }: { cursor?: string; limit: number },
    caller: Caller,
  ): Promise<Page<TimelineItem>> {
    checkShape(record, 'record', REQUEST_LIMITS);
    const module = this.catalog.modules.get(record.module);
    if (!module) throw new AutomationError('module_not_found', 'There is no module of this name.');
    const { workspaceId } = caller;
    const of = { ...record, workspaceId };
    const paging: TimelinePaging = { before: cursor === undefined ? null : placeOf(cursor), limit: limit + 1 };
    return this.database.read(async (manager) => {
      const events = await listRecordEvents(manager, of, paging);
      const changes = await listRecordChanges(manager, of, paging, this.leftOut);
      const all = [...events, ...changes].sort(newestFirst);
      const shown = all.slice(0, limit);
      const runs = await listRunsOfEvents(
        manager,
        workspaceId,
        shown.flatMap((one) => ('event' in one ? [one.id] : [])),
      );
      const items = shown.map((one) => ('event' in one ? eventItem(one, runs, module) : changeItem(one, module)));
      const last = shown.at(-1);
      return { items, nextCursor: last !== undefined && all.length > limit ? `${last.moment}~${last.key}` : null };
    });
  }

  /** Types of steps whose executions change nothing in the CRM. */
  private get leftOut(): string[] {
    const external = [...this.catalog.actions.values()].filter(({ effect }) => effect === 'external');
    return [...FLOW_STEP_TYPES, ...external.map(({ type }) => type)];
  }
}

function placeOf(cursor: string): TimelinePlace {
  const [, moment, key] = CURSOR.exec(cursor) ?? [];
  if (moment !== undefined && key !== undefined && isMoment(moment)) return { moment, key };
  throw invalidRequest([{ path: 'cursor', message: 'cursor must be the nextCursor of an earlier page' }]);
}

/** False for what only looks like one: a 31 February, or a year that Postgres does not have. */
function isMoment(text: string): boolean {
  const ms = Date.parse(text);
  return ms >= 0 && new Date(ms).toISOString().slice(0, 19) === text.slice(0, 19);
}

function newestFirst(a: TimelinePlace, b: TimelinePlace): number {
  if (a.moment !== b.moment) return a.moment < b.moment ? 1 : -1;
  return a.key < b.key ? 1 : -1;
}

function isoOf({ moment }: TimelinePlace): string {
  return new Date(moment).toISOString();
}

function eventItem(row: TimelineEvent, runs: readonly TimelineRun[], module: ModuleDescription): EventTimelineItem {
  const { id, event, source, actor, cause } = row;
  // Of a field that was hidden since, nothing is shown.
  const changes = row.changes && knownChanges(module, row.changes);
  const link = cause?.path.at(-1);
  const by =
    cause === null || link === undefined
      ? null
      : { workflowId: link.workflowId, workflowName: link.workflowName ?? null, runId: cause.runId, path: cause.step ?? null };
  const made = runs.filter(({ eventId }) => eventId === id).map(({ eventId: _, ...run }) => run);
  return { kind: 'event', at: isoOf(row), eventId: id, event, source, actor, by, changes, runs: made };
}

function changeItem(row: TimelineChange, module: ModuleDescription): ChangeTimelineItem {
  const { workflowId, workflowName, runId, path, version, type, output } = row;
  const actor: Actor = { type: 'workflow', id: workflowId, ...(workflowName === null ? {} : { name: workflowName }) };
  const by = { workflowId, workflowName, runId, path };
  const all = changesOf(type, output ?? {}, module);
  const changes = all && knownChanges(module, all);
  // The output tells of the same fields: of one that was hidden since, it is not shown either.
  const isWhole = all === null || Object.entries(all).every(([name, change]) => sameJson({ ...change }, { ...changes?.[name] }));
  return { kind: 'change', at: isoOf(row), actor, by, version, type, output: isWhole ? output : null, changes };
}

/** The fields that a built-in action has changed, as its output tells. */
function changesOf(type: string, output: JsonObject, module: ModuleDescription): Record<string, FieldChange> | null {
  switch (type) {
    case 'change_field':
      if (isJsonObject(output.changes)) return output.changes as unknown as Record<string, FieldChange>;
      return one(output.field, output.from, output.to);
    case 'move_stage':
      return one(module.stageField, output.from, output.to);
    case 'assign_owner':
      return one(module.ownerField, output.previousOwnerId, output.ownerId);
    default:
      return null;
  }
}

function one(field: unknown, from: FieldChange['from'] = null, to: FieldChange['to'] = null): Record<string, FieldChange> | null {
  return typeof field === 'string' ? { [field]: { from, to } } : null;
}
