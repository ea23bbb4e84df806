import { Inject, Injectable, Logger } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { knownExplanation } from '../core/condition/known-explanation.js';
import { AutomationError } from '../core/errors.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { knownEvent } from '../core/record-values.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import { ENGINE_SIGNAL, type EngineSignal } from '../engine/engine-signal.js';
import { RunEndings } from '../engine/running/run-endings.js';
import { ResumeLinks } from '../engine/waits/resume-links.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { holdWorkflows, type LockedRun, lockRun } from '../store/run-command-store.js';
import type { RunFilter } from '../store/run-filter.js';
import {
  type EventFilter,
  type EventItem,
  type EventLook,
  type EventRecord,
  findEvent,
  listEvents,
  listRuns,
  listRunsOfEvent,
  type Paging,
  type RunItem,
} from '../store/run-log-store.js';
import { EntitlementCheck } from './entitlement-check.js';
import { type RecordLinks, recordLinks } from './record-link.js';
import { cancelLocked } from './run-cancel.js';
import { type RunDetail as LoadedRun, loadRunDetail } from './run-detail.js';
import { RESTARTABLE, type RetryCommand, retryLocked } from './run-retry.js';

/** One page of a list that is read newest first; `nextCursor` is null at the end. */
export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** Where people see a record in the CRM; null where the host does not say. */
export interface RecordLinked {
  recordUrl: string | null;
}

/** A run with the way to its record. */
export type ListedRun = RunItem & RecordLinked;

/** Everything about one run. */
export type RunDetail = LoadedRun & RecordLinked;

/** An event and what each workflow made of it. */
export interface EventDetail extends EventRecord {
  runs: EventLook[];
}

/** What happened, and what a person can do about it. Everything is bound to the caller's workspace. */
@Injectable()
export class RunService {
  private readonly logger = new Logger('AutomationRuns');

  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly endings: RunEndings,
    private readonly entitled: EntitlementCheck,
    private readonly links: ResumeLinks,
    @Inject(ENGINE_SIGNAL) private readonly signal: EngineSignal,
    @Inject(ENGINE_SETTINGS) private readonly settings: Pick<EngineSettings, 'recordUrl'>,
  ) {}

  /** Runs, newest first. */
  async list(filter: RunFilter, paging: Paging, caller: Caller): Promise<Page<ListedRun>> {
    const more = { ...paging, limit: paging.limit + 1 };
    const question = { workspaceId: caller.workspaceId, filter, modules: this.modules };
    const items = await this.database.read((manager) => listRuns(manager, question, more, this.catalog));
    const { items: shown, nextCursor } = page(items, paging.limit);
    const links = this.recordLinks(caller);
    return { items: shown.map((run) => ({ ...run, recordUrl: recordUrlOf(run, links) })), nextCursor };
  }

  /** Everything about one run. Throws `run_not_found`. */
  async get(id: string, caller: Caller): Promise<RunDetail> {
    const { workspaceId } = caller;
    if (!isUuid(id)) throw notFound('run');
    const run = await this.database.read((manager) => loadRunDetail(manager, workspaceId, id, this.catalog));
    if (!run) throw notFound('run');
    const explanation = knownExplanation(this.catalog, run.module, run.explanation);
    // Whoever has the address can answer in the place of the one who was asked: seeing the run is not enough.
    const waiting = caller.permissions.includes('operate') ? withResumeUrls(run, workspaceId, this.links) : run.waiting;
    const recordUrl = recordUrlOf(run, this.recordLinks(caller));
    return { ...run, recordUrl, waiting, explanation, event: run.event && knownEvent(this.catalog, run.event) };
  }

  /**
   * Repeats one run and returns the run that goes on: the same one, or the new one. Of two people at once one succeeds.
   * Throws `run_not_found`, `run_not_failed`, `run_not_finished`, `run_skipped`, `run_already_retried`, `workflow_deleted`,
   * `event_expired`, `workflow_not_published`, `plan_required` for a new run that the plan does not give, and `invalid_request`
   * for a reason that cannot be stored.
   */
  async retry(id: string, command: RetryCommand, caller: Caller): Promise<RunDetail> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const plan = await this.entitled.planOfRetry(command, caller);
    const goesOnAs = await this.database.transaction(async (manager) => {
      const run = isUuid(id) ? await lockRun(manager, caller.workspaceId, id) : null;
      if (!run) throw notFound('run');
      assertRetriable(run, command);
      const workflow = (await holdWorkflows(manager, caller.workspaceId, [run.workflowId])).get(run.workflowId);
      assertHasVersion(workflow, command);
      const {
        retried: [retried],
        refused: [refused],
      } = await retryLocked(manager, [run], command, plan, caller);
      if (refused) throw refused.error;
      if (!retried) throw new AutomationError('run_already_retried', 'Somebody else has retried the run just now.');
      return retried.goesOnAs;
    });
    this.signal.workAvailable();
    return this.get(goesOnAs, caller);
  }

  /** Ends a run that is not over. Throws `run_not_found`, or `run_finished` when it is. */
  async cancel(id: string, reason: string | null, caller: Caller): Promise<RunDetail> {
    checkShape({ reason }, 'command', REQUEST_LIMITS);
    const { workspaceId } = caller;
    const ended = await this.database.transaction(async (manager) => {
      const before = isUuid(id) ? await lockRun(manager, workspaceId, id) : null;
      if (!before) throw notFound('run');
      const ended = await cancelLocked(manager, [before], { reason }, caller, this.endings);
      if (ended.length === 0) throw new AutomationError('run_finished', `The run is over already: it is ${before.status}.`);
      return ended;
    });
    this.signal.runEnded(id);
    this.endings.tell(ended);
    return this.get(id, caller);
  }

  /** Events, newest first. */
  async listEvents(filter: EventFilter, paging: Paging, caller: Caller): Promise<Page<EventItem>> {
    const more = { ...paging, limit: paging.limit + 1 };
    const items = await this.database.read((manager) => listEvents(manager, caller.workspaceId, filter, more, this.modules));
    return page(items, paging.limit);
  }

  /** One event with every workflow that looked at it, and why it ran or did not. Throws `event_not_found`. */
  async getEvent(id: string, caller: Caller): Promise<EventDetail> {
    if (!isUuid(id)) throw notFound('event');
    return this.database.read(async (manager) => {
      const event = await findEvent(manager, caller.workspaceId, id);
      if (!event) throw notFound('event');
      const runs = await listRunsOfEvent(manager, caller.workspaceId, id, this.catalog);
      const known = runs.map((run) => ({ ...run, explanation: knownExplanation(this.catalog, run.module, run.explanation) }));
      return { ...knownEvent(this.catalog, event), runs: known };
    });
  }

  private recordLinks({ workspaceId }: Caller): RecordLinks {
    return recordLinks(this.settings.recordUrl, workspaceId, this.logger);
  }

  private get modules(): string[] {
    return [...this.catalog.modules.keys()];
  }
}

