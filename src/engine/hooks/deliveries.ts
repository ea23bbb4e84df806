import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AutomationError, type LoggedError } from '../../core/errors.js';
import type { Actor } from '../../core/event.js';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.js';
import { invalidRequest } from '../../core/json-shape.js';
import { renderJson } from '../../core/template/template.js';
import type { Delivery, DeliveryRefusal, WantedRecord } from '../../core/trigger/delivery.js';
import { seenHeaders } from '../../core/trigger/seen-request.js';
import type { WebhookTrigger } from '../../core/trigger/webhook.js';
import type { TriggerRecord } from '../../core/trigger/webhook-record.js';
import { AutomationDatabase } from '../../store/database.js';
import { type DeliveryRow, findSameDelivery } from '../../store/deliveries.js';
import type { FoundToken } from '../../store/trigger-tokens.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { WakeUp } from '../wake-up.js';
import { ActiveWorkflows, type VersionOutcome } from '../workflows/active-workflows.js';
import { BodyValidator } from './body-validator.js';
import { checkCaller } from './caller-checks.js';
import { HookGate } from './hook-gate.js';
import { hashOf } from './hook-token.js';
import type { IncomingDelivery } from './incoming-delivery.js';

/** What deliveries' keys are unique within. */
const SOURCE = 'webhook';
const CALLER: Actor = { type: 'system', id: null, name: 'Trigger URL' };
/** How often a token may turn out to be another one than was known, until somebody else is at work. */
const MOST_TRIES = 5;
/** What waits for a database that does not answer is kept in memory: so few, of 256 KB each. */
const MOST_UNDER_WAY = 400;

/** What is to be made of a delivery whose token is known. */
type Capture =
  /** Null: nobody has its token. `starts`: whether a run may come of it. */
  | { row: DeliveryRow | null; starts: boolean }
  /** Whoever calls, or what he sends, is not what the trigger asks for: it only counts. */
  | { row: null; failure: AutomationError };

/**
 * The door for deliveries to trigger URLs: one row each, which the router routes like an event, committed before the answer.
 * Deliveries that come at the same time share a transaction. One whose URL starts nothing is written too, with the reason, and
 * answered like one that was taken: nobody learns from the answer which URLs there are.
 */
@Injectable()
export class Deliveries {
  private readonly validator = new BodyValidator();
  private underWay = 0;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly gate: HookGate,
    private readonly active: ActiveWorkflows,
    private readonly wakeUp: WakeUp,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /**
   * Captures a delivery. Throws `unauthenticated`, `invalid_request` with the problems of the body, `idempotency_key_reused`,
   * `too_many_requests`, `queue_full`, `busy`; and where the options ask for it, `not_found` for a URL that starts nothing.
   */
  async take(delivery: IncomingDelivery): Promise<void> {
    if (this.underWay >= MOST_UNDER_WAY) throw tooMany();
    this.underWay += 1;
    try {
      await this.capture(delivery);
    } finally {
      this.underWay -= 1;
    }
  }

  private async capture(delivery: IncomingDelivery): Promise<void> {
    const hash = hashOf(delivery.token);
    this.gate.assertNotLimited(hash);
    let known = this.gate.known(hash);
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const capture = await this.captureOf(known, delivery);
      const { row } = capture;
      const taken = await this.gate.take({ hash, known, from: delivery.from, row });
      if (taken.outcome !== 'other') return this.settle(capture, taken.outcome === 'captured', delivery);
      known = taken.token;
    }
    throw tooMany();
  }

  /** What is left to do when it has been counted. */
  private async settle(capture: Capture, isNew: boolean, delivery: IncomingDelivery): Promise<void> {
    if ('failure' in capture) throw capture.failure;
    const { row, starts } = capture;
    if (row && row.error === null && isNew) this.wakeUp.announce('events');
    if (!starts && this.settings.hooks.unknown === 'not_found') throw notFound();
    if (row?.key != null && !isNew) await this.assertSame(row, row.key, delivery.body);
  }

  private async captureOf(token: FoundToken | null, delivery: IncomingDelivery): Promise<Capture> {
    if (!token) return { row: null, starts: false };
    const version = await this.versionOf(token);
    const trigger = version && triggerOf(version);
    const refused = refusalOf(token, trigger);
    // Nobody has checked who calls: that it came is kept, not the 256 KB that a revoked address could go on writing.
    const unheard = { ...deliveryOf(delivery, []), body: null };
    // Without a key: whoever sends again, to the URL that is right now, is to be heard.
    if (!version) return { row: { ...rowOf(token, unheard, null), error: NOT_PUBLISHED }, starts: false };
    if (!trigger || refused) return { row: rowOf(token, { ...unheard, ...(refused && { refused }) }, null), starts: false };
    const failure = await this.failureOf(token, trigger, delivery);
    if (failure) return { row: null, failure };
    const seen = deliveryOf(delivery, trigger.headers ?? []);
    const about = trigger.record ? wanted(trigger.record, seen) : {};
    const key = delivery.key === null ? null : `${token.workflowId}:${delivery.key}`;
    return { row: { ...rowOf(token, { ...seen, ...about }, key), module: trigger.record?.module ?? null }, starts: true };
  }

  /** What keeps it from being taken; null: nothing. */
  private async failureOf({ versionId }: FoundToken, trigger: WebhookTrigger, delivery: IncomingDelivery): Promise<AutomationError | null> {
    try {
      checkCaller(trigger, delivery, new Date());
      const problems = trigger.schema ? (await this.validator.of(String(versionId), trigger.schema))(delivery.body) : [];
      return problems.length > 0 ? invalidRequest(problems) : null;
    } catch (error) {
      if (error instanceof AutomationError) return error;
      throw error;
    }
  }

  private async versionOf({ workspaceId, versionId }: FoundToken): Promise<VersionOutcome | null> {
    if (versionId === null) return null;
    const found = await this.active.versionsOf(this.database.dataSource.manager, [{ workspaceId, versionId }]);
    return found.get(versionId) ?? null;
  }

  /** A sender that repeats himself is told what he was told before; one that uses a key for something else hears of it. */
  private async assertSame({ workspaceId, source }: DeliveryRow, key: string, body: Json): Promise<void> {
    const earlier = await findSameDelivery(this.database.dataSource.manager, { workspaceId, source, key, body });
    if (earlier?.isSame !== false) return;
    throw new AutomationError('idempotency_key_reused', 'A delivery with this key and another body was received before.', {
      hint: 'Give each delivery a key of its own; only a repetition has the key of what it repeats.',
    });
  }
}

