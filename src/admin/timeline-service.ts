import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { findRecords } from '../actions/find-records.js';
import type { ModuleDescription } from '../core/catalog.js';
import { AutomationError } from '../core/errors.js';
import { checkShape, invalidRequest, REQUEST_LIMITS } from '../core/json-shape.js';
import { titleOf } from '../core/record-title.js';
import { knownOf } from '../core/record-values.js';
import { FLOW_STEP_TYPES } from '../core/steps/index.js';
import { momentWords } from '../core/why/moment.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import type { Caller } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import {
  findNewestRecord,
  listLooks,
  listRecordChanges,
  listRecordEvents,
  type TimelineChange,
  type TimelineEvent,
  type TimelinePaging,
  type TimelinePlace,
  type TimelineRecord,
} from '../store/timeline.js';
import { listLives, type WorkspaceWorkflow } from '../store/why-store.js';
import { recordLinks } from './record-link.js';
import type { Page } from './run-service.js';
import { changeItem, eventItem, isAskedOfAll, type TimelineItem } from './timeline-items.js';

/** A page of a timeline. */
export interface TimelinePage extends Page<TimelineItem> {
  record: {
    module: string;
    id: string;
    /** What people call it, by its newest event, else by the CRM; null where neither knows it. */
    title: string | null;
    /** Where it is seen in the CRM; null where the host does not say. */
    url: string | null;
  };
  /** Older events have been removed. */
  eventsKeptSince: string;
  /** Why there is nothing, in sentences; null where there is something. */
  nothing: string | null;
}

/** Looks of an event that are shown. */
const MOST_LOOKS = 20;
/** Workflows that are asked whether they were active. */
const MOST_WORKFLOWS = 1_000;

/** `<moment>~<key>`, as the items of the store have them. */
const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)~((?:event|change)[.0-9a-f-]{1,60})$/;

/** What happened to a record, and what workflows did about it and to it. Bound to the caller's workspace. */
@Injectable()
export class TimelineService {
  private readonly logger = new Logger('AutomationTimeline');

  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: Pick<EngineSettings, 'retention' | 'recordUrl'>,
  ) {}

  /**
   * The timeline of a record, newest first; a record that is gone keeps its own. `workflowId`: with the looks of that workflow
   * alone. Throws `module_not_found`, `invalid_request`.
   */
  async list(
    record: { module: string; recordId: string },
    { cursor, limit, workflowId = null }: { cursor?: string; limit: number; workflowId?: string | null },
    caller: Caller,
  ): Promise<TimelinePage> {
    checkShape(record, 'record', REQUEST_LIMITS);
    const module = this.catalog.modules.get(record.module);
    if (!module) throw new AutomationError('module_not_found', 'There is no module of this name.');
    const { workspaceId } = caller;
    const of = { ...record, workspaceId };
    const paging: TimelinePaging = { before: cursor === undefined ? null : placeOf(cursor), limit: limit + 1 };
    return this.database.read(async (manager) => {
      const events = await listRecordEvents(manager, of, paging);
      const since = events.length > limit ? (events.at(-1)?.moment ?? null) : null;
      const changes = await listRecordChanges(manager, of, { ...paging, since }, this.leftOut);
      const all = [...events, ...changes].sort(newestFirst);
      const shown = all.slice(0, limit);
      const eventIds = shown.flatMap((one) => ('item' in one ? [one.item.id] : []));
      const looks = await listLooks(manager, workspaceId, eventIds, { most: MOST_LOOKS, workflowId }, this.catalog);
      const lives = await this.lives(manager, workspaceId, shown, workflowId);
      const asked = { looks, lives, workflowId, catalog: this.catalog };
      const items = shown.map((one) => ('item' in one ? eventItem(one, asked, module) : changeItem(one, module)));
      const last = shown.at(-1);
      const title = await this.title(manager, of, module);
      const eventsKeptSince = new Date(Date.now() - this.settings.retention.eventsMs).toISOString();
      return {
        record: {
          module: record.module,
          id: record.recordId,
          title,
          url: recordLinks(this.settings.recordUrl, workspaceId, this.logger)({ module: record.module, id: record.recordId }),
        },
        items,
        nextCursor: last !== undefined && all.length > limit ? `${last.moment}~${last.key}` : null,
        eventsKeptSince,
        nothing: items.length === 0 && cursor === undefined ? nothingWords(record, title, eventsKeptSince) : null,
      };
    });
  }

  /** The workflows that might have looked at what is shown, and did not. */
  private async lives(
    manager: EntityManager,
    workspaceId: string,
    shown: readonly (TimelineEvent | TimelineChange)[],
    workflowId: string | null,
  ): Promise<WorkspaceWorkflow[]> {
    const looked = shown.flatMap((one) => ('item' in one && isAskedOfAll(one.item) ? [Date.parse(one.item.routedAt)] : []));
    if (looked.length === 0) return [];
    // Moments of the database have microseconds, ours have not.
    const period = { from: new Date(Math.min(...looked)), to: new Date(Math.max(...looked) + 1) };
    return listLives(manager, workspaceId, { ...period, workflowId, limit: MOST_WORKFLOWS });
  }

  /** The CRM is asked only for a record of which no event is kept. */
  private async title(manager: EntityManager, of: TimelineRecord, module: ModuleDescription): Promise<string | null> {
    const kept = await findNewestRecord(manager, of);
    if (kept) return titleOf(module, { id: of.recordId, ...knownOf(this.catalog, module, kept) });
    await this.database.enter(manager, of.workspaceId);
    const { workspaceId, recordId } = of;
    const found = await this.crm.findRecords({ manager, workspaceId }, of.module, [recordId], { lock: false, relations: [] });
    const record = found.get(recordId);
    return record === undefined ? null : titleOf(module, record);
  }

  /** Types of steps whose executions change nothing in the CRM. */
  private get leftOut(): string[] {
    const external = [...this.catalog.actions.values()].filter(({ effect }) => effect === 'external');
    return [...FLOW_STEP_TYPES, findRecords.type, ...external.map(({ type }) => type)];
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

/** Why a timeline is empty. */
function nothingWords({ module, recordId }: { module: string; recordId: string }, title: string | null, since: string): string {
  const kept = `Events are kept since ${momentWords(since)}.`;
  if (title === null) return `The CRM has no record "${recordId}" in ${module}, and no event of one is kept. ${kept}`;
  return `Nothing of "${title}" has come in: it was not changed since, or what changes it does not publish events. ${kept}`;
}