function recordUrlOf({ module, recordId }: Pick<RunItem, 'module' | 'recordId'>, links: RecordLinks): string | null {
  return module === null || recordId === null ? null : links({ module, id: recordId });
}

/** What a run waits for, with the addresses of steps that wait for a call. */
function withResumeUrls({ id, waiting, steps }: LoadedRun, workspaceId: string, links: ResumeLinks): LoadedRun['waiting'] {
  if (waiting === null) return null;
  return waiting.map((wait) => {
    const attempt = steps.findLast(({ path, status }) => path === wait.path && status === 'waiting')?.attempt;
    if (wait.reason !== 'webhook' || attempt === undefined) return wait;
    const resumeUrl = links.of({ workspaceId, runId: id, path: wait.path, attempt });
    return { ...wait, ...(resumeUrl !== null && { resumeUrl }) };
  });
}

/** Throws why a run cannot be repeated so. */
export function assertRetriable(run: Pick<LockedRun, 'status' | 'retriedAs' | 'hasInput'>, command: RetryCommand): void {
  if (run.retriedAs !== null) {
    throw new AutomationError('run_already_retried', 'The run has been retried from the start already.', {
      hint: 'Look at the run that repeats it.',
      details: { retriedAs: run.retriedAs },
    });
  }
  if (command.from === 'failed_step' && run.status !== 'failed') {
    throw new AutomationError('run_not_failed', `Only a failed run can go on from its failed step; this one is ${run.status}.`, {
      ...(RESTARTABLE.includes(run.status) ? { hint: 'Retry it from the start.' } : { hint: 'Somebody may have retried it just now.' }),
    });
  }
  if (run.status === 'skipped') {
    throw new AutomationError('run_skipped', 'The run was skipped: there is nothing to repeat.', {
      hint: 'Its explanation says why; change the workflow or the record.',
    });
  }
  if (!RESTARTABLE.includes(run.status)) {
    throw new AutomationError('run_not_finished', `The run is ${run.status}.`, { hint: 'Wait for its end, or cancel it first.' });
  }
  if (!run.hasInput) {
    throw new AutomationError('event_expired', 'The event that started the run has been removed by retention, so it cannot be repeated.');
  }
}

/** Throws why the workflow of a run has no version to repeat it on. */
export function assertHasVersion(workflow: { publishedVersion: number | null } | undefined, command: RetryCommand): void {
  if (!workflow) throw new AutomationError('workflow_deleted', 'The workflow of this run has been deleted.');
  if (command.from === 'start' && command.version === 'newest' && workflow.publishedVersion === null) {
    throw new AutomationError('workflow_not_published', 'The workflow of this run has no published version.', {
      hint: 'Publish the workflow, or retry with version "same".',
    });
  }
}

function page<Item extends { id: string }>(items: Item[], limit: number): Page<Item> {
  const shown = items.slice(0, limit);
  return { items: shown, nextCursor: items.length > limit ? (shown.at(-1)?.id ?? null) : null };
}

/** Another workspace's id is answered like one that does not exist. */
function notFound(what: 'run' | 'event'): AutomationError {
  return new AutomationError(`${what}_not_found`, `There is no ${what} of this id.`);
}