/** Of a version that this process cannot read, as it is stored: who calls is checked all the same. */
function triggerOf(version: VersionOutcome): WebhookTrigger | null {
  const trigger: unknown =
    version.kind === 'compiled'
      ? version.version.definition.trigger
      : isJsonObject(version.row.definition)
        ? version.row.definition.trigger
        : null;
  return isJsonObject(trigger) && trigger.type === 'webhook' ? (trigger as unknown as WebhookTrigger) : null;
}

/** Why the URL starts nothing although there is a version. It stays so: the caller has not been checked. */
function refusalOf({ isOver, status }: FoundToken, trigger: WebhookTrigger | null): DeliveryRefusal | null {
  if (isOver) return { reason: 'old_url', explanation: { rule: 'The delivery came to an old URL, which another one has replaced.' } };
  if (status !== 'active') return { reason: 'paused', explanation: { rule: 'The workflow was not active when the delivery came.' } };
  if (trigger) return null;
  return { reason: 'old_url', explanation: { rule: 'The delivery came to a URL, and the published version is not started by one.' } };
}

const NOT_PUBLISHED: LoggedError = {
  code: 'workflow_not_published',
  message: 'The delivery came to the URL of a workflow that has no published version.',
  hint: 'Publish the workflow, and have it sent again.',
};

function rowOf({ workspaceId, workflowId }: FoundToken, trigger: Delivery, key: string | null): DeliveryRow {
  return {
    id: uuidv7(),
    workspaceId,
    module: null,
    event: 'webhook',
    recordId: null,
    record: null,
    previous: null,
    changes: null,
    actor: CALLER,
    cause: null,
    source: SOURCE,
    key,
    trigger: { ...trigger } as unknown as JsonObject,
    target: { workflowId },
    parent: null,
    error: null,
  };
}

/** As runs see it: with the headers that they may see. */
function deliveryOf({ body, headers, query }: IncomingDelivery, further: readonly string[]): Delivery {
  return { type: 'webhook', body, headers: seenHeaders(headers, further), query };
}

/** What to look for, rendered; or why nothing can be looked for. */
function wanted({ module, match, create = false, set = {} }: TriggerRecord, { type, body, headers, query }: Delivery): Partial<Delivery> {
  const scope = { trigger: { type, body, headers, query } };
  try {
    const found = renderJson(match, scope) as WantedRecord['match'];
    const empty = Object.keys(found).filter((name) => found[name] === null || found[name] === '');
    if (empty.length > 0) return { refused: noRecord(`There is nothing to find the record by: ${empty.join(', ')} is empty.`) };
    const fields = create ? { ...(renderJson(set, scope) as WantedRecord['match']), ...found } : null;
    return { record: { module, match: found, create: fields } };
  } catch (error) {
    if (!(error instanceof AutomationError)) throw error;
    const [problem] = error.problems ?? [];
    return { refused: noRecord(`What to find the record by cannot be told${problem ? ` (${problem.path})` : ''}: ${error.message}`) };
  }
}

function noRecord(rule: string): DeliveryRefusal {
  return { reason: 'record', explanation: { rule } };
}

function tooMany(): AutomationError {
  return new AutomationError('busy', 'Too many deliveries are being received right now.', {
    hint: 'Send again in a moment.',
    retry: { kind: 'transient', retryAfterMs: 1_000 },
  });
}

function notFound(): AutomationError {
  return new AutomationError('not_found', 'There is nothing here.');
}
