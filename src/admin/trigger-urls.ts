import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid, v7 as uuid } from 'uuid';
import { AutomationError } from '../core/errors.js';
import { isJsonObject, type Json } from '../core/json.js';
import { durationToMs, parseDuration } from '../core/time/duration.js';
import { hashOf, newToken } from '../engine/hooks/hook-token.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { listTokens, replaceToken, type ShownToken } from '../store/trigger-tokens.js';
import { hasDefinition, type WorkflowRow } from '../store/workflow-store.js';
import type { DefinitionChanges } from './definition-changes.js';
import { WorkflowChanges } from './workflow-changes.js';

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

/** What people may see of the URLs of a workflow or a machine. */
export interface TriggerUrlState {
  /** Null: `rotate-token` has not made one yet. */
  current: ShownToken | null;
  /** Those that were replaced, the newest first. */
  old: ShownToken[];
}

const MOST_GRACE_MS = 90 * 24 * 60 * 60_000;
const MOST_SHOWN = 21;

/** The trigger URLs of what one kind of definition defines: the first one, and each that takes its place. */
export abstract class DefinitionUrls {
  constructor(
    protected readonly database: AdminDatabase,
    protected readonly changes: DefinitionChanges,
  ) {}

  /** Throws `trigger_url_missing` where neither the draft nor the version that is published is reached by a URL: both may need it. */
  protected abstract assertTriggerUrl(manager: EntityManager, row: WorkflowRow, workspaceId: string): void | Promise<void>;

  /**
   * Makes the URL, or another in its place. Throws that there is nothing of this id, `workflow_archived`, `invalid_request`, and
   * `trigger_url_missing`.
   */
  async rotate(id: string, { grace, note = null }: RotateCommand, caller: Caller): Promise<RotatedToken> {
    const graceMs = grace === undefined ? 0 : graceOf(grace);
    const token = newToken();
    let oldValidUntil: string | null = null;
    await this.changes.ofDraft(id, caller, async (manager, row) => {
      const { workspaceId } = caller;
      await this.assertTriggerUrl(manager, row, workspaceId);
      const made = { workspaceId, workflowId: row.id, id: uuid(), hash: hashOf(token), createdBy: callerAsActor(caller) };
      const before = (await listTokens(manager, workspaceId, row.id, 1)).find(({ validUntil }) => validUntil === null);
      oldValidUntil = await replaceToken(manager, made, graceMs);
      const action = before ? 'url_rotated' : 'url_created';
      const after = { tokenId: made.id, ...(before && { oldValidUntil }) };
      await this.changes.audit(manager, caller, row.id, { action, before: before ? { tokenId: before.id } : null, after, note });
    });
    return { token, oldValidUntil };
  }

  /** When and from where the URLs were used. Throws that there is nothing of this id. */
  state(id: string, caller: Caller): Promise<TriggerUrlState> {
    return this.database.read(async (manager) => {
      if (!(isUuid(id) && (await hasDefinition(manager, caller.workspaceId, this.changes.kind, id)))) throw this.changes.notFound();
      const tokens = await listTokens(manager, caller.workspaceId, id, MOST_SHOWN);
      const isCurrent = ({ validUntil }: ShownToken): boolean => validUntil === null;
      return { current: tokens.find(isCurrent) ?? null, old: tokens.filter((token) => !isCurrent(token)) };
    });
  }
}

/** The trigger URLs of workflows, which they are started by. */
@Injectable()
export class TriggerUrls extends DefinitionUrls {
  constructor(database: AdminDatabase, changes: WorkflowChanges) {
    super(database, changes);
  }

  protected assertTriggerUrl(_: EntityManager, { draft, shownTrigger }: WorkflowRow): void {
    if (isWebhook(draft.trigger) || isWebhook(shownTrigger ?? undefined)) return;
    throw new AutomationError('trigger_url_missing', 'The workflow is not started by a URL, so it has none.', {
      hint: 'Give it a trigger of type "webhook" first.',
    });
  }
}

/** True for a trigger that is reached by a URL. */
export function isWebhook(trigger: Json | undefined): boolean {
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
