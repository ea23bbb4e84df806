import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import type { ModuleDescription } from '../core/catalog.js';
import { AutomationError } from '../core/errors.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { titleOf } from '../core/record-title.js';
import { knownOf } from '../core/record-values.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';
import { type EventItem, findEvent, findRun, type RunItem } from '../store/run-log-store.js';
import { type FoundWorkflow, findModulesOf, searchWorkflows } from '../store/search-store.js';
import { findNewestRecord } from '../store/timeline.js';
import type { RecordName } from './look-up-service.js';

/** What is behind the text of a complaint: an id of anything, a name, an e-mail address. */
export interface SearchResult {
  run: RunItem | null;
  event: EventItem | null;
  workflows: FoundWorkflow[];
  /** By id in what has happened, and by id, names and whatever else the CRM searches. */
  records: RecordName[];
  /** Why there may be more records than these, in a sentence; null when all were looked for. */
  note: string | null;
}

/** What keeps the CRM from answering a search, and passes: what was found elsewhere is told all the same. */
const PASSING = ['busy', 'query_timed_out', 'crm_timed_out'];

/** Finds what people have in their hands. Bound to the caller's workspace; hidden fields are neither searched nor shown. */
@Injectable()
export class SearchService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /** Looks for a text that is not blank; at most `limit` workflows, and as many records. */
  async search(query: string, limit: number, caller: Caller): Promise<SearchResult> {
    checkShape({ query }, 'search', REQUEST_LIMITS);
    const text = query.trim();
    const { workspaceId } = caller;
    const own = await this.database.read(async (manager) => {
      const id = isUuid(text) ? text.toLowerCase() : null;
      const run = id === null ? null : await findRun(manager, workspaceId, id, this.catalog);
      const event = id === null ? null : await findEvent(manager, workspaceId, id);
      const workflows = await searchWorkflows(manager, workspaceId, text, limit);
      const asWritten = await this.knownRecords(manager, workspaceId, text);
      // Postgres writes a UUID in small letters, however people do.
      const records = asWritten.length > 0 || id === null ? asWritten : await this.knownRecords(manager, workspaceId, id);
      return { run: run && runItem(run), event: event && eventItem(event), workflows, records };
    });
    const isFound = own.run !== null || own.event !== null || own.workflows.some((workflow) => workflow.id === text.toLowerCase());
    const found = isFound ? { records: [], note: null } : await this.inCrm(text, limit, workspaceId);
    const records = new Map([...own.records, ...found.records].map((record) => [JSON.stringify([record.module, record.id]), record]));
    return { ...own, records: [...records.values()].slice(0, limit), note: found.note };
  }

  /** Records of this id to which something has happened, whether or not they are still there. */
  private async knownRecords(manager: EntityManager, workspaceId: string, recordId: string): Promise<RecordName[]> {
    const names: RecordName[] = [];
    for (const module of await findModulesOf(manager, workspaceId, recordId, [...this.catalog.modules.keys()])) {
      const description = this.catalog.modules.get(module) as ModuleDescription;
      const record = await findNewestRecord(manager, { workspaceId, module, recordId });
      const known = record === null ? {} : knownOf(this.catalog, description, record);
      names.push({ module, id: recordId, title: titleOf(description, { ...known, id: recordId }) });
    }
    return names;
  }

  /** Each module in turn, until there are enough. In a transaction of its own: a search that takes too long spoils it. */
  private async inCrm(text: string, limit: number, workspaceId: string): Promise<Pick<SearchResult, 'records' | 'note'>> {
    const { searchRecords } = this.crm;
    if (!searchRecords) return { records: [], note: 'This CRM can be searched by the id of a record alone.' };
    const records: RecordName[] = [];
    const looked: string[] = [];
    try {
      await this.database.read(async (manager) => {
        await this.database.enter(manager, workspaceId);
        for (const [module, description] of this.catalog.modules) {
          if (records.length >= limit) return;
          const found = await searchRecords.call(this.crm, { manager, workspaceId }, module, { search: text, limit });
          records.push(...found.map((record) => ({ module, id: String(record.id), title: titleOf(description, record) })));
          looked.push(module);
        }
      });
    } catch (error) {
      if (!(error instanceof AutomationError) || !PASSING.includes(error.code)) throw error;
      const rest = [...this.catalog.modules.keys()].filter((module) => !looked.includes(module));
      return { records, note: `The CRM did not answer in time about ${rest.join(', ')}: ${error.message}` };
    }
    return { records, note: null };
  }
}

/** What lists show of a run. */
function runItem({
  versionId: _,
  workflowCode: __,
  explanation: ___,
  actor: ____,
  cause: _____,
  ...item
}: Awaited<ReturnType<typeof findRun>> & object): RunItem {
  return item;
}

/** What lists show of an event. */
function eventItem({ id, module, event, recordId, actor, source, target, parent, occurredAt, routedAt, error }: EventItem): EventItem {
  return { id, module, event, recordId, actor, source, target, parent, occurredAt, routedAt, error };
}
