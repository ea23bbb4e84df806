import { Injectable } from '@nestjs/common';
import { validate as isUuid, v7 as uuid } from 'uuid';
import { AutomationError } from '../core/errors.js';
import { isJsonObject, type Json } from '../core/json.js';
import { durationToMs, parseDuration } from '../core/time/duration.js';
import { hashOf, newToken } from '../engine/hooks/hook-token.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { listTokens, replaceToken, type ShownToken } from '../store/trigger-tokens.js';
import { findWorkflow } from '../store/workflow-list-store.js';
import type { WorkflowRow } from '../store/workflow-store.js';
import { WorkflowChanges, workflowNotFound } from './workflow-changes.js';

/** How a URL is to be replaced. */
export interface RotateCommand {
  /** ISO 8601: so long the old URL goes on. Default: it ends at once. */
  grace?: string;
  /** Why, in the person's own words. */
  note?: string | null;
}

/** A new token: this is the only time that anybody sees it. */
export interface RotatedToken {
  token: string;
  /** Until when an old URL goes on, ISO 8601; null: none does. */
  oldValidUntil: string | null;
}

/** What people may see of a workflow's URLs. */
export interface TriggerUrlState {
  /** Null: `rotate-token` has not made one yet. */
  current: ShownToken | null;
  /** Those that were replaced, the newest first. */
  old: ShownToken[];
}

const MOST_GRACE_MS = 90 * 24 * 60 * 60_000;
const MOST_SHOWN = 21;

/** The trigger URLs of workflows: the first one, and each that takes its place. */
@Injectable()
export class TriggerUrls {
  constructor(
    private readonly database: AdminDatabase,
    private readonly changes: WorkflowChanges,
  ) {}

  /**
   * Makes the URL of a workflow, or another in its place. Throws `workflow_not_found`, `workflow_archived`, `invalid_request`,
   * and `trigger_url_missing` for a workflow that is not started by one.
   */
  async rotate(id: string, { grace, note = null }: RotateCommand, caller: Caller): Promise<RotatedToken> {
    const graceMs = grace === undefined ? 0 : graceOf(grace);
    const token = newToken();
    let oldValidUntil: string | null = null;
    await this.changes.ofDraft(id, caller, async (manager, row) => {
      this.assertTriggerUrl(row);
      const { workspaceId } = caller;
      const made = { workspaceId, workflowId: row.id, id: uuid(), hash: hashOf(token), createdBy: callerAsActor(caller) };
      const before = (await listTokens(manager, workspaceId, row.id, 1)).find(({ validUntil }) => validUntil === null);
      oldValidUntil = await replaceToken(manager, made, graceMs);
      const action = before ? 'url_rotated' : 'url_created';
      const after = { tokenId: made.id, ...(before && { oldValidUntil }) };
      await this.changes.audit(manager, caller, row.id, { action, before: before ? { tokenId: before.id } : null, after, note });
    });
    return { token, oldValidUntil };
  }

  /** When and from where the URLs of a workflow were used. Throws `workflow_not_found`. */
  state(id: string, caller: Caller): Promise<TriggerUrlState> {
    return this.database.read(async (manager) => {
      if (!(isUuid(id) && (await findWorkflow(manager, caller.workspaceId, id)))) throw workflowNotFound();
      const tokens = await listTokens(manager, caller.workspaceId, id, MOST_SHOWN);
      const isCurrent = ({ validUntil }: ShownToken): boolean => validUntil === null;
      return { current: tokens.find(isCurrent) ?? null, old: tokens.filter((token) => !isCurrent(token)) };
    });
  }

  /** The draft's trigger, or that of a version that is published: both may need the URL. */
  private assertTriggerUrl({ draft, shownTrigger }: WorkflowRow): void {
    if (isWebhook(draft.trigger) || isWebhook(shownTrigger ?? undefined)) return;
    throw new AutomationError('trigger_url_missing', 'The workflow is not started by a URL, so it has none.', {
      hint: 'Give it a trigger of type "webhook" first.',
    });
  }
}

function isWebhook(trigger: Json | undefined): boolean {
  return isJsonObject(trigger) && trigger.type === 'webhook';
}

function graceOf(grace: string): number {
  const duration = parseDuration(grace);
  const ms = duration ? durationToMs(duration) : null;
  if (ms !== null && ms >= 0 && ms <= MOST_GRACE_MS) return ms;
  throw new AutomationError('invalid_request', 'The request is not valid.', {
    problems: [{ path: 'grace', message: 'grace must be an ISO 8601 duration of at most 90 days, such as PT24H' }],
  });
}
