import type { Catalog, ModuleDescription } from '../core/catalog.js';
import { knownExplanation } from '../core/condition/known-explanation.js';
import { sameJson } from '../core/derive-events.js';
import type { Actor, FieldChange } from '../core/event.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { knownChanges } from '../core/record-values.js';
import { inactiveWords, type Standing, standingAt } from '../core/why/life.js';
import type { EventItem, EventLook } from '../store/run-log-store.js';
import type { EventLooks, TimelineChange, TimelineEvent, TimelinePlace } from '../store/timeline.js';
import type { WorkspaceWorkflow } from '../store/why-store.js';

/** The workflow behind an item. */
export interface TimelineAuthor {
  workflowId: string;
  /** Of an event the name at the time; of a change the present one, or the last one of a workflow that has been deleted. */
  workflowName: string | null;
  runId: string;
  /** The step; null where it is not known. */
  path: string | null;
}

/** A workflow that would listen to the event, and was not active at the time. */
export interface InactiveWorkflow {
  workflowId: string;
  workflowName: string;
  /** What it was; `unborn`: it was created later. */
  was: Exclude<Standing['kind'], 'active' | 'unknown'>;
  /** The same in sentences, with who made it so. */
  summary: string;
}

/** Something that happened to the record, by an event that is stored. */
export interface EventTimelineItem {
  kind: 'event';
  /** ISO 8601. */
  at: string;
  event: EventItem;
  /** The workflow, run and step behind it; null unless a workflow did it. */
  by: TimelineAuthor | null;
  changes: Record<string, FieldChange> | null;
  /** What workflows made of it: what failed first, then what ran, then what was skipped. */
  looks: EventLook[];
  /** How many looks are left out. */
  moreLooks: number;
  /** Those that would listen to it now and were not active when it was looked at. */
  inactive: InactiveWorkflow[];
  /** How many workflows were active and listen to something else; null where that is not asked: before anybody has looked, or of one workflow. */
  silent: number | null;
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

/** Of those that were not active, how many are shown for an event. */
const MOST_INACTIVE = 20;

/** What is known of how workflows looked at the events of a page. */
export interface AskedWorkflows {
  looks: ReadonlyMap<string, EventLooks>;
  lives: readonly WorkspaceWorkflow[];
  /** The one that is asked about; null: all. */
  workflowId: string | null;
  catalog: Catalog;
}

/** Returns an event as people read it. */
export function eventItem(row: TimelineEvent, asked: AskedWorkflows, module: ModuleDescription): EventTimelineItem {
  const { item, cause } = row;
  // Of a field that was hidden since, nothing is shown.
  const changes = row.changes && knownChanges(module, row.changes);
  const link = cause?.path.at(-1);
  const by =
    cause === null || link === undefined
      ? null
      : { workflowId: link.workflowId, workflowName: link.workflowName ?? null, runId: cause.runId, path: cause.step ?? null };
  const { looks, more } = asked.looks.get(item.id) ?? { looks: [], more: 0 };
  const told = looks.map((look) => ({ ...look, explanation: knownExplanation(asked.catalog, look.module, look.explanation) }));
  return { kind: 'event', at: isoOf(row), event: item, by, changes, looks: told, moreLooks: more, ...others(item, looks, asked) };
}

/** Whether workflows have been asked about an event. A start that names its workflow concerns no other. */
export function isAskedOfAll(item: EventItem): item is EventItem & { routedAt: string } {
  return item.routedAt !== null && item.target === null;
}

/** Those that made nothing of an event: it did not concern them, or they were not active. */
function others(item: EventItem, looks: readonly EventLook[], { lives, workflowId }: AskedWorkflows) {
  const inactive: InactiveWorkflow[] = [];
  if (!isAskedOfAll(item)) return { inactive, silent: null };
  const { module, event, routedAt } = item;
  // Moments of the database have microseconds, ours have not.
  const at = new Date(Date.parse(routedAt) + 1).toISOString();
  const looked = new Set(looks.map((look) => look.workflowId));
  let silent = 0;
  for (const { id, name, life, listensTo } of lives) {
    if (looked.has(id) || (workflowId !== null && workflowId !== id)) continue;
    const standing = standingAt(life, at);
    const isConcerned = listensTo === `${module}.${event}`;
    if (standing.kind === 'active') silent += isConcerned ? 0 : 1;
    else if (isConcerned && standing.kind !== 'unknown' && inactive.length < MOST_INACTIVE) {
      inactive.push({ workflowId: id, workflowName: name, was: standing.kind, summary: inactiveWords(standing) ?? '' });
    }
  }
  return { inactive, silent: workflowId === null ? silent : null };
}

/** Returns what a step did as people read it. */
export function changeItem(row: TimelineChange, module: ModuleDescription): ChangeTimelineItem {
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

function isoOf({ moment }: TimelinePlace): string {
  return new Date(moment).toISOString();
}
